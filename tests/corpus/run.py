#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run.py --build DIR --trees DIR --package TEXT -- kxf inspect over many device trees, against a count made by fdtget.

How to run:  scripts/corpus.sh, which fetches the trees and calls this
Expect:      a table; "ok CHECK" or "FAIL CHECK" with the trees that fail it; the last line is "N passed, N failed,
             N skipped". Exit status 1 when one failed. With --update, summary.txt is written.
Time:        30 s for 600 trees on two cores

The other count asks fdtget (of dtc) for properties and knows nothing of kxf: which node stdout-path means, which nodes are
CPUs, how each is started, and which spin-table CPUs share a release address. summary.txt is what should come out for the
package that it names; of a newer package the checks hold all the same.
"""
import argparse
import collections
import concurrent.futures
import difflib
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'support'))
import kxf as program  # pylint: disable=wrong-import-position

LIMIT_SECONDS = 0.050
TRIES = 3               # of a tree that takes longer: a processor that others use too has cold caches
SHOWN = 12              # trees that are named with a failed check


# ---- by fdtget -------------------------------------------------------------------------------------------------------

def fdtget(tree, *words):
    """The lines that fdtget prints."""
    done = subprocess.run(['fdtget', *words[:-1], str(tree), *words[-1]], capture_output=True, text=True, check=False)
    return done.stdout.split('\n')[:-1] if done.returncode == 0 else []


def properties(tree, wanted, kind='s'):
    """One text for each (node, property); empty where it is missing."""
    if not wanted:
        return []
    return fdtget(tree, '-t', kind, '-d', '', [word for pair in wanted for word in pair])


def number(cells):
    """Of hexadecimal cells."""
    return int(''.join('%08x' % int(cell, 16) for cell in cells) or '0', 16)


def physical(tree, path):
    """The address of a node's registers as the CPU sees it: its first `reg` through `ranges` of every bus above; nothing
    when one maps it nowhere."""
    names = path.split('/')
    nodes = ['/'.join(names[:depth]) or '/' for depth in range(len(names), 0, -1)]
    wanted = [(node, name) for node in nodes for name in ('reg', 'reg-offset', 'ranges', '#address-cells', '#size-cells')]
    values = [text.split() for text in properties(tree, wanted, 'x')]
    reg, offset = values[0], values[1]
    cells = [(number(values[5 * at + 3]) if values[5 * at + 3] else 2, number(values[5 * at + 4]) if values[5 * at + 4] else 1)
             for at in range(len(nodes))]
    address = number(reg[:cells[1][0]])
    for at in range(1, len(nodes) - 1):
        ranges, (own, size), outer = values[5 * at + 2], cells[at], cells[at + 1][0]
        step = own + outer + size
        for entry in (ranges[each:each + step] for each in range(0, len(ranges), step)):
            start, length = number(entry[:own]), number(entry[own + outer:])
            if start <= address < start + length:
                address += number(entry[own:own + outer]) - start
                break
        else:
            if ranges:      # an empty one is the identity
                return None
    return address + number(offset)


def console_of(tree):
    """The path and the names of the node that stdout-path means; empty when there is none with a name."""
    path = next((text for text in properties(tree, [('/chosen', 'stdout-path'), ('/chosen', 'linux,stdout-path')])
                 if text), '')
    path = path.split(':')[0]
    if path and not path.startswith('/'):
        alias, _, rest = path.partition('/')
        path = properties(tree, [('/aliases', alias)])[0] + ('/' + rest if rest else '')
    names = properties(tree, [(path, 'compatible')])[0].split() if path else []
    return path if names else '', names


def cpus_of(tree):
    """For each CPU (enable method, release address); nothing known is empty."""
    nodes = ['/cpus/' + name for name in fdtget(tree, '-l', ['/cpus'])]
    wanted = [(node, name) for node in nodes for name in ('device_type', 'status', 'enable-method')]
    texts = properties(tree, wanted + [('/cpus', 'enable-method')])
    common = texts[-1] if texts else ''
    cpus, release = [], []
    for at, node in enumerate(nodes):
        kind, status, method = texts[3 * at:3 * at + 3]
        if (kind == 'cpu' or node.split('/')[-1].split('@')[0] == 'cpu') and not status.startswith('fail'):
            cpus.append((node, (method or common).split(' ')[0]))
    if any(method == 'spin-table' for _, method in cpus):
        release = properties(tree, [(node, 'cpu-release-addr') for node, _ in cpus], 'x')
    return [(method, release[at] if release else '') for at, (_, method) in enumerate(cpus)]


def counted(tree):
    """What the summary needs, without kxf."""
    cpus = cpus_of(tree)
    path, names = console_of(tree)
    released = [address for method, address in cpus if method == 'spin-table']
    return {'console': names,
            'address': physical(tree, path) if path else None,
            'methods': [method for method, _ in cpus],
            'unsound': '' in released or len(set(released)) < len(released)}


# ---- by kxf ----------------------------------------------------------------------------------------------------------

def processor_seconds():
    """What finished children have used: the clock on the wall counts other programs as well."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def inspected(kxf, tree, folder):
    """What kxf says, and how long it took at best."""
    best = None
    for _ in range(TRIES):
        before = processor_seconds()
        status, out, error, _ = kxf.run(['inspect', '--json', tree], folder)
        seconds = processor_seconds() - before
        best = min(seconds, best or seconds)
        if best <= LIMIT_SECONDS:
            break
    if status != 0:
        return {'fault': 'exit status %d: %s' % (status, error.strip()[:200]), 'seconds': best}
    try:
        return {'json': json.loads(out), 'seconds': best}
    except ValueError as fault:
        return {'fault': 'no JSON: %s' % fault, 'seconds': best}


