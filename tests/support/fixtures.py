# SPDX-License-Identifier: Apache-2.0
"""The kernels, initrds and trees that the tests load, always the same bytes."""
import gzip
import lzma

import containers
import fdt
import images
import packers
import ppc64_images
from images import ANYWHERE, LITTLE, MIB, PAGES_16K, PAGES_4K, PAGES_64K


def board_tree(capture):
    """A tree for the captured machine as a board vendor ships it: without what firmware fills in."""
    tree = capture.tree
    for node in list(tree.root.children):
        if node.name.startswith('memory') or node.name in ('reserved-memory', 'chosen'):
            tree.root.children.remove(node)
    tree.reservations = []
    return tree.set('/', 'model', fdt.strings('a board from a file'))


def overlay():
    """An overlay that names its target by path and so needs no labels."""
    target = fdt.Node('__overlay__', {'kxf,marker': fdt.strings('from the overlay')},
                      [fdt.Node('lamp@1000', {'compatible': fdt.strings('acme,lamp'), 'reg': fdt.u64(0x1000, 0x100)})])
    return fdt.Tree(fdt.Node('', {}, [fdt.Node('fragment@0', {'target-path': fdt.strings('/')}, [target])]))


def board_fit(capture):
    """A FIT for two boards, the second of which is the captured machine."""
    board = {'compatible': [name.rstrip('\0') for name in capture.tree.root.properties['compatible'].decode().split('\0') if name]}
    return containers.fit(
        {'kernel': containers.fit_image('kernel', gzip.compress(images.arm64_image(), mtime=0), 'gzip'),
         'tree': containers.fit_image('flat_dt', board_tree(capture).blob()),
         'lamp': containers.fit_image('flat_dt', overlay().blob()),
         'ramdisk': containers.fit_image('ramdisk', images.initrd(1001))},
        {'other': {'kernel': ['kernel'], 'compatible': ['acme,other']},
         'this': {'kernel': ['kernel'], 'fdt': ['tree', 'lamp'], 'ramdisk': ['ramdisk'], 'loadables': ['ramdisk'], **board}},
        'other')


def board_uki(capture):
    """A signed UKI with two profiles and trees for two boards."""
    tree = board_tree(capture)
    other = fdt.Tree(fdt.Node('', {'compatible': fdt.strings('acme,other')}))
    return containers.uki([
        ('.text', b'the stub'), ('.osrel', b'ID=test\n'), ('.cmdline', b'quiet root=/dev/vda\n'), ('.ucode', bytes(100)),
        ('.initrd', images.initrd(1001)), ('.linux', images.arm64_image()), ('.dtbauto', other.blob()),
        ('.dtbauto', tree.blob()), ('.profile', b'ID=regular\n'), ('.profile', b'ID=reset\nTITLE="Reset"\n'),
        ('.cmdline', b'systemd.unit=reset.target')], bytes(512))


def board_uimage(capture):
    """A uImage of kernel, initrd and tree."""
    kernel = lzma.compress(images.arm64_image(), lzma.FORMAT_ALONE, preset=0)
    return containers.multi_uimage([kernel, images.initrd(1001), board_tree(capture).blob()], 3, load=0, entry=0x40)


# What each file is made by; the argument is the captured machine.
FILES = {
    'Image': lambda machine: images.arm64_image(),
    'Image.gz': lambda machine: gzip.compress(images.arm64_image(), mtime=0),
    'Image-16K': lambda machine: images.arm64_image(flags=LITTLE | PAGES_16K | ANYWHERE),
    'Image-64K': lambda machine: images.arm64_image(flags=LITTLE | PAGES_64K | ANYWHERE),
    # before 4.6: as low as possible; before 3.17: no image_size either
    'Image-4.4': lambda machine: images.arm64_image(text_offset=0x80000, flags=LITTLE | PAGES_4K),
    'Image-3.10': lambda machine: images.arm64_image(text_offset=0x80000, image_size=0, flags=0),
    # the same kernel as Image and Image.gz, in other ways
    'Image.lz4': lambda machine: packers.lz4_legacy(images.arm64_image()),
    'vmlinuz.efi': lambda machine: containers.zboot(packers.zstd(images.arm64_image()), b'zstd22', certificates=bytes(64)),
    'vmlinux-arm64': lambda machine: bytes(images.arm64_elf()),
    'board.uimage': board_uimage,
    # 64-bit Power: in either byte order, one that cannot move, and in a wrapper of each kind
    'vmlinux': lambda machine: bytes(ppc64_images.kernel()),
    'vmlinux-be': lambda machine: bytes(ppc64_images.kernel(order=ppc64_images.BIG)),
    'zImage': lambda machine: bytes(ppc64_images.zimage()),
    'board.itb': board_fit,
    'board.efi': board_uki,
    'initrd': lambda machine: images.initrd(),
    'initrd-odd': lambda machine: images.initrd(1001),
    'initrd-large': lambda machine: images.initrd(96 * MIB + 5),
    'board.dtb': lambda machine: board_tree(machine).blob(),
    'overlay.dtbo': lambda machine: overlay().blob(),
}


def write(folder, capture, names):
    """Those of FILES that are named, into `folder`."""
    for name in set(names) & set(FILES):
        (folder / name).write_bytes(FILES[name](capture))
