#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""image.py OUTPUT [KIB] -- an arm64 Image with a right header and nothing that runs (64 KiB without KIB).

Linux, Documentation/arm64/booting.rst, section 4: 64 bytes of header, all fields little-endian.
"""
import struct
import sys

PAGES_4K_ANYWHERE = 0x2 | 0x8  # flags: 4 KiB pages, may be anywhere in memory; little-endian


def image(size: int) -> bytes:
    header = struct.pack("<IIQQQQQQ4sI", 0x14000010, 0, 0, size + 0x10000, PAGES_4K_ANYWHERE, 0, 0, 0, b"ARMd", 0)
    return header + bytes(i & 0xFF for i in range(size - len(header)))


if __name__ == "__main__":
    with open(sys.argv[1], "wb") as file:
        file.write(image(int(sys.argv[2] if len(sys.argv) > 2 else 64) * 1024))
