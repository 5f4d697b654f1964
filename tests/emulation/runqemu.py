#!/usr/bin/env python3
"""runqemu.py -- run a QEMU whose serial port is on stdio, keep a log with times, stop it when enough was seen.

How to run:  runqemu.py --timeout 100 --until 'SECOND: end' --log console.log [--show REGEX] [--reset REGEX] -- qemu-system-aarch64 ...
Expect:      each line of the log begins with the host's seconds since the start, taken at the line's first character;
             the last line says why it ended (eof: the guest powered off; until; timeout) and what it cost.
             Exit status 0; 124 after a timeout.
Time:        as long as the guest takes

Only the process that was started here is ever signalled.
"""
import argparse
import os
import re
import select
import signal
import subprocess
import sys
import time

GRACE_SECONDS = 0.3     # after --until: let the line's neighbours arrive
POLL_SECONDS = 0.05


class Console:
    """Splits the guest's output into lines and writes them with their times."""

    def __init__(self, log, show):
        self.log, self.show = log, show
        self.line, self.started = b'', None

    def feed(self, data, now):
        """Takes raw output; returns the lines that may have changed, as text."""
        seen = []
        parts = data.split(b'\n')
        for i, part in enumerate(parts):
            # some senders end a line with \n\r: that \r does not start the next one
            if self.started is None and part.strip(b'\r'):
                self.started = now
            self.line += part
            seen.append(self.line.decode('utf-8', 'replace'))
            if i < len(parts) - 1:
                self.flush(now)
        return seen

    def flush(self, now):
        self.emit(now if self.started is None else self.started, self.line.decode('utf-8', 'replace').strip('\r'))
        self.line, self.started = b'', None

    def emit(self, seconds, text):
        stamped = '[%9.3f] %s\n' % (seconds, text)
        self.log.write(stamped)
        self.log.flush()
        if self.show and self.show.search(text):
            sys.stdout.write(stamped)
            sys.stdout.flush()


def reset(qemu):
    """Resets the machine by the monitor that -nographic puts beside the serial port, behind Control-A C."""
    qemu.stdin.write(b'\x01csystem_reset\n\x01c')
    qemu.stdin.flush()


def watch(qemu, console, start, timeout, until, reset_at):
    """Reads until the end of output, `until` plus a grace, or the timeout; returns which."""
    fd = qemu.stdout.fileno()
    stop_at = None
    while True:
        now = time.monotonic() - start
        if stop_at is not None and now > stop_at:
            return 'until'
        if now > timeout:
            return 'timeout'
        if not select.select([fd], [], [], POLL_SECONDS)[0]:
            continue
        data = os.read(fd, 65536)
        if not data:
            return 'eof'
        now = time.monotonic() - start
        for text in console.feed(data, now):
            if reset_at and reset_at.search(text):
                reset(qemu)
                reset_at = None
            if until and stop_at is None and until.search(text):
                stop_at = now + GRACE_SECONDS


def end(qemu):
    """Terminates the QEMU if it still runs, and waits for it."""
    if qemu.poll() is None:
        qemu.send_signal(signal.SIGTERM)
    try:
        qemu.wait(10)
    except subprocess.TimeoutExpired:
        qemu.kill()
        qemu.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--timeout', type=float, default=120, help='seconds at most')
    parser.add_argument('--until', help='stop when this regular expression is seen in a line')
    parser.add_argument('--log', required=True, help='log file, overwritten')
    parser.add_argument('--show', help='write lines that match this regular expression to stdout too')
    parser.add_argument('--reset', help='reset the machine, as its button does, once, when this regular expression is seen')
    parser.add_argument('command', nargs=argparse.REMAINDER)
    args = parser.parse_args()
    command = args.command[1:] if args.command[:1] == ['--'] else args.command

    start = time.monotonic()
    with open(args.log, 'w', encoding='utf-8', errors='replace') as log:
        console = Console(log, re.compile(args.show) if args.show else None)
        stdin = subprocess.PIPE if args.reset else subprocess.DEVNULL
        qemu = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        why = 'interrupted'
        try:
            why = watch(qemu, console, start, args.timeout, re.compile(args.until) if args.until else None,
                        re.compile(args.reset) if args.reset else None)
        finally:
            if why != 'eof':
                end(qemu)
            qemu.wait()
            seconds = time.monotonic() - start
            if console.line:
                console.flush(seconds)
            console.emit(seconds, '-- runqemu: %s, status %d, %.1f s' % (why, qemu.returncode, seconds))
    return 124 if why == 'timeout' else 0


if __name__ == '__main__':
    sys.exit(main())
