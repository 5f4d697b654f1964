#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""purgatory.py -- kexec-tools' purgatory out of its program, linked for one address and told what to verify.

How to run:  purgatory.py KEXEC PREFIX OUTPUT ADDRESS ENTRY TREE [RANGE-ADDRESS FILE]...     (bench/purgatory.sh does)
             KEXEC is the program for arm64 or little-endian ppc64.
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

ET_REL, EM_PPC64, EM_AARCH64 = 1, 21, 183
MAX_RANGES = 16
STACK = 0x100000                # behind the purgatory's first byte: of Power, where the loader gives it one

# The variables that the loader writes: name, and value by the symbols and the arguments
VARIABLES = {
    EM_AARCH64: lambda symbols, address, entry, tree: {
        'arm64_kernel_entry': entry, 'arm64_dtb_addr': tree},
    EM_PPC64: lambda symbols, address, entry, tree: {
        'kernel': entry, 'dt_offset': tree, 'my_toc': symbols['.TOC.'], 'stack': address + STACK},
}


def machine_of(program, at):
    """e_type and e_machine of the ELF file there."""
    return struct.unpack_from('<HH', program, at + 16)


def relocatable(program):
    """The bytes of the one relocatable ELF file for the program's machine in it, up to the end of its section headers."""
    machine = machine_of(program, 0)[1]
    at = program.find(b'\x7fELF', 1)
    while at >= 0:
        if machine_of(program, at) == (ET_REL, machine):
            headers = struct.unpack_from('<Q', program, at + 40)[0]
            size, count = struct.unpack_from('<HH', program, at + 58)
            return machine, program[at:at + headers + size * count]
        at = program.find(b'\x7fELF', at + 1)
    sys.exit('purgatory.py: the program has no purgatory')


def main():
    kexec, prefix, output, address, entry, tree = sys.argv[1:7]
    output, address = pathlib.Path(output), int(address, 0)
    found = output.with_suffix('.o')
    machine, bytes_found = relocatable(pathlib.Path(kexec).read_bytes())
    found.write_bytes(bytes_found)
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

    for name, value in VARIABLES[machine](symbols, address, int(entry, 0), int(tree, 0)).items():
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
