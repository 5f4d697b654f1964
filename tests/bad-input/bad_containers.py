# SPDX-License-Identifier: Apache-2.0
"""Images that hold images, their signatures, and files that a profile pins."""
import gzip
import hashlib
import pathlib

import captures
import containers
import fdt
import fixtures
import images
import kxf as program
from case import Case, PROFILE, file, profile

SIGNED = pathlib.Path(__file__).resolve().parent.parent / 'images'
AGAIN = 'again'
KERNEL = ('--kernel', 'Image')
KEYS = 'kernel.keys = ["signer.pem"]\n'
REQUIRED = 'kernel.signature = "required"\n' + KEYS


def _files(text, **contents):
    """A maker of ./board.toml and other files; dashes stand for dots in their names."""
    def make(folder):
        profile(text)(folder)
        for name, content in contents.items():
            file(name.replace('_', '.'), content)(folder)
    return make


def _case(name, content, message, remedy, text='', **files):
    return Case(name, message, remedy, PROFILE, kernel=KERNEL, make=_files(text, Image=content, **files))


def _fit(kernel=None, compression='none', default='conf', **roles):
    """A FIT of one kernel and what the configuration is to name besides."""
    nodes = {'kernel-1': containers.fit_image('kernel', kernel or images.arm64_image(), compression),
             'text': containers.fit_image('flat_dt', b'no tree at all'),
             'tree': containers.fit_image('flat_dt', fdt.Tree().blob()),
             'overlay': containers.fit_image('flat_dt', fixtures.overlay().blob())}
    return containers.fit(nodes, {'conf': {'kernel': ['kernel-1'], **roles}}, default)


def _with_file_load(content):
    """A maker of the kernel and of the recorded machine with kexec_file_load."""
    def make(folder):
        capture = captures.Capture(program.MACHINES / 'virt-dt-el1.tar')
        capture.facts(kexec_file_load='present')
        capture.write(folder / 'machine.tar')
        file('Image', content)(folder)
    return make


def fit_cases():
    """FIT without signatures."""
    good = _fit()
    broken = bytearray(good)
    broken[good.index(images.arm64_image()) + 5000] ^= 1
    board = fixtures.board_tree(captures.Capture(program.MACHINES / 'virt-dt-el1.tar')).blob()
    nothing = fdt.Tree(fdt.Node('', {}, [fdt.Node('images')])).blob()
    several = containers.fit({'kernel-1': containers.fit_image('kernel', b'x')},
                             {'one': {'kernel': ['kernel-1']}, 'two': {'kernel': ['kernel-1']}})
    return [
        _case('fit-truncated', good[:-1000], '.*damaged fit: truncated: its header says', AGAIN),
        _case('fit-truncated-in-header', good[:30], '.*damaged fit: ', AGAIN),
        _case('fit-hash-wrong', bytes(broken), r'.*fit: image "kernel-1": its sha256 is [0-9a-f]{64}, and hash-1 says', AGAIN),
        _case('fit-that-is-a-device-tree', board, '.*damaged fit: it has no /images: a device tree of a board', AGAIN),
        _case('fit-without-configurations', nothing, '.*fit: damaged FIT: it has no /configurations', AGAIN),
        _case('fit-without-default', several, '.*fit: no default configuration; none .* for this board; there are one, two',
              'kernel.configuration'),
        _case('fit-configuration-unknown', good, '.*fit: no configuration "other"; there are conf', 'kernel.configuration',
              'kernel.configuration = "other"\n'),
        _case('fit-image-missing', _fit(fdt=['gone']), '.*the configuration names the image "gone", which is not there', AGAIN),
        _case('fit-of-no-kernel', containers.fit({'tree': containers.fit_image('flat_dt', board)}, {'conf': {'fdt': ['tree']}}),
              '.*the configuration names 0 kernels', 'configuration'),
        _case('fit-role-of-another-type', _fit(ramdisk=['tree']), '.*image "tree" is a "flat_dt", where a ramdisk is needed',
              'correct'),
        _case('fit-compression-that-is-not', _fit(compression='gzip'),
              '.*fit: damaged: the kernel is packed with gzip by what the image says, and its bytes are not', 'build'),
        _case('fit-compression-unsaid', _fit(gzip.compress(images.arm64_image(), mtime=0)),
              '.*fit: damaged: the kernel is not packed by what the image says, and its bytes are packed with gzip', 'build'),
        _case('fit-compression-unknown', _fit(compression='zip'), '.*packed with zip, which no plugin unpacks', 'plugin'),
        _case('fit-tree-that-is-none', _fit(fdt=['text']), "device tree: .*the image's own", '.'),
        _case('fit-overlay-without-labels', _fit(fdt=['tree', 'tree']), 'device tree: .*overlay 1 of 1 in the image', '.'),
        Case('fit-tree-for-kexec_file_load', "--syscall asks for kexec_file_load, which cannot honour the image's own device tree",
             'kexec_load', ['--syscall', 'kexec_file_load'], machine=('--machine', 'machine.tar'), kernel=KERNEL,
             make=_with_file_load(_fit(fdt=['tree']))),
        _case('configuration-of-an-image-without', images.arm64_image(),
              'board.toml:2:24 chooses the configuration "x", and this image has none|.*has none to choose from .arm64-image.',
              'remove kernel.configuration', 'kernel.configuration = "x"\n'),
    ]


