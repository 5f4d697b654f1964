// SPDX-License-Identifier: Apache-2.0
#include <kxf/plugin.hpp>

#include "packing.hpp"

namespace {

bool add_all(kxf::Registrar& registrar) noexcept { return registrar.add(plugin::packing()); }

}  // namespace

KXF_PLUGIN("template-name", "0.1.0", "your company", "codec template-name: runs of equal bytes",
           "codec:template-name", add_all)
