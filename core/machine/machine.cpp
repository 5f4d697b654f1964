// SPDX-License-Identifier: Apache-2.0
#include "kxf/machine.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

Machine::~Machine() = default;

Result<std::string> Machine::read_text(std::string_view path) const {
  KXF_TRY(bytes, read(path));
  const std::string_view text = text_of(bytes);
  // Files below /proc/device-tree end with a zero byte, those below /sys with a newline.
  const std::size_t last = text.find_last_not_of(std::string_view("\0 \t\r\n\v\f", 7));
  return std::string(last == std::string_view::npos ? std::string_view{}
                                                    : text.substr(0, last + 1));
}

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
