# panic.sh -- what a crash leaves behind to be found again, and the crash.
#
# How to run:  in every initramfs as /panic.sh; sourced by guest scripts: . /panic.sh; leave_canaries; panic_on CPU
# Expect:      "IOMEM: ..." lines, RAM and crash regions as in /proc/iomem; then the kernel's panic
# Time:        below 1 s

chosen=/proc/device-tree/chosen

# number FILE: a property of 64 bits
number() { echo "0x$(od -An -tx1 "$1" | tr -d ' \n')"; }

# crash_regions: on Power the device tree alone tells
crash_regions() {
	grep ': Crash kernel$' /proc/iomem && return
	[ -e "$chosen/linux,crashkernel-base" ] || return
	base=$(number "$chosen/linux,crashkernel-base")
	printf '%x-%x : Crash kernel\n' "$base" $((base + $(number "$chosen/linux,crashkernel-size") - 1))
}

# leave_canaries: words with the case's mark, in tmpfs and in the kernel's log.  No kernel's command line has these words.
leave_canaries() {
	yes "canary-$(word mark)-memory" | head -c 65536 > /tmp/canary
	echo "canary-$(word mark)-log" > /dev/kmsg
	{ grep ': System RAM$' /proc/iomem; crash_regions; } | sed 's/^ */IOMEM: /'
}

# panic_on CPU: the crash, on this CPU
panic_on() {
	echo "G: panic on CPU $1"
	echo 1 > /proc/sys/kernel/sysrq
	taskset "$(printf %x $((1 << $1)))" sh -c 'echo c > /proc/sysrq-trigger'
}
