// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "plugin.hpp"

BAD_PLUGIN([](kxf::Registrar&) noexcept {
  std::abort();
  return true;
})
