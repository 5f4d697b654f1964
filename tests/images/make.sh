#!/bin/bash
# make.sh [DIR] -- the images of this folder, made again by Debian's mkimage.
#
# How to run:  tests/images/make.sh       in place; needs mkimage (u-boot-tools), dtc, openssl
# Expect:      the list of images. Keys and signatures are new each time; commit all or nothing.
#   They are committed, so that the tests need no mkimage and a failure is the same one for everybody; tests/fuzz starts from
#   them too. The emulation cases fit-signed and wrappings make theirs with mkimage in each run.
# Time:        2 s
set -euo pipefail
out=$(realpath "${1:-$(dirname "$0")}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export SOURCE_DATE_EPOCH=1700000000

# --- keys: the private ones end with this script
mkdir keys
for name in rsa2048 rsa4096 stranger; do
  bits=2048; [ $name = rsa4096 ] && bits=4096
  openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:$bits -out keys/$name.key 2>/dev/null
  openssl pkey -in keys/$name.key -pubout -out "$out/$name.pem"
done
openssl req -batch -new -x509 -days 36500 -subj /CN=kxf -key keys/rsa2048.key -out "$out/rsa2048.crt"
for curve in prime256v1 secp384r1; do
  openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:$curve -out keys/$curve.pem 2>/dev/null
  openssl pkey -in keys/$curve.pem -pubout -out "$out/$curve.pem"
done

# --- what is inside: texts where a test only compares, real trees where one is applied
printf 'PLAIN kernel one' >kernel-1
printf 'PLAIN kernel two' >kernel-2
printf 'an initrd' >initrd
tree() { printf '/dts-v1/; / { compatible = %s; model = "%s"; n: node { }; };' "$1" "$2" | dtc -q -@ -o "$3" -; }
tree '"acme,one", "acme,any"' one one.dtb
tree '"acme,two", "acme,any"' two two.dtb
overlay() { printf '/dts-v1/; /plugin/; &{/} { %s = "yes"; };' "$1" | dtc -q -@ -o "$1.dtbo" -; }
overlay first
overlay second
gzip -nc one.dtb >one.dtb.gz

# image NAME FILE TYPE [COMPRESSION [NODES]]
image() {
  printf '%s { description = "%s"; data = /incbin/("%s"); type = "%s"; arch = "arm64"; os = "linux"; compression = "%s"; ' \
    "$1" "$1" "$2" "$3" "${4:-none}"
  [ "$3" != kernel ] || printf 'load = <0x40080000>; entry = <0x40080000>; '
  printf '%s };\n' "${5:-$sha256}"
}
sha256='hash-1 { algo = "sha256"; };'
# fit NAME IMAGES CONFIGURATIONS [mkimage's options...]
fit() {
  local name=$1
  printf '/dts-v1/; / { description = "%s"; #address-cells = <1>; images { %s }; configurations { %s }; };' \
    "$name" "$2" "$3" >"$name.its"
  shift 3
  mkimage -f "$name.its" "$@" "$out/$name.itb" >/dev/null
  echo "$name.itb"
}
# signature ALGO KEY [PADDING]
signature() {
  printf 'signature-1 { algo = "%s"; key-name-hint = "%s"; %s sign-images = "kernel", "fdt", "ramdisk"; };' "$1" "$2" \
    "${3:+padding = \"$3\";}"
}
all="$(image kernel-1 kernel-1 kernel) $(image kernel-2 kernel-2 kernel) $(image fdt-1 one.dtb flat_dt)
  $(image fdt-2 two.dtb flat_dt) $(image first first.dtbo flat_dt) $(image second second.dtbo flat_dt)
  $(image initrd-1 initrd ramdisk)"
hashes='hash-1 { algo = "crc32"; }; hash-2 { algo = "sha1"; }; hash-3 { algo = "sha512"; }; hash-4 { algo = "md5"; };
  hash-5 { algo = "sha384"; };'
one='conf-1 { kernel = "kernel-1"; fdt = "fdt-1"; ramdisk = "initrd-1";'

fit plain "$(image kernel-1 kernel-1 kernel none "$hashes")" 'conf-1 { kernel = "kernel-1"; };'
boards='default = "conf-1";
  conf-1 { kernel = "kernel-1"; fdt = "fdt-1"; };
  conf-2 { kernel = "kernel-2"; fdt = "fdt-2", "first", "second"; ramdisk = "initrd-1"; };
  conf-3 { kernel = "kernel-2"; fdt = "fdt-1"; loadables = "initrd-1"; compatible = "acme,three", "acme,any"; };'
fit boards "$all" "$boards"
fit external "$all" "$boards" -E
fit position "$all" "$boards" -E -p 0x2000
fit packed "$(image kernel-1 kernel-1 kernel) $(image fdt-1 one.dtb.gz flat_dt gzip)" 'conf-1 { kernel = "kernel-1"; fdt = "fdt-1"; };'
fit wrong-compression "$(image kernel-1 kernel-1 kernel gzip)" 'conf-1 { kernel = "kernel-1"; };'

fit rsa2048 "$all" "$one $(signature sha256,rsa2048 rsa2048) };" -k keys
fit rsa4096 "$all" "$one $(signature sha512,rsa4096 rsa4096) };" -k keys
fit pss "$all" "$one $(signature sha256,rsa2048 rsa2048 pss) };" -k keys
fit ecdsa256 "$all" "$one $(signature sha256,ecdsa256 prime256v1) };" -k keys
fit signed-external "$all" "$one $(signature sha256,rsa2048 rsa2048) };" -k keys -E
fit signed-position "$all" "$one $(signature sha256,ecdsa256 prime256v1) };" -k keys -E -p 0x3000
fit sha1 "$all" "$one $(signature sha1,rsa2048 rsa2048) };" -k keys
fit kernel-and-fdt "$all" "$one signature-1 { algo = \"sha256,rsa2048\"; key-name-hint = \"rsa2048\"; }; };" -k keys
fit weak-hash "$(image kernel-1 kernel-1 kernel none 'hash-1 { algo = "crc32"; };')" \
  "conf-1 { kernel = \"kernel-1\"; $(signature sha256,rsa2048 rsa2048 | sed 's/, "fdt", "ramdisk"//') };" -k keys
fit two-signers "$all" "$one $(signature sha256,rsa2048 stranger)
  $(signature sha256,ecdsa256 prime256v1 | sed s/signature-1/signature-2/) };" -k keys
# Two configurations that are signed, and a third that is not
fit mix "$all" "default = \"conf-3\"; $one $(signature sha256,rsa2048 rsa2048) };
  conf-2 { kernel = \"kernel-2\"; fdt = \"fdt-2\"; $(signature sha256,rsa2048 rsa2048 | sed 's/, "ramdisk"//') };
  conf-3 { kernel = \"kernel-1\"; fdt = \"fdt-2\"; };" -k keys
by_itself='signature-1 { algo = "sha256,rsa2048"; key-name-hint = "rsa2048"; };'
fit signed-images "$(image kernel-1 kernel-1 kernel none "$by_itself") $(image fdt-1 one.dtb flat_dt none "$by_itself")" \
  'conf-1 { kernel = "kernel-1"; fdt = "fdt-1"; };' -k keys
