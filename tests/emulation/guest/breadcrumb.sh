# breadcrumb.sh -- what the purgatory did last, in each kernel that comes up: before any jump, after a good one, and after a reset.
#
# How to run:  GUEST=breadcrumb in a case whose kernels have crashkernel= (sourced by init); from the case: IMAGE, INITRD,
#              profile.toml in the share, with purgatory.breadcrumb.  hop= on the command line says that kxf loaded the kernel
# Expect:      three times "G: kxf status: exit ..." with what it prints; behind the second a purgatory that stops
# Time:        10 s
profile=/mnt/profile.toml
cp "/mnt/$IMAGE" "/mnt/$INITRD" /tmp/
echo "G: came in hop=$(word hop)"
run kxf status --breadcrumb --profile $profile
if [ -n "$(word hop)" ]; then
	run kxf status --breadcrumb --profile $profile --json
	run kxf load --crash --profile $profile --kernel "/tmp/$IMAGE" --initrd "/tmp/$INITRD"
	# a word of the initrd, where it will be
	initrd=$(kxf status --crash --json | tr -d ' \n' | sed 's/.*"name":"initrd","start":"\(0x[0-9a-f]*\)".*/\1/')
	echo "G: initrd at $initrd"
	run devmem $((initrd + 4096)) 32 0x12345678
	echo c > /proc/sysrq-trigger
elif [ "$status" != 0 ]; then
	run kxf load --profile $profile --kernel "/tmp/$IMAGE" --initrd "/tmp/$INITRD" --append "hop=1"
	run kxf exec
fi
