// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "breaker.hpp"

namespace {
const int waited = [] {
  for (;;) pause();
  return 0;
}();
}  // namespace

BREAKER("codec", breaker::Codec)
