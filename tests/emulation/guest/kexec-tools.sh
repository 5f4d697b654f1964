# kexec-tools.sh -- the same load and jump by Debian's kexec-tools.
#
# How to run:  GUEST=kexec-tools in a case (sourced by init); from the case: IMAGE, INITRD
# Expect:      "G: kexec -i: exit 0", then what the second kernel says
# Time:        3 s until the second kernel's first line
cp "/mnt/$IMAGE" "/mnt/$INITRD" /tmp/
run kexec -i -l "/tmp/$IMAGE" --initrd="/tmp/$INITRD" --command-line="$(cat /proc/cmdline) KXFMARK=$(word mark)"
[ "$status" = 0 ] && run kexec -e