def spin_table(view):
    """The verdict on a board that is started so: the worst of its CPUs; nothing for other boards."""
    verdicts = {cpu['verdict'] for cpu in view['cpus'] if cpu['enable_method'] == 'spin-table'}
    return next((verdict for verdict in ('unsound', 'unknown', 'ok') if verdict in verdicts), None)


# ---- comparing -------------------------------------------------------------------------------------------------------

class Checks:
    """Prints each check; a check fails with the trees that fail it."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def that(self, what, faults):
        """`faults`: a text for each tree that fails."""
        if not faults:
            self.passed += 1
            print('ok', what)
            return
        self.failed += 1
        print('FAIL %s: %d' % (what, len(faults)))
        for fault in faults[:SHOWN]:
            print('    ' + fault)
        if len(faults) > SHOWN:
            print('    and %d more' % (len(faults) - SHOWN))


def methods_text(methods):
    """How a board's CPUs are started, as one word for the table."""
    return ' + '.join(sorted({method or 'none named' for method in methods})) or 'no CPUs'


def compare(checks, views, counts):
    """All that must hold of each tree."""
    faults = collections.defaultdict(list)
    for name, view in views.items():
        count = counts[name]
        if 'fault' in view:
            faults['ends'].append('%s: %s' % (name, view['fault']))
            continue
        said = view['json']
        if view['seconds'] > LIMIT_SECONDS:
            faults['fast'].append('%s: %.0f ms' % (name, view['seconds'] * 1000))
        if count['console'] and said['console'] is None:
            faults['sink'].append('%s: %s: %s' % (name, ', '.join(count['console']), said['console_reason']))
        if said['console'] and said['console']['driver'] not in count['console']:
            faults['node'].append('%s: %s, not %s' % (name, said['console']['driver'], ', '.join(count['console'])))
        if said['console'] and int(said['console']['address'] or '0', 16) != count['address']:
            faults['address'].append('%s: %s, not %#x' % (name, said['console']['address'], count['address'] or 0))
        methods = [cpu['enable_method'] or '' for cpu in said['cpus']]
        if methods != count['methods']:
            faults['methods'].append('%s: %s, not %s' % (name, methods_text(methods), methods_text(count['methods'])))
        if (spin_table(said) == 'unsound') != count['unsound']:
            faults['unsound'].append('%s: spin-table is %s' % (name, spin_table(said)))
        if not said['cpu_verdict']['reason'] or (said['console'] is None and not said.get('console_reason')):
            faults['reason'].append(name)
    checks.that('every tree is inspected to the end', faults['ends'])
    checks.that('none takes over %.0f ms' % (LIMIT_SECONDS * 1000), faults['fast'])
    checks.that('every UART behind stdout-path has a sink', faults['sink'])
    checks.that('the sink is for the node that stdout-path means', faults['node'])
    checks.that('its address is what fdtget and the ranges above it give', faults['address'])
    checks.that('each CPU has the enable method that fdtget finds', faults['methods'])
    checks.that('unsound spin-tables are those that fdtget finds', faults['unsound'])
    checks.that('every verdict has a reason', faults['reason'])


