# plan-and-jump.sh -- say what would be loaded, then load it and jump.
#
# How to run:  GUEST=plan-and-jump in a case (sourced by init) whose prepare() puts jump.sh into the share too
# Expect:      "G: kxf plan: exit 0", then as jump.sh
# Time:        3 to 10 s until the second kernel's init
run kxf plan --profile "$PROFILE" --kernel "/mnt/$IMAGE" --initrd "/mnt/$INITRD" --append "KXFMARK=$(word mark)" $LOAD
. /mnt/jump.sh
