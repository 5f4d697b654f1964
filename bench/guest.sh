# shellcheck shell=dash disable=SC1091,SC2154
# guest.sh -- the guest's half of bench/load.sh: one program, from tmpfs.
#
# How to run:  by bench/load.sh, which boots a kernel with guest=guest load=LABEL; sourced by tests/emulation/guest/init.sh
#   LABEL: kexec-sha256, kexec-none, kxf-sha256 or kxf-none
# Expect:      "BENCH: versions ...", the lines of bench.c, "BENCH: loaded"
# Time:        2 s
cp "/mnt/$IMAGE" /mnt/initrd.bin /mnt/bench /tmp/
line="console=$CONSOLE root=/dev/vda1 ro quiet"

# measure COMMAND...: each run starts with an empty slot
measure() { /tmp/bench "$(word load)" 4 '/sbin/kexec -u >/dev/null' -- "$@"; }

kexec_tools() { measure /sbin/kexec "$@" -l "/tmp/$IMAGE" --initrd=/tmp/initrd.bin --command-line="$line"; }
kxf_load() {
	measure /usr/bin/kxf load "$@" --profile "$PROFILE" --kernel "/tmp/$IMAGE" --initrd /tmp/initrd.bin --command-line "$line"
}

echo "BENCH: versions $(/sbin/kexec -v), $(/usr/bin/kxf --version), Linux $(uname -r)"
case $(word load) in
	kexec-sha256) kexec_tools ;;
	kexec-none) kexec_tools -i ;;
	kxf-sha256) kxf_load --digest always ;;
	kxf-none) kxf_load --digest none ;;
esac && [ "$(cat /sys/kernel/kexec_loaded)" = 1 ] && echo "BENCH: loaded"
