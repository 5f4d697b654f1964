# SPDX-License-Identifier: Apache-2.0
"""Crash kernels: no memory for one, too little of it, and a running kernel that does not say what a dump needs."""
import re

import captures
import fdt
import kxf as program
from bad_machines import both, changed, recorded, sparse
from case import Case, PROFILE, file, profile

MIB = 1 << 20
BY_OURSELVES = ('--crash', '--syscall', 'kexec_load')
RESERVE = r'crashkernel=[0-9]+M or more'
NOTES = 'sys/devices/system/cpu/cpu%d/crash_notes'
VMCOREINFO = 'sys/kernel/vmcoreinfo'
CRASH_LINE = '  ada00000-bd9fffff : Crash kernel\n'
AS_IT_IS = 'as it is'


def _crash(name, change, message, remedy, arguments=BY_OURSELVES, **more):
    """A crash load by kexec_load on the machine that has memory reserved for it."""
    return changed('crash-' + name, change, message, remedy, arguments, machine='virt-crash', **more)


def without(*paths):
    """Files that are not there."""
    return lambda capture: [capture.entries.pop(path) for path in paths]


def holding(path, content):
    """A file with another content."""
    def change(capture):
        assert path in capture.entries, path
        capture.entries[path] = content
    return change


def all_of(*changes):
    """Several changes."""
    return lambda capture: [change(capture) for change in changes]


def region(line):
    """Another region, or with an empty line none."""
    return lambda capture: capture.replace('proc/iomem', CRASH_LINE, line)


def without_support(capture):
    """A kernel that was built without it."""
    region('')(capture)
    for path in [path for path in capture.entries if 'crash' in path or path == VMCOREINFO]:
        capture.entries.pop(path)


def hide_names(*names):
    """VMCOREINFO, in the notes of /proc/kcore, without these names."""
    def change(capture):
        kcore = capture.entries['proc/kcore']
        for name in names:
            assert name.encode() in kcore, name
            kcore = kcore.replace(name.encode(), name[:-2].encode() + b'?)')
        capture.entries['proc/kcore'] = kcore
    return change


def in_pieces(count):
    """RAM of so many pieces, the region of the capture among them."""
    def change(capture):
        lines = ['40000000-bfffffff : System RAM\n', CRASH_LINE]
        lines += ['%x-%x : System RAM\n' % (start, start + 0xFFF) for start in range(1 << 32, (1 << 32) + count * 0x2000, 0x2000)]
        capture.entries['proc/iomem'] = ''.join(lines).encode()
    return change


def high_region(capture):
    """1 GiB more, above 4 GiB, with the region in it."""
    region('')(capture)
    capture.replace('proc/iomem', '4010000000-401fffffff : PCI ECAM\n',
                    '100000000-13fffffff : System RAM\n  110000000-11fffffff : Crash kernel\n4010000000-401fffffff : PCI ECAM\n')
    capture.tree = capture.tree.set('/memory@40000000', 'reg', fdt.u64(0x40000000, 0x80000000, 0x100000000, 0x40000000))


def narrow_tree(folder):
    """A board's tree whose root has one cell for addresses and one for sizes."""
    running = captures.Capture(program.MACHINES / 'virt-crash.tar').tree
    board = fdt.Tree(fdt.Node('', {'compatible': fdt.strings('linux,dummy-virt'), '#address-cells': fdt.cells(1),
                                   '#size-cells': fdt.cells(1)}, [running.root.child('cpus'), running.root.child('psci')]))
    board.set('/memory@40000000', 'device_type', fdt.strings('memory'))
    board.set('/memory@40000000', 'reg', fdt.cells(0x40000000, 0x80000000))
    file('board.dtb', board.blob())(folder)


def shut(path):
    """A maker of a capture as a directory, in which one file cannot be read."""
    def make(folder):
        capture = captures.Capture(program.MACHINES / 'virt-crash.tar')
        capture.write_directory(folder / 'machine')
        for made in [folder / 'machine', *(folder / 'machine').rglob('*')]:
            if not made.is_symlink():
                made.chmod(0o755 if made.is_dir() else 0o644)
        (folder / 'machine' / path).chmod(0)
    return make


def _unreadable(name, path, message, remedy):
    return Case('crash-%s-unreadable' % name, message, remedy, BY_OURSELVES, machine=('--machine', 'machine'),
                make=shut(path), nobody=True)


def room_cases():
    """Memory for a crash kernel."""
    needs = r'no memory is reserved for a crash kernel, and this one needs [0-9.]+ MiB'
    return [
        changed('crash-not-reserved', None, needs, RESERVE, BY_OURSELVES),
        changed('crash-not-reserved-file-load', lambda capture: capture.facts(kexec_file_load='present'), needs, RESERVE,
                ['--crash', '--syscall', 'kexec_file_load']),
        Case('crash-not-reserved-ppc64', needs, RESERVE, ['--crash'], machine=('--machine', '../common/made-pseries.tar'),
             kernel=('--kernel', '../common/vmlinux')),
        _crash('no-support', without_support, 'the running kernel has no crash support', 'CONFIG_CRASH_DUMP'),
        _crash('region-too-small', region('  ada00000-adafffff : Crash kernel\n'),
               r'(?s)no room for .*: it needs [0-9.]+ [KM]iB.*0xada00000-0xadafffff', RESERVE),
        _crash('initrd-over-region', None, r'(?s)no room for segment initrd: it needs 300 MiB', RESERVE,
               [*BY_OURSELVES, '--initrd', 'initrd'], make=sparse('initrd', 300 * MIB)),
        _crash('region-small', None,
               r'the crash region has 256 MiB; kernel .* \+ 400 MiB to work in = 40[0-9.]+ MiB, 14[0-9.]+ MiB too much \(board.toml:4:19\)',
               RESERVE, [*PROFILE, *BY_OURSELVES],
               make=profile('[crash]\nworking-memory = "400 MiB"\non-small-region = "refuse"\n')),
        _crash('cells-too-narrow', high_region, r'/chosen/linux,elfcorehdr: .*0x1[0-9a-f]{8}', '.',
               [*PROFILE, *BY_OURSELVES, '--dtb', 'board.dtb'],
               make=both(narrow_tree, profile('device-tree.inherit = []\n'))),
        _crash('memory-in-too-many-pieces', in_pieces(66000),
               'the dump needs 660[0-9]{2} entries in its core header, 3 for notes and 660[0-9]{2} for memory, and Linux reads 65534',
               'fewer pieces', [*PROFILE, *BY_OURSELVES], make=profile('memory.sources = ["iomem"]\n')),
    ]


