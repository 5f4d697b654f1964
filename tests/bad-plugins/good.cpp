// SPDX-License-Identifier: Apache-2.0
#include "plugin.hpp"

KXF_PLUGIN("good", "1.0", "somebody", "has no defect", "codec:good",
           [](kxf::Registrar& r) noexcept { return r.add(bad::codec_good()); })
