# SPDX-License-Identifier: Apache-2.0
"""Device trees and overlays: malformed in one way each, too large, or not for this board."""
import struct

import captures
import fdt
from bad_machines import changed
from case import Case, PROFILE, file, profile

# Header fields of a flattened tree: offsets in bytes (Devicetree Specification v0.4, section 5.2)
MAGIC, TOTAL, STRUCTURE, STRINGS, RESERVATIONS, VERSION, COMPATIBLE = 0, 4, 8, 12, 16, 20, 24
STRINGS_SIZE, STRUCTURE_SIZE = 32, 36
NOT_USABLE = 'device tree: bad.dtb: not a usable device tree: '
AS_DTC = 'flattened device tree as dtc makes it'


def good():
    """A small sound tree."""
    root = fdt.Node('', {'compatible': fdt.strings('acme,board'), '#address-cells': fdt.cells(2), '#size-cells': fdt.cells(2)},
                    [fdt.Node('chosen', {'stdout-path': fdt.strings('/uart@1')}), fdt.Node('uart@1', {'reg': fdt.u64(1, 2)})])
    return fdt.Tree(root, [(0x1000, 0x1000)])


def header(**fields):
    """The blob with header fields changed, by offset."""
    blob = bytearray(good().blob())
    for name, value in fields.items():
        struct.pack_into('>I', blob, globals()[name], value)
    return bytes(blob)


def structure(edit):
    """The blob with an edited structure block."""
    blob = good().blob()
    at_structure, at_strings = struct.unpack_from('>2I', blob, STRUCTURE)
    before, after = blob[:at_structure], blob[at_strings:]
    tokens = edit(blob[at_structure:at_strings])
    out = bytearray(before + tokens + after)
    struct.pack_into('>I', out, TOTAL, len(out))
    struct.pack_into('>I', out, STRINGS, at_structure + len(tokens))
    struct.pack_into('>I', out, STRUCTURE_SIZE, len(tokens))
    return bytes(out)


def token(*values):
    """Tokens of a structure block."""
    return struct.pack('>%dI' % len(values), *values)


def _bad(name, blob, message='', remedy=AS_DTC):
    return Case('tree-' + name, NOT_USABLE + '.*' + message, remedy, ['--dtb', 'bad.dtb'], make=file('bad.dtb', blob))


