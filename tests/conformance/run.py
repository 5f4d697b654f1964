#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run.py --build DIR [NAME...] -- `kxf plugin check` over plugins that keep all rules and over those that break one.

How to run:  tests/conformance/run.py --build build/host           all plugins
             tests/conformance/run.py --build build/host 4-lazy    one of them, with what kxf printed
Expect:      "ok NAME", "FAIL NAME" with reasons or "skip NAME"; the last line is "N passed, N failed, N skipped". Exit
             status 1 when one failed.
Time:        10 s

Of each plugin it is asserted which rules fail: those of the tables here for tests/bad-plugins, the number in the file's name for
tests/conformance/breakers, and none for kxf's own, which also have to know samples of all that they read.
"""
import argparse
import bz2
import gzip
import json
import lzma
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'support'))
import captures  # pylint: disable=wrong-import-position
import containers  # pylint: disable=wrong-import-position
import fixtures  # pylint: disable=wrong-import-position
import images  # pylint: disable=wrong-import-position
import kxf as program  # pylint: disable=wrong-import-position
import packers  # pylint: disable=wrong-import-position
import ppc64_images  # pylint: disable=wrong-import-position

# tests/bad-plugins: the rules that each of them breaks. Whoever adds one there adds it here.
BAD = {
    'abi-major': {7}, 'abi-minor': {7}, 'announces-nothing': {1}, 'announces-twice': {1}, 'announces-unknown-kind': {1},
    'announces-unregistered': {8}, 'compiler-abi': {7}, 'cxx11-strings': {7}, 'endian': {7}, 'good': set(), 'name-empty': {7},
    'name-malformed': {1}, 'name-null': {7}, 'name-other': {7}, 'name-reserved': {2}, 'no-descriptor': {3, 5}, 'no-note': {1},
    'note-abi-major': {2}, 'note-abi-minor': {2}, 'note-compiler-abi': {2}, 'note-control-character': {1},
    'note-cxx11-strings': {2}, 'register-false': {8}, 'register-null': {7}, 'registers-malformed-name': {8},
    'registers-twice': {8}, 'registers-unannounced-and-hides-it': {8}, 'registers-unannounced': {8}, 'reserved': {7},
    'several-fields': {7}, 'struct-size': {7}, 'twin': set(), 'two-notes': {1}, 'two-symbols': {3}, 'undefined-symbol': {5},
    'vendor-other': {7}, 'version-other': {7}, 'word-bits': {7},
}

# The same for those that show at work: they are given samples of what they read.
BAD_AT_WORK = {
    'abort-registration': {8}, 'codec-commits-too-much': {15}, 'codec-takes-all-memory': {11}, 'codec-unpacks-endlessly': {13},
    'crash-constructor': {5}, 'crash-parse': {11}, 'crash-probe': {11}, 'endless-constructor': {5}, 'endless-probe': {11},
    'lies-alignment': {15}, 'lies-memory-size': {15}, 'lies-overlap': {15}, 'lies-part-outside': {15}, 'opens-socket': {12},
    'throw-constructor': {5}, 'throw-registration': {8}, 'writes-file': {12},
}

# Those of what cannot be confined or counted where a sanitizer's run time is in the process.
NOT_UNDER_SANITIZERS = {'8-register-writes', '12-opens-a-file', '18-keeps-memory', 'codec-takes-all-memory', 'opens-socket',
                        'writes-file'}

# Those that never return: the check waits for them. All others end by themselves, however slow the machine is.
WAITS = {'5-constructor-waits', '11-never-returns', 'endless-constructor', 'endless-probe'}
SECONDS_OF_WAITS, SECONDS = '2', '60'


def breaker_samples():
    return {'one': b'breaker\nthis is a sample of some length, so that there is something to cut off.'}


def bad_samples():
    return {'one': b'BAD and this is a sample of some length, so that there is something to cut off.'}


def our_samples():
    """For each of kxf's plugins a file of every format and codec in it."""
    small = images.arm64_image(3000, 8192)
    text = b'some text that repeats, ' * 40
    capture = captures.Capture(program.MACHINES / 'virt-dt-el1.tar')
    fit = containers.fit({'kernel': containers.fit_image('kernel', small)}, {'this': {'kernel': ['kernel']}}, 'this')
    return {
        'formats': {
            'bzip2': bz2.compress(text), 'gzip': gzip.compress(text, mtime=0), 'lz4': packers.lz4(text),
            'lz4-legacy': packers.lz4_legacy(text), 'lzma': lzma.compress(text, lzma.FORMAT_ALONE), 'lzo': packers.lzop(text),
            'xz': lzma.compress(text, check=lzma.CHECK_CRC32), 'zstd': packers.zstd(text), 'fit': fit,
            'uimage': containers.uimage(small), 'zboot': containers.zboot(gzip.compress(small, mtime=0)),
            'uki': containers.uki([('.linux', small), ('.cmdline', b'quiet'), ('.dtb', fixtures.board_tree(capture).blob())])},
        'arm64': {'Image': small, 'vmlinux': bytes(images.arm64_elf(small))},
        'ppc64': {'vmlinux': bytes(ppc64_images.kernel(5000, 8192)),
                  'zImage': bytes(ppc64_images.zimage(ppc64_images.kernel(5000, 8192)))},
    }


