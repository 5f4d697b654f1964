# crash-virt-dt-el2.sh -- in EL2, a panic on a CPU that is not the boot CPU.  Loads that fail before leave the armed crash kernel
#   armed: a file that is no kernel, an initrd that the region cannot hold.
# How to run: tests/emulation/run.sh crash-virt-dt-el2      Expect: ok      Time: 12 s
GUEST=crash
MACHINE=its=off,virtualization=on
MEM=768M
APPEND=crashkernel=224M
PANIC_CPU=1
prepare() {
  cat > armed.sh <<'G'
head -c 1000000 /dev/urandom > /tmp/no-kernel
run kxf load --crash --profile "$PROFILE" --kernel /tmp/no-kernel
dd if=/dev/zero of=/tmp/large bs=1M count=208 2> /dev/null
run kxf load --crash --profile "$PROFILE" --kernel "/tmp/$IMAGE" --initrd /tmp/large
rm /tmp/no-kernel /tmp/large
echo "G: the kernel says crash loaded $(cat /sys/kernel/kexec_crash_loaded)"
run kxf check --crash
G
}
check() {
  dumped
  in_order 'G: kxf load .*/tmp/no-kernel' 'remedy: ' 'G: kxf load: exit 1' 'G: kxf load .*/tmp/large' \
    'remedy: .*crashkernel=' 'G: kxf load: exit 1' 'the kernel says crash loaded 1' 'G: kxf check: exit 0' 'G: panic'
  seen_times 2 'CPU: All CPU\(s\) started at EL2' 'both kernels start in EL2'
  seen 'Booting Linux on physical CPU 0x0000000001' 'the capture kernel runs on the CPU that panicked'
}
