// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include "plugin.hpp"

namespace {
bool throw_out() { throw std::runtime_error("out of a constructor"); }
const bool thrown = throw_out();
}  // namespace

BAD_PLUGIN(bad::add_bad)
