#!/bin/busybox sh
# init.sh -- /init of every emulated boot, first kernel and second.
#
# How to run:  by the kernel; words of the command line: guest=NAME (script of the share to run), mark=TEXT
# Expect:      first kernel: "INIT: up", then what /mnt/NAME.sh prints, "INIT: done"
#              second kernel (KXFMARK= on its command line): lines "SECOND: ..." that say what came up, "SECOND: end"
# Time:        below 1 s beside the script
/bin/busybox --install -s /bin 2>/dev/null
export PATH=/bin:/sbin:/usr/bin
mount -t devtmpfs none /dev
mount -t proc none /proc
mount -t sysfs none /sys
mount -t securityfs none /sys/kernel/security 2>/dev/null
mount -t tmpfs -o mode=1777 none /tmp
exec </dev/console >/dev/console 2>&1

# word NAME: the value of NAME=VALUE on the command line
word() { sed -n "s/^\(.* \)\{0,1\}$1=\([^ ]*\).*/\2/p" /proc/cmdline; }

# run COMMAND...: say it, run it, say its exit status; the status stays in $status
run() {
	echo "G: $*"
	"$@" 2>&1
	status=$?
	echo "G: $1 $2: exit $status"
}

# mount_share: the host's folder at /mnt, unless its files are in the initramfs: a board without virtio
mount_share() {
	[ ! -f /mnt/case.env ] || return 0
	modules=/mod/$(uname -r)	# a kernel with everything built in has none
	if [ -f "$modules/list" ]; then
		while read -r module; do insmod "$modules/$module.ko" || echo "INIT: insmod $module failed"; done < "$modules/list"
	fi
	mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=none share /mnt
}

if [ -n "$(word KXFMARK)" ]; then
	echo "SECOND: kernel $(uname -r), cpus online $(cat /sys/devices/system/cpu/online), nproc $(nproc), $(sed -n 's/MemTotal: *//p' /proc/meminfo)"
	echo "SECOND: firmware $(ls /sys/firmware | tr '\n' ' ')"
	[ -e /second-archive ] && echo "SECOND: file $(cat /second-archive)"
	echo "SECOND: cmdline $(cat /proc/cmdline)"
	if [ -e /proc/vmcore ]; then
		echo "SECOND: crash kernel, vmcore is there"
		. /vmcore.sh
	fi
	echo "SECOND: end"
	poweroff -f
fi

echo "INIT: up, kernel $(uname -r), cpus online $(cat /sys/devices/system/cpu/online), cmdline $(cat /proc/cmdline)"
if mount_share; then
	. /mnt/case.env
	cd /tmp
	. "/mnt/$(word guest).sh"
else
	echo "INIT: the share cannot be mounted"
fi
sync
echo "INIT: done"
poweroff -f