class Suite:
    """All plugins of a build, and what is expected of them."""

    def __init__(self, build, scratch):
        self.build, self.scratch = build, scratch
        self.kxf = program.Kxf(build, scratch / 'shelf')
        cache = (build / 'CMakeCache.txt').read_text()
        self.sanitized = bool(re.search(r'^KXF_SANITIZE:\w+=.*address', cache, re.MULTILINE))
        self.samples = {name: self._write(name, files) for name, files in our_samples().items()}
        self.breaker_samples = self._write('breaker', breaker_samples())
        self.bad_samples = self._write('bad', bad_samples())

    def _write(self, name, files):
        folder = self.scratch / 'samples' / name
        folder.mkdir(parents=True)
        for file, content in files.items():
            (folder / file).write_bytes(content)
        return folder

    def cases(self):
        """(name, file, samples, rules that must fail) for each plugin."""
        for name, samples in self.samples.items():
            yield name, self.build / 'plugins' / (name + '.so'), samples, set()
        for file in sorted((self.build / 'bad-plugins').glob('*.so')):
            at_work = file.stem in BAD_AT_WORK
            yield file.stem, file, self.bad_samples if at_work else None, (BAD_AT_WORK if at_work else BAD).get(file.stem)
        for file in sorted((self.build / 'breakers').glob('*.so')):
            number = re.match(r'\d+', file.stem)
            yield file.stem, file, self.breaker_samples, {int(number[0])} if number else set()

    def check(self, file, samples, expected):
        """(reasons why it is not as expected, what kxf said)."""
        if expected is None:
            return ['nothing says which rules it breaks: add it to BAD'], ''
        seconds = SECONDS_OF_WAITS if file.stem in WAITS else SECONDS
        command = ['plugin', 'check', '--json', '--seconds', seconds, file] + (['--samples', samples] if samples else [])
        # Without --plugin-dir, which program.Kxf adds to other verbs of plugins.
        done = subprocess.run([self.kxf.program, *command], stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False)
        said = done.stdout.decode('utf-8', 'replace') + done.stderr.decode('utf-8', 'replace')
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            return ['the answer is not JSON'], said
        failed = {int(rule['id'].removeprefix('KXP-')) for rule in answer['rules'] if rule['outcome'] == 'FAILED'}
        reasons = []
        if failed != expected:
            reasons.append('rules %s fail, expected are %s' % (sorted(failed), sorted(expected)))
        if done.returncode != bool(failed) or answer['passed'] == bool(failed):
            reasons.append('exit status %d, passed %s' % (done.returncode, answer['passed']))
        reasons += ['%s: no reason' % rule['id'] for rule in answer['rules'] if rule['outcome'] != 'ok' and not rule['reasons']]
        return reasons, said


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', required=True, type=pathlib.Path, help='CMake build directory with kxf and its plugins')
    parser.add_argument('names', nargs='*', help='plugins')
    options = parser.parse_args()
    count = {'ok': 0, 'FAIL': 0, 'skip': 0}
    with tempfile.TemporaryDirectory(prefix='kxf-conformance.') as scratch:
        os.chmod(scratch, 0o755)
        suite = Suite(options.build.resolve(), pathlib.Path(scratch))
        cases = [case for case in suite.cases() if not options.names or case[0] in options.names]
        assert len(cases) >= max(1, len(options.names)), 'no such plugin, or none is built'
        for name, *case in cases:
            skipped = suite.sanitized and name in NOT_UNDER_SANITIZERS
            reasons, said = ([], '') if skipped else suite.check(*case)
            outcome = 'skip' if skipped else 'FAIL' if reasons else 'ok'
            count[outcome] += 1
            print('%-4s %s%s' % (outcome, name, ' (a sanitizer needs what is confined here)' if skipped else ''))
            for reason in reasons:
                print('     ' + reason)
            if reasons or options.names:
                print('\n'.join('     | ' + line for line in said.splitlines()))
    print('%d passed, %d failed, %d skipped' % (count['ok'], count['FAIL'], count['skip']))
    sys.exit(count['FAIL'] != 0)


if __name__ == '__main__':
    main()
