# SPDX-License-Identifier: Apache-2.0
"""Plugins that are missing, do not fit or are not trusted. tests/bad-plugins has one small plugin for each defect; the unit
tests go through all of them, here are those that users meet."""
import hashlib
import os
import shutil

import kxf as program
from case import Case, PROFILE, file, profile

OTHER_BUILD = 'install a build of it for this kxf'


def directory(*edits, name='extra'):
    """A maker of a plugin directory beside the build's own; each edit is function(directory, build)."""
    def make(folder, kxf):
        extra = folder / name
        extra.mkdir()
        extra.chmod(0o755)
        for edit in edits:
            edit(extra, kxf)
        return [extra.resolve(), kxf.plugins]
    return make


def copied(defect, name=None):
    """Copy a plugin of tests/bad-plugins."""
    def edit(extra, kxf):
        target = extra / (name or defect + '.so')
        shutil.copy(kxf.bad_plugins / (defect + '.so'), target)
        target.chmod(0o755)
    return edit


def written(name, content):
    """A file that is no plugin."""
    def edit(extra, _):
        (extra / name).write_bytes(content)
        (extra / name).chmod(0o755)
    return edit


def _needs_bad_plugins(kxf):
    return None if kxf.bad_plugins.is_dir() else 'tests/bad-plugins is not built'


def _needs_root(kxf):
    return _needs_bad_plugins(kxf) or (None if program.can_be_nobody() else 'only root can give files away')


def _bad(defect, message, remedy):
    return Case('plugin-' + defect, 'plugin .*/extra/%s.so: %s' % (defect, message), remedy, needs=_needs_bad_plugins,
                plugins=directory(copied(defect)))


def _file(name, message, remedy, *edits, **more):
    return Case('plugin-' + name, message, remedy, plugins=directory(*edits), **more)


def _needs_filter(kxf):
    """Under a sanitizer neither system calls nor memory have limits."""
    sanitized = any(line.startswith('KXF_SANITIZE:') and line.rstrip().split('=', 1)[1]
                    for line in (kxf.bad_plugins.parent / 'CMakeCache.txt').read_text().splitlines())
    return _needs_bad_plugins(kxf) or ('not in a build with sanitizers' if sanitized else None)


def _hostile(defect, message, remedy, *more_profile, needs=_needs_bad_plugins, status=1):
    """A plugin of tests/bad-plugins/hostile.hpp at work."""
    def make(folder):
        profile(''.join(more_profile))(folder)
        file('Image', b'BAD ' + bytes(5000))(folder)
    return Case('plugin-' + defect, '^kxf: kernel "Image": ' + message, remedy, PROFILE, kernel=('--kernel', 'Image'),
                make=make, plugins=directory(copied(defect)), needs=needs, status=status)


def _bad_kernel(defect, message, remedy):
    """The same, where the core finds out what is wrong with the kernel that it claims to have found."""
    return Case('plugin-' + defect, '^kxf: ' + message, remedy, kernel=('--kernel', 'Image'),
                make=file('Image', b'BAD ' + bytes(5000)), plugins=directory(copied(defect)), needs=_needs_bad_plugins, status=4)


def _verb(name, arguments, message, remedy, **more):
    return Case('plugin-' + name, message, remedy, verb=arguments, plugins=lambda folder, kxf: [], **more)


def _own(extra, _):
    os.chown(extra / 'good.so', program.NOBODY, program.NOBODY)


def _wrong_pin(folder):
    profile('plugins.sha256 = { "good.so" = "%s" }\n' % hashlib.sha256(b'another file').hexdigest())(folder)


