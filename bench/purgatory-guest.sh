# shellcheck shell=dash disable=SC1091,SC2154
# purgatory-guest.sh -- the guest's half of bench/purgatory.sh: one program loads a kernel and an initrd from tmpfs, and jumps.
#
# How to run:  by bench/purgatory.sh, which boots a kernel with guest=purgatory-guest load=HOW-MIB; sourced by
#              tests/emulation/guest/init.sh
#   HOW: kexec, kxf, portable or off (kxf with settings of the same names); MIB of the initrd
# Expect:      "BENCH: versions ...", "BENCH: loaded", and the kernel's last lines
# Time:        2 s
label=$(word load)
cp "/mnt/$IMAGE" /mnt/*.toml /tmp/
head -c $((${label##*-} << 20)) /mnt/initrd.bin > /tmp/initrd.bin
# the next kernel's first line comes out at once
line="console=$CONSOLE earlycon=pl011,0x9000000"

kxf_load() {
	/usr/bin/kxf load --digest always --profile "$1" --kernel "/tmp/$IMAGE" --initrd /tmp/initrd.bin --command-line "$line"
}

echo "BENCH: versions $(/sbin/kexec -v), $(/usr/bin/kxf --version), Linux $(uname -r)"
case ${label%-*} in
	kexec) /sbin/kexec -l "/tmp/$IMAGE" --initrd=/tmp/initrd.bin --command-line="$line" ;;
	kxf) kxf_load "$PROFILE" ;;
	*) kxf_load "/tmp/${label%-*}.toml" ;;
esac && [ "$(cat /sys/kernel/kexec_loaded)" = 1 ] && echo "BENCH: loaded" && dmesg -n 8 &&
	case ${label%-*} in
		kexec) /sbin/kexec -e ;;
		*) /usr/bin/kxf exec ;;
	esac
