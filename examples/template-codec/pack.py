#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pack.py IMAGE OUTPUT -- pack an image with template-name (src/packing.hpp describes it)."""
import itertools
import struct
import sys

MAGIC = b"template-name packed\n"
LONGEST = 128
END = bytes([128])


def packed(image: bytes) -> bytes:
    parts, copied = [MAGIC, struct.pack("<Q", len(image))], bytearray()

    def flush() -> None:
        for start in range(0, len(copied), LONGEST):
            part = bytes(copied[start:start + LONGEST])
            parts.append(bytes([len(part) - 1]) + part)
        copied.clear()

    for byte, run in itertools.groupby(image):
        count = len(list(run))
        while count > 2:
            flush()
            length = min(count, LONGEST)
            parts.append(bytes([257 - length, byte]))
            count -= length
        copied.extend([byte] * count)
    flush()
    return b"".join(parts) + END


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    with open(sys.argv[1], "rb") as file:
        image = file.read()
    with open(sys.argv[2], "wb") as file:
        file.write(packed(image))
    return 0


if __name__ == "__main__":
    sys.exit(main())
