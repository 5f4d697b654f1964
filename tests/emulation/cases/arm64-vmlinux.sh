# arm64-vmlinux.sh -- the kernel is an ELF vmlinux as Linux is linked, in a multi-file uImage with its initrd.
# How to run: tests/emulation/run.sh arm64-vmlinux      Expect: ok      Time: 6 s
GUEST=jump-image IMAGE=uImage
prepare() {
  find_kernel small arm64
  gzip -1nc "$KERNEL_DIR/vmlinux" > vmlinux.gz
  mkimage -A arm64 -O linux -T multi -C gzip -n 'kernel and initrd' -d vmlinux.gz:initrd.gz uImage > /dev/null
  printf 'schema = 1\ncommand-line.mode = "reuse"\n' > profile.toml
}
