#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run.py --build DIR [NAME...] -- plans of recorded machines against the plans that they should give, byte for byte.

How to run:  tests/golden/run.py --build build/host              all cases (*.toml in this folder)
             tests/golden/run.py --build build/host overlay      one of them
             tests/golden/run.py --build build/host --update     write what comes out as what should; then read the diff
Expect:      "ok NAME" or "FAIL NAME" with a unified diff; the last line is "N passed, N failed, N skipped".
             Exit status 1 when one failed.
Time:        some seconds

A case is a TOML file: `about`; `machine`, a capture of tests/machines; `arguments` of kxf plan; optionally `verb = "bundle"`
(then the file is held against the plan, too), `profile`, the text of a profile that is added as --profile ./board.toml, `facts`, members of the capture's manifest to change, and
`firmware = "older"` for memory blocks in the older encoding (support/drconf.py). The
kernels, initrds and trees that these name are those of tests/support/fixtures.py. What should come out is NAME.plan.json.

The cases machine-* take a machine as it is. Of these `kxf inspect` must say what the plan says: architecture, CPUs and the
verdict on them, memory, console.

Two things are levelled before the comparison: the folder that the test runs in becomes "@", and size and digest of the
purgatory's bytes, which depend on the compiler that built it, become 0, and with them the sizes of a bundle. The plan is made a second time, and as another
user where the test may do that: these must be equal without any levelling.
"""
import argparse
import difflib
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'support'))
import captures  # pylint: disable=wrong-import-position
import drconf  # pylint: disable=wrong-import-position
import fixtures  # pylint: disable=wrong-import-position
import kxf as program  # pylint: disable=wrong-import-position

CASE_KEYS = {'about', 'machine', 'verb', 'arguments', 'profile', 'facts', 'firmware'}
BUNDLE = 'out/board.img'


def level(text, folder):
    """What must not be compared, made equal."""
    text = text.replace(str(folder), '@')
    if '"bundle": {' in text:
        head, bundle = text.split('"bundle": {')
        bundle = re.sub(r'^(\s*"size": )\d+(,\s*"head_size": )\d+', r'\g<1>0\g<2>0', bundle)
        text = head + '"bundle": {' + re.sub(r'("source_offset": )\d+', r'\g<1>0', bundle)
    return re.sub(r'("name": "purgatory",(?:(?!"name")[^}])*?"file_size": )\d+(,\s*"sha256": ")[0-9a-f]{64}',
                  r'\g<1>0\g<2>' + '0' * 64, text)


# ---- the shape of a plan ---------------------------------------------------------------------------------------------

HEX = re.compile(r'^0x(0|[1-9a-f][0-9a-f]*)$')
SHA256 = re.compile(r'^[0-9a-f]{64}$')


class Shape:
    """Collects what is wrong with a plan's JSON."""

    def __init__(self, plan):
        self.faults = []
        self.plan(plan)

    def that(self, good, what, *values):
        """`good`, or `what` is a fault."""
        if not good:
            self.faults.append(what % values)

    def keys(self, value, where, *names):
        """An object with exactly these keys, in this order."""
        self.that(isinstance(value, dict) and list(value) == list(names), '%s has not the keys %s', where, ', '.join(names))
        return isinstance(value, dict) and list(value) == list(names)

    def address(self, value, where, nullable=False):
        """A hexadecimal string."""
        self.that(nullable and value is None or isinstance(value, str) and HEX.match(value), '%s is no address: %r', where,
                  value)

    def plan(self, plan):
        """The whole plan, schema 1."""
        crash = ['crash'] if plan.get('flags', {}).get('crash') else []
        bundle = ['bundle'] if plan.get('backend') == 'firmware' else []
        if not self.keys(plan, 'the plan', 'schema', 'arch', 'backend', 'may_fall_back', 'entry', 'flags', 'segments',
                         'memory', 'cpus', 'cpu_verdict', 'console', *bundle, *crash, 'command_line', 'decisions', 'warnings'):
            return
        self.that(plan['schema'] == 1, 'schema is not 1')
        placed = plan['backend'] in ('kexec_load', 'firmware')
        self.that(placed or plan['backend'] == 'kexec_file_load', 'backend is %r', plan['backend'])
        self.address(plan['entry'], 'entry', not placed)
        self.keys(plan['flags'], 'flags', 'crash', 'kexec_arch')
        self.that(isinstance(plan['command_line'], str), 'command_line is no text')
        self.segments(plan, placed)
        self.memory(plan['memory'])
        for cpu in plan['cpus']:
            if self.keys(cpu, 'a CPU', 'hwid', 'enable_method', 'release_addr', 'return_addr', 'logical_id', 'online',
                         'verdict', 'reason'):
                self.address(cpu['hwid'], 'hwid')
                self.that(cpu['verdict'] in ('ok', 'unsound', 'unknown'), 'verdict is %r', cpu['verdict'])
                self.that(cpu['reason'], 'CPU %s has a verdict without a reason', cpu['hwid'])
        self.keys(plan['cpu_verdict'], 'cpu_verdict', 'status', 'reason')
        # a console of the firmware has a terminal's number instead of an address
        terminal = ['terminal'] if 'terminal' in (plan['console'] or {}) else []
        if plan['console'] is not None and self.keys(plan['console'], 'console', 'sink', 'driver', 'address', *terminal, 'source'):
            self.address(plan['console']['address'], 'console.address', bool(terminal))
        for decision in plan['decisions']:
            if self.keys(decision, 'a decision', 'topic', 'choice', 'reason'):
                self.that(decision['topic'] and decision['choice'] and decision['reason'], 'incomplete decision %r', decision)
        for warning in plan['warnings']:
            if self.keys(warning, 'a warning', 'id', 'text'):
                self.that(re.match(r'^[a-z0-9-]+$', warning['id']), 'warning id %r', warning['id'])

    def segments(self, plan, placed):
        """Disjoint, and inside usable memory where the plan places them."""
        taken = []
        for segment in plan['segments']:
            if not self.keys(segment, 'a segment', 'name', 'start', 'size', 'file_size', 'sha256'):
                continue
            self.address(segment['start'], segment['name'] + '.start', not placed)
            self.that(SHA256.match(segment['sha256']), '%s.sha256 is %r', segment['name'], segment['sha256'])
            if placed:
                start = int(segment['start'], 16)
                self.that(segment['file_size'] <= segment['size'], '%s is larger than its place', segment['name'])
                taken.append((start, start + segment['size'], segment['name']))
        taken.sort()
        for one, two in zip(taken, taken[1:]):
            self.that(one[1] <= two[0], '%s and %s overlap', one[2], two[2])
        usable = [(int(r['start'], 16), int(r['end'], 16)) for r in plan['memory']['usable']]
        for start, end, name in taken:
            self.that(any(low <= start and end <= high for low, high in usable), '%s is outside of usable memory', name)
        if placed:
            entry = int(plan['entry'], 16)
            self.that(any(start <= entry < end for start, end, _ in taken), 'the entry is outside of all segments')

    def memory(self, memory):
        """Ranges with their provenance."""
        if not self.keys(memory, 'memory', 'ranges', 'usable', 'disagreements'):
            return
        for entry in memory['ranges']:
            if self.keys(entry, 'a memory range', 'start', 'end', 'kind', 'label', 'source'):
                self.address(entry['start'], 'start')
                self.address(entry['end'], 'end')
                self.that(entry['kind'] in ('ram', 'reserved', 'no-map', 'crash-kernel', 'running-kernel'), 'kind is %r',
                          entry['kind'])
                self.that(entry['source'], 'a range without provenance: %r', entry)
        self.that(memory['usable'], 'nothing is usable')


