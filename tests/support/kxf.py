# SPDX-License-Identifier: Apache-2.0
"""Running kxf from a build directory, as this user or as nobody."""
import os
import pathlib
import shutil
import subprocess
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
MACHINES = SOURCE / 'tests' / 'machines'
NOBODY = 65534


class Kxf:
    """kxf of a CMake build directory, with copies in `shelf`: other users may not be let into the build directory, and a
    kxf that runs as root trusts plugins of root's only."""

    def __init__(self, build, shelf):
        build = pathlib.Path(build).resolve()
        self.program, self.bad_plugins = build / 'core' / 'kxf', build / 'bad-plugins'
        if not self.program.exists():
            raise SystemExit('%s is not there: build kxf first' % self.program)
        self.shelf = pathlib.Path(shelf).resolve()
        self.plugins = self.shelf / 'plugins'
        self.plugins.mkdir(parents=True)
        for plugin in (build / 'plugins').glob('*.so'):
            shutil.copy(plugin, self.plugins)
        for library in self.program.parent.glob('libkxf.so.?'):
            shutil.copy(library, self.shelf)
        shutil.copy(self.program, self.shelf)
        for path in [self.shelf, *self.shelf.rglob('*')]:
            path.chmod(0o755)

    def run(self, arguments, cwd, plugins=True, nobody=False, timeout=60):
        """Run it and return (exit status, standard output, standard error, seconds). `plugins`: True for the build's, a
        list of directories, or an empty one."""
        directories = [self.plugins] if plugins is True else plugins
        command = [str(self.shelf / 'kxf' if nobody else self.program)] + [str(word) for word in arguments]
        if arguments[0] in ('plan', 'bundle', 'load', 'plugin', 'inspect'):
            for directory in directories:
                command += ['--plugin-dir', str(directory)]
        environment = {key: value for key, value in os.environ.items() if not key.startswith('KXF_')}
        environment.update(LC_ALL='C', TZ='UTC')
        options = {}
        if nobody:
            environment['LD_LIBRARY_PATH'] = str(self.shelf)
            options = {'user': NOBODY, 'group': NOBODY, 'extra_groups': []}
        start = time.monotonic()
        done = subprocess.run(command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=timeout, check=False, **options)
        return (done.returncode, done.stdout.decode('utf-8', 'replace'), done.stderr.decode('utf-8', 'replace'),
                time.monotonic() - start)


def can_be_nobody():
    """May this process run others as another user?"""
    return os.geteuid() == 0
