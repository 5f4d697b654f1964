// SPDX-License-Identifier: Apache-2.0
#include "plugin.hpp"

namespace {
bool turn() {
  volatile bool turning = true;
  while (turning) {
  }
  return true;
}
const bool turned = turn();
}  // namespace

BAD_PLUGIN(bad::add_bad)
