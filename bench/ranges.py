#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ranges.py -- a machine with many separate ranges of RAM, as a capture, and something to plan on it.

How to run:  ranges.py COUNT DIRECTORY     (bench/crash.sh does)
Expect:      in DIRECTORY machine.tar, which is tests/machines/virt-crash.tar with COUNT ranges of RAM in /proc/iomem and in its
             device tree; Image and initrd, from which nothing boots
Time:        1 s
"""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'tests' / 'support'))
import captures  # noqa: E402
import fdt  # noqa: E402
import images  # noqa: E402

MACHINE = pathlib.Path(__file__).resolve().parent.parent / 'tests' / 'machines' / 'virt-crash.tar'
FIRST = 0x100000000             # above all that is there
SIZE, STRIDE = 0x200000, 0x400000
BEHIND = '4010000000-'          # the line of /proc/iomem that comes next: of 65,536 ranges the last lies below


def main():
    count, directory = int(sys.argv[1]), pathlib.Path(sys.argv[2])
    os.makedirs(directory, exist_ok=True)
    capture = captures.Capture(MACHINE)
    more = [FIRST + i * STRIDE for i in range(count - 1)]
    lines = capture.text('proc/iomem').splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if line.startswith(BEHIND))
    lines[at:at] = ['%x-%x : System RAM\n' % (start, start + SIZE - 1) for start in more]
    capture.entries['proc/iomem'] = ''.join(lines).encode()
    tree = capture.tree
    memory = next(node for node in tree.root.children if node.name.startswith('memory@'))
    memory.properties['reg'] += fdt.u64(*(number for start in more for number in (start, SIZE)))
    capture.tree = tree
    capture.write(directory / 'machine.tar')
    (directory / 'Image').write_bytes(images.arm64_image())
    (directory / 'initrd').write_bytes(images.initrd())


if __name__ == '__main__':
    main()
