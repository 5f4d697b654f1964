// SPDX-License-Identifier: Apache-2.0
#include "plugin.hpp"

extern "C" bool bad_symbol_that_is_nowhere();

KXF_PLUGIN("bad", "1.0", "nobody", "has a defect", "codec:bad", [](kxf::Registrar& r) noexcept {
  return bad_symbol_that_is_nowhere() && r.add(bad::codec_bad());
})
