// SPDX-License-Identifier: Apache-2.0
#include "kxf/plugin.hpp"

#include <libdeflate.h>

#include <cstdint>

#include "formats/formats.hpp"

namespace {

bool add_all(kxf::Registrar& registrar) noexcept {
  // With its first call libdeflate looks what the CPU can do, on some machines in a file of /proc.
  // A confined child may not open that: so it is done here.
  const std::uint8_t byte = 0;
  (void)libdeflate_crc32(0, &byte, sizeof byte);
  namespace formats = kxf::formats;
  return registrar.add(formats::gzip()) && registrar.add(formats::xz()) &&
         registrar.add(formats::lzma()) && registrar.add(formats::zstd()) &&
         registrar.add(formats::lz4()) && registrar.add(formats::bzip2()) &&
         registrar.add(formats::lzo()) && registrar.add(formats::fit()) &&
         registrar.add(formats::uki()) && registrar.add(formats::uimage()) &&
         registrar.add(formats::zboot());
}

}  // namespace

KXF_PLUGIN("formats", KXF_VERSION, "kxf", "compressions and containers that kernel images come in",
           "codec:gzip codec:xz codec:lzma codec:zstd codec:lz4 codec:bzip2 codec:lzo "
           "image-format:fit image-format:uki image-format:uimage image-format:efi-zboot",
           add_all)
