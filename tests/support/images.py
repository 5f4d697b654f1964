# SPDX-License-Identifier: Apache-2.0
"""Kernel images made of a header and a pattern: nothing boots from them, and the same call gives the same bytes.

arm64: Documentation/arch/arm64/booting.rst, "Call the kernel image".
"""
import struct

import elf_files

LITTLE, BIG = 0, 1
PAGES_UNSPECIFIED, PAGES_4K, PAGES_16K, PAGES_64K = 0, 2, 4, 6
ANYWHERE = 8            # "2MB aligned base may be anywhere in physical memory"
MIB = 1 << 20


def pattern(size, seed=1):
    """Bytes that neither repeat soon nor look like any format."""
    period = bytes((seed + 7 * i + (i >> 8) * 11) & 0xFF for i in range(65536))
    return (period * (size // len(period) + 1))[:size]


def arm64_image(size=MIB + 100, image_size=MIB + MIB // 2, text_offset=0, flags=LITTLE | PAGES_4K | ANYWHERE,
                magic=b'ARM\x64', code=(0x14000010, 0)):
    """A raw arm64 Image of `size` bytes that claims `image_size` bytes of memory."""
    header = struct.pack('<IIQQQQQQ4sI', *code, text_offset, image_size, flags, 0, 0, 0, magic, 0)
    return header + pattern(size - len(header))


def arm64_elf(image=None, order=elf_files.LITTLE, memory=None, second=True):
    """A vmlinux for arm64 with an Image in one segment, and a second segment behind it if wanted."""
    image = image or arm64_image()
    base = 0xFFFF800008000000
    end = (len(image) + 0xFFFF) // 0x10000 * 0x10000
    made = elf_files.Elf(order, type=elf_files.DYNAMIC, machine=183, entry=base)
    made.segments = [elf_files.Segment(image, base)]
    if second:
        made.segments.append(elf_files.Segment(pattern(0x800, seed=7), base + end, memory or 0x20000))
    return made


def elf(machine, data=1, size=4096):
    """An ELF64 header of an executable and a pattern. `data`: 1 little-endian, 2 big-endian."""
    order = '<' if data == 1 else '>'
    ident = b'\x7fELF' + bytes([2, data, 1]) + bytes(9)
    header = ident + struct.pack(order + 'HHIQQQIHHHHHH', 2, machine, 1, 0x10000, 64, 0, 0, 64, 56, 0, 0, 0, 0)
    return header + pattern(size - len(header))


def bzimage(size=64 * 1024):
    """The setup header of an x86 kernel: boot sector signature and "HdrS"."""
    out = bytearray(pattern(size))
    out[0x1F1] = 4
    out[0x1FE:0x200] = b'\x55\xAA'
    out[0x202:0x206] = b'HdrS'
    out[0x206:0x208] = struct.pack('<H', 0x20F)
    return bytes(out)


def initrd(size=300_000):
    """A newc archive's magic and a pattern."""
    return b'070701' + pattern(size - 6, seed=3)
