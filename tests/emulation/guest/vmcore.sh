# vmcore.sh -- what the capture kernel can read of the system that crashed.
#
# How to run:  in every initramfs as /vmcore.sh; sourced by init where /proc/vmcore is
# Expect:      "VMCORE: ..." lines; "CORE: ..." lines, the head of /proc/vmcore (headers and notes), gzipped, in base64; where
#              there is a share and the core is below 1 GiB, the whole core as vmcore in it
# Time:        2 s

# said COMMAND...: run it; say how it ended, and what it printed last when it failed
said() {
	"$@" > /tmp/said 2>&1
	status=$?
	[ "$status" = 0 ] || tr '\r' '\n' < /tmp/said | tail -n 5 | sed 's/^/VMCORE: | /'
	echo "VMCORE: $*: exit $status"
}

# has_log FILE: says whether it is the log of the system that crashed
has_log() {
	if grep -q "canary-$(word KXFMARK)-log" "$1"; then echo "VMCORE: $1 has the canary"; fi
}

grep -E ': System RAM$' /proc/iomem | sed 's/^ */VMCORE: memory /'
size=$(stat -c %s /proc/vmcore)
echo "VMCORE: $size bytes"
# where the first entry of RAM begins: p_offset of the second program header, for all notes are one entry here
head=$(dd if=/proc/vmcore bs=8 skip=16 count=1 2>/dev/null | od -An -tu8)
dd if=/proc/vmcore bs=4k count=$((head / 4096)) 2>/dev/null | gzip -c | base64 | sed 's/^/CORE: /'
said dd if=/proc/vmcore of=/dev/null bs=1M count=2
said makedumpfile --dump-dmesg /proc/vmcore /tmp/log
has_log /tmp/log
said makedumpfile -l -d 31 /proc/vmcore /tmp/dump
# a real re-read: through the dump's own page descriptors, each page decompressed
said makedumpfile --dump-dmesg /tmp/dump /tmp/log-of-dump
has_log /tmp/log-of-dump
if mount_share && [ "$size" -lt 1073741824 ]; then
	said dd if=/proc/vmcore of=/mnt/vmcore bs=1M
	sync
fi
