# SPDX-License-Identifier: Apache-2.0
"""64-bit Power: kernels and boot wrappers that are damaged or cannot run, trees and memory that contradict themselves."""
import gzip
import struct
import zlib

import fdt
import images
import ppc64_images as power
import ppc64_machine as pseries
from bad_machines import both, sparse
from case import Case, PROFILE, file, profile
from images import MIB
from ppc64_images import BIG, Section, Segment

MACHINE = ('--machine', '../common/made-pseries.tar')
OWN_MACHINE = ('--machine', 'machine.tar')
KERNEL = ('--kernel', '../common/vmlinux')
OWN_KERNEL = ('--kernel', 'vmlinux')
AGAIN = 'again'
VMLINUX = "the kernel's vmlinux"
AS_IT_IS = 'as it is'


def _case(name, message, remedy, arguments=(), *, machine=MACHINE, kernel=KERNEL, **more):
    return Case('ppc64-' + name, message, remedy, arguments, machine=machine, kernel=kernel, **more)


def _kernel(name, elf, message, remedy=AGAIN, arguments=(), make=None, **more):
    """A case with a kernel of its own: an Elf or bytes."""
    makers = [file('vmlinux', bytes(elf))] + ([make] if make else [])
    return _case(name, message, remedy, arguments, kernel=OWN_KERNEL, make=both(*makers), **more)


def _image(name, elf, message, remedy=AGAIN, **more):
    return _kernel(name, elf, 'kernel "vmlinux": ' + message, remedy, **more)


def spoiled(offset, form, *values, elf=None):
    """A kernel with a header field overwritten."""
    out = bytearray(bytes(elf or power.kernel()))
    struct.pack_into(form, out, offset, *values)
    return bytes(out)


def two_parts(physical=0x200000, memory=0x10000, **more):
    """A kernel with a second PT_LOAD."""
    elf = power.kernel()
    elf.segments[1] = Segment(images.pattern(0x1000), physical, memory, **more)
    return elf


def changed_segment(**changes):
    """A kernel whose PT_LOAD says something else."""
    elf = power.kernel()
    for name, value in changes.items():
        setattr(elf.segments[0], name, value)
    return elf


def changed_header(order=power.LITTLE, **changes):
    """A kernel whose ELF header says something else."""
    elf = power.kernel(order=order)
    for name, value in changes.items():
        setattr(elf, name, value)
    return elf


def with_descriptor(target):
    """A big-endian ELFv1 kernel whose entry point is a function descriptor."""
    elf = power.kernel(order=BIG)
    contents = elf.segments[0].contents
    elf.segments[0].contents = contents[:0x8000] + struct.pack('>Q', target) + contents[0x8008:]
    elf.entry = power.BASE + 0x8000
    return elf


def interpreted():
    """An ordinary program."""
    elf = changed_header(type=power.DYNAMIC)
    elf.segments.insert(0, Segment(b'/lib64/ld64.so.2\0', type=power.INTERPRETER))
    return elf


