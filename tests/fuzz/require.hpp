// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What a fuzz target asserts beside not crashing.

#include <cstdio>
#include <cstdlib>
#include <string>

namespace kxf_fuzz {

/// Ends the program with a message when a promise is broken.
inline void require(bool kept, const std::string& promise) {
  if (kept) return;
  std::fprintf(stderr, "broken promise: %s\n", promise.c_str());
  std::abort();
}

}  // namespace kxf_fuzz