def signature_cases():
    """Signed FITs, made by mkimage."""
    def signed(name):
        return (SIGNED / (name + '.itb')).read_bytes()
    rsa, stranger = (SIGNED / 'rsa2048.pem').read_bytes(), (SIGNED / 'stranger.pem').read_bytes()
    changed = signed('rsa2048').replace(b'PLAIN kernel one', b'PLAIN kernel eno')
    described = signed('rsa2048').replace(b'rsa2048\0', b'rsa2o48\0', 1)
    plain = images.arm64_image()
    wrapped = containers.uki([('.linux', signed('rsa2048')), ('.cmdline', b'init=/bin/sh')])
    return [
        _case('signature-by-a-stranger', signed('rsa2048'), '.*"conf-1" is signed, .*signature-1: no key verifies it',
              'kernel.keys', KEYS, signer_pem=stranger),
        _case('signature-of-changed-data', changed, '.*image "kernel-1": its sha256 is', AGAIN, REQUIRED, signer_pem=rsa),
        _case('signature-of-a-changed-tree', described, '.*signature-1: no key verifies it', 'kernel.keys', REQUIRED,
              signer_pem=rsa),
        _case('signature-missing', signed('boards'), '.*"conf-1" is not verified, and a signature is required: it has no signature',
              'sign', REQUIRED, signer_pem=rsa),
        _case('signature-of-another-configuration', signed('mix'), '.*"conf-3" is not verified', 'sign', REQUIRED, signer_pem=rsa),
        _case('signature-by-sha1', signed('sha1'), '.*sha1,rsa2048 rests on sha1, which can be forged', '.', REQUIRED,
              signer_pem=rsa),
        _case('signature-of-a-part', signed('kernel-and-fdt'), '.*is not enough: it does not cover "initrd-1"', 'sign-images',
              REQUIRED, signer_pem=rsa),
        _case('signature-over-crc32', signed('weak-hash'), '.*"kernel-1" has no hash that a signature can rest on', 'sha256',
              REQUIRED, signer_pem=rsa),
        _case('signature-of-images-alone', signed('signed-images'), '.*it has no signature', 'sign', REQUIRED, signer_pem=rsa),
        _case('signature-required-of-an-image', plain, '.*no verified signature covers this kernel, and board.toml:2:20 requires one',
              'FIT', REQUIRED, signer_pem=rsa),
        _case('signature-required-of-a-packed-image', gzip.compress(plain, mtime=0), '.*no verified signature covers this kernel',
              'FIT', REQUIRED, signer_pem=rsa),
        _case('signature-required-of-a-uki', containers.uki([('.linux', plain)], bytes(64)), '.*uki: .*kxf does not verify it',
              'FIT|pin', REQUIRED, signer_pem=rsa),
        _case('signature-inside-a-uki', wrapped, '.*uki: .*kxf does not verify it', 'FIT|pin', REQUIRED, signer_pem=rsa),
        _case('signature-required-without-keys', plain, 'board.toml:2:20 requires a signature, and there are no keys',
              'kernel.keys', 'kernel.signature = "required"\n'),
        _case('key-that-is-none', signed('rsa2048'), '.*public key ".*signer.pem": no PEM block', 'PEM', KEYS,
              signer_pem=b'ssh-rsa AAAA'),
        _case('key-damaged', signed('rsa2048'), '.*public key ".*signer.pem": ', 'PEM', KEYS, signer_pem=rsa.replace(b'M', b'?', 9)),
        _case('key-that-is-private', signed('rsa2048'), '.*a private key', 'openssl pkey -pubout', KEYS,
              signer_pem=rsa.replace(b'PUBLIC', b'PRIVATE')),
        _case('key-missing', signed('rsa2048'), 'kernel.keys: cannot open .*signer.pem', 'check', KEYS),
    ]