def elf_cases():
    """vmlinux files that are damaged."""
    whole = bytes(power.kernel())
    two = 'ppc64-elf: damaged ELF kernel: program header 1 at offset 0x78 '
    one = 'ppc64-elf: damaged ELF kernel: program header 0 at offset 0x40 '
    return [
        _image('elf-truncated-in-header', whole[:60], 'damaged ppc64-elf: truncated ELF kernel: it has 60 bytes'),
        _image('elf-truncated-in-segment', bytes(changed_header(sections=[]))[:MIB],
               'ppc64-elf: truncated ELF kernel: program header 0 at offset 0x40 describes 0x100064 bytes from offset 0xb0'),
        _image('elf-truncated-in-section-headers', whole[:-1],
               r'ppc64-elf: truncated ELF file: its 4 section headers are 256 bytes at offset 0x\w+, and the file ends at'),
        _image('elf-program-headers-outside', spoiled(32, '<Q', 1 << 63),
               'ppc64-elf: truncated ELF file: its 2 program headers'),
        _image('elf-program-headers-too-many', spoiled(56, '<H', 0xFFFE),
               'ppc64-elf: truncated ELF file: its 65534 program headers'),
        _image('elf-program-headers-uncounted', spoiled(56, '<H', 0xFFFF), 'ppc64-elf: .*65535 or more program headers'),
        _image('elf-program-headers-none', spoiled(56, '<H', 0), 'ppc64-elf: .*none of its program headers loads anything'),
        _image('elf-program-header-size', spoiled(54, '<H', 32), 'ppc64-elf: .*a program header has 32 bytes, and one has 56'),
        _image('elf-version', spoiled(20, '<I', 2), 'ppc64-elf: damaged ELF file: version 2'),
        _image('elf-narrow-header', changed_header(wide=False, entry=0),
               'damaged ppc64-elf: .* whose header has 32-bit fields'),
        _image('elf-segments-overlap', two_parts(physical=0x100000), two + 'overlaps program header 0: it begins at 0x100000'),
        _image('elf-segment-wraps', two_parts(physical=(1 << 64) - 0x1000), two + 'wraps: 0x10000 bytes'),
        _image('elf-segment-wraps-virtually', two_parts(virtual=(1 << 64) - 0x1000),
               two + 'wraps: .* virtual 0xfffffffffffff000'),
        _image('elf-segments-out-of-order', changed_header(segments=two_parts().segments[::-1]),
               two + 'is out of order: physical address 0x0 behind 0x200000'),
        _image('elf-segment-outside-file', changed_segment(offset=(1 << 64) - 16),
               'ppc64-elf: truncated ELF kernel: .* from offset 0xfffffffffffffff0'),
        _image('elf-segment-larger-in-file', changed_segment(memory=MIB),
               one + 'has 0x100064 bytes in the file and only 0x100000'),
        _image('elf-segment-over-4-gib', changed_segment(memory=5 << 30), one + 'makes the kernel larger than 4 GiB'),
        _image('elf-segments-far-apart', two_parts(physical=1 << 40), two + 'makes the kernel larger than 4 GiB'),
        _image('elf-alignment-odd', changed_segment(alignment=3), one + 'has the alignment 0x3'),
        _image('elf-first-bytes-missing', changed_header(segments=[Segment(power.code(0x80), memory=MIB)]),
               'ppc64-elf: .*its first program header has 128 bytes'),
    ]


def other_kernel_cases():
    """What is no kernel for this machine, or cannot be entered."""
    other = 'kernel for this architecture|plugin'
    return [
        _image('elf-relocatable-object', changed_header(type=power.RELOCATABLE_OBJECT),
               'ppc64-elf: an ELF file of type 1, which is a relocatable object', VMLINUX),
        _image('elf-core-dump', changed_header(type=power.CORE), 'ppc64-elf: an ELF file of type 4, which is a core dump',
               VMLINUX),
        _image('elf-program', interpreted(), 'ppc64-elf: an ELF program for an operating system', VMLINUX),
        _image('elf-unknown-abi', changed_header(flags=3), 'ppc64-elf: e_flags 0x3'),
        _image('elf-entry-elsewhere', changed_header(entry=power.BASE + 0x100),
               "ppc64-elf: the entry point .* is not the kernel's first byte 0xc000000000000000, .* it is 0xc000000000000100",
               VMLINUX),
        _image('elf-descriptor-elsewhere', with_descriptor(power.BASE + 0x20),
               'ppc64-elf: .* its function descriptor at 0xc000000000008000 says 0xc000000000000020', VMLINUX),
        _image('elf-without-hold-loop', power.kernel(hold=0x60000000),
               'ppc64-elf: no kernel that kexec can enter: .* has 00000060 at 0x60', VMLINUX),
        _image('elf-big-endian-without-hold-loop', power.kernel(order=BIG, hold=0),
               'ppc64-elf: no kernel that kexec can enter: .* has 00000000 at 0x60', VMLINUX),
        _image('elf-starts-with-data', power.kernel(start=0),
               'ppc64-elf: no kernel that kexec can enter: it begins with the bytes 00000000', VMLINUX),
        _image('elf-for-x86', images.elf(62), 'this is not a kernel image that any plugin knows.*7f 45 4c 46', other),
        _image('elf-for-32-bit', power.Elf(BIG, False, machine=power.POWER, entry=0, segments=[Segment(bytes(64))]),
               'damaged ppc64-zimage: an ELF file for 32-bit Power without a section .kernel:vmlinux.strip'),
        _case('arm64-image', 'the image is for aarch64, this machine is ppc64le', 'for 64-bit Power',
              kernel=('--kernel', '../common/Image')),
        _case('kernel-on-arm64', 'image is for ppc64, this machine is aarch64', 'for', machine=('--machine',
                                                                                              '../common/virt-dt-el1.tar')),
        _kernel('flag-in-other-byte-order', power.kernel(run_at_load=0x306E7572),
                'the run-at-load flag at 0x5c is in the other byte order than the kernel, which is little-endian', AGAIN),
    ]


