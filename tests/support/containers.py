# SPDX-License-Identifier: Apache-2.0
"""Images that hold images: FIT without signatures, UKI, uImage and EFI zboot.

FIT: Flattened Image Tree specification v0.8. UKI: UAPI.5, in PE files as Microsoft's PE Format has them. Signed FITs are
made by mkimage: tests/images. uImage: mkimage(1). zboot: Linux, drivers/firmware/efi/libstub/zboot-header.S.
"""
import hashlib
import struct
import zlib

import fdt

PE_AT, OPTIONAL_BYTES, SECTION_BYTES, ALIGNMENT = 64, 112 + 6 * 8, 40, 512


def fit_image(kind, data, compression='none'):
    """A node below /images, with its SHA-256."""
    checksum = fdt.Node('hash-1', {'algo': fdt.strings('sha256'), 'value': hashlib.sha256(data).digest()})
    return fdt.Node('', {'data': data, 'type': fdt.strings(kind), 'compression': fdt.strings(compression)}, [checksum])


def fit(images, configurations, default=None):
    """`images` maps names to nodes, `configurations` maps names to {role: [names]}."""
    for name, node in images.items():
        node.name = name
    chosen = [fdt.Node(name, {role: fdt.strings(*names) for role, names in roles.items()})
              for name, roles in configurations.items()]
    properties = {'default': fdt.strings(default)} if default else {}
    root = fdt.Node('', {'description': fdt.strings('made for a test')},
                    [fdt.Node('images', {}, images.values()), fdt.Node('configurations', properties, chosen)])
    return fdt.Tree(root).blob()


def uki(sections, certificates=b'', machine=0xAA64):
    """A PE file of (name, bytes)."""
    table, body = b'', b''
    start = PE_AT + 24 + OPTIONAL_BYTES + SECTION_BYTES * len(sections)
    start += -start % ALIGNMENT
    for name, data in sections:
        padding = bytes(-len(data) % ALIGNMENT)
        table += name.encode().ljust(8, b'\0')
        table += struct.pack('<IIIIIIHHI', len(data), 0, len(data) + len(padding), start + len(body), 0, 0, 0, 0, 0)
        body += data + padding
    directories = bytes(32) + struct.pack('<II', start + len(body) if certificates else 0, len(certificates)) + bytes(8)
    optional = struct.pack('<H', 0x20B) + bytes(106) + struct.pack('<I', 6) + directories
    coff = b'PE\0\0' + struct.pack('<HHIIIHH', machine, len(sections), 0, 0, 0, OPTIONAL_BYTES, 0x206)
    header = b'MZ' + bytes(58) + struct.pack('<I', PE_AT) + coff + optional + table
    return header.ljust(start, b'\0') + body + certificates


def uimage(data, compression=0, *, kind=2, architecture=22, system=5, load=0x40200000, entry=None, name=b'a kernel'):
    """U-Boot's legacy image."""
    fields = struct.pack('>IIIIBBBB32s', len(data), load, load if entry is None else entry, zlib.crc32(data), system,
                         architecture, kind, compression, name)
    header = struct.pack('>III', 0x27051956, 0, 0) + fields
    return header[:4] + struct.pack('>I', zlib.crc32(header)) + header[8:] + data


def multi_uimage(files, compression=0, **more):
    """A uImage of several files."""
    data = struct.pack('>%dI' % (len(files) + 1), *map(len, files), 0)
    return uimage(data + b''.join(file + bytes(-len(file) % 4) for file in files), compression, kind=4, **more)


def zboot(payload, compression=b'gzip', machine=0xAA64, certificates=b''):
    """vmlinuz.efi: a PE program of one section, all of which is a packed kernel, and its signature."""
    program = bytearray(uki([('.text', payload)], certificates, machine))
    program[2:PE_AT - 4] = struct.pack('<H4sIIQ32sI', 0, b'zimg', ALIGNMENT, len(payload), 0, compression, 0x818223CD)
    return bytes(program)
