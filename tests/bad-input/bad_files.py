# SPDX-License-Identifier: Apache-2.0
"""Files that are not there, cannot be read or are no files."""
import os

from case import Case, PROFILE, file, profile


def unreadable(name):
    """A file without any permission."""
    def make(folder):
        file(name, b'secret')(folder)
        (folder / name).chmod(0)
    return make


def _kernel(name, message, remedy, make=None, **more):
    return Case('kernel-' + name, 'kernel: ' + message, remedy, kernel=('--kernel', 'Image'), make=make, **more)


def cases():
    """All of them."""
    found = [
        _kernel('missing', 'cannot open "Image": No such file', 'check the path'),
        _kernel('dangling-link', 'cannot open "Image": No such file', 'check the path',
                lambda folder: (folder / 'Image').symlink_to('nowhere')),
        _kernel('link-loop', 'cannot open "Image": Too many levels', 'name',
                lambda folder: (folder / 'Image').symlink_to('Image')),
        _kernel('directory', '"Image" is not a regular file', 'name a file', lambda folder: (folder / 'Image').mkdir()),
        _kernel('fifo', '"Image" is not a regular file', 'name a file', lambda folder: os.mkfifo(folder / 'Image')),
        _kernel('empty', '"Image" is empty', 'check how it was made', file('Image', b'')),
        _kernel('unreadable', 'cannot open "Image": Permission denied', 'run as a user who may', unreadable('Image'),
                nobody=True),
        Case('kernel-below-a-file', 'kernel: cannot open "../common/Image/vmlinux": Not a directory', 'name',
             kernel=('--kernel', '../common/Image/vmlinux')),
        Case('kernel-device', 'kernel: "/dev/zero" is not a regular file', 'name a file', kernel=('--kernel', '/dev/zero')),
        Case('kernel-not-named', 'no kernel is named', '--kernel', kernel=()),
        Case('kernel-name-empty', '--kernel: ', '--kernel', kernel=('--kernel', ''), status=2),
        Case('initrd-missing', 'initrd: cannot open "none": No such file', 'check the path', ['--initrd', 'none']),
        Case('initrd-second-missing', 'initrd: cannot open "none"', 'check the path',
             ['--initrd', '../common/initrd', '--initrd', 'none']),
        Case('initrd-empty', 'initrd: "initrd" is empty', 'check how', ['--initrd', 'initrd'], make=file('initrd', b'')),
        Case('initrd-directory', 'initrd: "." is not a regular file', 'name a file', ['--initrd', '.']),
        Case('initrd-unreadable', 'initrd: cannot open "initrd": Permission denied', 'run as a user who may',
             ['--initrd', 'initrd'], make=unreadable('initrd'), nobody=True),
        Case('tree-missing', 'device tree: cannot open "none.dtb": No such file', 'check the path', ['--dtb', 'none.dtb']),
        Case('tree-directory', 'device tree: "." is not a regular file', 'name a file', ['--dtb', '.']),
        Case('tree-empty', 'device tree: "empty.dtb" is empty', 'check how', ['--dtb', 'empty.dtb'],
             make=file('empty.dtb', b'')),
        Case('overlay-missing', 'device tree: overlay: cannot open ".*none.dtbo": No such file', 'check the path', PROFILE,
             make=profile('device-tree.overlays = ["none.dtbo"]\n')),
        Case('profile-missing', 'profile "./none.toml" cannot be opened: No such file', 'name a profile',
             ['--profile', './none.toml']),
        Case('profile-not-installed', 'no profile "acme-nowhere" in ', 'name one that is there',
             ['--profile', 'acme-nowhere']),
        Case('profile-directory', 'profile "./board.toml" is a directory', 'name a TOML file', PROFILE,
             make=lambda folder: (folder / 'board.toml').mkdir()),
        Case('profile-fifo', 'profile "./board.toml" is not a regular file', 'name a TOML file', PROFILE,
             make=lambda folder: os.mkfifo(folder / 'board.toml')),
        Case('profile-unreadable', 'profile "./board.toml" cannot be opened: Permission denied', 'readable', PROFILE,
             make=unreadable('board.toml'), nobody=True),
        Case('profile-over-1-mib', 'profile "./board.toml" is larger than 1048576 bytes', 'check', PROFILE,
             make=profile('# ' + 'x' * (1 << 20))),
    ]
    return found
