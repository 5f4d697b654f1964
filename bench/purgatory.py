#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""purgatory.py -- kexec-tools' ppc64 purgatory out of its program, linked for one address and told what to verify.

How to run:  purgatory.py KEXEC PREFIX OUTPUT ADDRESS ENTRY TREE [RANGE-ADDRESS FILE]...     (bench/purgatory-ppc64.sh
             does). KEXEC is the program for little-endian Power.
Expect:      OUTPUT, flat bytes for ADDRESS; its entry's address on the standard output
Time:        below 1 s

The program holds it as a relocatable ELF file and does at load time what is done here: link it, write where kernel and tree are,
and the ranges with one SHA-256 of all their bytes.
"""
import hashlib
import pathlib
import struct
import subprocess
import sys

ET_REL, EM_PPC64 = 1, 21
MAX_RANGES = 16
STACK = 0x100000                # behind the purgatory's first byte: the loader gives it one


def relocatable(program):
    """The bytes of the one relocatable Power ELF file in it, up to the end of its section headers."""
    at = program.find(b'\x7fELF', 1)
    while at >= 0:
        if struct.unpack_from('<HH', program, at + 16) == (ET_REL, EM_PPC64):
            headers = struct.unpack_from('<Q', program, at + 40)[0]
            size, count = struct.unpack_from('<HH', program, at + 58)
            return program[at:at + headers + size * count]
        at = program.find(b'\x7fELF', at + 1)
    sys.exit('purgatory.py: the program has no purgatory')


def main():
    kexec, prefix, output, address, entry, tree = sys.argv[1:7]
    output, address = pathlib.Path(output), int(address, 0)
    found = output.with_suffix('.o')
    found.write_bytes(relocatable(pathlib.Path(kexec).read_bytes()))
    linked = output.with_suffix('.elf')
    subprocess.run([prefix + 'ld', '-static', '--no-warn-rwx-segments', '-Ttext=%#x' % address, '-e', 'purgatory_start',
                    '-o', linked, found], check=True)
    subprocess.run([prefix + 'objcopy', '-O', 'binary', linked, output], check=True)
    symbols = {}
    for line in subprocess.run([prefix + 'nm', linked], check=True, capture_output=True, text=True).stdout.splitlines():
        value, _, name = line.split()
        symbols[name] = int(value, 16)
    image = bytearray(output.read_bytes())

    def put(name, offset, data):
        at = symbols[name] - address + offset
        image[at:at + len(data)] = data

    # the variables that the loader writes
    for name, value in {'kernel': int(entry, 0), 'dt_offset': int(tree, 0), 'my_toc': symbols['.TOC.'], 'stack': address + STACK}.items():
        put(name, 0, struct.pack('<Q', value))
    digest = hashlib.sha256()
    pairs = list(zip(sys.argv[7::2], sys.argv[8::2]))
    for index, (start, path) in enumerate(pairs):
        data = pathlib.Path(path).read_bytes()
        digest.update(data)
        put('sha256_regions', 16 * index, struct.pack('<QQ', int(start, 0), len(data)))
    assert len(pairs) <= MAX_RANGES
    put('sha256_digest', 0, digest.digest())
    output.write_bytes(image)
    print('%#x' % symbols['purgatory_start'])


main()
