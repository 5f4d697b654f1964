#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run.py --build DIR [NAME...] -- input that must be refused: each with a message that names cause and remedy.

How to run:  tests/bad-input/run.py --build build/host                 all cases (bad_*.py in this folder)
             tests/bad-input/run.py --build build/host no-room-kernel   one of them
             tests/bad-input/run.py --build build/host --show NAME      print what kxf said, too
Expect:      "ok NAME", "FAIL NAME" with reasons or "skip NAME (reason)"; the last line is "N passed, N failed, N skipped".
             Exit status 1 when one failed.
Time:        some seconds

Of each case it is asserted that the exit status is 1 (unless the case says otherwise), that standard error begins with
"kxf: " and has the cause and a line "  remedy: ", that nothing is printed on standard output, and that it does not take
long. Every file is made here, named by its defect.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / 'support'), str(HERE)]
import bad_containers  # pylint: disable=wrong-import-position
import bad_crash  # pylint: disable=wrong-import-position
import bad_files  # pylint: disable=wrong-import-position
import bad_images  # pylint: disable=wrong-import-position
import bad_machines  # pylint: disable=wrong-import-position
import bad_packed  # pylint: disable=wrong-import-position
import bad_plugins  # pylint: disable=wrong-import-position
import bad_policies  # pylint: disable=wrong-import-position
import bad_ppc64  # pylint: disable=wrong-import-position
import bad_trees  # pylint: disable=wrong-import-position
import captures  # pylint: disable=wrong-import-position
import fixtures  # pylint: disable=wrong-import-position
import kxf as program  # pylint: disable=wrong-import-position
import ppc64_images  # pylint: disable=wrong-import-position
import ppc64_machine  # pylint: disable=wrong-import-position

MOST_SECONDS = 2.0


def check(case, status, out, said, seconds):
    """The reasons why the answer is not as it should be."""
    reasons = []
    if status != case.status:
        reasons.append('exit status %d instead of %d' % (status, case.status))
    if out:
        reasons.append('standard output: ' + out[:200])
    if not said.startswith('kxf: '):
        reasons.append('standard error does not begin with "kxf: "')
    message, separator, remedy = said.partition('\n  remedy: ')
    if not separator or not remedy.strip():
        reasons.append('no remedy')
    if not re.search(case.message, message):
        reasons.append('the message does not match /%s/' % case.message)
    if not re.search(case.remedy, remedy):
        reasons.append('the remedy does not match /%s/' % case.remedy)
    if seconds > case.seconds:
        reasons.append('it took %.1f s' % seconds)
    return reasons


def run_case(kxf, case, folder, limit):
    """(outcome, reasons, what kxf said)."""
    if case.skip(kxf):
        return 'skip', [case.skip(kxf)], ''
    case.seconds = limit
    folder.mkdir()
    arguments, plugins = case.prepare(folder, kxf)
    try:
        status, out, said, seconds = kxf.run(arguments, folder, plugins=plugins, nobody=case.nobody, timeout=10 * limit)
    except subprocess.TimeoutExpired:
        return 'FAIL', ['it did not end'], ''
    reasons = check(case, status, out, said, seconds)
    return ('FAIL' if reasons else 'ok'), reasons, said


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', required=True, help='CMake build directory with kxf and its plugins')
    parser.add_argument('--show', action='store_true', help='print what kxf said')
    parser.add_argument('--seconds', type=float, default=float(os.environ.get('KXF_SECONDS', MOST_SECONDS)),
                        help='how long a case may take (env: KXF_SECONDS)')
    parser.add_argument('names', nargs='*', help='cases')
    options = parser.parse_args()
    known = []
    for module in (bad_crash, bad_files, bad_images, bad_packed, bad_containers, bad_machines, bad_trees, bad_policies, bad_plugins,
                   bad_ppc64):
        known += module.cases()
    doubled = {case.name for case in known if sum(other.name == case.name for other in known) > 1}
    assert not doubled, 'two cases of one name: %s' % doubled
    chosen = [case for case in known if not options.names or case.name in options.names]
    assert len(chosen) >= len(options.names), 'no such case'

    count = {'ok': 0, 'FAIL': 0, 'skip': 0}
    with tempfile.TemporaryDirectory(prefix='kxf-bad-input.') as scratch:
        os.chmod(scratch, 0o755)
        scratch = pathlib.Path(scratch)
        common = scratch / 'common'
        common.mkdir()
        fixtures.write(common, captures.Capture(program.MACHINES / 'virt-dt-el1.tar'), ['Image', 'Image-16K', 'initrd'])
        (common / 'vmlinux').write_bytes(bytes(ppc64_images.kernel()))
        ppc64_machine.machine().write(common / 'made-pseries.tar')
        for machine in program.MACHINES.glob('*.tar'):
            (common / machine.name).write_bytes(machine.read_bytes())
        kxf = program.Kxf(options.build, scratch / 'shelf')
        for case in chosen:
            outcome, reasons, said = run_case(kxf, case, scratch / case.name, options.seconds)
            count[outcome] += 1
            print('%-4s %s%s' % (outcome, case.name, ' (%s)' % reasons[0] if outcome == 'skip' else ''))
            if outcome == 'FAIL':
                print('\n'.join('     ' + reason for reason in reasons))
            if said and (options.show or outcome == 'FAIL'):
                print('\n'.join('     | ' + line for line in said.splitlines()))
    print('%d passed, %d failed, %d skipped' % (count['ok'], count['FAIL'], count['skip']))
    sys.exit(count['FAIL'] != 0)


if __name__ == '__main__':
    main()
