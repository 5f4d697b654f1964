# crash-virt-dt-el1.sh -- Debian's kernel as it is: what kxf arms is armed, gone after unload, armed again, and still right when a
#   CPU is offline; after the crash makedumpfile reads the core.  What kexec-tools does: crash-kexec-tools.
# How to run: tests/emulation/run.sh crash-virt-dt-el1      Expect: ok      Time: 12 s
GUEST=crash
MEM=640M
APPEND=crashkernel=224M
prepare() {
  cat > armed.sh <<'G'
run kxf unload --crash
echo "G: the kernel says crash loaded $(cat /sys/kernel/kexec_crash_loaded)"
run kxf status --crash
run kxf check --crash
arm
echo 0 > /sys/devices/system/cpu/cpu1/online
echo "G: cpus online $(cat /sys/devices/system/cpu/online)"
run kxf check --crash
echo 1 > /sys/devices/system/cpu/cpu1/online
G
}
check() {
  dumped
  in_order 'G: kxf unload --crash' 'G: kxf unload: exit 0' 'the kernel says crash loaded 0' 'G: kxf status: exit 3' \
    'G: kxf check: exit 3' 'G: kxf load: exit 0' 'G: cpus online 0$' 'G: kxf check: exit 0' 'G: panic'
  seen_times 2 'CPU: All CPU\(s\) started at EL1' 'both kernels start in EL1'
}