def wrapper_cases():
    """zImages."""
    packed = gzip.compress(bytes(power.kernel()), mtime=0)
    broken = bytearray(packed)
    broken[len(broken) // 2] ^= 0xFF
    bad_sum = packed[:-8] + struct.pack('<I', zlib.crc32(bytes(power.kernel())) ^ 1) + packed[-4:]
    outside = power.wrapper(packed)
    outside.sections[2].offset, outside.sections[2].size = 1 << 40, 1 << 40
    no_bits = power.wrapper(packed)
    no_bits.sections[2].type = 8
    stripped, stripped_narrow = power.wrapper(packed), power.wrapper(packed, wide=False)
    stripped.sections = stripped_narrow.sections = []
    wrong_initrd = power.wrapper(packed)
    wrong_initrd.sections[3] = Section('.kernel:initrd', size=1 << 20)
    unknown = 'what was unwrapped is not a kernel image that any plugin knows'
    return [
        _image('zimage-payload-truncated', power.wrapper(packed[:len(packed) // 2]), 'gzip: truncated'),
        _image('zimage-payload-damaged', power.wrapper(bytes(broken)), 'gzip: damaged at byte'),
        _image('zimage-payload-checksum', power.wrapper(bad_sum, wide=False), 'gzip: damaged at byte .*incorrect data check'),
        _image('zimage-payload-unknown', power.wrapper(b'\x60\xeaARJ'), unknown + '.*60 ea 41', 'plugin'),
        _image('zimage-payload-for-x86', power.wrapper(gzip.compress(images.bzimage(), mtime=0)), unknown, 'plugin'),
        _image('zimage-payload-damaged-elf', power.zimage(two_parts(physical=0x100000)),
               'ppc64-elf: damaged ELF kernel: .* overlaps'),
        _image('zimage-payload-empty', power.wrapper(b''),
               'ppc64-zimage: damaged zImage: its section .kernel:vmlinux.strip is empty', VMLINUX),
        _image('zimage-payload-outside', outside, 'ppc64-zimage: .*section .kernel:vmlinux.strip has 0x10000000000 bytes'),
        _image('zimage-payload-not-in-file', no_bits, 'ppc64-zimage: .*section .kernel:vmlinux.strip has no bytes in the file'),
        _image('zimage-initrd-outside', wrong_initrd, 'ppc64-zimage: .*section .kernel:initrd has 0x100000 bytes'),
        _image('zimage-truncated', bytes(power.wrapper(packed))[:-100], 'ppc64-elf: truncated ELF file: its 6 section headers'),
        _image('zimage-truncated-narrow', bytes(power.wrapper(packed, wide=False))[:-100],
               'damaged ppc64-zimage: truncated ELF file: its 6 section headers'),
        _image('zimage-without-section-headers', stripped, 'ppc64-elf: no kernel that kexec can enter: .*boot wrapper',
               VMLINUX),
        _image('zimage-without-section-headers-narrow', stripped_narrow, 'damaged ppc64-zimage: .*lost its section headers'),
    ]


# ---- the machine -----------------------------------------------------------------------------------------------------

def machine(change):
    """A maker of the partition with its tree changed; what `change` returns replaces the tree."""
    def make(folder):
        made = pseries.machine()
        tree = made.tree
        made.tree = change(tree) or tree
        made.write(folder / 'machine.tar')
        (folder / 'machine.tar').chmod(0o644)
    return make


def _machine(name, change, message, remedy=AS_IT_IS, arguments=(), make=None, **more):
    makers = [machine(change)] + ([make] if make else [])
    return _case(name, message, remedy, arguments, machine=OWN_MACHINE, make=both(*makers), **more)


def without_memory(tree):
    """No memory node at all."""
    for start in (0, pseries.RMA):
        tree.remove('/memory@%x' % start)


def small_start(size):
    """A real mode area of `size` bytes."""
    def change(tree):
        tree.remove('/memory@0')
        tree.set('/memory@0', 'device_type', fdt.strings('memory')).set('/memory@0', 'reg', fdt.u64(0, size))
        tree.set('/rtas', 'linux,rtas-base', fdt.cells(pseries.RMA))
        tree.reservations = []
    return change


def _blocks(name, properties, message, remedy=AS_IT_IS, block=pseries.LMB):
    return _machine('drconf-' + name, lambda tree: pseries.with_blocks(tree, properties, block), message, remedy)


def tree_cases():
    """Device trees."""
    v1, v2 = pseries.blocks_v1(*pseries.all_blocks()), pseries.blocks_v2((3, 0, 0x80), (5, pseries.RMA, 8))
    node = '/ibm,dynamic-reconfiguration-memory'
    table1, table2 = pseries.V1 + ' of ' + node, pseries.V2 + ' of ' + node
    return [
        _machine('tree-without-memory', without_memory, 'the device tree lists no memory'),
        _machine('memory-without-reg', lambda tree: tree.remove('/memory@0', 'reg'), '/memory@0 has no reg'),
        _machine('memory-reg-odd', lambda tree: tree.set('/memory@0', 'reg', bytes(20)), 'reg of /memory@0'),
        _machine('memory-wraps', lambda tree: tree.set('/memory@0', 'reg', fdt.u64(1 << 63, 1 << 63)), 'reg of /memory@0'),
        _machine('boot-cpu-missing', lambda tree: None, 'CPU 0x0 .*is not in the next device tree', '.',
                 ['--dtb', 'board.dtb'], make=file('board.dtb', pseries.tree().remove('/cpus/PowerPC,POWER9@0').blob())),
        _machine('rtas-without-size', lambda tree: tree.remove('/rtas', 'rtas-size'),
                 '/rtas has a linux,rtas-base and no rtas-size'),
        _machine('rtas-wraps', lambda tree: tree.set('/rtas', 'linux,rtas-base', fdt.u64((1 << 64) - 16)),
                 '/rtas: linux,rtas-base 0xfffffffffffffff0 and rtas-size 0x82c end behind the 64-bit address space'),
        _machine('kernel-end-unreadable', lambda tree: tree.set('/chosen', 'linux,kernel-end', b'abc'),
                 '/chosen/linux,kernel-end has 3 bytes'),
        _blocks('truncated', {pseries.V1: v1[:-1]}, table1 + ' says that it has 8 entries of 24 bytes, and 191 bytes follow: it is '
                'truncated'),
        _blocks('truncated-in-count', {pseries.V1: v1[:3]}, table1),
        _blocks('longer-than-it-says', {pseries.V1: v1 + bytes(24)}, table1 + '.* it is longer than it says'),
        _blocks('count-huge', {pseries.V1: fdt.cells(0xFFFFFFFF) + v1[4:]}, table1 + ' says that it has 4294967295 entries'),
        _blocks('v2-truncated', {pseries.V2: v2[:-4]}, table2 + '.* it is truncated'),
        _blocks('v2-wraps', {pseries.V2: pseries.blocks_v2((0xFFFFFFFF, (1 << 64) - pseries.LMB, 8))},
                table2 + ' lists 4294967295 blocks of 256 MiB from 0xfffffffff0000000, which end behind'),
        _blocks('v2-overlaps', {pseries.V2: pseries.blocks_v2((2, pseries.RMA, 8), (2, pseries.RMA + pseries.LMB, 8))},
                'is inconsistent: ibm,dynamic-memory-v2 lists .*, which overlap'),
        _blocks('block-listed-twice', {pseries.V1: pseries.blocks_v1((pseries.RMA, 8), (pseries.RMA, 8))},
                'is inconsistent: ibm,dynamic-memory lists .*, which overlap'),
        _blocks('block-unaligned', {pseries.V1: pseries.blocks_v1((pseries.RMA + 4096, 8))},
                'is inconsistent: .* lists a block at 0x30001000, which is no multiple of ibm,lmb-size 0x10000000'),
        _blocks('encodings-differ', {pseries.V1: v1, pseries.V2: pseries.blocks_v2((4, pseries.RMA, 8))},
                'is inconsistent: .* list different memory: 1.2 GiB and 1 GiB'),
        _blocks('block-size-zero', {pseries.V1: v1}, 'is inconsistent: ibm,lmb-size is 0x0', block=0),
        _blocks('block-size-odd', {pseries.V1: v1}, 'is inconsistent: ibm,lmb-size is 0x10000001', block=pseries.LMB + 1),
        _machine('drconf-without-block-size', lambda tree: pseries.with_blocks(tree, {pseries.V1: v1})
                 .remove(pseries.DRCONF, 'ibm,lmb-size'), 'is inconsistent: it has no ibm,lmb-size'),
        _blocks('usable-truncated', {pseries.V1: v1, 'linux,drconf-usable-memory': fdt.u64(1, pseries.RMA)},
                'linux,drconf-usable-memory of ' + node),
    ]


def _hidden_end(folder):
    made = pseries.machine()
    made.tree = made.tree.remove('/chosen', 'linux,kernel-end')
    made.entries['proc/iomem'] = b'00000000-7fffffff : System RAM\n'
    made.write(folder / 'machine.tar')


def room_cases():
    """No room, and places where a kernel cannot run."""
    fixed = 'this kernel is not relocatable: it has no flag at 0x5c and was linked for 0x0'
    always = both(profile('[settings.ppc64]\nrun-at-load = "always"\n'))
    reserve = '[[memory.reserve]]\nstart = "0x2880000"\nsize = "727 MiB"\nreason = "a log"\n'
    return [
        _kernel('no-room-below-rma', power.kernel(memory=740 * MIB), '(?s)no room for segment kernel: it needs 740 MiB on a multiple of '
                '64 KiB.*hole 0x2880000-', '.'),
        _machine('no-room-rma-below-kernel', small_start(0x2000000),
                 'no room for a kernel: the running one ends at 0x2880000, and the end of the real mode area.* is at 0x2000000',
                 'more memory'),
        _case('no-room-reserved', '(?s)no room for segment kernel: it needs 1.5 MiB .*hole 0x2ff80000-0x2ffeffff of 448 KiB', '.', PROFILE,
              make=profile(reserve)),
        _case('no-room-initrd', '(?s)no room for segment initrd: it needs 800 MiB', 'smaller initrd', ['--initrd', 'initrd'],
              make=sparse('initrd', 800 << 20)),
        _case('kernel-end-unknown', 'where the running kernel ends is not known', 'as root', machine=OWN_MACHINE, make=_hidden_end),
        _kernel('fixed-kernel-always', power.fixed_kernel(), 'run-at-load is always, and ' + fixed, 'CONFIG_RELOCATABLE', PROFILE,
                make=always),
        _kernel('fixed-kernel-over-running-one', power.fixed_kernel(0x2000000),
                'was linked for 0x2000000-0x217ffff, the only place where it runs, and segments may lie from 0x2880000',
                'CONFIG_RELOCATABLE'),
        _kernel('fixed-kernel-crash', power.fixed_kernel(), 'a crash kernel must stay where it is loaded, and ' + fixed,
                'CONFIG_RELOCATABLE', ['--crash']),
        _case('run-at-load-never-crash', 'run-at-load is never, and a crash kernel that moves to 0 overwrites the memory',
              'set run-at-load to auto', [*PROFILE, '--crash'], make=profile('[settings.ppc64]\nrun-at-load = "never"\n')),
        _case('run-at-load-unknown', 'setting run-at-load of the architecture ppc64 is "sometimes"', 'auto, always or never', PROFILE,
              make=profile('[settings.ppc64]\nrun-at-load = "sometimes"\n')),
    ]


def _file_load(folder):
    pseries.machine(kexec_file_load='present').write(folder / 'machine.tar')


def call_cases():
    """What kexec_file_load cannot do."""
    wish = ['--syscall', 'kexec_file_load']
    return [
        _kernel('file-load-big-endian', power.kernel(order=BIG), 'asks for kexec_file_load, which cannot honour this image .it is '
                'big-endian', 'use kexec_load', wish, make=_file_load, machine=OWN_MACHINE),
        _kernel('file-load-two-parts', two_parts(), 'asks for kexec_file_load, which cannot honour this image .it has 2 loadable '
                'segments', 'use kexec_load', wish, make=_file_load, machine=OWN_MACHINE),
        _case('file-load-absent', '--syscall asks for kexec_file_load, which the running kernel does not have', 'CONFIG_KEXEC_FILE', wish),
    ]


def cases():
    """All of them."""
    return elf_cases() + other_kernel_cases() + wrapper_cases() + tree_cases() + room_cases() + call_cases()
