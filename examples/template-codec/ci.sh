#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ci.sh [CMAKE-ARGUMENT...] -- all that CI has to run for this plugin.
#
# How to run:  ./ci.sh                              with kxf and its SDK installed
#              KXF=/opt/kxf/bin/kxf ./ci.sh -DCMAKE_PREFIX_PATH=/opt/kxf
# Expect:      "ci: passed" as the last line; exit status 1 at the first step that fails.
# Time:        10 s
set -euo pipefail
cd "$(dirname "$0")"
kxf=${KXF:-kxf}

cmake -S . -B build -DCMAKE_BUILD_TYPE=RelWithDebInfo "$@"
cmake --build build
ctest --test-dir build --output-on-failure
"$kxf" plugin check build/plugins/template-name.so --samples build/samples
"$kxf" profile check ./template-name.toml
echo "ci: passed"