# ---- a case ----------------------------------------------------------------------------------------------------------


def prepare(case, folder):
    """Puts everything that the case names into `folder`; returns the arguments of kxf."""
    capture = captures.Capture(program.MACHINES / (case['machine'] + '.tar'))
    capture.facts(**case.get('facts', {}))
    if case.get('firmware') == 'older':
        capture.tree = drconf.older(capture.tree)
    capture.write(folder / 'machine.tar')
    fixtures.write(folder, capture, case['arguments'] + re.findall(r'"([^"]*)"', case.get('profile', '')))
    arguments = [case.get('verb', 'plan'), '--json', '--machine', 'machine.tar', *case['arguments']]
    if 'verb' in case:
        (folder / BUNDLE).parent.mkdir()
        arguments += ['--output', BUNDLE]
    if 'profile' in case:
        (folder / 'board.toml').write_text(case['profile'], encoding='utf-8')
        arguments += ['--profile', './board.toml']
    for path in [folder, *folder.rglob('*')]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    if 'verb' in case:
        (folder / BUNDLE).parent.chmod(0o777)
    return arguments


def bundled_otherwise(plan, image):
    """What is in the file that is not what the plan says."""
    bundle = plan['bundle']
    digests = {segment['name']: segment['sha256'] for segment in plan['segments']}
    faults = []
    if len(image) != bundle['size']:
        faults.append('the bundle has %d bytes' % len(image))
    for move in bundle['moves']:
        there = image[move['source_offset']:move['source_offset'] + move['size']]
        if move['source_offset'] < bundle['head_size'] or hashlib.sha256(there).hexdigest() != digests.pop(move['segment']):
            faults.append('the bytes of %s are others in the bundle' % move['segment'])
    if list(digests) != ['purgatory']:
        faults.append('in the bundle are not %s' % ', '.join(digests))
    low, high = ((int(place['start'], 16), place['size']) for place in bundle['purgatories'])
    if high[0] - (low[0] + low[1]) < len(image):
        faults.append('the bundle can lie on both purgatories')
    return faults


