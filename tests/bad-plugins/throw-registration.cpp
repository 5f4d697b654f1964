// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include "plugin.hpp"

namespace {
void throw_out() { throw std::runtime_error("out of its registration"); }
}  // namespace

BAD_PLUGIN([](kxf::Registrar&) noexcept {
  throw_out();
  return true;
})
