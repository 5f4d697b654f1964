#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""seeds.py DIR PLUGIN -- small sound inputs for each fuzz target, in DIR/TARGET.

How to run:  by the build (kxf_fuzz_seeds); PLUGIN is a plugin that was built
Expect:      no output
Time:        below 1 s
"""
import gzip
import pathlib
import struct
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / 'tests' / 'support'))
import captures  # pylint: disable=wrong-import-position
import containers  # pylint: disable=wrong-import-position
import fdt  # pylint: disable=wrong-import-position
import fixtures  # pylint: disable=wrong-import-position
import images  # pylint: disable=wrong-import-position
import ppc64_images as power  # pylint: disable=wrong-import-position

EARLYCON = [
    'earlycon=pl011,0x9000000', 'pl011,0x9000000', 'uart8250,mmio32,0xfe215040,115200n8', 'uart8250,io,0x3f8', 'earlycon',
    'BOOT_IMAGE=/boot/vmlinuz root=/dev/vda ro quiet init="a b" earlycon=pl011,mmio32be,0x1 -- single',
    'console=ttyAMA0 earlyprintk=vga "quoted name=value" elfcorehdr=0x1 crashkernel=256M',
]


def with_embedded_tree(capture):
    """A small capture: only what planning needs, and short."""
    for path in list(capture.entries):
        if path.startswith(('proc/kcore', 'sys/class', 'sys/devices/platform')):
            del capture.entries[path]
    return capture


def power_seeds():
    """(target, name, content) for the image formats of 64-bit Power."""
    for order, word in ((power.LITTLE, 'little'), (power.BIG, 'big')):
        yield 'ppc64_elf', word, bytes(power.kernel(1024, 4096, order))
        two = power.kernel(1024, 4096, order)
        two.segments[1] = power.Segment(bytes(256), 0x10000)
        yield 'ppc64_elf', word + '-two-parts', bytes(two)
    yield 'ppc64_elf', 'fixed', bytes(power.fixed_kernel(0x2000000, size=512, memory=2048))
    descriptor = power.kernel(1024, 4096, power.BIG)
    contents = descriptor.segments[0].contents
    descriptor.segments[0].contents = contents[:0x200] + power.BASE.to_bytes(8, 'big') + contents[0x208:]
    descriptor.entry = power.BASE + 0x200
    yield 'ppc64_elf', 'descriptor', bytes(descriptor)
    yield 'ppc64_zimage', 'wide', bytes(power.wrapper(b'a kernel'))
    yield 'ppc64_zimage', 'narrow', bytes(power.wrapper(b'a kernel', wide=False))
    yield 'ppc64_zimage', 'all', bytes(power.wrapper(b'a kernel', order=power.BIG, initrd=bytes(100), tree=bytes(48)))


def core_header(order):
    """Notes of two CPUs and VMCOREINFO, the kernel's text, two stretches of RAM."""
    notes = [(0xbfbc1200, 424), (0xbfbd1200, 424), (0x40dc4000, 0x1024)]
    loads = [(0x40200000, 0xffffffe840400000, 0x840000), (0x40000000, 0xffffff8000000000, 0x20000000),
             (0x80000000, 0xffffff8040000000, 0x10000)]
    ident = b'\x7fELF' + bytes([2, 2 if order == '>' else 1, 1]) + bytes(9)
    header = struct.pack(order + 'HHIQQQIHHHHHH', 4, 183, 1, 0, 64, 0, 0, 64, 56, len(notes) + len(loads), 0, 0, 0)
    entry = order + 'IIQQQQQQ'
    return (ident + header + b''.join(struct.pack(entry, 4, 0, at, 0, at, size, size, 0) for at, size in notes) +
            b''.join(struct.pack(entry, 1, 7, at, virtual, at, size, size, 0) for at, virtual, size in loads))


def cpio(*sizes):
    """An archive in the portable format."""
    archive = b''
    for name, size in [('file%d' % i, size) for i, size in enumerate(sizes)] + [('TRAILER!!!', 0)]:
        fields = (1, 0o100644, 0, 0, 1, 0, size, 0, 0, 0, 0, len(name) + 1, 0)
        archive += b'070701' + b''.join(b'%08x' % field for field in fields) + name.encode() + b'\0'
        archive += bytes(-len(archive) % 4)
        archive += bytes(size + -size % 4)
    return archive


