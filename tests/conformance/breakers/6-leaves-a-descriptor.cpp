// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include "breaker.hpp"

namespace {
const int left_open = open("/dev/null", O_RDONLY);
}  // namespace

BREAKER("codec", breaker::Codec)