def summary_of(package, views, counts):
    """The text of summary.txt: nothing in it depends on the machine."""
    said = {name: view['json'] for name, view in views.items() if 'json' in view}
    uarts = {name for name, count in counts.items() if count['console']}
    lines = ['package', '  ' + package, 'trees', '  %d' % len(views), '',
             'stdout-path']
    lines.append('  %d name a UART, %d of them get a sink' % (
        len(uarts), sum(1 for name in uarts if said.get(name, {}).get('console'))))

    def table(title, values):
        lines.extend(['', title])
        for value, number in sorted(collections.Counter(values).items(), key=lambda item: (-item[1], item[0])):
            lines.append('  %4d %s' % (number, value))

    table('enable methods', [methods_text(cpu['enable_method'] for cpu in view['cpus']) for view in said.values()])
    table('cpu verdict', [view['cpu_verdict']['status'] for view in said.values()])
    table('spin-table', [spin_table(view) for view in said.values() if spin_table(view)])
    table('architecture', [view['architecture'] or 'not known' for view in said.values()])
    table('sinks', ['%s (%s)' % (view['console']['sink'], view['console']['driver'])
                    for view in said.values() if view['console']])
    table('no sink', [view['console_reason'] for view in said.values() if not view['console']])
    table('warnings', [warning['id'] for view in said.values() for warning in view['warnings']])
    lines.extend(['', 'unsound spin-tables'])
    lines.extend('  ' + name for name, view in sorted(said.items()) if spin_table(view) == 'unsound')
    return '\n'.join(lines) + '\n'


def compare_summary(checks, text, update):
    """Against summary.txt, when it is for the same package."""
    file = HERE / 'summary.txt'
    if update:
        file.write_text(text, encoding='utf-8')
    golden = file.read_text(encoding='utf-8') if file.exists() else ''
    if golden.split('\n')[:2] != text.split('\n')[:2]:
        checks.skipped += 1
        print('skipped: summary.txt is for another package (%s)' % golden.partition('\n')[2].partition('\n')[0].strip())
        return
    difference = list(difflib.unified_diff(golden.splitlines(), text.splitlines(), 'summary.txt', 'now', lineterm=''))
    checks.that('the summary is that of summary.txt', difference)


def print_table(package, views, counts):
    """The table of the README."""
    said = [view['json'] for view in views.values() if 'json' in view]
    slowest, name = max((view['seconds'], name) for name, view in views.items())
    uarts = [name for name, count in counts.items() if count['console']]
    with_sink = sum(1 for name in uarts if views[name].get('json', {}).get('console'))
    methods = collections.Counter(methods_text(cpu['enable_method'] for cpu in view['cpus']) for view in said)
    spin = collections.Counter(spin_table(view) for view in said)
    rows = [('inspected to the end', len(said)),
            ('whose `stdout-path` names a UART', len(uarts)),
            ('of these, with a sink: kxf can print there between the kernels', with_sink)]
    rows += [('CPUs by %s' % method if method != 'none named' else 'CPUs without an enable method', number)
             for method, number in sorted(methods.items(), key=lambda item: -item[1])]
    rows += [('spin-table, unsound: CPUs share a release address, or have none', spin['unsound']),
             ('spin-table with a release address for each CPU', spin['unknown'] + spin['ok']),
             ('slowest', '%.0f ms (%s)' % (slowest * 1000, name))]
    print('| %s | trees |\n|---|---|' % package)
    for title, value in rows:
        print('| %s | %s |' % (title, value))
    print()


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('--build', required=True)
    parser.add_argument('--trees', required=True, type=pathlib.Path)
    parser.add_argument('--package', required=True)
    parser.add_argument('--update', action='store_true')
    options = parser.parse_args()
    trees = {str(tree.relative_to(options.trees)): tree for tree in sorted(options.trees.rglob('*.dtb'))}
    if not trees:
        raise SystemExit('no device tree in %s' % options.trees)
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = dict(zip(trees, pool.map(counted, trees.values())))
    half = time.monotonic()
    with tempfile.TemporaryDirectory(prefix='kxf-corpus.') as shelf:
        kxf = program.Kxf(options.build, shelf)
        views = {name: inspected(kxf, tree, shelf) for name, tree in trees.items()}
    print('%d trees, fdtget %.0f s, kxf %.0f s\n' % (len(trees), half - start, time.monotonic() - half))
    print_table(options.package, views, counts)
    checks = Checks()
    compare(checks, views, counts)
    compare_summary(checks, summary_of(options.package, views, counts), options.update)
    print('%d passed, %d failed, %d skipped' % (checks.passed, checks.failed, checks.skipped))
    return 1 if checks.failed else 0


if __name__ == '__main__':
    sys.exit(main())
