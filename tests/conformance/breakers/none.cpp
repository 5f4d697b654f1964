// SPDX-License-Identifier: Apache-2.0
#include "breaker.hpp"

/// Keeps all rules, so that the others can be told from it.
BREAKER("codec", breaker::Codec)