def fact_cases():
    """What only the running kernel can tell."""
    ram = 'core header: where the running kernel maps RAM is not known: '
    image = "core header: where the running kernel's image is mapped is not known: neither /proc/kcore, nor VMCOREINFO, nor /proc/kallsyms"
    support = 'core header: the running kernel has no crash support: there is no "/%s"'
    return [
        _crash('kcore-missing', without('proc/kcore'), ram + 'there is no "/proc/kcore", and VMCOREINFO does not settle it',
               'run as root'),
        _crash('kcore-damaged', holding('proc/kcore', b'no core at all'), ram + '.*/proc/kcore.*no ELF64 core file', 'run as root'),
        _crash('kcore-empty', holding('proc/kcore', b''), ram + '.*/proc/kcore', 'run as root'),
        _crash('image-nowhere', all_of(without('proc/kallsyms'), hide_names('SYMBOL(_stext)')), image, 'run as root, or set kernel-text'),
        _crash('kallsyms-hidden',
               all_of(hide_names('SYMBOL(_stext)'),
                      lambda capture: capture.entries.__setitem__(
                          'proc/kallsyms', re.sub(rb'^[0-9a-f]{16}', b'0' * 16, capture.entries['proc/kallsyms'], flags=re.M))),
               image, 'run as root, or set kernel-text'),
        _crash('vmcoreinfo-missing', without(VMCOREINFO), support % VMCOREINFO, 'CONFIG_CRASH_DUMP'),
        _crash('vmcoreinfo-no-number', holding(VMCOREINFO, b'somewhere\n'),
               'core header: "/sys/kernel/vmcoreinfo" holds "somewhere": that is no place of notes', AS_IT_IS),
        _crash('vmcoreinfo-hidden', holding(VMCOREINFO, b'0x0000000000000000 1024\n'), 'no notes can be at that address', AS_IT_IS),
        _crash('vmcoreinfo-wraps', holding(VMCOREINFO, b'0xfffffffffffffffc 1024\n'), 'that wraps around the address space', AS_IT_IS),
        _crash('notes-missing', without(NOTES % 1), support % (NOTES % 1), 'CONFIG_CRASH_DUMP'),
        _crash('notes-no-number', holding(NOTES % 0, b'unknown\n'), 'cpu0/crash_notes" holds "unknown', AS_IT_IS),
        _crash('notes-hidden', holding(NOTES % 1, b'0\n'), 'cpu1/crash_notes" holds .*no notes can be at that address', AS_IT_IS),
        _crash('notes-of-no-size', holding(NOTES % 1 + '_size', b'0\n'), 'notes cannot have 0 bytes', AS_IT_IS),
        _crash('notes-overlap', holding(NOTES % 1, b'bfbc1204\n'),
               'the crash notes of CPU . at .* and of CPU . at .* overlap', AS_IT_IS),
        _unreadable('kcore', 'proc/kcore', ram + '.*Permission denied', 'run as'),
        _unreadable('vmcoreinfo', VMCOREINFO, 'core header: .*vmcoreinfo.*Permission denied', 'run as'),
        _unreadable('notes', NOTES % 1, 'core header: .*cpu1/crash_notes.*Permission denied', 'run as'),
    ]


def check_cases():
    """What cannot be checked."""
    def record(text):
        def change(capture):
            capture.entries['sys/kernel/kexec_crash_loaded'] = b'1\n'
            capture.entries['run/kxf/crash.json'] = text
        return change

    def check(name, text, message, remedy):
        return Case('crash-check-' + name, message, remedy, ['--machine', 'machine.tar'], verb=('check', '--crash'),
                    make=recorded('virt-crash', record(text)))
    return [
        check('record-damaged', b'{"schema": 1', '"/run/kxf/crash.json" is damaged', 'arm the crash kernel again'),
        check('record-of-a-newer-kxf', b'{"schema": 2, "boot_id": ""}\n', '"/run/kxf/crash.json" is damaged', 'arm the crash kernel again'),
        Case('check-of-a-capture', 'kxf check without --crash .* a capture does not tell', 'add --crash',
             ['--machine', '../common/virt-crash.tar'], verb=('check',), status=2),
        Case('check-crash-kexec-unknown', 'has no kexec, or sysfs is not mounted', 'CONFIG_KEXEC',
             ['--machine', 'machine.tar'], verb=('check', '--crash'),
             make=recorded('virt-crash', without('sys/kernel/kexec_loaded'))),
    ]


def cases():
    """All of them."""
    return room_cases() + fact_cases() + check_cases()
