# SPDX-License-Identifier: Apache-2.0
"""ELF files made of headers and contents, sound unless a test spoils them: System V gABI, chapters 4 and 5."""
import dataclasses
import struct

LITTLE, BIG = '<', '>'
RELOCATABLE_OBJECT, EXECUTABLE, DYNAMIC, CORE = 1, 2, 3, 4
LOAD, INTERPRETER, NOTE = 1, 3, 4


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
    machine: int = 0
    flags: int = 0
    entry: int = 0
    virtual_base: int = 0
    segments: list = dataclasses.field(default_factory=list)
    sections: list = dataclasses.field(default_factory=list)

    def _segment(self, segment, offset):
        size = len(segment.contents) if segment.size is None else segment.size
        memory = size if segment.memory is None else segment.memory
        virtual = segment.virtual
        if virtual is None:
            virtual = segment.physical + (self.virtual_base if self.wide else 0)
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
