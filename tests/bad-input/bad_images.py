# SPDX-License-Identifier: Apache-2.0
"""Kernel images: damaged, truncated, oversized, of another kind or for another CPU."""
import gzip
import struct
import zlib

import captures
import images
import kxf as program
from case import Case, PROFILE, file, profile
from images import ANYWHERE, BIG, LITTLE, MIB, PAGES_16K, PAGES_4K

AGAIN = 'again|as the kernel build made it'
OTHER_KERNEL = 'kernel for this architecture|plugin'


def _image(name, content, message, remedy=AGAIN, **more):
    return Case('image-' + name, 'kernel "Image": ' + message, remedy, kernel=('--kernel', 'Image'),
                make=file('Image', content), **more)


def with_pe(size=MIB, claimed=MIB, pe_offset=64, signature=b'PE\0\0', certificates=(0, 0)):
    """An Image with an EFI stub whose last section ends at `claimed`."""
    optional = struct.pack('<H', 0x20B) + bytes(106) + struct.pack('<I', 6) + bytes(32) + struct.pack('<II', *certificates)
    optional += bytes(160 - len(optional))
    coff = signature + struct.pack('<HHIIIHH', 0xAA64, 1, 0, 0, 0, len(optional), 0x206)
    section = b'.text\0\0\0' + struct.pack('<IIIIIIHHI', claimed - 4096, 4096, claimed - 4096, 4096, 0, 0, 0, 0, 0)
    image = bytearray(images.arm64_image(size))
    image[0:4] = b'MZ\0\x91'
    image[60:64] = struct.pack('<I', pe_offset)
    image[64:64 + len(coff + optional + section)] = coff + optional + section
    return bytes(image[:size])


def wrapped(times):
    """An Image in that many layers of gzip."""
    content = images.arm64_image(4096)
    for _ in range(times):
        content = gzip.compress(content, mtime=0)
    return content


def _apple(folder):
    """The recorded machine with the CPUs of another vendor, which have no big-endian mode."""
    capture = captures.Capture(program.MACHINES / 'virt-dt-el1.tar')
    midrs = [path for path in capture.entries if path.endswith('/midr_el1')]
    assert midrs, 'the capture has no midr_el1'
    for path in midrs:
        capture.entries[path] = b'0x00000000611f0221\n'
    capture.write(folder / 'machine.tar')


def _apple_and_image(folder):
    _apple(folder)
    file('Image', images.arm64_image(flags=BIG | PAGES_4K | ANYWHERE))(folder)


