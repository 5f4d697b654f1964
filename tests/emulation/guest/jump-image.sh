# jump-image.sh -- load an image that carries initrd and tree itself, by the share's profile, and jump.
#
# How to run:  GUEST=jump-image in a case (sourced by init); from the case: IMAGE, LOAD (more options for kxf load)
# Expect:      as of jump.sh
# Time:        2 to 10 s until the second kernel's init
cp "/mnt/$IMAGE" /tmp/
run kxf load --profile /mnt/profile.toml --kernel "/tmp/$IMAGE" --append "KXFMARK=$(word mark)" $LOAD
run kxf status
[ "$status" = 0 ] && run kxf exec
