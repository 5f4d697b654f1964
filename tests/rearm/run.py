#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run.py --build DIR [NAME...] -- the units, the rule and the script that arm a crash kernel at boot and on hotplug.

How to run:  tests/rearm/run.py --build build/host           all cases
             tests/rearm/run.py --build build/host burst     one of them
Expect:      "ok NAME", "FAIL NAME" with the reason or "skip NAME (reason)"; the last line is "N passed, N failed, N skipped".
             Exit status 1 when one failed.
Time:        3 seconds

udev and systemd do not run where tests do. What they do with the rule and the path unit is played here, by the words of
udev(7) and systemd.path(5); the units are read by systemd-analyze where that is installed; the script is run as it is,
with programs of the test in the place of kxf and systemctl.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

CONFIG = pathlib.Path(__file__).resolve().parents[2] / 'config'


class Skip(Exception):
    """The case cannot run here."""


def expect(found, wanted, what):
    """Fail unless both are equal."""
    assert found == wanted, '%s: %r instead of %r' % (what, found, wanted)


# ---- the units

def units(build, folder):
    """systemd finds nothing wrong with them."""
    if not shutil.which('systemd-analyze'):
        raise Skip('no systemd-analyze')
    names = ['kxf-crash.service', 'kxf-crash-rearm.service', 'kxf-crash-rearm.path']
    for name in names:
        made = build / 'config' / 'systemd' / name
        text = (made if made.exists() else CONFIG / 'systemd' / name).read_text()
        # The programs are not installed yet.
        (folder / name).write_text(re.sub(r'^(Exec\w+=)\S+', r'\1/bin/true', text, flags=re.M))
    done = subprocess.run(['systemd-analyze', 'verify', '--man=no', *[str(folder / name) for name in names]],
                          capture_output=True, text=True, check=False)
    # It also reads the units of the system that they belong to; those are not ours.
    complaints = [line for line in done.stderr.splitlines() if 'kxf' in line]
    expect(complaints, [], 'complaints')
    expect(done.returncode, 0, 'exit status of systemd-analyze')


def paths_agree(build, _folder):
    """Rule, path unit and script mean the same flag, and no placeholder is left."""
    flag = '/run/kxf/crash-stale'
    texts = {path.name: path.read_text() for path in [
        *(build / 'config' / 'systemd').glob('*'), *(build / 'config' / 'udev').glob('*'),
        CONFIG / 'systemd' / 'kxf-crash-rearm.path'] if path.is_file()}
    expect(len(texts), 5, 'number of files')
    for name, text in texts.items():
        expect(re.findall(r'@\w+@', text), [], 'placeholders in ' + name)
    for name in ('kxf-crash-rearm.path', 'kxf-crash-rearm.sh', '90-kxf-crash.rules'):
        assert flag in texts[name], '%s does not have %s' % (name, flag)
    script = re.search(r'^ExecStart=(\S+)$', texts['kxf-crash-rearm.service'], re.M).group(1)
    assert script.endswith('/kxf/kxf-crash-rearm'), script


# ---- the rule

def parse_rules(text):
    """[(key, attribute, operator, value)] of each line; a key that is not played here is an error."""
    rules = []
    for line in text.splitlines():
        if not line.strip() or line.startswith('#'):
            continue
        parts = re.findall(r'(\w+)(?:\{(\w+)\})?(==|!=|\+=|=)"([^"]*)"\s*(?:,\s*|$)', line)
        whole = ', '.join('%s%s%s"%s"' % (key, '{%s}' % attribute if attribute else '', operator, value)
                          for key, attribute, operator, value in parts)
        expect(whole, line.strip(), 'the rule as it was understood')
        rules.append(parts)
    return rules


def play(rules, event, files):
    """What RUN says for an event: a dictionary of ACTION, SUBSYSTEM and attributes of the device's parents."""
    run, at = [], 0
    while at < len(rules):
        matches, jump = True, None
        for key, attribute, operator, value in rules[at]:
            if key in ('ACTION', 'SUBSYSTEM'):
                matches &= (event[key] in value.split('|')) == (operator == '==')
            elif key == 'ATTRS':
                matches &= (event.get(attribute) == value) == (operator == '==')
            elif key == 'TEST':
                matches &= (value in files) == (operator == '==')
            elif key == 'GOTO':
                jump = value
            elif key == 'RUN' and matches:
                run.append(value)
            else:
                assert key in ('LABEL', 'RUN'), key
        if matches and jump:
            at = next(i for i, rule in enumerate(rules) if ('LABEL', '', '=', jump) in rule)
        at += 1
    return run


def rule(build, _folder):
    """Each event of memory and CPUs sets the flag, unless the kernel takes care or kxf has armed nothing."""
    rules = parse_rules((build / 'config' / 'udev' / '90-kxf-crash.rules').read_text())
    armed = {'/run/kxf/crash.json'}
    command = ["/bin/sh -c ': > /run/kxf/crash-stale'"]
    for subsystem in ('cpu', 'memory'):
        for action in ('add', 'remove', 'online', 'offline'):
            event = {'SUBSYSTEM': subsystem, 'ACTION': action}
            what = '%s %s' % (subsystem, action)
            expect(play(rules, event, armed), command, what)
            expect(play(rules, {**event, 'crash_hotplug': '0'}, armed), command, what + ', the kernel does nothing')
            expect(play(rules, {**event, 'crash_hotplug': '1'}, armed), [], what + ', the kernel updates')
            expect(play(rules, event, set()), [], what + ', nothing armed')
    expect(play(rules, {'SUBSYSTEM': 'cpu', 'ACTION': 'change'}, armed), [], 'a change')
    expect(play(rules, {'SUBSYSTEM': 'block', 'ACTION': 'add'}, armed), [], 'a disk')


