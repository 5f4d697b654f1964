// SPDX-License-Identifier: Apache-2.0
// UKI: what is taken out of it lies in it.
#include "formats/uki.hpp"

#include "contents.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using kxf_fuzz::require;
  const kxf::ImageFormat& format = kxf::formats::uki();
  const kxf::ByteView image(data, size);
  if (!kxf_fuzz::is_mine(format, image)) return 0;
  const std::string_view board[] = {"acme,two", "acme,any"};
  for (const std::string_view configuration : {"", "@1"}) {
    kxf::Record record;
    const auto contents = format.parse(image, {{}, board, configuration}, record);
    if (!contents) {
      require(!contents.error().message.empty(), "a refusal has a message");
      require(contents.error().fault == kxf::Fault::refused, "it is the file's fault");
      continue;
    }
    require(contents->payload.has_value(), "a UKI holds a payload");
    require(contents->verified_by.empty(), "nothing in a UKI is verified");
    kxf_fuzz::require_inside(*contents, image);
  }
  return 0;
}
