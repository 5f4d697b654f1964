// SPDX-License-Identifier: Apache-2.0
#include "plugin.hpp"

#define kxf_plugin_v1 bad_other_symbol
BAD_PLUGIN(bad::add_bad)
