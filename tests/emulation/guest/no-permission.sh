# no-permission.sh -- load, unload and exec as an ordinary user must refuse and change nothing.
#
# How to run:  GUEST=no-permission in a case (sourced by init)
# Expect:      exit 1 for each, with a message; nothing is loaded
# Time:        1 s
cp "/mnt/$IMAGE" /mnt/initrd.gz /tmp/
chmod 644 "/tmp/$IMAGE" /tmp/initrd.gz
# verb NAME ARGUMENTS...: as the user, with its exit status
verb() { su user -c "/usr/bin/kxf $*" 2>&1; echo "G: as user, kxf $1: exit $?"; }
echo "G: as user: $(su user -c id)"
verb load --profile "$PROFILE" --kernel "/tmp/$IMAGE" --initrd /tmp/initrd.gz
verb unload
verb exec
echo "G: the kernel says loaded $(cat /sys/kernel/kexec_loaded)"
