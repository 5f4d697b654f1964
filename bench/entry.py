#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""entry.py -- an arm64 Image that runs a piece of code before anything else.

How to run:  entry.py Image CODE OUTPUT     (bench/crash.sh does)
Expect:      OUTPUT, the Image with CODE between its headers and its text, where all is NOP. The header's branch leads to
             CODE, whose last instruction becomes the branch that stood there.
Time:        below 1 s

Documentation/arch/arm64/booting.rst, "Call the kernel image": code1, at 4, is the branch.
Arm ARM, C6.2.26: B is 0b000101 and a signed offset of 26 bits in words.
"""
import struct
import sys

CODE1 = 4
NOP = 0xd503201f
PLACE = 0x1000              # the headers of a PE file end before, the text begins at 64 KiB
BRANCH, OFFSET_BITS = 0b000101, 26


def branch(source, target):
    return BRANCH << OFFSET_BITS | (target - source) // 4 & (1 << OFFSET_BITS) - 1


def target_of(instruction, source):
    assert instruction >> OFFSET_BITS == BRANCH, 'the header has no branch but %#x' % instruction
    offset = instruction & (1 << OFFSET_BITS) - 1
    return source + 4 * (offset - (offset >> OFFSET_BITS - 1 << OFFSET_BITS))


def main():
    image, code = (bytearray(open(path, 'rb').read()) for path in sys.argv[1:3])
    start = target_of(*struct.unpack_from('<I', image, CODE1), CODE1)
    last = PLACE + len(code) - 4
    struct.pack_into('<I', code, len(code) - 4, branch(last, start))
    struct.pack_into('<I', image, CODE1, branch(CODE1, PLACE))
    there = struct.unpack_from('<%dI' % (len(code) // 4), image, PLACE)
    assert set(there) == {NOP}, 'something is there'
    image[PLACE:PLACE + len(code)] = code
    with open(sys.argv[3], 'wb') as output:
        output.write(image)


if __name__ == '__main__':
    main()
