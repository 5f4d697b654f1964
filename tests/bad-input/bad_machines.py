# SPDX-License-Identifier: Apache-2.0
"""Machines and captures that nothing can be planned on, or not this."""
import gzip
import io
import json
import os
import re
import tarfile

import captures
import fdt
import images
import kxf as program
from case import Case, PROFILE, file, profile

CAPTURE_AGAIN = 'capture'


def recorded(machine, change=None, name='machine.tar'):
    """A maker of a changed capture."""
    def make(folder):
        capture = captures.Capture(program.MACHINES / (machine + '.tar'))
        if change:
            change(capture)
        capture.write(folder / name)
        (folder / name).chmod(0o644)
    return make


def both(*makers):
    """A maker of several things."""
    return lambda folder: [make(folder) for make in makers]


def changed(name, change, message, remedy, arguments=(), machine='virt-dt-el1', make=None, **more):
    """A case on a changed capture."""
    makers = [recorded(machine, change)] + ([make] if make else [])
    return Case(name, message, remedy, arguments, machine=('--machine', 'machine.tar'), make=both(*makers), **more)


def sparse(name, size):
    """A maker of a file without content."""
    def make(folder):
        with open(folder / name, 'wb') as out:
            out.write(b'070701')
            out.truncate(size)
        (folder / name).chmod(0o644)
    return make


