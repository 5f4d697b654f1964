// SPDX-License-Identifier: Apache-2.0
#include "plugin.hpp"

// Right by itself; its codec has the name and the rank of that of `good`.
KXF_PLUGIN("twin", "1.0", "somebody", "has no defect", "codec:good",
           [](kxf::Registrar& r) noexcept { return r.add(bad::codec_good()); })
