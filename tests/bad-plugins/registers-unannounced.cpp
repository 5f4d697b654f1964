// SPDX-License-Identifier: Apache-2.0
#include "plugin.hpp"

KXF_PLUGIN("bad", "1.0", "nobody", "has a defect", "codec:bad", [](kxf::Registrar& r) noexcept {
  return r.add(bad::codec_bad()) && r.add(bad::codec_other());
})
