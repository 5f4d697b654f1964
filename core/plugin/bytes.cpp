// SPDX-License-Identifier: Apache-2.0
#include "kxf/bytes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "text/one_line.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

std::string shown(std::string_view text) {
  constexpr std::size_t longest = 64;
  std::string result = one_line(text.substr(0, longest));
  if (text.size() > longest) result += "...";
  return result;
}

Result<ByteView> Bytes::slice(std::uint64_t offset, std::uint64_t size) const {
  const std::uint64_t available = view_.size();
  if (offset > available || size > available - offset) {
    if (size > UINT64_MAX - offset)
      return refuse(fmt::format("ends at byte {}, {} bytes from byte {} are needed", available,
                                size, offset));
    return refuse(fmt::format("ends at byte {}, {} are needed", available, offset + size));
  }
  return view_.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
}

bool Bytes::has(std::uint64_t offset, std::string_view pattern) const noexcept {
  const std::uint64_t available = view_.size();
  if (offset > available || pattern.size() > available - offset) return false;
  return std::ranges::equal(view_.subspan(static_cast<std::size_t>(offset), pattern.size()),
                            bytes_of(pattern));
}

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
