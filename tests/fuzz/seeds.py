#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""seeds.py DIR PLUGIN -- small sound inputs for each fuzz target, in DIR/TARGET.

How to run:  by the build (kxf_fuzz_seeds); PLUGIN is a plugin that was built
Expect:      no output
Time:        below 1 s
"""
import bz2
import gzip
import json
import lzma
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
import packers  # pylint: disable=wrong-import-position
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


# What the compressors proper make of "line 0 of the sample" to "line 29 ...": zstd -19 from a pipe, lz4 -9, lzop -9.
REAL = {
    'zstd':
        '28b52ffd0468a5020022830a10a0ed78f8e9235155dc6e0909857e4ec1ffffffbf6ddbb68d8e2964881b6c8b2e49dd355541'
        '0dba8fb51ea810f0fb9f0150a3a4071012e14704d507b5db37af5d716daf2d3bf6ebac17765c1550042c0512b7b3e2',
    'lz4':
        '04224d186440a7ac000000f1066c696e652030206f66207468652073616d706c650a15001f311500011f321500011f331500'
        '011f341500011f351500011f361500011f371500011f381500011f39bd00020fd300030fd400021f31d500021f31d600021f'
        '31d700021f31d800021f31d900021f31da00021f31db00021f31dc00021f32dc00021f32b001030fdc00021f32dc00021f32'
        'dc00021f32dc00021f32dc00021f32dc00021f32dc00021732dc00506d706c650a000000002eafedea',
    'lzo':
        '894c5a4f000d0a1a0a104020a0094003090300000d000000006b008daa00000000002b6403180000028a0000008cd276d5b2'
        '266c696e652030206f66207468652073616d706c650a91023132510032325100333251003432510035325100363251003732'
        '5100383251003933f002344803334d0331335103313355033133590331335d0331336103313365033133690331336d033233'
        '6d033234bc06336d0332336d0332336d0332336d0332336d0332336d0332336d03322e6c0311000000000000',
}


def packed_seeds(small):
    """(target, name, content) for the codecs."""
    runs = b'a' * 1000 + small[:500] + b'b' * 100
    ways = {
        'gzip': {'image': lambda data: gzip.compress(data, mtime=0),
                 'stored': lambda data: gzip.compress(data, compresslevel=0, mtime=0)},
        'bzip2': {'image': lambda data: bz2.compress(data, 1)},
        'xz': {'crc32': lambda data: lzma.compress(data, check=lzma.CHECK_CRC32, preset=0),
               'sha256': lambda data: lzma.compress(data, check=lzma.CHECK_SHA256, preset=0)},
        'lzma': {'image': lambda data: lzma.compress(data, lzma.FORMAT_ALONE, preset=0)},
        'zstd': {'raw': packers.zstd},
        'lz4': {'legacy': packers.lz4_legacy, 'frame': packers.lz4},
        'lzo': {'crc': packers.lzop, 'adler': lambda data: packers.lzop(data, crc=False)},
    }
    for target, packs in ways.items():
        for name, pack in packs.items():
            yield target, name, pack(small[:2000])
            yield target, name + '-runs', pack(runs)
            yield target, name + '-two', pack(b'one' * 20) + pack(b'two' * 20) + bytes(16)
    for target, digits in REAL.items():
        yield target, 'real', bytes.fromhex(digits)
    # Behind lzop's header, which has 38 bytes, and the sizes and the checksum of the block
    yield 'lzo1x', 'runs', packers.lzop(runs)[50:-4]
    yield 'lzo1x', 'real', bytes.fromhex(REAL['lzo'])[50:-4]


def wrapped_seeds(small):
    """(target, name, content) for the formats that wrap."""
    packed = gzip.compress(small, mtime=0)
    yield 'uimage', 'plain', containers.uimage(small[:200])
    yield 'uimage', 'packed', containers.uimage(packed, 1) + b'\xff' * 64
    yield 'uimage', 'files', containers.multi_uimage([packed, b'an initrd', b'\xd0\x0d\xfe\xed a tree'], 1)
    yield 'uimage', 'script', containers.uimage(b'echo', kind=6)
    yield 'zboot', 'plain', containers.zboot(packed)
    yield 'zboot', 'signed', containers.zboot(packed, b'zstd22', certificates=bytes(64))


def answer_seeds():
    """(name, bytes): what a confined child says, in the order of core/image/findings_bytes.cpp."""
    def number(*values):
        return b''.join(value.to_bytes(8, 'little') for value in values)

    def text(*values):
        return b''.join(number(len(value)) + value for value in values)
    decision = number(1) + text(b'image', b'gzip > Image', b'what the bytes are')
    warning = number(1) + text(b'uimage-entry', b'its entry is not its first byte')
    plain = text(b'gzip') + number(1, 4096) + text(b'00' * 32) + number(1) + text(b'gzip') + number(1) + text(b'')
    plain += number(0, 0, 0, 0) + text(b'', b'', b'')
    full = text(b'fit') + number(0, 8192) + text(b'') + number(1) + text(b'fit') + number(2) + text(b'short') + number(1, 100, 1, 50)
    full += number(2, 10, 20, 1) + text(b'quiet', b'conf-1', b'rsa2048', b'a Linux kernel')
    part = number(2, 64, 1024, 0, 2048)
    kernel = text(b'aarch64') + number(0, 1, 4096) + number(2) + part + number(2, 2048, 512, 4096, 512)
    kernel += number(1, 16) + text(b'\0\0\0\1', b'the flag') + number(8192, 0, 0, 1 << 21, 0, 0, 2 ** 64 - 1, 1, 1) + text(b'')
    image = kernel + text(b'Image') + number(2, 0, 8192, 1, 1, 100, 50, 1, 1, 200, 10, 1, 1, 300, 10, 1) + text(b'quiet', b'rsa2048')
    yield 'kernel', decision + warning + number(2) + full + plain + number(1) + image
    yield 'error', number(0, 0, 1) + plain + number(0) + text(b'damaged', b'fetch it again') + number(0)


def armed_seed():
    """What core/crash/armed.cpp writes."""
    region = ['0x48000000', '0x50000000']
    return json.dumps({
        'schema': 1, 'kxf': '0.1.0', 'boot_id': '', 'backend': 'kexec_load', 'kernel': '/boot/vmlinuz', 'initrds': ['/boot/initrd'],
        'command_line': 'console=ttyAMA0', 'digest': True, 'segments': [{'name': 'kernel', 'range': ['0x48000000', '0x49000000']}],
        'regions': [region], 'home': region, 'kernel_updates': False,
        'capacity': {'region_bytes': 1 << 27, 'loaded_bytes': 1 << 24, 'initrd_bytes': 4096, 'files_bytes': 8192,
                     'files_evidence': 'counted in its archive', 'working_bytes': 1 << 25},
        'vmcoreinfo': ['0x40001000', '0x40002000'], 'cpus': [{'cpu': 0, 'notes': ['0x40003000', '0x40003170']}],
        'cpus_present': [0], 'dumped': [['0x40000000', '0x48000000'], ['0x50000000', '0x80000000']],
        'ram': [['0x40000000', '0x80000000']],
    }).encode()


def breadcrumb_seeds():
    """(name, content): struct kxf_breadcrumb of plugins/purgatory/layout.h, and a log."""
    for order, word in (('<', 'little'), ('>', 'big')):
        record = struct.pack(order + 'Q6I32s32s', 0x424d55524366786b, 1, 168, 7, 3, 1, 2, b'initrd', b'vector 4 (synchronous) at EL1')
        for name, value in ((b'ESR', 0x96000006), (b'ELR', 0x4a0007a8), (b'FAR', 0x48000000), (b'SP', 0x4a011f50)):
            record += struct.pack(order + '8sQ', name, value)
        fnv = 0xcbf29ce484222325
        for number in struct.unpack(order + '%dQ' % (len(record) // 8), record):
            fnv = (fnv ^ number) * 0x100000001b3 % 2 ** 64
        yield word, record + struct.pack(order + 'Q', fnv)
    yield 'log', b'[ 0.0] Linux\nkxf: purgatory, EL1\r\nkxf: verifying 2 segments ... ok\r\n[ 0.0] Linux\n'


def seeds(plugin):
    """(target, name, content)."""
    machines = {path.stem: captures.Capture(path) for path in sorted((SOURCE / 'tests' / 'machines').glob('*.tar'))}
    small = images.arm64_image(4096, image_size=8192)
    yield 'arm64_image', 'plain', small
    yield 'arm64_image', 'old', images.arm64_image(1000, image_size=0, flags=0, text_offset=0x80000)
    yield 'arm64_image', 'padded', images.arm64_image(4096, image_size=4096) + bytes(500)
    yield 'arm64_image', 'header', small[:64]
    yield 'arm64_elf', 'little', bytes(images.arm64_elf(small, memory=8192))
    yield 'arm64_elf', 'big', bytes(images.arm64_elf(images.arm64_image(1000, 4096, flags=images.BIG), '>'))
    yield 'arm64_elf', 'old', bytes(images.arm64_elf(images.arm64_image(1000, image_size=0, flags=0)))
    yield from packed_seeds(small)
    yield from wrapped_seeds(small)
    yield 'device_tree', 'overlay', fixtures.overlay().blob()
    for name, capture in machines.items():
        yield 'device_tree', name, capture.tree.blob()
        yield 'iomem', name, capture.entries['proc/iomem']
        yield 'kcore', name, capture.entries['proc/kcore']
    for order, word in (('<', 'little'), ('>', 'big')):
        yield 'core_header', word, core_header(order)
    for name, content in initrd_seeds():
        yield 'initrd_files', name, content
    yield 'armed', 'kernel', armed_seed()
    for name, content in breadcrumb_seeds():
        yield 'breadcrumb', name, content
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
    yield 'plugin_note', 'good', plugin
    for name, content in answer_seeds():
        yield 'findings', name, content
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
