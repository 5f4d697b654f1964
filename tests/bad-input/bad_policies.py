# SPDX-License-Identifier: Apache-2.0
"""Profiles, flags, command lines and consoles that cannot be honoured. tests/bad-input/profiles has the profiles that are
malformed; here are those that are well formed and wrong for the machine, and one malformed one for each way to name it."""
import os

from bad_machines import changed
from case import Case, MACHINE, PROFILE, file, profile

ACPI = ('--machine', '../common/virt-efi-acpi.tar')


def _profile(name, text, message, remedy, arguments=(), **more):
    return Case(name, message, remedy, [*PROFILE, *arguments], make=profile(text), **more)


def _console(name, sink, message, remedy, **more):
    return _profile('console-' + name, '[console]\nsink = "%s"\n' % sink, message, remedy, **more)


def _line(name, text, message, remedy, **more):
    return Case('command-line-' + name, message, remedy, ['--command-line', text], **more)


def profile_cases():
    """Profiles."""
    return [
        _profile('profile-for-another-board', '[board]\nmatch = ["acme,router-v2"]\n',
                 r'the profile is for acme,router-v2 \(board.toml:3:9\), and this board is linux,dummy-virt', 'board.match'),
        _profile('profile-for-a-board-on-acpi', '[board]\nmatch = ["acme,router-v2"]\n',
                 "the profile is for acme,router-v2 .*, and this machine's device tree names no board", 'profile without board.match',
                 machine=ACPI),
        _profile('profile-unknown-key', '[consol]\nsink = "auto"\n', r'board.toml:2:2: unknown .*"console"', '.'),
        Case('profile-not-toml', 'board.toml:1:', '.', PROFILE, make=file('board.toml', 'this is not toml\n')),
        Case('profile-without-schema', 'board.toml.*schema', '.', PROFILE, make=file('board.toml', 'name = "x"\n')),
        Case('profile-of-a-newer-schema', 'board.toml:1:10.*schema', '.', PROFILE, make=file('board.toml', 'schema = 2\n')),
        Case('profile-not-utf-8', 'board.toml', '.', PROFILE, make=file('board.toml', b'schema = 1\nname = "\xff\xfe"\n')),
        Case('profile-check', 'board.toml:2:1: unknown', '.', ['profile', 'check', './board.toml'], verb=(),
             make=profile('sink = "auto"\n')),
        _profile('setting-unknown', '[settings.arm64]\npage-size = "4K"\n',
                 'board.toml:3:13: arm64 has no setting "page-size".*"page-sizes"', 'remove it, or correct it .known: page-sizes'),
        _profile('setting-of-nothing', '[settings.amr64]\npage-sizes = "4K"\n',
                 'board.toml:3:14: settings for "amr64", which no plugin has: did you mean "arm64"', 'correct the name'),
        _profile('setting-malformed', '[settings.arm64]\npage-sizes = "5K"\n', 'setting page-sizes .* "5K" is no page size',
                 'set page-sizes'),
        _profile('use-unknown-architecture', 'plugins.use = { architecture = "arm" }\n', 'architecture "arm".*arm64', '.'),
        _profile('use-unknown-codec', 'plugins.use = { codec = "gzap" }\n', 'board.toml:2:15: no codec "gzap" in any plugin; there are: bzip2, gzip, lz4, ', '"gzip"'),
        _profile('memory-source-unknown', 'memory.sources = ["dt", "iomen"]\n', 'board.toml:2:18: .*memory-source "iomen"',
                 '"iomem"'),
    ]


def flag_cases():
    """Flags: status 2 where the command line itself is wrong."""
    return [
        Case('flag-syscall-unknown', '--syscall "kexec" is none of', 'choose one', ['--syscall', 'kexec'], status=2),
        Case('flag-digest-unknown', '--digest "sha256" is none of', 'choose one', ['--digest', 'sha256'], status=2),
        Case('flags-contradict', '--command-line and --reuse-cmdline contradict', 'give one', status=2,
             arguments=['--command-line', 'a', '--reuse-cmdline']),
        Case('flag-command-line-with-line-break', '--command-line: ', 'correct', ['--command-line', 'a\nb'], status=2),
    ]


def _open_quote(capture):
    capture.entries['proc/cmdline'] = b'console=ttyAMA0 init="a b\n'


def command_line_cases():
    """Command lines."""
    return [
        _line('too-long', 'x' * 2048, 'command line: 2049 bytes with its final zero are 1 more than the 2048', 'shorten it by 1'),
        Case('command-line-too-long-by-append', 'command line: .* more than the 2048', 'shorten',
             ['--reuse-cmdline', '--append', 'y' * 2040]),
        changed('command-line-quote-open', _open_quote,
                "a double quote of the running kernel's command line is never closed, what --append appends", 'close it',
                ['--reuse-cmdline', '--append', 'quiet']),
        changed('command-line-with-zero-byte', lambda capture: capture.entries.__setitem__('proc/cmdline', b'a\0b\n'),
                "a zero byte at byte 1 of the running kernel's command line", 'one line', ['--reuse-cmdline']),
    ]


