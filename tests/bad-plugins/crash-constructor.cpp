// SPDX-License-Identifier: Apache-2.0
#include "plugin.hpp"

namespace {
struct Crash {
  Crash() {
    volatile int* volatile nowhere = nullptr;
    if (nowhere == nullptr) __builtin_trap();
  }
} crash;
}  // namespace

BAD_PLUGIN(bad::add_bad)