def inspected_otherwise(kxf, plan, folder):
    """What `kxf inspect` says of the plan's machine that is not what the plan says."""
    status, said, error, _ = kxf.run(['inspect', '--json', '--machine', 'machine.tar'], folder)
    if status != 0 or error:
        return ['inspect: exit status %d\n%s' % (status, error)]
    seen = json.loads(said)
    cpu_keys = ('hwid', 'enable_method', 'release_addr', 'return_addr', 'verdict', 'reason')
    cpus = [[{key: cpu[key] for key in cpu_keys} for cpu in one['cpus']] for one in (seen, plan)]
    memory = [sorted(json.dumps(entry) for entry in ranges)
              for ranges in (seen['memory'] + seen['reserved'], plan['memory']['ranges'])]
    console = {key: seen['console'].get(key) for key in plan['console'] or {}} if seen['console'] else None
    alike = {'architecture': seen['architecture'] == plan['arch'], 'cpus': cpus[0] == cpus[1],
             'cpu_verdict': seen['cpu_verdict'] == plan['cpu_verdict'], 'memory': memory[0] == memory[1],
             'console': plan['console'] is None or console == plan['console']}
    return ['inspect says something else: ' + key for key, same in alike.items() if not same]


def run_case(kxf, name, case, folder, update):
    """The reasons why the case fails; none when it passes."""
    unknown = set(case) - CASE_KEYS
    if unknown:
        return ['unknown keys: ' + ', '.join(sorted(unknown))]
    arguments = prepare(case, folder)
    status, plan, said, _ = kxf.run(arguments, folder)
    if status != 0:
        return ['exit status %d\n%s' % (status, said)]
    reasons = ['standard error: ' + said] if said else []
    bundle = (folder / BUNDLE).read_bytes() if 'verb' in case else None
    if kxf.run(arguments, folder)[1] != plan:
        reasons.append('a second run gives another plan')
    if bundle is not None:
        reasons += bundled_otherwise(json.loads(plan), bundle)
        if (folder / BUNDLE).read_bytes() != bundle:
            reasons.append('a second run gives another bundle')
    unconfined = json.loads(kxf.run([*arguments, '--no-sandbox'], folder)[1])
    said_so = [decision for decision in unconfined['decisions'] if decision['topic'] == 'sandbox']
    unconfined['decisions'] = [decision for decision in unconfined['decisions'] if decision not in said_so]
    if len(said_so) != 1 or json.dumps(unconfined) != json.dumps(json.loads(plan)):
        reasons.append('--no-sandbox changes more of the plan than that it was given')
    if program.can_be_nobody():
        status, other, said, _ = kxf.run(arguments, folder, nobody=True)
        if other != plan:
            reasons.append('another user gets another plan (exit status %d) %s' % (status, said))
    reasons += Shape(json.loads(plan)).faults
    if name.startswith('machine-'):
        reasons += inspected_otherwise(kxf, json.loads(plan), folder)

    expected = HERE / (name + '.plan.json')
    plan = level(plan, folder)
    if update and not reasons:
        expected.write_text(plan, encoding='utf-8')
    before = expected.read_text(encoding='utf-8') if expected.exists() else ''
    if before != plan:
        reasons.append('\n'.join(difflib.unified_diff(before.splitlines(), plan.splitlines(), expected.name, 'what came out',
                                                      lineterm='')))
    return reasons


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', required=True, help='CMake build directory with kxf and its plugins')
    parser.add_argument('--update', action='store_true', help='write the plans that come out')
    parser.add_argument('names', nargs='*', help='cases')
    options = parser.parse_args()
    names = options.names or sorted(path.stem for path in HERE.glob('*.toml'))
    failed = 0
    with tempfile.TemporaryDirectory(prefix='kxf-golden.') as scratch:
        os.chmod(scratch, 0o755)
        kxf = program.Kxf(options.build, pathlib.Path(scratch) / 'shelf')
        for name in names:
            case = tomllib.loads((HERE / (name + '.toml')).read_text(encoding='utf-8'))
            folder = pathlib.Path(scratch) / name
            folder.mkdir()
            try:
                reasons = run_case(kxf, name, case, folder, options.update)
            except subprocess.TimeoutExpired as error:
                reasons = [str(error)]
            print('%-4s %s' % ('FAIL' if reasons else 'ok', name))
            for reason in reasons:
                print('\n'.join('    ' + line for line in reason.splitlines()))
            failed += bool(reasons)
    print('%d passed, %d failed, 0 skipped' % (len(names) - failed, failed))
    sys.exit(failed != 0)


if __name__ == '__main__':
    main()
