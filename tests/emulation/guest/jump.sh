# jump.sh -- load a kernel by profile, ask for the status, jump.
#
# How to run:  GUEST=jump in a case (sourced by init); from the case: IMAGE, INITRD, PROFILE, LOAD (more options for kxf load)
# Expect:      "G: kxf load: exit 0", "G: kxf status: exit 0", then the second kernel's "SECOND: ..." lines
# Time:        2 to 10 s until the second kernel's init
cp "/mnt/$IMAGE" "/mnt/$INITRD" /tmp/
[ -e /mnt/second.cpio.gz ] && cp /mnt/second.cpio.gz /tmp/
run kxf load --profile "$PROFILE" \
	--kernel "/tmp/$IMAGE" --initrd "/tmp/$INITRD" --append "KXFMARK=$(word mark)" $LOAD
run kxf status
[ "$status" = 0 ] && run kxf exec
