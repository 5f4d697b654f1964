// SPDX-License-Identifier: Apache-2.0
#include "plugin.hpp"

#undef _GLIBCXX_USE_CXX11_ABI
#define _GLIBCXX_USE_CXX11_ABI 0
BAD_PLUGIN(bad::add_bad)
