# wrappings.sh -- Debian's Image in every compression and wrapping: each is loaded and unloaded, and the last one is entered.
# How to run: tests/emulation/run.sh wrappings      Expect: ok      Time: 100 s, most of it bzip2 and xz, which are emulated, too
GUEST=load-each TIMEOUT=400
prepare() {
  make_wrappings
  ls Image.* uImage* vmlinux* > each
}
check() {
  local file files
  mapfile -t files < "$SHARE/each"
  for file in "${files[@]}"; do
    in_order "G: $file\$" 'G: kxf load: exit 0' 'the kernel says loaded 1'
  done
  seen_times "${#files[@]}" 'G: kxf load: exit 0' 'every file is loaded'
  seen_times "$((${#files[@]} - 1))" 'G: kxf unload: exit 0' 'every file but the last is unloaded'
  jumped
  # vmlinux holds the certificates behind Debian's Image as well; it is the one that is entered
  same_kernels "${files[@]:0:${#files[@]}-1}"
}
