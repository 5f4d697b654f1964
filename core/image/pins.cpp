// SPDX-License-Identifier: Apache-2.0
#include "image/pins.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "digest/sha256.hpp"

namespace kxf {

Status check_pin(const Setting<std::string>& pin, ByteView bytes, std::string_view what,
                 Record& record) {
  if (pin.value.empty()) return {};
  KXF_TRY(digest, sha256(bytes));
  const std::string found = fmt::format("{:02x}", fmt::join(digest, ""));
  if (found != pin.value)
    return refuse(fmt::format("{}: its SHA-256 is {}, and {} pins it to {}", what, found,
                              pin.origin, pin.value),
                  "use the file that was pinned, or correct the pin");
  record.decide("pin", fmt::format("{} has SHA-256 {}", what, found), pin.origin);
  return {};
}

Status check_initrd_pins(const Setting<std::vector<std::string>>& pins,
                         const std::vector<Blob>& initrds, Record& record) {
  if (!pins.is_set()) return {};
  if (pins.value.size() != initrds.size())
    return refuse(fmt::format("initrd: {} pins {} of them, and there are {}", pins.origin,
                              pins.value.size(), initrds.size()),
                  "give one SHA-256 for each initrd, in their order");
  for (std::size_t i = 0; i < initrds.size(); ++i)
    KXF_CHECK(check_pin({pins.value[i], pins.origin}, initrds[i].view(),
                        fmt::format("initrd {} of {}", i + 1, initrds.size()), record));
  return {};
}

}  // namespace kxf
