# refused.sh -- a load that must be refused and must leave nothing behind.
#
# How to run:  GUEST=refused in a case (sourced by init); from the case: SYSCTL (set to 1 before), LOAD (options)
# Expect:      "G: kxf load: exit 1", "G: kxf status: exit 3", and the kernel agrees
# Time:        1 s
cp "/mnt/$IMAGE" /mnt/initrd.gz /tmp/
[ -z "$SYSCTL" ] || echo 1 > "/proc/sys/$SYSCTL"
echo "G: lockdown $(cat /sys/kernel/security/lockdown 2>&1)"
run kxf load --profile "$PROFILE" --kernel "/tmp/$IMAGE" --initrd /tmp/initrd.gz $LOAD
echo "G: the kernel says loaded $(cat /sys/kernel/kexec_loaded)"
run kxf status
