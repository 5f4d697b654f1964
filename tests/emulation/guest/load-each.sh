# load-each.sh -- load and unload each kernel file that /mnt/each names, and jump into the last one.
#
# How to run:  GUEST=load-each in a case (sourced by init); from the case: /mnt/each, INITRD, PROFILE
# Expect:      for each file "G: FILE", "G: kxf load: exit 0", "the kernel says loaded 1"; the second kernel's "SECOND: ..." lines
# Time:        1 to 40 s a file: unpacking is emulated, too
cp "/mnt/$INITRD" /tmp/
while read -r file; do
	echo "G: $file"
	cp "/mnt/$file" "/tmp/$file"
	run kxf load -v --profile "$PROFILE" --kernel "/tmp/$file" --initrd "/tmp/$INITRD" --append "KXFMARK=$(word mark)"
	echo "G: the kernel says loaded $(cat /sys/kernel/kexec_loaded)"
	[ "$status" = 0 ] || break
	rm "/tmp/$file"
	[ "$file" = "$(tail -n 1 /mnt/each)" ] || run kxf unload
done < /mnt/each
run kxf status
[ "$status" = 0 ] && run kxf exec