def cases():
    """All of them."""
    good = copied('good')
    return [
        # does not fit: what the note says, what the descriptor says
        _bad('note-abi-major', 'abi major is 2 in the note, this kxf has 1', OTHER_BUILD),
        _bad('note-abi-minor', 'abi minor is 99 in the note, this kxf has', OTHER_BUILD),
        _bad('note-compiler-abi', 'compiler abi is 1002 in the note, this kxf has', OTHER_BUILD),
        _bad('note-cxx11-strings', 'cxx11 strings is 0 in the note, this kxf has 1', OTHER_BUILD),
        _bad('struct-size', 'descriptor field struct_size is', OTHER_BUILD),
        _bad('abi-major', 'descriptor field abi_major is 2, this kxf has 1', OTHER_BUILD),
        _bad('abi-minor', 'descriptor field abi_minor is', OTHER_BUILD),
        _bad('compiler-abi', 'descriptor field compiler_abi is 1002', OTHER_BUILD),
        _bad('cxx11-strings', 'descriptor field cxx11_strings is 0', OTHER_BUILD),
        _bad('word-bits', 'descriptor field word_bits is 16', OTHER_BUILD),
        _bad('endian', 'descriptor field big_endian is', OTHER_BUILD),
        _bad('several-fields', 'descriptor field abi_major .*; descriptor field word_bits .*; descriptor field name', OTHER_BUILD),
        # is none, or breaks its word
        _bad('no-note', 'no kxf note: a shared object, but not a kxf plugin', '.'),
        _bad('no-descriptor', 'no symbol kxf_plugin_v1', '.'),
        _bad('undefined-symbol', 'the dynamic linker says: .*undefined symbol: bad_symbol_that_is_nowhere', '.'),
        _bad('register-false', 'its register function returned false', '.'),
        _bad('registers-unannounced', '.*registers codec:other, which its note does not announce', '.'),
        _bad('announces-unregistered', 'announces codec:other and does not register it', '.'),
        _file('no-elf', 'plugin .*/extra/text.so: not an ELF file', '.', written('text.so', b'#!/bin/sh\n')),
        _file('empty', 'plugin .*/extra/empty.so: .*ELF', '.', written('empty.so', b'')),
        _file('truncated', 'plugin .*/extra/cut.so: damaged ELF file', '.', needs=_needs_bad_plugins,
              *[lambda extra, kxf: written('cut.so', (kxf.bad_plugins / 'good.so').read_bytes()[:3000])(extra, kxf)]),
        _file('directory', 'plugin .*/extra/folder.so: is a directory', 'rename',
              lambda extra, _: (extra / 'folder.so').mkdir()),
        _file('fifo', 'plugin .*/extra/pipe.so: is not a regular file', 'rename', lambda extra, _: os.mkfifo(extra / 'pipe.so')),
        _file('link', 'plugin .*/extra/link.so: is a symbolic link', 'put the file itself there',
              lambda extra, kxf: (extra / 'link.so').symlink_to(kxf.bad_plugins / 'good.so')),
        # goes wrong while it is loaded
        _bad('crash-constructor', r'it crashed \(SIGILL\) while it was loaded; nothing was loaded', 'remove or replace'),
        _bad('abort-registration', r'it crashed \(SIGABRT\) while it was loaded', 'remove or replace'),
        _bad('throw-constructor', 'it let an exception out while it was loaded', 'remove or replace'),
        _bad('throw-registration', 'it let an exception out while it was loaded', 'remove or replace'),
        _bad('two-symbols', 'exports more than its descriptor: .*bad_second_symbol', 'kxf_add_plugin'),
        # goes wrong at work, in the confined child
        _hostile('crash-probe', r'image-format bad \(plugin bad\), probe, crashed \(SIGILL\)', 'remove or replace the plugin'),
        _hostile('crash-parse', r'image-format bad \(plugin bad\), parse, crashed \(SIGABRT\)', 'remove or replace the plugin'),
        _hostile('endless-probe', r'image-format bad \(plugin bad\), probe, did not end within 1 s and was killed', 'more time',
                 'kernel.unpack-seconds = 1\n'),
        _hostile('writes-file', r'image-format bad \(plugin bad\), parse, made the system call openat, which it may not',
                 'remove or replace the plugin', needs=_needs_filter),
        _hostile('opens-socket', r'image-format bad \(plugin bad\), parse, made the system call socket, which it may not',
                 'remove or replace the plugin', needs=_needs_filter),
        _hostile('codec-takes-all-memory', r'codec bad \(plugin bad\), unpack, wanted more than 512 MiB of memory',
                 'remove or replace the plugin', needs=_needs_filter),
        _hostile('codec-unpacks-endlessly', 'bad: unpacks to more than the limit of 4 MiB', 'unpack limit',
                 'kernel.unpack-limit = "4 MiB"\n'),
        _hostile('codec-commits-too-much', 'codec bad commits more bytes than it was given', 'bug', status=4),
        _hostile('lies-part-outside', 'image format bad gives bytes that are not in its image', 'bug', status=4),
        _bad_kernel('lies-alignment', 'image format bad gives a kernel with the alignment 0x3', 'bug'),
        _bad_kernel('lies-memory-size', 'image format bad gives a part of 5004 bytes that has 5003 bytes of memory', 'bug'),
        _bad_kernel('lies-overlap', 'image format bad gives parts that overlap or leave the kernel', 'bug'),
        # is not trusted by root
        _file('of-somebody-else', 'plugin .*/extra/good.so: is owned by user 65534, not by root', 'chown root:root', good, _own,
              needs=_needs_root),
        _file('writable-by-others', r'plugin .*/extra/good.so: is writable by group or others \(mode 0666\)', 'chmod go-w', good,
              lambda extra, _: (extra / 'good.so').chmod(0o666), needs=_needs_root),
        _file('writable-by-group', r'plugin .*/extra/good.so: is writable by group or others \(mode 0664\)', 'chmod go-w', good,
              lambda extra, _: (extra / 'good.so').chmod(0o664), needs=_needs_root),
        _file('directory-writable-by-others', r'plugin directory .*extra: .*extra is writable by group or others', 'chmod go-w',
              good, lambda extra, _: extra.chmod(0o777), needs=_needs_root),
        _file('parent-of-somebody-else', r'plugin directory .* is owned by user 65534', 'chown root:root', good,
              lambda extra, _: os.chown(extra.parent, program.NOBODY, program.NOBODY), needs=_needs_root),
        # is missing
        Case('plugin-required-and-missing', 'required plugin "acme-board" is not there; there are: core, uarts, arm64, formats', '.',
             PROFILE, make=profile('plugins.require = ["acme-board"]\n')),
        Case('plugin-of-architecture-missing', 'no plugin knows the architecture of this machine, "aarch64" .known: none.',
             'install its architecture plugin', plugins=lambda folder, kxf: []),
        Case('plugin-directory-missing', 'plugin directory /nowhere/at/all does not exist', '--plugin-dir',
             plugins=lambda folder, kxf: ['/nowhere/at/all']),
        Case('plugin-directory-relative', 'plugin directory "plugins" is not an absolute path', 'from /',
             plugins=lambda folder, kxf: ['plugins'], status=2),
        Case('plugin-directory-is-a-file', 'plugin directory /dev/null', '.', plugins=lambda folder, kxf: ['/dev/null']),
        # is not the one that was pinned
        Case('plugin-pin-wrong', 'plugin .*/extra/good.so: its SHA-256 is [0-9a-f]{64}, the profile pins', 'pin this one', PROFILE,
             make=_wrong_pin, plugins=directory(good), needs=_needs_bad_plugins),
        Case('plugin-pinned-and-missing', 'board.toml|"nowhere.so"|nowhere.so', '.', PROFILE,
             make=profile('plugins.sha256 = { "nowhere.so" = "%s" }\n' % ('0' * 64))),
        # is to be made, or to be checked
        _verb('new-kind', ['plugin', 'new', 'console-sink', 'acme-uart'], 'no template for .* "console-sink", only for: codec, format',
              'take one of these'),
        _verb('new-name-malformed', ['plugin', 'new', 'format', '../up'], 'the name "../up" is not made of lower case', 'choose'),
        _verb('new-name-reserved', ['plugin', 'new', 'codec', 'none'], 'the name "none" is kxf.s own', 'choose'),
        _verb('new-folder-in-use', ['plugin', 'new', 'format', 'acme-wrap', '-o', '.'], 'is there already and no empty directory', '-o',
              make=file('somebodys', 'file')),
        _verb('new-folder-nowhere', ['plugin', 'new', 'format', 'acme-wrap', '-o', 'no/such'], 'cannot write .*/no/such: ', '-o'),
        _verb('check-samples-missing', ['plugin', 'check', 'any.so', '--samples', './nowhere'], 'cannot read the samples in ./nowhere: ',
              'own formats'),
        _verb('check-samples-none', ['plugin', 'check', 'any.so', '--samples', '.'], 'there are no samples in .', 'or leave --samples out'),
        # is there twice
        Case('plugin-name-twice', 'has the name "good" too|good.so in the same directory', 'remove one of the two',
             plugins=directory(good, copied('good', 'other.so')), needs=_needs_bad_plugins),
    ]
