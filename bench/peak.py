#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""peak.py -- run a command; the last line of its output is its peak resident set.

How to run:  peak.py COMMAND...
Expect:      what the command prints, and then a number of KiB. Its exit status.
Time:        as long as the command takes
"""
import resource
import subprocess
import sys

status = subprocess.run(sys.argv[1:], check=False).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)
