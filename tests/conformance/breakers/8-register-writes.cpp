// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "breaker.hpp"

namespace {
bool add_and_write(kxf::Registrar& registrar) noexcept {
  if (std::FILE* const file = std::fopen("/tmp/kxf-breaker-was-here", "w")) std::fclose(file);
  return breaker::add_one<breaker::Codec>(registrar);
}
}  // namespace

KXF_PLUGIN("breaker", "1.0", "nobody", "breaks one rule", "codec:breaker", add_and_write)