# ---- the script, started as kxf-crash-rearm.path starts it

class Rearm:
    """The script with programs of the test. `kxf check` ends with the status in the file `status` and writes a line into
    `log`; `systemctl reload` runs the shell commands in the file `reload` and makes the status 0."""

    def __init__(self, folder, status):
        self.folder, self.flag, self.runs = folder, folder / 'flag', 0
        self.log = folder / 'log'
        self.log.write_text('')
        (folder / 'status').write_text('%d\n' % status)
        (folder / 'reload').write_text(':\n')
        self._program('kxf', 'echo "$*" >> log; exit "$(cat status)"')
        self._program('systemctl', 'echo "$*" >> log; echo 0 > status; . ./reload')
        script = (CONFIG / 'systemd' / 'kxf-crash-rearm.sh.in').read_text()
        for name, value in (('@KXF_STALE_FLAG@', self.flag), ('@KXF_PROGRAM@', folder / 'kxf'),
                            ('@KXF_SYSTEMCTL@', folder / 'systemctl'), ('wait_s=2', 'wait_s=0.3')):
            assert name in script, name
            script = script.replace(name, str(value))
        self.script = folder / 'script'
        self.script.write_text(script)
        self.script.chmod(0o755)

    def _program(self, name, text):
        path = self.folder / name
        path.write_text('#!/bin/sh\ncd "%s" || exit 9\n%s\n' % (self.folder, text))
        path.chmod(0o755)

    def event(self):
        """What the rule does."""
        self.flag.touch()

    def settle(self):
        """The path unit: start the service while the flag is there; look again when it has ended."""
        status = 0
        while self.flag.exists():
            self.runs += 1
            assert self.runs < 20, 'it never ends'
            status = subprocess.run([str(self.script)], check=False).returncode
        return status

    def calls(self):
        """The programs that were run."""
        return self.log.read_text().splitlines()


CHECK, RELOAD = 'check --crash', 'reload kxf-crash.service'


def burst(_build, folder):
    """A hundred events are one check and one load."""
    rearm = Rearm(folder, 1)

    def storm():
        for _ in range(100):
            rearm.event()
            time.sleep(0.001)
    rearm.event()
    thread = threading.Thread(target=storm)
    thread.start()
    expect(rearm.settle(), 0, 'exit status')
    thread.join()
    expect(rearm.calls(), [CHECK, RELOAD], 'calls')
    expect(rearm.runs, 1, 'runs')


def event_while_it_loads(_build, folder):
    """It is not lost: what it says is looked at afterwards, and loaded again if that is needed."""
    rearm = Rearm(folder, 1)
    (folder / 'reload').write_text(': > flag; echo 1 > status; echo : > reload\n')
    rearm.event()
    expect(rearm.settle(), 0, 'exit status')
    expect(rearm.calls(), [CHECK, RELOAD, CHECK, RELOAD], 'calls')


def event_without_effect(_build, folder):
    """A CPU that went offline changes nothing of the header: no load."""
    rearm = Rearm(folder, 0)
    rearm.event()
    expect(rearm.settle(), 0, 'exit status')
    expect(rearm.calls(), [CHECK], 'calls')


def unloaded_meanwhile(_build, folder):
    """Who unloads the crash kernel does not find it armed again."""
    rearm = Rearm(folder, 3)
    rearm.event()
    expect(rearm.settle(), 0, 'exit status')
    expect(rearm.calls(), [CHECK], 'calls')


def failures_show(_build, folder):
    """A load that fails fails the service, once; so does a kxf that cannot be run."""
    rearm = Rearm(folder, 1)
    (folder / 'reload').write_text('exit 5\n')
    rearm.event()
    expect(rearm.settle(), 5, 'exit status')
    expect(rearm.calls(), [CHECK, RELOAD], 'calls')
    (folder / 'kxf').unlink()
    rearm.event()
    expect(rearm.settle(), 127, 'exit status without kxf')


CASES = [units, paths_agree, rule, burst, event_while_it_loads, event_without_effect, unloaded_meanwhile, failures_show]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', required=True, type=pathlib.Path, help='CMake build directory, configured')
    parser.add_argument('names', nargs='*', help='cases')
    options = parser.parse_args()
    cases = {case.__name__.replace('_', '-'): case for case in CASES}
    count = {'ok': 0, 'FAIL': 0, 'skip': 0}
    for name in options.names or cases:
        with tempfile.TemporaryDirectory(prefix='kxf-rearm.') as folder:
            outcome, reason = 'ok', ''
            try:
                cases[name](options.build.resolve(), pathlib.Path(folder))
            except Skip as skip:
                outcome, reason = 'skip', ' (%s)' % skip
            except AssertionError as failure:
                outcome, reason = 'FAIL', '\n     %s' % failure
        count[outcome] += 1
        print('%-4s %s%s' % (outcome, name, reason))
    print('%d passed, %d failed, %d skipped' % (count['ok'], count['FAIL'], count['skip']))
    sys.exit(count['FAIL'] != 0)


if __name__ == '__main__':
    main()