def initrd_seeds():
    """(name, content) of initrds in one part and in several."""
    block = struct.pack('<I', 200 << 3 | 2 << 1)[:3] + bytes(200)
    frame = b'\x28\xb5\x2f\xfd\x04\x68' + block + struct.pack('<I', 9 << 3 | 1)[:3] + bytes(9) + b'hash'
    yield 'cpio', cpio(1, 300)
    yield 'gzip', cpio(16) + bytes(100) + gzip.compress(cpio(300), mtime=0)
    yield 'zstd', cpio() + frame + bytes(-len(frame) % 4) + cpio(5)
    yield 'zstd-stated', b'\x28\xb5\x2f\xfd\x80\x68' + struct.pack('<I', 1000) + frame[6:]
    yield 'xz', b'\xfd7zXZ\0' + bytes(range(90))


def container_seeds():
    """(target, name, content) for images that hold images."""
    for path in sorted((SOURCE / 'tests' / 'images').glob('*.itb')):
        yield 'fit', path.stem, path.read_bytes()
    tree = fdt.Tree(fdt.Node('', {'compatible': b'acme,two\0acme,any\0'})).blob()
    yield 'uki', 'plain', containers.uki([('.linux', b'a kernel'), ('.initrd', b'an initrd'), ('.cmdline', b'quiet')])
    yield 'uki', 'trees', containers.uki([('.linux', b'a kernel'), ('.dtb', tree), ('.dtbauto', tree)], bytes(64))
    yield 'uki', 'profiles', containers.uki([('.linux', b'a kernel'), ('.profile', b'ID=one\n'), ('.profile', b'ID="two"\n'),
                                             ('.cmdline', b'quiet'), ('.ucode', b'x')])


def seeds(plugin):
    """(target, name, content)."""
    machines = {path.stem: captures.Capture(path) for path in sorted((SOURCE / 'tests' / 'machines').glob('*.tar'))}
    small = images.arm64_image(4096, image_size=8192)
    yield 'arm64_image', 'plain', small
    yield 'arm64_image', 'old', images.arm64_image(1000, image_size=0, flags=0, text_offset=0x80000)
    yield 'arm64_image', 'padded', images.arm64_image(4096, image_size=4096) + bytes(500)
    yield 'arm64_image', 'header', small[:64]
    yield 'gzip', 'image', gzip.compress(small, mtime=0)
    yield 'gzip', 'stored', gzip.compress(small, compresslevel=0, mtime=0)
    yield 'gzip', 'members', gzip.compress(b'one', mtime=0) + gzip.compress(b'two' * 1000, mtime=0) + bytes(16)
    yield 'device_tree', 'overlay', fixtures.overlay().blob()
    for name, capture in machines.items():
        yield 'device_tree', name, capture.tree.blob()
        yield 'iomem', name, capture.entries['proc/iomem']
        yield 'kcore', name, capture.entries['proc/kcore']
    for order, word in (('<', 'little'), ('>', 'big')):
        yield 'core_header', word, core_header(order)
    for name, content in initrd_seeds():
        yield 'initrd_files', name, content
    yield 'iomem', 'hidden', b'00000000-00000000 : System RAM\n  00000000-00000000 : Kernel code\n'
    yield 'tar', 'capture', with_embedded_tree(machines['virt-efi-acpi']).tar()
    for number, text in enumerate(EARLYCON):
        yield 'earlycon', str(number), text.encode()
    for path in sorted((SOURCE / 'config' / 'profiles').glob('*.toml')):
        yield 'profile', path.stem, path.read_bytes()
    for path in sorted((SOURCE / 'config' / 'uarts').glob('*.toml')):
        # the target reads every seed under this name
        named = path.read_text(encoding='utf-8').replace('name = "%s"' % path.stem, 'name = "acme-uart"', 1)
        yield 'uart', path.stem, named.encode()
    yield 'plugin_note', 'formats', plugin
    yield from power_seeds()
    yield from container_seeds()


def main():
    directory, plugin = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    # Without debug information a plugin is a tenth as large
    stripped = directory / 'stripped.so'
    directory.mkdir(parents=True, exist_ok=True)
    subprocess.run(['strip', '-o', stripped, plugin], check=True)
    for target, name, content in seeds(stripped.read_bytes()):
        (directory / target).mkdir(exist_ok=True)
        (directory / target / name).write_bytes(content)
    stripped.unlink()
    (directory / 'made').touch()


if __name__ == '__main__':
    main()