def cases():
    """All of them."""
    good = images.arm64_image()
    packed = gzip.compress(good, mtime=0)
    bad_sum = packed[:-8] + struct.pack('<I', zlib.crc32(good) ^ 1) + packed[-4:]
    broken = bytearray(packed)
    broken[len(broken) // 2] ^= 0xFF
    unpackable = '(?s)kernel "Image": gzip: .*'
    return [
        # damaged
        _image('truncated-in-header', good[:61], 'truncated arm64 image|.*damaged arm64-image.*truncated'),
        _image('truncated-before-magic', good[:40], 'this is not a kernel image that any plugin knows', OTHER_KERNEL),
        _image('truncated-file', with_pe(size=MIB // 2), '.*truncated: its section .text is 1044480 bytes at offset 0x1000, and the file has 524288'),
        _image('truncated-certificates', with_pe(certificates=(MIB, 2000)),
               '.*truncated: its certificates are 2000 bytes at offset 0x100000, and the file has 1048576'),
        _image('certificates-inside-kernel', with_pe(certificates=(4096, 2000)), '.*certificates at offset 0x1000 lie inside',
               'sign'),
        _image('pe-header-outside', with_pe(pe_offset=2 * MIB), '.*no PE header at offset 0x200000'),
        _image('pe-header-overflow', with_pe(pe_offset=0xFFFFFFFF), '.*no PE header at offset 0xffffffff'),
        _image('pe-signature-wrong', with_pe(signature=b'NE\0\0'), '.*no PE header at offset 0x40'),
        _image('oversized', images.arm64_image(size=2 * MIB, image_size=MIB),
               '.*oversized arm64 image: its header gives it 1048576 bytes'),
        _image('size-over-4-gib', images.arm64_image(image_size=1 << 40), '.*damaged arm64 image: image_size 0x10000000000'),
        _image('size-all-ones', images.arm64_image(image_size=(1 << 64) - 1), '.*damaged arm64 image: image_size'),
        _image('size-below-header', images.arm64_image(image_size=63), '.*image_size 63 is less than its header'),
        _image('text-offset-unaligned', images.arm64_image(text_offset=0x80001), '.*text_offset 0x80001'),
        _image('text-offset-over-2-mib', images.arm64_image(text_offset=0x200000), '.*text_offset 0x200000'),
        # of another kind
        _image('x86-bzimage', images.bzimage(), r'this is not a kernel image that any plugin knows \(known: .*arm64-image',
               OTHER_KERNEL),
        _image('x86-elf', images.elf(62), 'this is not a kernel image that any plugin knows.*7f 45 4c 46', OTHER_KERNEL),
        _image('ppc64-elf', images.elf(21, data=2), 'ppc64-elf: damaged ELF kernel: none of its program headers loads anything'),
        _image('text', b'#!/bin/sh\necho no kernel\n', 'this is not a kernel image', OTHER_KERNEL),
        _image('one-byte', b'M', 'this is not a kernel image', OTHER_KERNEL),
        _image('zeros', bytes(MIB), 'this is not a kernel image', OTHER_KERNEL),
        _image('magic-swapped', images.arm64_image(magic=b'\x64MRA'), 'this is not a kernel image', OTHER_KERNEL),
        # gzip
        Case('gzip-truncated', unpackable + 'truncated|ends', 'again', kernel=('--kernel', 'Image'),
             make=file('Image', packed[:len(packed) // 2])),
        Case('gzip-truncated-in-trailer', unpackable, 'again', kernel=('--kernel', 'Image'), make=file('Image', packed[:-3])),
        Case('gzip-damaged', unpackable, 'again', kernel=('--kernel', 'Image'), make=file('Image', bytes(broken))),
        Case('gzip-wrong-checksum', unpackable, 'again', kernel=('--kernel', 'Image'), make=file('Image', bad_sum)),
        Case('gzip-with-garbage-behind', unpackable, '.', kernel=('--kernel', 'Image'),
             make=file('Image', packed + b'and more')),
        Case('gzip-header-only', unpackable, 'again', kernel=('--kernel', 'Image'), make=file('Image', packed[:10])),
        Case('gzip-bomb', unpackable + '64 MiB', 'unpack.limit', PROFILE, kernel=('--kernel', 'Image'),
             make=lambda folder: (profile('kernel.unpack-limit = "64 MiB"\n')(folder),
                                  file('Image', gzip.compress(bytes(80 * MIB), mtime=0))(folder))),
        Case('gzip-of-no-kernel', 'what was unwrapped is not a kernel image', OTHER_KERNEL, kernel=('--kernel', 'Image'),
             make=file('Image', gzip.compress(images.bzimage(), mtime=0))),
        Case('gzip-of-nothing', 'what was unwrapped is not a kernel image', OTHER_KERNEL, kernel=('--kernel', 'Image'),
             make=file('Image', gzip.compress(b'', mtime=0))),
        Case('gzip-too-many-layers', 'more than 6 layers of wrapping', 'unwrap', kernel=('--kernel', 'Image'),
             make=file('Image', wrapped(8))),
        # for another CPU
        Case('page-size-16k-on-cortex-a57',
             r'arm64 image wants 16 KiB pages, this CPU \(Cortex-A57\) supports 4 KiB and 64 KiB',
             'use a kernel built for 4 KiB and 64 KiB pages', kernel=('--kernel', '../common/Image-16K')),
        Case('page-size-denied-by-profile', 'arm64 image wants 4 KiB pages, the profile says', '64 KiB', PROFILE,
             make=profile('[settings.arm64]\npage-sizes = "64K"\n')),
        Case('big-endian-on-little-only-cpu', r'arm64 image is big-endian, this CPU \(.*Apple.*|.*M1.*\) is only little-endian',
             'use a little-endian kernel', machine=('--machine', 'machine.tar'), kernel=('--kernel', 'Image'),
             make=_apple_and_image),
        Case('big-endian-denied-by-profile', 'arm64 image is big-endian, the profile says that this CPU is only little',
             'use a little-endian kernel', PROFILE, kernel=('--kernel', 'Image'),
             make=lambda folder: (profile('[settings.arm64]\nbig-endian = "no"\n')(folder),
                                  file('Image', images.arm64_image(flags=BIG | PAGES_4K | ANYWHERE))(folder))),
        Case('text-offset-below-page-of-running-kernel', 'the running kernel places segments at multiples of its 64 KiB pages',
             'use a kernel', machine=('--machine', 'machine.tar'), kernel=('--kernel', 'Image'), make=_large_pages),
    ]


def _large_pages(folder):
    capture = captures.Capture(program.MACHINES / 'virt-dt-el1.tar')
    capture.facts(page_size_bytes=65536)
    capture.write(folder / 'machine.tar')
    file('Image', images.arm64_image(text_offset=0x1000, flags=LITTLE | PAGES_16K & PAGES_4K | ANYWHERE))(folder)
