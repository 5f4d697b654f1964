# initrd-twice.sh -- two --initrd are concatenated: a file of the second archive is there in the second kernel.
# How to run: tests/emulation/run.sh initrd-twice      Expect: ok      Time: 8 s
LOAD='--initrd /tmp/second.cpio.gz'
prepare() {
  mkdir extra
  echo from-the-second-archive > extra/second-archive
  ( cd extra && echo second-archive | cpio -o -H newc --quiet ) | gzip -1n > second.cpio.gz
  rm -r extra
}
check() {
  jumped
  seen 'SECOND: file from-the-second-archive' 'the second archive is unpacked'
}
