// SPDX-License-Identifier: Apache-2.0
#include "plugin.hpp"

/// A second name that the linker lets out: another library's could be bound to it.
extern "C" __attribute__((visibility("default"))) int bad_second_symbol();
int bad_second_symbol() { return 1; }

BAD_PLUGIN(bad::add_bad)