def console_cases():
    """Consoles."""
    return [
        _console('earlycon-unknown', 'pl01,0x9000000', r'board.toml:3:8 names the console "pl01", which no plugin knows.*'
                 r'did you mean "pl011".*\(known: .*pl011.*uart8250', 'correct the name'),
        _line('earlycon-unknown', 'earlycon=uart8520,mmio32,0x9000000',
              r'earlycon= names the console "uart8520", which no plugin knows.*"uart8250".*known: ', 'correct the name'),
        _line('earlyprintk-unknown', 'earlyprintk=acme,0x9000000', 'earlyprintk= names the console "acme"', 'correct the name'),
        _line('earlycon-without-address', 'earlycon=pl011', 'earlycon=: earlycon "pl011": "" is not an address', 'write it as'),
        _line('earlycon-address-malformed', 'earlycon=pl011,0x90zz', '"0x90zz" is not an address', 'write it as'),
        _line('earlycon-port-io', 'earlycon=uart8250,io,0x3f8', 'uses port I/O', 'memory-mapped'),
        _line('earlycon-in-ram', 'earlycon=pl011,0x40000000', 'earlycon= puts the console at 0x40000000, which is RAM',
              'correct the address'),
        _line('earlycon-outside-devices', 'earlycon=pl011,0x3fff0000',
              'earlycon= puts the console at 0x3fff0000, where the device tree has no device', 'device-tree.set'),
        _profile('uart-unknown-key', '[[console.uart]]\nnmae = "acme"\n',
                 r'board.toml:3:1: unknown key "nmae" in \[console.uart\]: did you mean "name"', 'profile reference'),
        _line('earlycon-big-endian', 'earlycon=pl011,mmio32be,0x9000000',
              'console sink pl011: pl011 at 0x9000000 is said to have big-endian registers', 'drop'),
        _profile('console-width-wrong', '[[device-tree.set]]\nnode = "/pl011@9000000"\nproperty = "reg-io-width"\ncells = [8]\n',
                 'console sink pl011: .* cannot be accessed 64 bits at a time', 'correct reg-io-width'),
        _console('sink-unknown', 'pl012', 'console-sink "pl012".*pl011', '"pl011"|pl011'),
        _profile('console-sink-without-device',
                 'console.sink = "pl011"\n[[device-tree.delete]]\nnode = "/chosen"\nproperty = "stdout-path"\n',
                 'asks for the console sink pl011, but neither the command line, stdout-path nor', 'name,address'),
    ]


def _breadcrumb(name, place, message, remedy):
    return _profile('breadcrumb-' + name, '[purgatory]\nbreadcrumb = "%s"\n' % place, message, remedy)


def breadcrumb_cases():
    """Places where a breadcrumb would be lost or would damage something, and readers that find none."""
    return [
        _breadcrumb('in-ram', '0x50000000', 'board.toml:3:14 puts the breadcrumb at 0x50000000-0x500000a7, which is RAM', 'no-map'),
        _breadcrumb('nowhere', '0x3fff0000', 'where the device tree has neither reserved memory nor a device', 'no-map'),
        _breadcrumb('unaligned', '0x50000004', 'which is no multiple of 8', 'correct the address'),
        _breadcrumb('without-ramoops', 'ramoops', "board.toml:3:14: the next kernel's device tree has no nodes .* ramoops", 'address'),
        Case('status-breadcrumb-without-place', 'no breadcrumb is named', '--profile', ['status', '--breadcrumb'], verb=()),
        Case('status-breadcrumb-malformed', '--breadcrumb: "here" is no place', 'correct it', ['status', '--breadcrumb=here'], verb=(),
             status=2),
        Case('status-breadcrumb-of-a-capture', 'memory, which no capture has', 'on the machine itself',
             ['status', '--breadcrumb=0x7fff0000', *MACHINE], verb=()),
        Case('status-breadcrumb-as-nobody', '/dev/mem" cannot be opened', 'as root', ['status', '--breadcrumb=0x7fff0000'], verb=(),
             nobody=True, needs=lambda kxf: None if os.path.exists('/dev/mem') else 'no /dev/mem'),
        Case('status-breadcrumb-without-pstore', '"?/sys/fs/pstore/console-ramoops-0"?', 'pstore|capture',
             ['status', '--breadcrumb=ramoops', *MACHINE], verb=()),
    ]


def cases():
    """All of them."""
    return profile_cases() + flag_cases() + command_line_cases() + console_cases() + breadcrumb_cases()
