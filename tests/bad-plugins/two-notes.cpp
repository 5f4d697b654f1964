// SPDX-License-Identifier: Apache-2.0
#include "plugin.hpp"

BAD_PLUGIN(bad::add_bad)

namespace {
[[gnu::used, gnu::section(".note.kxf"), gnu::aligned(4)]] constinit const KxfNote second_note =
    kxf_make_note(kxf_note_text);
}  // namespace
