#!/usr/bin/env python3
"""vmcore.py -- is the core that a capture kernel saw what the crashed system's memory map says it should be?

How to run:  vmcore.py --log console.log --out DIR --cpus 2 --release 6.1.0-56-arm64 [--canary TEXT]
Expect:      nothing when all is well; else a line for each thing that is not.  DIR/core-head is the head of /proc/vmcore,
             DIR/readelf.txt what readelf says of it.
             Exit status 0; 2 when the log holds no core.
Time:        below 1 s; 1 s for each GiB of DIR/vmcore, where that is

The log's "CORE:" lines are the head of /proc/vmcore, and its "IOMEM:" lines the crashed kernel's /proc/iomem. The reader is
readelf, which knows nothing of how the core came to be.
"""
import argparse
import base64
import binascii
import mmap
import os
import re
import subprocess
import sys
import zlib

HEAD_IS_GZIP = 31                   # zlib's name for it
CANARY_LINES = 8                    # in a row: they are in tmpfs in this way, and nowhere else
PPC64_PAGE_OFFSET = 0xc000000000000000
MASK_64 = (1 << 64) - 1


def lines_of(log, tag):
    """The log's lines that begin with the tag, without it and without the host's times."""
    found = re.compile(r'^\[ *[0-9.]+\] ' + tag + r': (.*?)\r?$')
    with open(log, encoding='utf-8', errors='replace') as stream:
        return [match.group(1) for line in stream if (match := found.match(line))]


def regions(iomem, name):
    """Half-open ranges with this name, from lines such as "40000000-5fffffff : System RAM"."""
    found = [re.match(r'([0-9a-f]+)-([0-9a-f]+) : ' + name + '$', line) for line in iomem]
    return sorted((int(match.group(1), 16), int(match.group(2), 16) + 1) for match in found if match)


def without(ranges, holes):
    """The ranges less the holes."""
    for start, end in holes:
        ranges = [part for low, high in ranges
                  for part in ((low, min(high, start)), (max(low, end), high)) if part[0] < part[1]]
    return ranges


def joined(ranges):
    """Sorted, neighbours as one; and the bytes that are in more than one of them."""
    result, twice = [], []
    for start, end in sorted(ranges):
        if result and start < result[-1][1]:
            twice.append((start, min(end, result[-1][1])))
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result, twice


def text_of(ranges):
    return ', '.join('[%#x, %#x)' % part for part in ranges) or 'nothing'


class Core:
    """What readelf says of the head of a core."""

    def __init__(self, head, path, report):
        said = subprocess.run(['readelf', '-hlnW', path], capture_output=True, text=True, check=False).stdout
        with open(report, 'w', encoding='utf-8') as stream:
            stream.write(said)
        self.type, self.machine = (re.search(field + r': *(.*)', said).group(1) for field in ('Type', 'Machine'))
        self.registers = len(re.findall(r'^ *CORE .*NT_PRSTATUS', said, re.M))
        self.info = dict(line.split('=', 1) for line in vmcoreinfo(head) if '=' in line)
        self.loads = [tuple(int(field, 16) for field in match)
                      for match in re.findall(r'^ *LOAD +0x\w+ (0x\w+) (0x\w+) 0x\w+ (0x\w+)', said, re.M)]
        self.described = 'VMCOREINFO' in said


def vmcoreinfo(head):
    """The lines of the note; its text ends where the note does, before a zero."""
    at = head.find(b'OSRELEASE=')
    return [] if at < 0 else head[at:].split(b'\0', 1)[0].decode('ascii', 'replace').splitlines()


def linear_offset(core):
    """Virtual less physical address in the linear map, as the crashed kernel itself says, modulo 2^64."""
    if core.machine != 'AArch64':
        return PPC64_PAGE_OFFSET
    return -(1 << int(core.info['NUMBER(VA_BITS)'])) - int(core.info['NUMBER(PHYS_OFFSET)'], 0) & MASK_64


def text_offset(core):
    """The same of the kernel's own mapping, where it has one."""
    return int(core.info['NUMBER(kimage_voffset)'], 0) & MASK_64 if core.machine == 'AArch64' else None


