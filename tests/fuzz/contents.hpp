// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What the contents of every image must keep to, whatever the format.

#include <vector>

#include "kxf/image_format.hpp"
#include "require.hpp"

namespace kxf_fuzz {

/// All that travels in the image lies inside its bytes.
inline void require_inside(const kxf::ImageContents& contents, kxf::ByteView image) {
  std::vector<kxf::ByteView> parts;
  if (contents.payload) parts.push_back(contents.payload->bytes);
  if (contents.initrd) parts.push_back(*contents.initrd);
  if (contents.device_tree) parts.push_back(contents.device_tree->bytes);
  for (const kxf::CarriedBytes& overlay : contents.overlays) parts.push_back(overlay.bytes);
  for (const kxf::ByteView part : parts) {
    require(!part.empty(), "what is in an image is not empty");
    require(part.data() >= image.data() && part.data() + part.size() <= image.data() + image.size(),
            "what is in an image lies inside");
  }
}

}  // namespace kxf_fuzz
