#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""wrap.py IMAGE OUTPUT -- put an image into a template-name container (src/container.hpp describes it)."""
import struct
import sys
import zlib

MAGIC = b"template-name image\n"
VERSION = 1


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    with open(sys.argv[1], "rb") as file:
        payload = file.read()
    with open(sys.argv[2], "wb") as file:
        file.write(MAGIC + struct.pack("<IIQ", VERSION, zlib.crc32(payload), len(payload)) + payload)
    return 0


if __name__ == "__main__":
    sys.exit(main())
