# crash.sh -- arm a crash kernel by profile, ask what is armed, crash.
#
# How to run:  GUEST=crash in a case whose first kernel has crashkernel= (sourced by init); from the case: IMAGE, INITRD, PROFILE,
#              LOAD (more options for kxf load), PANIC_CPU, and armed.sh in the share: what to do before the crash
# Expect:      exit 0 for load, status and check; then a panic and the capture kernel's lines (vmcore.sh)
# Time:        5 to 10 s until the capture kernel's init
. /panic.sh
cp "/mnt/$IMAGE" "/mnt/$INITRD" /tmp/

# arm OPTION...: what a profile and no option more arms, but for the mark
arm() {
	run kxf load --crash --profile "$PROFILE" --kernel "/tmp/$IMAGE" --initrd "/tmp/$INITRD" \
		--append "KXFMARK=$(word mark)" "$@"
}

arm $LOAD
run kxf status --crash
run kxf check --crash
[ ! -e /mnt/armed.sh ] || . /mnt/armed.sh
if [ "$(cat /sys/kernel/kexec_crash_loaded)" = 1 ]; then
	leave_canaries
	panic_on "$PANIC_CPU"
fi
