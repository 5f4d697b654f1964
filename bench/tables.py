#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tables.py -- how many page tables a bundle's plan takes, with blocks and with pages alone.

How to run:  tables.py PLAN       kxf bundle --json's output, of an arm64 machine     (bench/purgatory.sh does)
Expect:      "GRANULE BLOCKS PAGES": the granule's bytes, the plan's number of tables, and how many there were if nothing was
             mapped by blocks. What is mapped is all RAM and the console (docs/purgatory.md, "Bundles").
Time:        below 1 s

The number with pages is computed: each level of tables has one for each range of addresses that it covers and that has
something mapped. The geometry is that of the Arm ARM (DDI 0487), D8.2, with 64-bit descriptors.
"""
import json
import re
import sys

LEAST_BITS = 32     # of addresses: the smallest range that the planner takes


def covered(ranges, shift):
    """How many naturally aligned ranges of 2^shift bytes have something of `ranges`."""
    count, last = 0, -1
    for start, end in sorted(ranges):
        first = max(start >> shift, last + 1)
        last = max((end - 1) >> shift, last)
        count += max(last + 1 - first, 0)
    return count


def with_pages(ranges, granule):
    """The number of tables, the root among them."""
    bits = granule.bit_length() - 1
    address_bits = max(LEAST_BITS, max(end - 1 for _, end in ranges).bit_length())
    count, shift = 0, bits + (bits - 3)     # of what a table of the last level covers
    while shift < address_bits:
        count += covered(ranges, shift)
        shift += bits - 3
    return count + 1


def main():
    with open(sys.argv[1], encoding='utf-8') as file:
        plan = json.load(file)
    said = next(entry['choice'] for entry in plan['decisions'] if entry['topic'] == 'purgatory MMU')
    blocks, kib = re.search(r'(\d+) page tables of (\d+) KiB', said).groups()
    granule = int(kib) << 10
    console = int(plan['console']['address'], 0)
    ranges = [(int(r['start'], 0), int(r['end'], 0)) for r in plan['bundle']['memory']] + [(console, console + 1)]
    print(granule, blocks, with_pages(ranges, granule))


main()
