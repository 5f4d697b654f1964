# uki.sh -- a UKI: its kernel, initrd and command line, and of two trees the one for this board.
# How to run: tests/emulation/run.sh uki      Expect: ok      Time: 10 s
GUEST=jump-image IMAGE=board.efi
prepare() {
  own_tree 'from the UKI' > tree.dtb
  PYTHONPATH=$ROOT/tests/support python3 - <<'P'
import pathlib
import containers
import fdt
def read(name):
    return pathlib.Path(name).read_bytes()
other = fdt.Tree(fdt.Node('', {'compatible': fdt.strings('acme,other')})).blob()
pathlib.Path('board.efi').write_bytes(containers.uki([
    ('.text', b'the stub'), ('.cmdline', b'console=ttyAMA0 kxf.from=uki\n'), ('.initrd', read('initrd.gz')),
    ('.dtbauto', other), ('.dtbauto', read('tree.dtb')), ('.linux', read('Image')), ('.ucode', b'none')]))
P
  rm tree.dtb
  printf 'schema = 1\n' > profile.toml
}
check() {
  jumped
  seen 'Machine model: from the UKI' 'the second kernel has the tree for this board'
  seen 'SECOND: cmdline console=ttyAMA0 kxf.from=uki KXFMARK=' 'the second kernel has the command line of the UKI'
  seen 'SECOND: .*cpus online 0-1' 'the second kernel has both CPUs'
}
