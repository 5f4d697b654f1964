# ramoops.sh -- what the purgatory said, in the log that Linux's ramoops kept: none at first, that of the jump in the second kernel.
#
# How to run:  GUEST=ramoops in a case (sourced by init) with Debian's kernel, whose tree has a ramoops node; from the case:
#              IMAGE, INITRD, profile.toml in the share.  hop= on the command line says that kxf loaded the kernel
# Expect:      "G: kxf status: exit 1", then in the second kernel exit 0 and the purgatory's lines
# Time:        8 s
modules=/mod/$(uname -r)
insmod "$modules/reed_solomon.ko" && insmod "$modules/ramoops.ko"
mount -t pstore none /sys/fs/pstore
echo "G: came in hop=$(word hop)"
run kxf status --breadcrumb --profile /mnt/profile.toml
if [ -z "$(word hop)" ]; then
	cp "/mnt/$IMAGE" "/mnt/$INITRD" /tmp/
	run kxf load --profile /mnt/profile.toml --kernel "/tmp/$IMAGE" --initrd "/tmp/$INITRD" --append "hop=1"
	run kxf exec
else
	# The file itself. Debian's kernel has no PSTORE_CONSOLE, so there is nothing of its own in front.
	echo "G: pstore: $(grep '^kxf: ' /sys/fs/pstore/console-ramoops-0 | tr -d '\r' | tr '\n' '|')"
fi
