// SPDX-License-Identifier: Apache-2.0
#include "kxf/plugin.hpp"

#include "formats/gzip.hpp"

namespace {

bool add_all(kxf::Registrar& registrar) noexcept {
  static const kxf::formats::GzipCodec gzip;
  return registrar.add(gzip);
}

}  // namespace

KXF_PLUGIN("formats", KXF_VERSION, "kxf", "compressions that kernel images come in", "codec:gzip",
           add_all)
