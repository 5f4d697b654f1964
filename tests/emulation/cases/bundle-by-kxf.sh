# bundle-by-kxf.sh -- a running kernel loads a bundle by kxf load and jumps: two purgatories, one behind the other. The bundle
#   lies where its own segments go, so that they go by way of staging.
# How to run: tests/emulation/run.sh bundle-by-kxf      Expect: ok      Time: 12 s
. "$HARNESS/bundle.sh"
RECORDED=virt-dt-el1
IMAGE=board.img
prepare() { bundle_of Image initrd.gz board.img > plan.json; }
check() {
  jumped
  in_order 'kxf: entering the kernel at' 'kxf: purgatory, EL1' 'kxf: bundle at .* by way of 0x' 'kxf: verifying .* ok' \
    'kxf: entering the kernel at' 'Linux version'
}
