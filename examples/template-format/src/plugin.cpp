// SPDX-License-Identifier: Apache-2.0
#include <kxf/plugin.hpp>

#include "container.hpp"

namespace {

bool add_all(kxf::Registrar& registrar) noexcept { return registrar.add(plugin::container()); }

}  // namespace

KXF_PLUGIN("template-name", "0.1.0", "your company",
           "image format template-name: a CRC-32 around another image",
           "image-format:template-name", add_all)