def archive(*members):
    """A tar archive of (TarInfo members as a dictionary, content)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w', format=tarfile.USTAR_FORMAT) as tar:
        for fields, content in members:
            info = tarfile.TarInfo()
            for key, value in fields.items():
                setattr(info, key, value)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def _tar_bytes():
    return (program.MACHINES / 'virt-dt-el1.tar').read_bytes()


def _manifest(**changes):
    manifest = json.loads(captures.Capture(program.MACHINES / 'virt-dt-el1.tar').entries[captures.MANIFEST])
    manifest.update(changes)
    return json.dumps({key: value for key, value in manifest.items() if value is not None}).encode()


def _capture(name, content, message, remedy=CAPTURE_AGAIN, make=None):
    return Case('capture-' + name, message, remedy, machine=('--machine', 'machine.tar'),
                make=make or file('machine.tar', content))


def _set_manifest(name, message, remedy=CAPTURE_AGAIN, raw=None, **changes):
    def change(capture):
        capture.entries[captures.MANIFEST] = _manifest(**changes) if raw is None else raw
    return changed('capture-' + name, change, message, remedy)


def _checksum(content):
    broken = bytearray(content)
    broken[0] ^= 1
    return bytes(broken)


def capture_cases():
    """Captures that are none, or damaged."""
    whole = _tar_bytes()
    two = archive(({'name': captures.MANIFEST}, b'{}'), ({'name': captures.MANIFEST}, b'{}'))
    return [
        Case('machine-missing', 'machine "none.tar".*(No such file|does not exist|not there)', '.',
             machine=('--machine', 'none.tar')),
        Case('machine-dangling-link', 'machine "machine.tar"', '.', machine=('--machine', 'machine.tar'),
             make=lambda folder: (folder / 'machine.tar').symlink_to('nowhere')),
        Case('machine-fifo', 'machine "machine.tar"', '.', machine=('--machine', 'machine.tar'),
             make=lambda folder: os.mkfifo(folder / 'machine.tar')),
        Case('machine-unreadable', 'machine "machine.tar".*Permission denied', '.', machine=('--machine', 'machine.tar'),
             make=both(recorded('virt-dt-el1'), lambda folder: (folder / 'machine.tar').chmod(0)), nobody=True),
        _capture('empty', b'', 'machine "machine.tar"'),
        _capture('truncated-in-header', whole[:700], 'tar archive, at byte 0|ends'),
        _capture('truncated-in-file', whole[:len(whole) // 2], 'tar archive, at byte'),
        _capture('without-end', whole[:len(whole) // 10240 * 10240 - 10240 + 512], 'tar archive|kxf-capture'),
        _capture('text', b'no archive at all\n' * 100, r'no tar header \(ustar\)'),
        _capture('compressed', gzip.compress(whole, mtime=0), r'no tar header \(ustar\)', 'unpack it if it is compressed'),
        _capture('checksum-wrong', _checksum(whole), 'header checksum is'),
        _capture('path-leaves-archive', archive(({'name': '../../etc/passwd'}, b'x')), 'path leaves the archive', 'do not'),
        _capture('hard-link', archive(({'name': 'a', 'type': tarfile.LNKTYPE, 'linkname': 'b'}, b'')),
                 '"a" is of a type that captures do not have', 'pack only'),
        _capture('device-node', archive(({'name': 'a', 'type': tarfile.CHRTYPE}, b'')),
                 '"a" is of a type that captures do not have', 'pack only'),
        _capture('entry-twice', two, 'two entries for "kxf-capture.json"'),
        _capture('of-something-else', archive(({'name': 'README'}, b'hello')), 'no capture: it has no kxf-capture.json'),
        Case('capture-directory-of-something-else', 'no capture: it has no kxf-capture.json', 'kxf capture',
             machine=('--machine', 'tree'), make=lambda folder: (folder / 'tree').mkdir()),
        _set_manifest('manifest-no-json', 'no JSON object', raw=b'schema: 1\n'),
        _set_manifest('manifest-empty', 'no JSON object', raw=b''),
        _set_manifest('manifest-list', 'no JSON object', raw=b'[1]'),
        _set_manifest('schema-missing', '"schema" is missing', schema=None),
        _set_manifest('schema-text', '"schema" is missing or no number', schema='1'),
        _set_manifest('schema-newer', 'it is of schema 2, this kxf reads schema 1', 'newer', schema=2),
        _set_manifest('hardware-missing', '"hardware" is missing', hardware=None),
        _set_manifest('page-size-odd', '"page_size_bytes" is missing or no power of two', page_size_bytes=4097),
        _set_manifest('page-size-zero', '"page_size_bytes" is missing or no power of two', page_size_bytes=0),
        _set_manifest('endian-unknown', '"endian" is "middle"', endian='middle'),
        _set_manifest('support-unknown-word', '"kexec_load" is "maybe"', kexec_load='maybe'),
    ]


def _hide_iomem(capture):
    lines = ['%s00000000-00000000 : %s' % (' ' * (len(line) - len(line.lstrip())), line.split(' : ')[1])
             for line in capture.text('proc/iomem').splitlines()]
    capture.entries['proc/iomem'] = ('\n'.join(lines) + '\n').encode()


def _spread_reservations(capture):
    """Ten holes of descending size and with an end that has a name."""
    tree = capture.tree
    for i in range(10):
        start = 0x41000000 + i * 0x3000000 + i * 0x100000
        tree.set('/reserved-memory', '#address-cells', fdt.cells(2)).set('/reserved-memory', '#size-cells', fdt.cells(2))
        tree.set('/reserved-memory', 'ranges', b'')
        tree.set('/reserved-memory/island@%x' % start, 'reg', fdt.u64(start, 0x100000))
    capture.tree = tree


def _lock(text):
    return lambda capture: capture.entries.__setitem__('sys/kernel/security/lockdown', text)


def _spin_table(release):
    """Every CPU waits in a spin table; release(CPU) is its release address, None: none of them has one."""
    def change(capture):
        tree = capture.tree
        for cpu in (0, 1):
            tree.set('/cpus/cpu@%d' % cpu, 'enable-method', fdt.strings('spin-table'))
            if release:
                tree.set('/cpus/cpu@%d' % cpu, 'cpu-release-addr', fdt.cells(0, release(cpu)))
        capture.tree = tree
    return change


def _without_switches(capture):
    """No CPU can be taken down."""
    for path in [path for path in capture.entries if re.fullmatch(r'sys/devices/system/cpu/cpu\d+/online', path)]:
        capture.entries.pop(path)


def _parked(capture):
    """ACPI without the flag of the FADT that the other way to start CPUs has, and mailboxes in the MADT."""
    _without_switches(capture)
    fadt = bytearray(capture.entries['sys/firmware/acpi/tables/FACP'])
    fadt[129] = 0
    madt = bytearray(capture.entries['sys/firmware/acpi/tables/APIC'])
    for at in (0x44, 0x94):
        madt[at + 16] = 1
        madt[at + 24:at + 32] = (0x7f000000).to_bytes(8, 'little')
    capture.entries['sys/firmware/acpi/tables/FACP'] = bytes(fadt)
    capture.entries['sys/firmware/acpi/tables/APIC'] = bytes(madt)


def _spcr(at, content):
    """A changed console table of ACPI."""
    def change(capture):
        table = capture.entries['sys/firmware/acpi/tables/SPCR']
        capture.entries['sys/firmware/acpi/tables/SPCR'] = table[:at] + content + table[at + len(content):]
    return change


def _without_line(part):
    """A boot log that lost a line."""
    def change(capture):
        lines = capture.entries['kxf-boot-log'].decode().split('\n')
        capture.entries['kxf-boot-log'] = '\n'.join(line for line in lines if part not in line).encode()
    return change


def _facts(lockdown=None, kho=False, **facts):
    def change(capture):
        capture.facts(**facts)
        if lockdown:
            _lock(lockdown)(capture)
        if kho:
            capture.entries['proc/cmdline'] = b'console=ttyAMA0 kho=on\n'
    return change


LOCKED = b'none [integrity] confidentiality\n'


def memory_cases():
    """No room, or no memory known."""
    five = r'(?s)no room for segment initrd: it needs 900 MiB on a multiple of 64 KiB, within 32 GiB of the kernel' \
        r'(\n    hole 0x[0-9a-f]+-0x[0-9a-f]+ of [0-9.]+ [KMG]iB: ended by [^\n]+){5}$'
    return [
        changed('no-room-kernel', None, r'(?s)no room for segment kernel: it needs 2 GiB on a multiple of 2 MiB.*hole 0x.*'
                'ended by', 'kxf plan lists all memory', kernel=('--kernel', 'Image'), make=_huge_kernel),
        changed('no-room-initrd', _spread_reservations, five, 'smaller initrd', ['--initrd', 'initrd'],
                make=sparse('initrd', 900 << 20)),
        changed('no-room-blocked', _spread_reservations, '(?s)ended by "/reserved-memory/island@', 'free what blocks',
                ['--initrd', 'initrd'], make=sparse('initrd', 900 << 20)),
        changed('no-room-together', None, r'(?s)no room for all segments together:\n    kernel needs .*\n    initrd needs ',
                'smaller initrd', ['--initrd', 'initrd'], kernel=('--kernel', 'Image'),
                make=both(_large_kernel, sparse('initrd', 600 << 20))),
        changed('no-usable-memory', None, 'there is no usable memory at all', 'free what blocks', PROFILE,
                make=profile('[[memory.reserve]]\nstart = "0x0"\nsize = "8 TiB"\nreason = "everything"\n')),
        changed('more-than-half-of-ram', None, 'the segments take .* no more than half of its RAM', 'smaller initrd',
                ['--initrd', 'initrd'], make=sparse('initrd', 520 << 20)),
        changed('memory-hidden-from-user', _hide_iomem, 'no memory source lists RAM .*hidden from this user', 'run as root',
                PROFILE, make=profile('memory.sources = ["iomem"]\n')),
        changed('memory-map-missing', lambda capture: capture.entries.pop('proc/iomem'), 'no memory source lists RAM',
                'run as root', machine='virt-efi-dt'),
        changed('iomem-malformed', lambda capture: capture.entries.__setitem__('proc/iomem', b'40000000-4fffffff RAM\n'),
                '/proc/iomem line 1: "40000000-4fffffff RAM" is no', 'as it is'),
    ]


def _huge_kernel(folder):
    file('Image', images.arm64_image(4096, image_size=2 << 30))(folder)


def _large_kernel(folder):
    file('Image', images.arm64_image(4096, image_size=600 << 20))(folder)


def other_cases():
    """The wrong machine, or one that does not allow it."""
    return [
        changed('machine-of-another-architecture', _facts(hardware='x86_64'),
                'no plugin knows the architecture of this machine, "x86_64" .known: arm64.', 'architecture plugin'),
        changed('kexec-file-load-absent', _facts(kexec_file_load='absent'),
                '--syscall asks for kexec_file_load, which the running kernel does not have', 'CONFIG_KEXEC_FILE',
                ['--syscall', 'kexec_file_load']),
        changed('kexec-load-absent', _facts(kexec_load='absent'),
                '--syscall asks for kexec_load, which the running kernel does not have', 'CONFIG_KEXEC',
                ['--syscall', 'kexec_load']),
        changed('kexec-load-absent-and-needed', _facts(kexec_load='absent', kexec_file_load='present'),
                r'only kexec_load can honour a digest \(--digest\), and the running kernel does not have it', 'CONFIG_KEXEC',
                ['--digest', 'always']),
        changed('file-load-cannot-honour', _facts(kexec_file_load='present'),
                'asks for kexec_file_load, which cannot honour a digest', 'use kexec_load',
                ['--syscall', 'kexec_file_load', '--digest', 'always']),
        changed('locked-down', _facts(lockdown=LOCKED, kexec_file_load='absent'),
                r'the kernel is locked down \(none \[integrity\] confidentiality\), and the kernel has no kexec_file_load',
                'lift the restriction'),
        changed('locked-down-and-digest', _facts(lockdown=LOCKED, kexec_file_load='present'),
                'only kexec_load can honour a digest .* but the kernel is locked down', 'drop the one or lift the other',
                ['--digest', 'always']),
        changed('locked-down-and-kexec-load', _facts(lockdown=LOCKED, kexec_file_load='present'),
                '--syscall asks for kexec_load, but the kernel is locked down', 'use kexec_file_load',
                ['--syscall', 'kexec_load']),
        changed('handover-and-kexec-load', _facts(kho=True, kexec_file_load='present'),
                r'asks for kexec_load, but kexec handover is on \(kho=on\)', 'use kexec_file_load',
                ['--syscall', 'kexec_load']),
        Case('spin-table', r'CPU 0x[0-9a-f]+ cannot be handed to the next kernel: Linux cannot take a spin-table CPU back: '
             'with 4 possible CPUs kexec_load answers EBUSY',
             r'boot the running kernel with nr_cpus=1 \(nosmp and maxcpus=1 do not help\), give the firmware PSCI',
             machine=('--machine', '../common/raspi3b.tar')),
        changed('spin-table-shared', _spin_table(lambda cpu: 0x7f000000),
                r'CPU 0x0 cannot be handed to the next kernel: /cpus/cpu@0 and /cpus/cpu@1 have the same cpu-release-addr',
                'give each CPU a cpu-release-addr of its own'),
        changed('spin-table-without-release', _spin_table(None), '/cpus/cpu@0 has no cpu-release-addr', 'add cpu-release-addr'),
        changed('spin-table-returns-nowhere', _spin_table(lambda cpu: 0x7f000000 + 8 * cpu),
                'has no cpu-return-addr to return to', 'cpu-return-addr', PROFILE,
                make=profile('cpus.kernel-returns-cpus = true\n')),
        changed('cpus-stuck', _without_switches,
                'the running kernel would answer EBUSY: [0-9]+ CPUs are possible, and it can take none of them down',
                r'nr_cpus=1 \(nosmp and maxcpus=1 do not help\)'),
        changed('parking-protocol', _parked,
                'the CPUs cannot be handed to the next kernel: Linux cannot take back a CPU of the ACPI parking protocol',
                'nr_cpus=1', machine='virt-efi-acpi'),
        changed('console-of-acpi-in-ram', _spcr(44, (0x48000000).to_bytes(8, 'little')),
                'ACPI SPCR puts the console at 0x48000000, which is RAM', 'correct the address', machine='virt-efi-acpi'),
        changed('lpi-tables-unknown', lambda capture: capture.entries.pop('kxf-boot-log'),
                'it is not known where they are: the boot log', 'lpi-tables to auto', PROFILE, machine='virt-dt-its',
                make=profile('[settings.arm64]\nlpi-tables = "required"\n')),
        changed('lpi-table-of-a-cpu-unknown', _without_line('CPU1: using'),
                'it is not known where they are: the pending table of CPU 1', 'lpi-tables to auto', PROFILE,
                machine='virt-dt-its', make=profile('[settings.arm64]\nlpi-tables = "required"\n')),
        changed('lpi-tables-and-file-load', _facts(kexec_file_load='present'),
                r'asks for kexec_file_load, which cannot honour memory that only the next tree can reserve \(GICv3 LPI',
                'use kexec_load', ['--syscall', 'kexec_file_load'], machine='virt-dt-its'),
        changed('psci-disabled', lambda capture: setattr(capture, 'tree', capture.tree.set('/psci', 'status',
                                                                                           fdt.strings('disabled'))),
                'cannot be handed to the next kernel: /psci is disabled', 'boot'),
        Case('cpu-method-not-allowed', r'(?s)CPU 0x0 .*the enable method "psci" is not allowed by board.toml:3', 'cpus.mismatch',
             PROFILE, make=profile('[cpus]\nmethods = ["spin-table"]\nmismatch = "refuse"\n')),
        Case('cpu-missing-in-new-tree', 'CPU 0x1 .*it is not in the next device tree', 'cpus.mismatch',
             [*PROFILE, '--dtb', 'board.dtb'], make=both(_one_cpu, profile('cpus.mismatch = "refuse"\n'))),
        changed('command-line-cannot-be-reused', lambda capture: capture.entries.pop('proc/cmdline'),
                '--reuse-cmdline: "/proc/cmdline" is not there', '--command-line', ['--reuse-cmdline']),
        Case('load-without-permission', 'loading a kernel needs root: this process does not have CAP_SYS_BOOT', 'run kxf as root',
             ['load', '--kernel', '../common/Image'], verb=(), nobody=True),
        Case('load-on-a-capture', 'kxf load acts on the running system, not on a capture', 'kxf plan',
             ['load', '--machine', '../common/virt-dt-el1.tar', '--kernel', '../common/Image'], verb=(), status=2),
    ]


def bundle_cases():
    """A plan that firmware cannot start, or a file that cannot be written."""
    def bundle(name, message, remedy, *, machine='virt-dt-el1', arguments=(), output='board.img', make=None, status=1):
        return Case(name, message, remedy, ['--machine', f'../common/{machine}.tar', '--kernel', '../common/Image', '-o', output,
                                            *arguments], verb=('bundle',), make=make, status=status)

    return [
        bundle('bundle-into-no-folder', '"no/such/board.img" cannot be created: No such file or directory',
               'choose a directory that exists', output='no/such/board.img'),
        bundle('bundle-of-no-capture', '../common/missing.tar" cannot be opened|"../common/missing.tar" is not there', 'capture',
               machine='missing'),
        bundle('bundle-of-a-machine-by-efi', 'started by EFI, whose tables are at another place after each reset',
               'firmware starts with a device tree', machine='virt-efi-dt'),
        bundle('bundle-without-staging', 'the bundle needs .* of memory in one piece that no segment takes', 'use a smaller initrd',
               arguments=[*PROFILE, '--initrd', 'initrd'],
               make=both(sparse('initrd', 300 << 20), profile('[[memory.reserve]]\nstart = "0x55000000"\nsize = "300 MiB"\n'
                                                              'reason = "a log"\n'))),
    ]


def _one_cpu(folder):
    tree = captures.Capture(program.MACHINES / 'virt-dt-el1.tar').tree
    tree.remove('/cpus/cpu@1')
    file('board.dtb', tree.blob())(folder)


def cases():
    """All of them."""
    return capture_cases() + memory_cases() + other_cases() + bundle_cases()
