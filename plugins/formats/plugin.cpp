// SPDX-License-Identifier: Apache-2.0
#include "kxf/plugin.hpp"

#include "formats/fit.hpp"
#include "formats/gzip.hpp"
#include "formats/uki.hpp"

namespace {

bool add_all(kxf::Registrar& registrar) noexcept {
  static const kxf::formats::GzipCodec gzip;
  return registrar.add(gzip) && registrar.add(kxf::formats::fit()) &&
         registrar.add(kxf::formats::uki());
}

}  // namespace

KXF_PLUGIN("formats", KXF_VERSION, "kxf", "compressions and containers that kernel images come in",
           "codec:gzip image-format:fit image-format:uki", add_all)
