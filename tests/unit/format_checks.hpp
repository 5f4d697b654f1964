// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What tests of image formats ask of each: it takes an image, or refuses it with a remedy.

#include <doctest/doctest.h>

#include <string>

#include "kxf/image_format.hpp"

namespace kxf_test {

/// Of an image that the format must take. `image` must outlive the result.
inline kxf::ImageContents contents_of(const kxf::ImageFormat& format, kxf::ByteView image,
                                      kxf::Record& record) {
  REQUIRE(format.probe(image).verdict == kxf::ProbeVerdict::mine);
  auto contents = format.parse(image, {{}}, record);
  REQUIRE_MESSAGE(contents.has_value(), (contents ? "" : contents.error().message));
  return std::move(*contents);
}

/// Of an image that the format must know and refuse.
inline std::string error_of(const kxf::ImageFormat& format, kxf::ByteView image) {
  CHECK(format.probe(image).verdict == kxf::ProbeVerdict::mine);
  kxf::Record record;
  const auto contents = format.parse(image, {{}}, record);
  REQUIRE_FALSE(contents.has_value());
  CHECK_FALSE(contents.error().remedy.empty());
  return contents.error().message;
}

}  // namespace kxf_test
