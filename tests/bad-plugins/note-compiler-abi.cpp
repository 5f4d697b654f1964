// SPDX-License-Identifier: Apache-2.0
#include "plugin.hpp"

#undef __GXX_ABI_VERSION
#define __GXX_ABI_VERSION 1002
BAD_PLUGIN(bad::add_bad)
