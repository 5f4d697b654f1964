# SPDX-License-Identifier: Apache-2.0
"""A small pseries partition, made rather than recorded: what planning reads of one and nothing else, sound, to be spoiled.

2 GiB in two memory nodes, of which the first, 768 MiB, is the real mode area; RTAS at its end; two CPUs; a virtual terminal.
Dynamic-reconfiguration memory: LoPAR 2.0, section B.6.2.
"""
import json
import struct

import captures
import fdt

MIB = 1 << 20
RMA = 768 * MIB
MEMORY = 2048 * MIB
KERNEL_END = 0x2880000
RTAS = 0x2FFF0000
TERMINAL = 0x71000000
DRCONF = '/ibm,dynamic-reconfiguration-memory'
LMB = 256 * MIB
ASSIGNED, RESERVED = 0x8, 0x80
V1, V2 = 'ibm,dynamic-memory', 'ibm,dynamic-memory-v2'


def memory_node(start, size):
    """(path, properties) of a memory node."""
    return '/memory@%x' % start, {'device_type': fdt.strings('memory'), 'reg': fdt.u64(start, size)}


def tree():
    """Its device tree, with what the running kernel put into /chosen."""
    root = {'compatible': fdt.strings('qemu,pseries'), 'model': fdt.strings('IBM pSeries (emulated by qemu)'),
            'device_type': fdt.strings('chrp'), '#address-cells': fdt.cells(2), '#size-cells': fdt.cells(2)}
    made = fdt.Tree(fdt.Node('', root), [(RTAS, 0x10000)])
    nodes = [
        ('/cpus', {'#address-cells': fdt.cells(1), '#size-cells': fdt.cells(0)}),
        *[('/cpus/PowerPC,POWER9@%d' % cpu, {
            'device_type': fdt.strings('cpu'), 'reg': fdt.cells(cpu), 'status': fdt.strings('okay'),
            'ibm,ppc-interrupt-server#s': fdt.cells(cpu), '64-bit': b'', 'cpu-version': fdt.cells(0x4E1200),
            'ibm,dec-bits': fdt.cells(56)}) for cpu in (0, 1)],
        memory_node(0, RMA), memory_node(RMA, MEMORY - RMA),
        ('/rtas', {'linux,rtas-base': fdt.cells(RTAS), 'linux,rtas-entry': fdt.cells(RTAS), 'rtas-size': fdt.cells(0x82C),
                   'start-cpu': fdt.cells(0x2006), 'ibm,hypertas-functions': fdt.strings('hcall-pft', 'hcall-term', 'hcall-set-mode')}),
        ('/vdevice', {'#address-cells': fdt.cells(1), '#size-cells': fdt.cells(0), 'compatible': fdt.strings('IBM,vdevice')}),
        ('/vdevice/vty@71000000', {'device_type': fdt.strings('serial'), 'compatible': fdt.strings('hvterm1'),
                                   'reg': fdt.cells(TERMINAL)}),
        ('/chosen', {'bootargs': fdt.strings('console=hvc0'), 'stdout-path': fdt.strings('/vdevice/vty@71000000'),
                     'linux,kernel-end': fdt.u64(KERNEL_END)}),
    ]
    for path, properties in nodes:
        for name, value in properties.items():
            made.set(path, name, value)
    return made


def machine(**facts):
    """The capture; `facts` change its manifest."""
    manifest = {'schema': 1, 'kxf': '0.1.0', 'hardware': 'ppc64le', 'kernel_release': '6.1.0-56-powerpc64le',
                'page_size_bytes': 65536, 'endian': 'little', 'kexec_load': 'present', 'kexec_file_load': 'absent',
                'device_tree': 'firmware', 'shortened': [], 'names_only': [], 'left_out': []}
    made = captures.Capture.__new__(captures.Capture)
    made.entries = {
        captures.MANIFEST: (json.dumps({**manifest, **facts}, indent=2) + '\n').encode(),
        'proc/cmdline': b'console=hvc0 root=/dev/vda2 ro\n',
        'proc/iomem': b'00000000-7fffffff : System RAM\n  00000000-0117ffff : Kernel code\n'
                      b'  01180000-02540000 : Kernel data\n  02550000-0287c917 : Kernel bss\n',
        'sys/devices/system/cpu/online': b'0-1\n', 'sys/devices/system/cpu/offline': b'\n',
        'sys/devices/system/cpu/possible': b'0-1\n',
    }
    for cpu in (0, 1):
        place = 'sys/devices/system/cpu/cpu%d/' % cpu
        made.entries[place + 'online'] = b'1\n'
        made.entries[place + 'physical_id'] = b'%d\n' % cpu
        made.entries[place + 'of_node'] = captures.Link('../../../../firmware/devicetree/base/cpus/PowerPC,POWER9@%d' % cpu)
    made.tree = tree()
    return made


def blocks_v1(*blocks):
    """ibm,dynamic-memory of (address, flags)."""
    return fdt.cells(len(blocks)) + b''.join(
        struct.pack('>QIIII', address, 0x80000000 + index, 0, 0, flags) for index, (address, flags) in enumerate(blocks))


def blocks_v2(*runs):
    """ibm,dynamic-memory-v2 of (number, address, flags)."""
    return fdt.cells(len(runs)) + b''.join(
        struct.pack('>IQIII', count, address, 0x80000000, 0, flags) for count, address, flags in runs)


def with_blocks(made, properties, block=LMB):
    """The tree `made` with its memory above the real mode area in a dynamic-reconfiguration node instead."""
    made.remove('/memory@%x' % RMA)
    made.set(DRCONF, 'ibm,lmb-size', fdt.u64(block))
    for name, value in properties.items():
        made.set(DRCONF, name, value)
    return made


def all_blocks():
    """(address, flags) of all memory: what the memory node holds counts as reserved."""
    return [(at, RESERVED if at < RMA else ASSIGNED) for at in range(0, MEMORY, LMB)]
