// SPDX-License-Identifier: Apache-2.0
#include "image/claims.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <vector>

namespace kxf {

bool is_inside(ByteView view, ByteView bytes) noexcept {
  const auto address = [](ByteView of) { return reinterpret_cast<std::uintptr_t>(of.data()); };
  return address(view) >= address(bytes) && view.size() <= bytes.size() &&
         address(view) - address(bytes) <= bytes.size() - view.size();
}

Status check_claims(const ImageContents& contents, ByteView image, std::string_view format) {
  std::vector<ByteView> views;
  if (contents.kernel)
    for (const KernelPart& part : contents.kernel->parts)
      if (!part.bytes.empty()) views.push_back(part.bytes);
  if (contents.payload) views.push_back(contents.payload->bytes);
  if (contents.initrd) views.push_back(*contents.initrd);
  if (contents.device_tree) views.push_back(contents.device_tree->bytes);
  for (const CarriedBytes& overlay : contents.overlays) views.push_back(overlay.bytes);
  for (const ByteView view : views)
    if (!is_inside(view, image))
      return broken(fmt::format("image format {} gives bytes that are not in its image", format));
  if (!contents.overlays.empty() && !contents.device_tree)
    return broken(fmt::format("image format {} gives overlays without a device tree", format));
  return {};
}

}  // namespace kxf
