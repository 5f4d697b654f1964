#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tidy.py CAPTURE OUTPUT -- take out of a capture what differs from boot to boot and says nothing.

How to run:  by record.sh
Expect:      "recorded NAME, N files, N KB"; exit status 1 when the result is larger than 128 KB
Time:        below 1 s

The test's own marker on the command line becomes zeros of the same length, so that every length stays true. Directories that
have something in them go without an entry of their own, and serial ports without registers (the four that the 8250 driver
keeps in stock) go altogether.
"""
import os
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'support'))
import captures  # pylint: disable=wrong-import-position

MOST_BYTES = 128 * 1024
MARKER = re.compile(rb'\bmark=([0-9a-f]{12})\b')


def main():
    source, output = sys.argv[1:]
    capture = captures.Capture(source)
    for path, content in capture.entries.items():
        if isinstance(content, bytes):
            capture.entries[path] = MARKER.sub(b'mark=' + b'0' * 12, content)
    for port in [os.path.dirname(path) for path, content in capture.entries.items()
                 if path.endswith('/iomem_base') and content.strip() == b'0x0']:
        for path in [path for path in capture.entries if path.startswith(port) or
                     path == 'sys/class/tty/' + os.path.basename(port)]:
            del capture.entries[path]
    for path in [path for path, content in capture.entries.items() if content is None]:
        if any(other.startswith(path + '/') for other in capture.entries):
            del capture.entries[path]
    capture.write(output)
    size = pathlib.Path(output).stat().st_size
    print('recorded %s, %d files, %d KB' % (pathlib.Path(output).name, len(capture.entries), (size + 1023) // 1024))
    for path, content in sorted(capture.entries.items(), key=lambda item: -len(item[1] or b''))[:5 if size > MOST_BYTES else 0]:
        print('  %8d %s' % (len(content or b''), path))
    sys.exit(size > MOST_BYTES)


if __name__ == '__main__':
    main()
