# SPDX-License-Identifier: Apache-2.0
"""ELF files for 64-bit Power made of headers and patterns: kernels and boot wrappers, sound unless a test spoils them.

ELF: System V gABI, chapters 4 and 5. The first bytes of a kernel: docs/entry-ppc64.md.
"""
import dataclasses
import gzip
import struct

from images import MIB, pattern

LITTLE, BIG = '<', '>'
POWER, POWER64 = 20, 21
RELOCATABLE_OBJECT, EXECUTABLE, DYNAMIC, CORE = 1, 2, 3, 4
LOAD, INTERPRETER, NOTE = 1, 3, 4
BASE = 0xC000000000000000
RUN0 = 0x72756E30
TURN_ROUND = 0x08000048     # tdi 0,0,0x48: in the other byte order a branch
KERNEL = '.kernel:vmlinux.strip'


@dataclasses.dataclass
class Segment:
    """A program header and what it loads. None: as it should be."""
    contents: bytes = b''
    physical: int = 0
    memory: int | None = None
    type: int = LOAD
    alignment: int = 0x10000
    virtual: int | None = None
    offset: int | None = None
    size: int | None = None


@dataclasses.dataclass
class Section:
    """A section header and its contents."""
    name: str
    contents: bytes = b''
    type: int = 1
    offset: int | None = None
    size: int | None = None


@dataclasses.dataclass
class Elf:
    """An ELF file; bytes() of it puts it together."""
    order: str = LITTLE
    wide: bool = True
    type: int = EXECUTABLE
    machine: int = POWER64
    flags: int = 2
    entry: int = BASE
    segments: list = dataclasses.field(default_factory=list)
    sections: list = dataclasses.field(default_factory=list)

    def _segment(self, segment, offset):
        size = len(segment.contents) if segment.size is None else segment.size
        memory = size if segment.memory is None else segment.memory
        virtual = segment.physical + (BASE if self.wide else 0) if segment.virtual is None else segment.virtual
        places = (offset if segment.offset is None else segment.offset, virtual % 2**64, segment.physical, size, memory)
        if self.wide:
            return struct.pack(self.order + 'IIQQQQQQ', segment.type, 7, *places, segment.alignment)
        return struct.pack(self.order + 'IIIIIIII', segment.type, *places, 7, segment.alignment)

    def _section(self, name, section, offset):
        size = len(section.contents) if section.size is None else section.size
        place = offset if section.offset is None else section.offset
        return struct.pack(self.order + ('IIQQQQIIQQ' if self.wide else 'IIIIIIIIII'), name, section.type, 2, 0, place, size, 0,
                           0, 1, 0)

    def __bytes__(self):
        sections, names = list(self.sections), b''
        if sections:
            sections = [Section('', type=0), *sections, Section('.shstrtab', type=3)]
            names = b''.join(section.name.encode() + b'\0' for section in sections)
            sections[-1].contents = names
        sizes = (64, 56, 64) if self.wide else (52, 32, 40)
        at, offsets = sizes[0] + sizes[1] * len(self.segments), []
        for part in [*self.segments, *sections]:
            offsets.append(at)
            at += len(part.contents)
        out = b'\x7fELF' + bytes([2 if self.wide else 1, 1 if self.order == LITTLE else 2, 1]) + bytes(9)
        out += struct.pack(self.order + ('HHIQQQIHHHHHH' if self.wide else 'HHIIIIIHHHHHH'), self.type, self.machine, 1,
                           self.entry, sizes[0], at if sections else 0, self.flags, sizes[0], sizes[1], len(self.segments),
                           sizes[2], len(sections), max(len(sections) - 1, 0))
        out += b''.join(map(self._segment, self.segments, offsets))
        out += b''.join(part.contents for part in [*self.segments, *sections])
        name = 0
        for section, offset in zip(sections, offsets[len(self.segments):]):
            out += self._section(name, section, offset)
            name += len(section.name) + 1
        return out


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
