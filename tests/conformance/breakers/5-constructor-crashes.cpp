// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "breaker.hpp"

namespace {
const bool crashed = [] {
  std::abort();
  return true;
}();
}  // namespace

BREAKER("codec", breaker::Codec)
