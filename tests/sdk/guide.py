#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""guide.py --prefix DIR --plugins DIR --image FILE --capture FILE [GUIDE] -- do what docs/plugin-guide.md says.

How to run:  tests/sdk/run.sh does, with an SDK that it has installed
Expect:      each command with its output; "guide: passed" at the end. Exit status 1 when a command fails, or when the guide
             shows C++ or CMake that is not in the folder that its commands made and built.
Time:        10 s

All blocks of shell (```sh) are one script, in order, in a directory of its own. `kxf` in there is that of the prefix; it
also looks for plugins where the prefix has them, which an installed kxf does by itself.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

GUIDE = pathlib.Path(__file__).resolve().parents[2] / 'docs' / 'plugin-guide.md'
BLOCK = re.compile(r'^```(\w+)\n(.*?)^```$', re.MULTILINE | re.DOTALL)

WRAPPER = '''#!/bin/bash
case "$1 ${2:-}" in
  plan*|'plugin list'|'plugin new') exec '%(kxf)s' "$@" --plugin-dir '%(plugins)s' ;;
  *) exec '%(kxf)s' "$@" ;;
esac
'''


def squeezed(text):
    """Without indentation and line breaks, which depend on the length of names."""
    return ' '.join(text.split())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--prefix', required=True, type=pathlib.Path, help='where kxf and its SDK are installed')
    parser.add_argument('--plugins', required=True, type=pathlib.Path, help="kxf's own plugins there")
    parser.add_argument('--image', required=True, type=pathlib.Path, help='a kernel, $IMAGE of the guide')
    parser.add_argument('--capture', required=True, type=pathlib.Path, help='a machine for it, $CAPTURE of the guide')
    parser.add_argument('guide', nargs='?', type=pathlib.Path, default=GUIDE)
    options = parser.parse_args()
    blocks = BLOCK.findall(options.guide.read_text())
    commands = [text for language, text in blocks if language == 'sh']
    assert commands, 'no commands in the guide'
    with tempfile.TemporaryDirectory(prefix='kxf-guide.') as scratch:
        scratch = pathlib.Path(scratch)
        tools, work = scratch / 'bin', scratch / 'work'
        tools.mkdir()
        work.mkdir()
        os.chmod(scratch, 0o755)
        (tools / 'kxf').write_text(WRAPPER % {'kxf': options.prefix.resolve() / 'bin' / 'kxf', 'plugins': options.plugins.resolve()})
        (tools / 'kxf').chmod(0o755)
        environment = {**os.environ, 'PATH': '%s:%s' % (tools, os.environ['PATH']), 'CMAKE_PREFIX_PATH': str(options.prefix.resolve()),
                       'IMAGE': str(options.image.resolve()), 'CAPTURE': str(options.capture.resolve()), 'LC_ALL': 'C'}
        done = subprocess.run(['bash', '-euxo', 'pipefail', '-c', '\n'.join(commands)], cwd=work, env=environment, check=False,
                              stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            sys.exit('guide: a command of %s failed' % options.guide)
        made = [squeezed(path.read_text(errors='replace')) for path in work.rglob('*')
                if path.is_file() and 'build' not in path.relative_to(work).parts]
        for language, text in blocks:
            if language in ('cpp', 'cmake') and not any(squeezed(text) in file for file in made):
                sys.exit('guide: %s shows what is in no file that its commands made:\n%s' % (options.guide, text))
        unknown = {language for language, _ in blocks} - {'sh', 'cpp', 'cmake', 'toml'}
        if unknown:
            sys.exit('guide: nothing checks blocks of %s' % ', '.join(sorted(unknown)))
    print('guide: passed')


if __name__ == '__main__':
    main()
