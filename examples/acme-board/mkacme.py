#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mkacme.py IMAGE OUTPUT -- put an image into an ACME1 container (src/acme_board.hpp describes it)."""
import struct
import sys
import zlib


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    with open(sys.argv[1], "rb") as file:
        payload = file.read()
    with open(sys.argv[2], "wb") as file:
        file.write(struct.pack("<8sII", b"ACME1", zlib.crc32(payload), len(payload)))
        file.write(payload)
    return 0


if __name__ == "__main__":
    sys.exit(main())
