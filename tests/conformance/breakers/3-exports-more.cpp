// SPDX-License-Identifier: Apache-2.0
#include "breaker.hpp"

extern "C" KXF_API int breaker_helper();
extern "C" int breaker_helper() { return 1; }

BREAKER("codec", breaker::Codec)