def blob_cases():
    """What is no device tree."""
    blob = good().blob()
    root = token(fdt.BEGIN_NODE, 0)
    last = token(fdt.END_NODE, fdt.END)
    prop = token(fdt.PROP, 0, 0)
    return [
        _bad('magic-wrong', header(MAGIC=0xEDFE0DD0), 'starts with 0xedfe0dd0 instead of the magic'),
        _bad('shorter-than-a-header', blob[:39], '39 bytes are too short'),
        _bad('shorter-than-a-magic', blob[:3], '3 bytes are too short'),
        _bad('truncated', blob[:-1], 'truncated: the header claims %d bytes, %d are there' % (len(blob), len(blob) - 1)),
        _bad('total-size-huge', header(TOTAL=0xFFFFFFFF), 'truncated'),
        _bad('total-size-below-header', header(TOTAL=39), 'less than its own size'),
        _bad('version-too-old', header(VERSION=3, COMPATIBLE=2), 'version 3 .* is not supported'),
        _bad('version-too-new', header(VERSION=99, COMPATIBLE=98), 'version 99 .* is not supported'),
        _bad('structure-outside', header(STRUCTURE=0x7FFFFFF0), 'structure block'),
        _bad('structure-inside-header', header(STRUCTURE=8), 'a block starts inside the header'),
        _bad('structure-misaligned', header(STRUCTURE=58), 'not aligned'),
        _bad('structure-size-huge', header(STRUCTURE_SIZE=0xFFFFFFF0), 'structure block'),
        _bad('structure-empty', header(STRUCTURE_SIZE=0)),
        _bad('strings-outside', header(STRINGS=0xFFFFFFFF), 'strings block'),
        _bad('strings-size-huge', header(STRINGS_SIZE=0xFFFFFFFF), 'strings block'),
        _bad('strings-empty', header(STRINGS_SIZE=0), 'property at 0x8 .* has its name at'),
        _bad('reservations-outside', header(RESERVATIONS=0xFFFFFFF8), 'memory reservation block at 0xfffffff8 has no end'),
        _bad('reservations-without-end', header(RESERVATIONS=len(blob) // 8 * 8 - 8), 'memory reservation block .* has no end'),
        _bad('reservations-misaligned', header(RESERVATIONS=44), 'not aligned'),
        _bad('without-root', structure(lambda tokens: token(fdt.END))),
        _bad('without-end', structure(lambda tokens: tokens[:-4])),
        _bad('node-not-closed', structure(lambda tokens: tokens[:-8] + token(fdt.END))),
        _bad('node-closed-twice', structure(lambda tokens: tokens[:-4] + last), 'end of a node that never began'),
        _bad('node-name-without-end', structure(lambda tokens: token(fdt.BEGIN_NODE) + b'abcd' * 4)),
        _bad('two-roots', structure(lambda tokens: tokens[:-4] + root + last)),
        _bad('token-unknown', structure(lambda tokens: tokens[:-8] + token(5) + last)),
        _bad('property-outside-root', structure(lambda tokens: prop + tokens), 'property at 0x0 .* is outside the root'),
        _bad('property-behind-child', structure(lambda tokens: tokens[:-8] + prop + last), 'is behind a child node'),
        _bad('property-cut-off', structure(lambda tokens: root + token(fdt.PROP, 4)), 'is cut off'),
        _bad('property-too-long', structure(lambda tokens: root + token(fdt.PROP, 0x7FFFFFFF, 0) + last),
             'claims 2147483647 bytes'),
        _bad('property-name-outside', structure(lambda tokens: root + token(fdt.PROP, 0, 0xFFFFFF) + last),
             'has its name at 0xffffff of the strings block'),
        _bad('zeros', bytes(4096), 'starts with 0x00000000'),
    ]


def size_cases():
    """Too much of a tree."""
    large = good().set('/', 'acme,blob', bytes((2 << 20) + 1000))
    grows = good().set('/', 'acme,blob', bytes((2 << 20) - 700))
    return [
        Case('tree-over-2-mib', r'device tree: large.dtb: the device tree has 2098\d+ bytes, 2 MiB is the limit',
             'remove nodes', ['--dtb', 'large.dtb'], make=file('large.dtb', large.blob())),
        Case('tree-grows-over-2-mib', r'the .*device tree has 20971\d+ bytes, 2 MiB is the limit|2 MiB', 'remove',
             ['--dtb', 'large.dtb', '--command-line', 'x' * 900], make=file('large.dtb', grows.blob())),
        changed('running-tree-damaged', lambda capture: capture.entries.__setitem__(captures.TREE, header(VERSION=3)),
                'no device tree of the running system: /sys/firmware/fdt: not a usable device tree', '--dtb'),
        changed('running-tree-missing', lambda capture: capture.entries.pop(captures.TREE),
                'no device tree of the running system: there is neither', '--dtb'),
        Case('memory-does-not-fit-cells', r'the memory of the running system does not fit the 1 address and 1 size cells',
             'two cells each', ['--dtb', 'small-cells.dtb'], machine=('--machine', '../common/virt-dt-el2-vhe.tar'),
             make=file('small-cells.dtb', good().set('/', '#address-cells', fdt.cells(1))
                       .set('/', '#size-cells', fdt.cells(1)).blob())),
    ]


def fragment(properties, overlay=True):
    """An overlay tree with one fragment."""
    inside = [fdt.Node('__overlay__', {'acme,marker': b''})] if overlay else []
    return fdt.Tree(fdt.Node('', {}, [fdt.Node('fragment@0', properties, inside)]))


def _overlay(name, content, message, remedy):
    def make(folder):
        profile('device-tree.overlays = ["bad.dtbo"]\n')(folder)
        file('bad.dtbo', content)(folder)
    return Case('overlay-' + name, 'device tree: .*bad.dtbo.*' + message, remedy, PROFILE, make=make)


def overlay_cases():
    """What does not apply."""
    absent = {'target-path': fdt.strings('/nowhere/at/all')}
    labelled = fragment({'target': fdt.cells(0xFFFFFFFF)}).set('/__fixups__', 'lamp', fdt.strings('/fragment@0:target:0'))
    twisted = fragment({'target-path': fdt.strings('/')}).set('/__local_fixups__/fragment@0/__overlay__', 'acme,marker',
                                                               fdt.cells(8))
    return [
        _overlay('not-a-tree', b'not a tree, but long enough to be one' * 4, 'not a usable device tree', AS_DTC),
        _overlay('truncated', fragment(absent).blob()[:-2], 'truncated', AS_DTC),
        _overlay('plain-tree', good().blob(), 'not an overlay', 'a .dtbo'),
        _overlay('fragment-without-overlay', fragment({'target-path': fdt.strings('/')}, False).blob(), 'not an overlay',
                 'a .dtbo'),
        _overlay('target-path-missing', fragment(absent).blob(), 'target /nowhere/at/all of /fragment@0 is not in the base tree',
                 '.'),
        _overlay('target-path-relative', fragment({'target-path': fdt.strings('nowhere')}).blob(), 'not an absolute path',
                 'full path'),
        _overlay('without-target', fragment({}).blob(), 'has neither target nor target-path', '.'),
        _overlay('label-without-symbols', labelled.blob(), 'refers to the label "lamp", but the base tree has no __symbols__',
                 'dtc -@'),
        _overlay('fixup-outside-property', twisted.blob(), 'points to byte 8 .* where no phandle fits', '.'),
        Case('overlay-target-by-phandle-missing', 'device tree: .*bad.dtbo', '.', PROFILE,
             make=lambda folder: (profile('device-tree.overlays = ["bad.dtbo"]\n')(folder),
                                  file('bad.dtbo', fragment({'target': fdt.cells(0x7777)}).blob())(folder))),
    ]


def cases():
    """All of them."""

    return blob_cases() + size_cases() + overlay_cases()
