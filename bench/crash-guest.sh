# shellcheck shell=dash disable=SC1091,SC2154
# crash-guest.sh -- the guest's half of bench/crash.sh: one program arms a crash kernel from tmpfs; then a crash.
#
# How to run:  by bench/crash.sh, which boots a kernel with guest=crash-guest load=LABEL crashkernel=SIZE; sourced by
#              tests/emulation/guest/init.sh
#   LABEL: kexec-sha256, kexec-none, kxf-sha256 or kxf-none
# Expect:      "BENCH: versions ...", the lines of bench.c, "BENCH: loaded", the line of panic.c, "BENCH: entered ..." by entry.S
# Time:        2 s
cp "/mnt/$IMAGE" /mnt/initrd.bin /mnt/bench /mnt/panic /tmp/
line="console=$CONSOLE nr_cpus=1 reset_devices quiet"

# measure COMMAND...: each run starts with an empty slot
measure() { /tmp/bench "$(word load)" 4 '/sbin/kexec -p -u >/dev/null' -- "$@"; }

kexec_tools() { measure /sbin/kexec "$@" -p "/tmp/$IMAGE" --initrd=/tmp/initrd.bin --command-line="$line"; }
kxf_load() {
	measure /usr/bin/kxf load --crash "$@" --profile "$PROFILE" --kernel "/tmp/$IMAGE" --initrd /tmp/initrd.bin \
		--command-line "$line"
}

echo "BENCH: versions $(/sbin/kexec -v), $(/usr/bin/kxf --version), Linux $(uname -r)"
case $(word load) in
	kexec-sha256) kexec_tools ;;
	kexec-none) kexec_tools -i ;;
	kxf-sha256) kxf_load ;;
	kxf-none) kxf_load --digest none ;;
esac && [ "$(cat /sys/kernel/kexec_crash_loaded)" = 1 ] && echo "BENCH: loaded" && /tmp/panic "$(word load)"
