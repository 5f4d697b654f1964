# unload.sh -- status before a load, after it, and after an unload.
#
# How to run:  GUEST=unload in a case (sourced by init)
# Expect:      exit 3, 0, 0, 0, 3 and what the kernel itself says about it
# Time:        1 s
cp "/mnt/$IMAGE" /mnt/initrd.gz /tmp/
run kxf status
run kxf load --profile "$PROFILE" --kernel "/tmp/$IMAGE" --initrd /tmp/initrd.gz
run kxf status
echo "G: the kernel says loaded $(cat /sys/kernel/kexec_loaded)"
run kxf unload
echo "G: the kernel says loaded $(cat /sys/kernel/kexec_loaded)"
run kxf status
