# jump-signed.sh -- a changed image is refused; then the signed one is loaded.
#
# How to run:  GUEST=jump-signed in a case (sourced by init), with changed.itb beside what jump-image.sh needs
# Expect:      "G: kxf load: exit 1", then as of jump-image.sh
# Time:        2 to 10 s until the second kernel's init
run kxf load --profile /mnt/profile.toml --kernel /mnt/changed.itb
. /mnt/jump-image.sh
