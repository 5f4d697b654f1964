# SPDX-License-Identifier: Apache-2.0
"""The device tree of a machine as older firmware describes it: each memory block with an entry of its own.

QEMU writes the newer encoding for every kernel that can read it, and Linux can since 4.16, so no kernel of today records the
older one there. LoPAR 2.0, section B.6.2: v2 is runs of (number, address, index, associativity, flags), v1 is single
(address, index, reserved, associativity, flags).
"""
import struct

NODE = '/ibm,dynamic-reconfiguration-memory'
RUN, BLOCK = '>IQIII', '>QIIII'


def older(tree):
    """The same tree, with ibm,dynamic-memory in place of ibm,dynamic-memory-v2."""
    node = tree.root.at(NODE)
    size, = struct.unpack('>Q', node.properties['ibm,lmb-size'])
    runs = node.properties['ibm,dynamic-memory-v2']
    blocks = []
    for count, address, index, associativity, flags in struct.iter_unpack(RUN, runs[4:]):
        blocks += [struct.pack(BLOCK, address + i * size, index + i, 0, associativity, flags) for i in range(count)]
    properties = {}
    for name, value in node.properties.items():
        if name == 'ibm,dynamic-memory-v2':
            name, value = 'ibm,dynamic-memory', struct.pack('>I', len(blocks)) + b''.join(blocks)
        properties[name] = value
    node.properties = properties
    return tree
