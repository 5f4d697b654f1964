# kexec-tools-crash.sh -- the same crash kernel armed by Debian's kexec-tools, and the same crash.
#
# How to run:  GUEST=kexec-tools-crash in a case whose first kernel has crashkernel= (sourced by init); from the case: IMAGE,
#              INITRD, PANIC_CPU
# Expect:      "G: kexec -i: exit 0", then a panic and what the capture kernel says
# Time:        5 s until the capture kernel's init
# -i: without the SHA-256 over all segments, which takes it 10 s and more here
. /panic.sh
cp "/mnt/$IMAGE" "/mnt/$INITRD" /tmp/
run kexec -i -p "/tmp/$IMAGE" --initrd="/tmp/$INITRD" \
	--command-line="console=$(word console) nr_cpus=1 reset_devices KXFMARK=$(word mark)"
if [ "$status" = 0 ]; then
	leave_canaries
	panic_on "$PANIC_CPU"
fi
