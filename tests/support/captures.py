# SPDX-License-Identifier: Apache-2.0
"""Captures of machines, read, changed and written again: `kxf capture` makes them, tests make variants."""
import io
import json
import os
import tarfile

import fdt

MANIFEST = 'kxf-capture.json'
TREE = 'sys/firmware/fdt'


class Link(str):
    """The target of a symbolic link."""


class Capture:
    """`entries` maps relative paths to bytes, a Link, or None for a directory."""

    def __init__(self, path):
        self.entries = {}
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isdir():
                    self.entries[member.name] = None
                elif member.issym():
                    self.entries[member.name] = Link(member.linkname)
                else:
                    self.entries[member.name] = archive.extractfile(member).read()

    def text(self, path):
        """A file as text."""
        return self.entries[path].decode()

    def replace(self, path, old, new):
        """Replace text in a file; it must be there."""
        text = self.text(path)
        assert old in text, '%s has no "%s"' % (path, old)
        self.entries[path] = text.replace(old, new).encode()

    def facts(self, **changes):
        """Change members of the manifest."""
        manifest = json.loads(self.entries[MANIFEST])
        for key, value in changes.items():
            assert key in manifest, key
            manifest[key] = value
        self.entries[MANIFEST] = (json.dumps(manifest, indent=2) + '\n').encode()

    @property
    def tree(self):
        """The device tree, parsed anew each time."""
        return fdt.parse(self.entries[TREE])

    @tree.setter
    def tree(self, tree):
        self.entries[TREE] = tree if isinstance(tree, bytes) else tree.blob()

    def tar(self):
        """The archive's bytes, without times and owners."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode='w', format=tarfile.PAX_FORMAT) as archive:
            for path, content in sorted(self.entries.items()):
                info = tarfile.TarInfo(path)
                info.mode = 0o755 if content is None else 0o644
                if content is None:
                    info.type = tarfile.DIRTYPE
                elif isinstance(content, Link):
                    info.type, info.linkname = tarfile.SYMTYPE, content
                else:
                    info.size = len(content)
                archive.addfile(info, io.BytesIO(content) if info.isreg() else None)
        return out.getvalue()

    def write(self, path):
        """As a tar file."""
        with open(path, 'wb') as file:
            file.write(self.tar())

    def write_directory(self, directory):
        """As a directory."""
        for path, content in sorted(self.entries.items()):
            whole = os.path.join(directory, path)
            os.makedirs(os.path.dirname(whole), exist_ok=True)
            if content is None:
                os.makedirs(whole, exist_ok=True)
            elif isinstance(content, Link):
                os.symlink(content, whole)
            else:
                with open(whole, 'wb') as file:
                    file.write(content)
