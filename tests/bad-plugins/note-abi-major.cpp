// SPDX-License-Identifier: Apache-2.0
#include "plugin.hpp"

#undef KXF_ABI_MAJOR
#define KXF_ABI_MAJOR 2
BAD_PLUGIN(bad::add_bad)