def check_loads(core, iomem):
    """Every byte of RAM outside the crash regions is there once, at its address in the linear map."""
    crash = regions(iomem, 'Crash kernel')
    ram, _ = joined(without(regions(iomem, 'System RAM'), crash))
    linear, others = [], []
    for virtual, physical, size in core.loads:
        here = linear if virtual - physical & MASK_64 == linear_offset(core) else others
        here.append((virtual - physical & MASK_64, (physical, physical + size)))
    for offset, part in others:
        if offset != text_offset(core):
            yield 'the entry of %s is mapped by %#x' % (text_of([part]), offset)
    if text_offset(core) is not None and len(others) != 1:
        yield '%d entries for the kernel itself' % len(others)
    dumped, twice = joined([part for _, part in linear])
    outside, _ = joined(without(dumped, crash))
    if twice:
        yield 'in two entries: ' + text_of(twice)
    if outside != ram:
        yield 'the core has %s, RAM outside the crash regions is %s' % (text_of(outside), text_of(ram))
    inside = without(dumped, without([(0, 1 << 64)], crash))
    if inside and core.machine == 'AArch64':
        yield 'of a crash region the core has ' + text_of(inside)


def check_place(core, log, iomem):
    """The capture kernel runs in a crash region."""
    crash = regions(iomem, 'Crash kernel')
    if core.machine == 'AArch64':
        memory = regions([line.removeprefix('memory ') for line in lines_of(log, 'VMCORE')], 'System RAM')
        if not memory or without(memory, crash):
            yield 'the capture kernel has %s, the crash regions are %s' % (text_of(memory), text_of(crash))
        return
    # the memory below the region is its own too, but reserved: the kernel says where it lies
    with open(log, encoding='utf-8', errors='replace') as stream:
        places = [int(place, 16) for place in re.findall(r'physical_start *= (0x[0-9a-f]+)', stream.read())]
    if not any(start <= place < end for place in places[-1:] for start, end in crash):
        yield 'the capture kernel lies at %s, the crash regions are %s' % (
            ', '.join(map(hex, places[-1:])) or 'no other place than 0', text_of(crash))


def check(core, iomem, args):
    wanted = {'Type': (core.type, 'CORE (Core file)'), 'OSRELEASE': (core.info.get('OSRELEASE'), args.release),
              'NT_PRSTATUS': (core.registers, args.cpus)}
    for what, (found, meant) in wanted.items():
        if found != meant:
            yield '%s is %s and not %s' % (what, found, meant)
    if not core.described:
        yield 'no note VMCOREINFO'
    yield from check_place(core, args.log, iomem)
    if core.info.get('OSRELEASE') is not None:
        yield from check_loads(core, iomem)


def holds(path, text):
    with open(path, 'rb') as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as core:
        return core.find(text) >= 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--log', required=True, help='the console, of both kernels')
    parser.add_argument('--out', required=True, help='folder for the results; vmcore in it is the whole core, if it is there')
    parser.add_argument('--cpus', type=int, required=True, help='of the system that crashed')
    parser.add_argument('--release', required=True, help='of its kernel')
    parser.add_argument('--canary', help='a line that its memory held some times in a row')
    args = parser.parse_args()
    try:
        head = zlib.decompress(base64.b64decode(''.join(lines_of(args.log, 'CORE'))), HEAD_IS_GZIP)
    except (binascii.Error, zlib.error):
        head = b''
    if not head:
        print('the log holds no head of a core')
        return 2
    path = os.path.join(args.out, 'core-head')
    with open(path, 'wb') as stream:
        stream.write(head)
    for problem in check(Core(head, path, os.path.join(args.out, 'readelf.txt')), lines_of(args.log, 'IOMEM'), args):
        print(problem)
    if args.canary:
        whole = os.path.join(args.out, 'vmcore')
        if not os.path.exists(whole) or not holds(whole, (args.canary + '\n').encode() * CANARY_LINES):
            print('the core does not hold the canary')
    return 0


if __name__ == '__main__':
    sys.exit(main())
