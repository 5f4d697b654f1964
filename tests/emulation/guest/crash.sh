# crash.sh -- load a crash kernel, ask for the status, crash.
#
# How to run:  GUEST=crash in a case whose first kernel has crashkernel= (sourced by init); from the case: IMAGE, LOAD
# Expect:      "G: kxf load: exit 0", "G: kxf status: exit 0", then a panic and the second kernel's "SECOND: crash kernel"
# Time:        2 to 10 s until the second kernel's init
cp "/mnt/$IMAGE" /mnt/initrd.gz /tmp/
run kxf load --crash --profile "$PROFILE" --kernel "/tmp/$IMAGE" --initrd /tmp/initrd.gz \
	--append "KXFMARK=$(word mark) nr_cpus=1 reset_devices" $LOAD
run kxf status --crash
if [ "$status" = 0 ]; then
	echo "G: kxf exec: no, a crash"
	echo c > /proc/sysrq-trigger
fi
