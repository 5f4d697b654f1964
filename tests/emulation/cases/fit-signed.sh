# fit-signed.sh -- a FIT by mkimage: gzip kernel, a tree with an overlay, an initrd, data behind the tree, signed by RSA; the
#   profile takes nothing that is not signed. Before, the same FIT with another kernel is refused.
# How to run: tests/emulation/run.sh fit-signed      Expect: ok      Time: 15 s
GUEST=jump-signed IMAGE=board.itb
prepare() {
  cp "$HARNESS/guest/jump-image.sh" .
  mkdir work
  (
    cd work
    own_tree 'from the FIT' > tree.dtb
    printf '/dts-v1/; /plugin/; &{/} { model = "from the overlay"; };' | dtc -q -@ -O dtb -o overlay.dtbo -
    gzip -1nc ../Image > Image.gz
    openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out dev.key 2> /dev/null
    openssl pkey -in dev.key -pubout -out ../dev.pem
    # image NAME TYPE FILE COMPRESSION
    image() {
      printf '%s { data = /incbin/("%s"); type = "%s"; arch = "arm64"; os = "linux"; compression = "%s"; ' "$1" "$3" "$2" "$4"
      printf 'load = <0>; entry = <0>; hash-1 { algo = "sha256"; }; };\n'
    }
    {
      printf '/dts-v1/; / { description = "for a test"; #address-cells = <1>; images {\n'
      image kernel kernel Image.gz gzip
      image tree flat_dt tree.dtb none
      image overlay flat_dt overlay.dtbo none
      image initrd ramdisk ../initrd.gz none
      printf '}; configurations { default = "other"; other { kernel = "kernel"; compatible = "acme,other"; };\n'
      printf 'virt { kernel = "kernel"; fdt = "tree", "overlay"; ramdisk = "initrd"; signature-1 {\n'
      printf 'algo = "sha256,rsa2048"; key-name-hint = "dev"; sign-images = "kernel", "fdt", "ramdisk"; }; }; }; };\n'
    } > board.its
    mkimage -E -f board.its -k . ../board.itb > /dev/null
  )
  rm -r work
  # four bytes in the middle of the kernel
  cp board.itb changed.itb
  printf '\377\377\377\377' | dd of=changed.itb bs=1 seek=1000000 conv=notrunc status=none
  printf 'schema = 1\ncommand-line.mode = "reuse"\nkernel = { signature = "required", keys = ["dev.pem"] }\n' > profile.toml
}
check() {
  jumped
  in_order 'image "kernel": its sha256 is' 'G: kxf load: exit 1' 'G: kxf load .*board.itb' 'G: kxf load: exit 0'
  seen 'Machine model: from the overlay' 'the second kernel has the tree of the FIT with its overlay'
  seen 'SECOND: .*cpus online 0-1' 'the second kernel has both CPUs'
}