def uki_cases():
    """UKI."""
    kernel = images.arm64_image()
    good = containers.uki([('.linux', kernel), ('.cmdline', b'quiet')])
    return [
        _case('uki-truncated', good[:-2000], '.*damaged uki: truncated: its section .linux is', AGAIN),
        _case('uki-addon', containers.uki([('.cmdline', b'quiet')]), '.*damaged uki: .*an add-on to a UKI', AGAIN),
        _case('uki-with-two-kernels', containers.uki([('.linux', kernel), ('.linux', kernel)]),
              '.*section .linux is there twice', AGAIN),
        _case('uki-kernel-empty', containers.uki([('.linux', b'')]), '.*its section .linux is empty', 'UKI'),
        _case('uki-profile-unknown', containers.uki([('.linux', kernel), ('.profile', b'ID=regular')]),
              '.*no profile "@1"; there are @0 regular', 'kernel.configuration', 'kernel.configuration = "@1"\n'),
        _case('uki-command-line-with-line-break', containers.uki([('.linux', kernel), ('.cmdline', b'quiet\nsplash')]),
              "command line: a line break at byte 5 of the image's command line", 'one line'),
        _case('uki-of-no-kernel', containers.uki([('.linux', images.bzimage())]), '.*what was unwrapped is not a kernel image', '.'),
    ]


def pin_cases():
    """SHA-256 of files in the profile."""
    kernel, initrd = images.arm64_image(), images.initrd(1001)
    other = hashlib.sha256(b'').hexdigest()
    initrd_digest = hashlib.sha256(initrd).hexdigest()
    tree = fdt.Tree().blob()

    def pinned(name, text, message, remedy, *arguments):
        return Case('pin-' + name, message, remedy, [*PROFILE, *arguments], kernel=KERNEL,
                    make=_files(text, Image=kernel, initrd=initrd, board_dtb=tree))
    return [
        pinned('kernel', 'kernel.sha256 = "%s"\n' % other,
               'kernel "Image": its SHA-256 is [0-9a-f]{64}, and board.toml:2:17 pins it to ' + other, 'pin'),
        pinned('initrd', 'kernel.initrd-sha256 = ["%s"]\n' % other, 'initrd 1 of 1: its SHA-256 is ' + initrd_digest, 'pin',
               '--initrd', 'initrd'),
        pinned('initrd-too-many', 'kernel.initrd-sha256 = ["%s"]\n' % initrd_digest, 'initrd: .* pins 1 of them, and there are 2',
               'each', '--initrd', 'initrd', '--initrd', 'initrd'),
        pinned('initrd-none', 'kernel.initrd-sha256 = ["%s"]\n' % initrd_digest, 'initrd: .* pins 1 of them, and there are 0', 'each'),
        pinned('tree', 'device-tree.sha256 = "%s"\n' % other, 'device tree: "board.dtb": its SHA-256 is', 'pin', '--dtb', 'board.dtb'),
        pinned('tree-of-the-running-system', 'device-tree.sha256 = "%s"\n' % other, 'device tree: .* pins a tree from a file', '--dtb'),
        pinned('malformed', 'kernel.sha256 = "abc"\n', 'board.toml:2:17: kernel.sha256: wanted 64 hexadecimal digits', 'correct'),
    ]


def cases():
    """All of them."""
    return fit_cases() + signature_cases() + uki_cases() + pin_cases()
