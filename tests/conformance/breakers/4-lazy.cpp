// SPDX-License-Identifier: Apache-2.0
#include "breaker.hpp"

// CMakeLists.txt links it without the flags.
BREAKER("codec", breaker::Codec)
