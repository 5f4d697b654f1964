// SPDX-License-Identifier: Apache-2.0
#include "plugin.hpp"

#undef KXF_ABI_MINOR
#define KXF_ABI_MINOR 99
BAD_PLUGIN(bad::add_bad)
