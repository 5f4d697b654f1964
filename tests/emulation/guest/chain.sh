# chain.sh -- each kernel that comes up loads the next file of a list and jumps into it, until the list ends.
#
# How to run:  GUEST=chain in a case (sourced by init, in every one of the kernels); from the case: /mnt/chain, the files;
#              INITRD, PROFILE, LOAD.  hop= on the command line says in which file the kernel came
# Expect:      for each file "G: kxf load: exit 0", "G: kxf exec", and of the kernel in it "G: came in FILE"; then "INIT: done"
# Time:        2 to 5 s a file
hop=$(word hop)
# AT_PAGESZ of the auxiliary vector
pages=$(od -An -v -td8 -w16 /proc/self/auxv | awk '$1 == 6 { print $2 }')
echo "G: came in ${hop:-no file}, kernel $(uname -r), pages of $pages bytes"
next=$(awk -v hop="$hop" 'BEGIN { found = hop == "" } found { print; exit } $0 == hop { found = 1 }' /mnt/chain)
if [ -n "$next" ]; then
	cp "/mnt/$next" "/mnt/$INITRD" /tmp/
	initrds="--initrd /tmp/$INITRD"
	# Without a share its files go along, from kernel to kernel: in front, for nothing looks for an archive behind zeros that
	# make a page
	if ! grep -q ' /mnt ' /proc/mounts; then
		( cd / && find mnt | cpio -o -H newc ) > /tmp/share.cpio
		initrds="--initrd /tmp/share.cpio $initrds"
	fi
	run kxf load --profile "$PROFILE" --kernel "/tmp/$next" $initrds --append "hop=$next" $LOAD
	[ "$status" = 0 ] && run kxf exec
fi
