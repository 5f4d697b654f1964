# SPDX-License-Identifier: Apache-2.0
"""ELF files for 64-bit Power made of headers and patterns: kernels and boot wrappers, sound unless a test spoils them.

ELF: System V gABI, chapters 4 and 5. The first bytes of a kernel: docs/entry-ppc64.md.
"""
import dataclasses
import gzip
import struct

import elf_files
from elf_files import BIG, CORE, DYNAMIC, EXECUTABLE, INTERPRETER, LITTLE, NOTE, RELOCATABLE_OBJECT, Section, Segment
from images import MIB, pattern

POWER, POWER64 = 20, 21
BASE = 0xC000000000000000
RUN0 = 0x72756E30
TURN_ROUND = 0x08000048     # tdi 0,0,0x48: in the other byte order a branch
KERNEL = '.kernel:vmlinux.strip'


@dataclasses.dataclass
class Elf(elf_files.Elf):
    """One for 64-bit Power with the ABI ELFv2."""
    machine: int = POWER64
    flags: int = 2
    entry: int = BASE
    virtual_base: int = BASE


def code(size, order=LITTLE, run_at_load=RUN0, start=TURN_ROUND, hold=TURN_ROUND):
    """What a kernel begins with: code at 0 and 0x60, the flag at 0x5c, and a pattern."""
    out = bytearray(pattern(size, seed=5))
    struct.pack_into(order + 'I', out, 0, start)
    struct.pack_into(order + 'II', out, 0x5C, run_at_load, hold)
    return bytes(out)


def kernel(size=MIB + 100, memory=MIB + MIB // 2, order=LITTLE, **head):
    """A vmlinux as Linux is linked: little-endian ET_EXEC with ELFv2, big-endian ET_DYN with ELFv1."""
    little = order == LITTLE
    return Elf(order, type=EXECUTABLE if little else DYNAMIC, flags=2 if little else 1,
               segments=[Segment(code(size, order, **head), memory=memory), Segment(bytes(32), type=NOTE)],
               sections=[Section('.head.text'), Section('.text')])


def fixed_kernel(physical=0, order=LITTLE, **more):
    """One that cannot move."""
    elf = kernel(order=order, run_at_load=0, **more)
    elf.type = EXECUTABLE
    elf.segments[0].physical, elf.entry = physical, BASE + physical
    return elf


def wrapper(packed, wide=True, order=None, initrd=b'', tree=b''):
    """A zImage: 64-bit little-endian (zImage.pseries of a little-endian kernel), or 32-bit big-endian."""
    elf = Elf(order or (LITTLE if wide else BIG), wide, DYNAMIC, POWER64 if wide else POWER, 2 if wide else 0, 0x20000100)
    elf.segments = [Segment(pattern(0x400, seed=9), 0x20000000, 0x2000, virtual=0x20000000)]
    elf.sections = [Section('.text', pattern(16)), Section('.kernel:dtb', tree), Section(KERNEL, packed),
                    Section('.kernel:initrd', initrd)]
    return elf


def zimage(elf=None, **more):
    """A wrapper with a gzip'ed kernel."""
    return wrapper(gzip.compress(bytes(elf or kernel()), mtime=0), **more)
