# shellcheck shell=dash disable=SC1091
# formats-guest.sh -- the guest's half of bench/formats.sh: each file by both programs and by the one that unpacks it.
#
# How to run:  by bench/formats.sh, which boots a kernel with guest=formats-guest; sourced by tests/emulation/guest/init.sh.
#              /mnt/files has a line for each: NAME, or NAME and the command that unpacks it
# Expect:      "BENCH: versions ...", lines of bench.c for the labels kexec-NAME, kxf-NAME, dry-NAME and program-NAME;
#              "BENCH: kexec does not read NAME"; "BENCH: loaded"
# Time:        3 minutes when each instruction is counted
cp /mnt/bench /tmp/
cp -r /mnt/unpackers /tmp/
line="console=$CONSOLE root=/dev/vda1 ro quiet"

# measure LABEL PREPARE COMMAND...
measure() {
	label=$1 prepare=$2
	shift 2
	/tmp/bench "$label" 2 "$prepare" -- "$@"
}

# each NAME [PROGRAM OPTION...]
each() {
	name=$1
	shift
	cp "/mnt/$name" "/tmp/$name"
	# with what is there when nothing is loaded, each of its runs; a failure is no message of an error of ours
	if /sbin/kexec -i -l "/tmp/$name" --command-line="$line" > /dev/null 2>&1; then
		measure "kexec-$name" '/sbin/kexec -u' /sbin/kexec -i -l "/tmp/$name" --command-line="$line"
		/sbin/kexec -u
	else
		echo "BENCH: kexec does not read $name"
	fi
	kxf="--profile $PROFILE --kernel /tmp/$name --digest none"
	# shellcheck disable=SC2086  # words
	measure "kxf-$name" '/sbin/kexec -u' /usr/bin/kxf load $kxf --command-line "$line" &&
		measure "dry-$name" true /usr/bin/kxf load --dry-run --no-sandbox $kxf --command-line "$line" || return 1
	if [ $# -gt 0 ]; then
		program=$1
		shift
		measure "program-$name" true /lib/ld-linux-aarch64.so.1 --library-path /tmp/unpackers/lib \
			"/tmp/unpackers/bin/$program" "$@" -dc "/tmp/$name" || return 1
	fi
	rm "/tmp/$name"
}

echo "BENCH: versions $(/sbin/kexec -v), $(/usr/bin/kxf --version), Linux $(uname -r), $(cat /mnt/unpackers/versions)"
while read -r words; do
	# shellcheck disable=SC2086  # words
	each $words || exit
done < /mnt/files
echo "BENCH: loaded"
