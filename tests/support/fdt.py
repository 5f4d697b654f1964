# SPDX-License-Identifier: Apache-2.0
"""Flattened device trees, read and written: what the tests need, and no tool beside Python.

Layout: Devicetree Specification v0.4, chapter 5. The writer can be told to do single things wrong (corpus of bad trees),
so it checks nothing.
"""
import struct

MAGIC = 0xD00DFEED
BEGIN_NODE, END_NODE, PROP, NOP, END = 1, 2, 3, 4, 9
HEADER_BYTES = 40


def cells(*values):
    """32-bit cells, big-endian."""
    return struct.pack('>%dI' % len(values), *values)


def u64(*values):
    """64-bit numbers, two cells each."""
    return struct.pack('>%dQ' % len(values), *values)


def strings(*values):
    """A string list."""
    return b''.join(value.encode() + b'\0' for value in values)


class Node:
    """A node: `properties` maps names to raw bytes, `children` is in order."""

    def __init__(self, name='', properties=None, children=()):
        self.name = name
        self.properties = dict(properties or {})
        self.children = list(children)

    def child(self, name):
        """The child of this exact name, or None."""
        return next((node for node in self.children if node.name == name), None)

    def at(self, path, create=False):
        """The node below this one at a path like `/cpus/cpu@0`; None when it is not there, unless it is to be made."""
        node = self
        for name in path.strip('/').split('/') if path.strip('/') else []:
            below = node.child(name)
            if below is None:
                if not create:
                    return None
                below = Node(name)
                node.children.append(below)
            node = below
        return node

    def walk(self, path=''):
        """(path, node) of this node and all below."""
        yield path or '/', self
        for node in self.children:
            yield from node.walk(path + '/' + node.name)


class Tree:
    """A tree with its memory reservation block, a list of (address, size)."""

    def __init__(self, root=None, reservations=(), boot_cpu=0):
        self.root = root or Node()
        self.reservations = list(reservations)
        self.boot_cpu = boot_cpu

    def set(self, path, name, value):
        """Set a property; the node is made when it is not there. Returns the tree, to chain."""
        self.root.at(path, create=True).properties[name] = value
        return self

    def remove(self, path, name=None):
        """Remove a property, or without one the node."""
        if name is not None:
            del self.root.at(path).properties[name]
            return self
        above, _, last = path.rstrip('/').rpartition('/')
        parent = self.root.at(above)
        parent.children.remove(parent.child(last))
        return self

    def structure(self, names):
        """The structure block; `names` is filled with the strings block."""
        offsets, out = {}, []

        def name_offset(name):
            if name not in offsets:
                offsets[name] = len(names)
                names.extend(name.encode() + b'\0')
            return offsets[name]

        def write(node):
            out.append(struct.pack('>I', BEGIN_NODE) + padded(node.name.encode() + b'\0'))
            for name, value in node.properties.items():
                out.append(struct.pack('>III', PROP, len(value), name_offset(name)) + padded(value))
            for child in node.children:
                write(child)
            out.append(struct.pack('>I', END_NODE))

        write(self.root)
        out.append(struct.pack('>I', END))
        return b''.join(out)

    def blob(self):
        """The flattened tree, version 17."""
        names = bytearray()
        structure = self.structure(names)
        reservations = b''.join(struct.pack('>QQ', *entry) for entry in self.reservations) + bytes(16)
        at_structure = HEADER_BYTES + len(reservations)
        at_strings = at_structure + len(structure)
        header = struct.pack('>10I', MAGIC, at_strings + len(names), at_structure, at_strings, HEADER_BYTES, 17, 16,
                             self.boot_cpu, len(names), len(structure))
        return header + reservations + structure + bytes(names)


def padded(data):
    """To a multiple of four bytes."""
    return data + bytes(-len(data) % 4)


def parse(blob):
    """The Tree of a sound blob."""
    (magic, _, at_structure, at_strings, at_reservations, _, _, boot_cpu) = struct.unpack_from('>8I', blob)
    assert magic == MAGIC, 'no device tree'
    tree = Tree(boot_cpu=boot_cpu)
    while True:
        entry = struct.unpack_from('>QQ', blob, at_reservations)
        if entry == (0, 0):
            break
        tree.reservations.append(entry)
        at_reservations += 16
    at, stack = at_structure, []
    while True:
        token, = struct.unpack_from('>I', blob, at)
        at += 4
        if token == BEGIN_NODE:
            end = blob.index(b'\0', at)
            node = Node(blob[at:end].decode())
            at = (end + 4) & ~3
            if stack:
                stack[-1].children.append(node)
            else:
                tree.root = node
            stack.append(node)
        elif token == END_NODE:
            stack.pop()
        elif token == PROP:
            size, name_at = struct.unpack_from('>II', blob, at)
            name_at += at_strings
            name = blob[name_at:blob.index(b'\0', name_at)].decode()
            stack[-1].properties[name] = bytes(blob[at + 8:at + 8 + size])
            at = (at + 8 + size + 3) & ~3
        elif token == END:
            return tree
        else:
            assert token == NOP, 'token %#x' % token
