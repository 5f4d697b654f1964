# SPDX-License-Identifier: Apache-2.0
"""Kernels in other compressions than gzip, uImages, EFI zboot images and ELF kernels for arm64 that are damaged."""
import bz2
import gzip
import lzma
import struct

import containers
import images
import packers
from bad_ppc64 import AGAIN
from case import Case, PROFILE, file, profile
from images import MIB

KERNEL = ('--kernel', 'Image')


def _case(name, content, message, remedy=AGAIN):
    return Case(name, '(?s)kernel "Image": ' + message, remedy, kernel=KERNEL, make=file('Image', bytes(content)))


def _bomb(name, content):
    return Case(name + '-bomb', 'unpacks to more than the limit of 2 MiB', 'unpack.limit', PROFILE, kernel=KERNEL,
                make=lambda folder: (profile('kernel.unpack-limit = "2 MiB"\n')(folder), file('Image', content)(folder)))


def codec_cases():
    """Each codec: cut, changed, with something behind it, too large."""
    kernel, zeros = images.arm64_image(), bytes(3 * MIB)
    packs = {
        'xz': lambda data: lzma.compress(data, check=lzma.CHECK_CRC32, preset=0),
        'lzma': lambda data: lzma.compress(data, lzma.FORMAT_ALONE, preset=0),
        'zstd': packers.zstd,
        'lz4': packers.lz4,
        'lz4-legacy': packers.lz4_legacy,
        'bzip2': lambda data: bz2.compress(data, 1),
        'lzo': packers.lzop,
    }
    cases = []
    for name, pack in packs.items():
        codec, packed = name.partition('-')[0], pack(kernel)
        cases.append(_case(name + '-truncated', packed[:len(packed) // 2], codec + ': truncated, the data ends at byte'))
        cases.append(_case(name + '-with-garbage-behind', packed + b'and more',
                           codec + ': (the compressed data ends at byte|damaged at byte)', 'appended|again'))
        cases.append(_case(name + '-of-no-kernel', pack(images.bzimage()), 'what was unwrapped is not a kernel image',
                           'plugin'))
        cases.append(_bomb(name, pack(zeros)))
        if name not in ('lzma', 'zstd', 'lz4', 'lz4-legacy'):    # as packed here they have no checksum
            changed = bytearray(packed)
            changed[len(changed) // 2] ^= 0xFF
            cases.append(_case(name + '-damaged', changed, codec + ': damaged at byte'))
    return cases


def uimage_cases():
    """uImages."""
    kernel = images.arm64_image()
    packed = gzip.compress(kernel, mtime=0)
    good = containers.uimage(packed, 1)
    header, data = bytearray(good), bytearray(good)
    header[40] ^= 1
    data[-1] ^= 1
    return [
        _case('uimage-truncated', good[:-1], 'damaged uimage: truncated uImage: its header says %d bytes' % len(packed)),
        _case('uimage-truncated-in-header', good[:40], 'damaged uimage: truncated uImage: it has 40 bytes'),
        _case('uimage-header-changed', header, "damaged uimage: the CRC-32 of the uImage's header"),
        _case('uimage-data-changed', data, 'uimage: damaged uImage: the CRC-32 of its .* bytes of data'),
        _case('uimage-with-garbage-behind', good + b'and more', 'uimage: the uImage ends at byte', 'appended'),
        _case('uimage-of-another-compression', containers.uimage(packed, 2),
              'uimage: damaged: the kernel is packed with bzip2 by what the image says, and its bytes are packed with gzip'),
        _case('uimage-not-packed-as-it-says', containers.uimage(kernel, 1),
              'uimage: damaged: the kernel is packed with gzip by what the image says, and its bytes are not'),
        _case('uimage-of-an-unknown-compression', containers.uimage(kernel, 9), 'uimage: the kernel is packed with method 9',
              'plugin'),
        _case('uimage-of-a-script', containers.uimage(b'echo', kind=6), 'uimage: a uImage of a script, and no kernel',
              'kernel'),
        _case('uimage-of-u-boot', containers.uimage(b'U-Boot', system=17), 'uimage: a uImage for U-Boot, and not for Linux',
              'Linux'),
        _case('uimage-for-x86', containers.uimage(images.bzimage(), architecture=3),
              'what was unwrapped is not a kernel image .*; uimage says: a Linux kernel for Intel x86', 'plugin'),
        _case('uimage-of-another-architecture', containers.uimage(packed, 1, architecture=26),
              'uimage says that it holds a kernel for riscv, and arm64-image finds one for aarch64', 'together again'),
        _case('uimage-files-without-end', containers.uimage(b'\0\0\0\1' * 3, kind=4),
              'uimage: damaged uImage: the list of its files has no end'),
        _case('uimage-file-outside', containers.uimage(struct.pack('>II', 100, 0), kind=4),
              'uimage: damaged uImage: its file 0 has 100 bytes at byte 8'),
        _case('uimage-tree-in-place-of-initrd', containers.multi_uimage([packed, b'\xd0\x0d\xfe\xed'], 1),
              'uimage: the second file of the uImage, .* is a device tree', 'initrd'),
    ]


def zboot_cases():
    """vmlinuz.efi."""
    kernel = images.arm64_image()
    packed = gzip.compress(kernel, mtime=0)
    good = containers.zboot(packed)

    def changed(offset, value):
        out = bytearray(good)
        out[offset:offset + 4] = struct.pack('<I', value)
        return out
    return [
        _case('zboot-truncated', good[:-2000], 'efi-zboot: truncated: its section .text is'),
        _case('zboot-truncated-in-header', good[:60], 'damaged efi-zboot: truncated EFI zboot image: it has 60 bytes'),
        _case('zboot-payload-outside', changed(12, len(good)), 'efi-zboot: damaged EFI zboot image: its kernel is'),
        _case('zboot-payload-wraps', changed(8, 0xFFFFFF00), 'efi-zboot: damaged EFI zboot image: .* at offset 0xffffff00'),
        _case('zboot-payload-in-the-signature', containers.zboot(packed, certificates=bytes(64))[:12]
              + struct.pack('<I', len(packed) + 600) + containers.zboot(packed, certificates=bytes(64))[16:],
              'efi-zboot: damaged EFI zboot image: its kernel is'),
        _case('zboot-without-pe-header', changed(60, 0), 'efi-zboot: no PE header at offset 0x0'),
        _case('zboot-of-another-compression', containers.zboot(packed, b'zstd22'),
              'efi-zboot: damaged: the kernel is packed with zstd by what the image says, and its bytes are packed with gzip'),
        _case('zboot-of-an-unknown-compression', containers.zboot(packed, b'brotli'),
              'efi-zboot: the kernel is packed with brotli, which no plugin unpacks', 'plugin'),
        _case('zboot-of-another-machine', containers.zboot(packed, machine=0x6264),
              'efi-zboot says that it holds a kernel for loongarch, and arm64-image finds one for aarch64', 'together again'),
    ]


def elf_cases():
    """vmlinux for arm64."""
    good = images.arm64_elf()
    whole = bytes(good)

    def changed(**changes):
        elf = images.arm64_elf()
        for name, value in changes.items():
            setattr(elf, name, value)
        return elf
    return [
        _case('arm64-elf-truncated', whole[:-1], 'arm64-elf: truncated ELF kernel: program header 1'),
        _case('arm64-elf-truncated-in-header', whole[:60], 'damaged arm64-elf: truncated ELF kernel: it has 60 bytes'),
        _case('arm64-elf-entry-elsewhere', changed(entry=good.entry + 64), 'arm64-elf: no kernel that kexec can enter',
              'vmlinux'),
        _case('arm64-elf-entry-outside', changed(entry=0), 'arm64-elf: the entry point 0x0 of this ELF file is not in',
              'vmlinux'),
        _case('arm64-elf-of-two-byte-orders', images.arm64_elf(order='>'),
              'arm64-elf: damaged ELF kernel: the file is big-endian and the header of the kernel in it says little-endian'),
        _case('arm64-elf-relocatable-object', changed(type=1), 'arm64-elf: an ELF file of type 1', 'vmlinux'),
    ]


def cases():
    """All of them."""
    return codec_cases() + uimage_cases() + zboot_cases() + elf_cases()
