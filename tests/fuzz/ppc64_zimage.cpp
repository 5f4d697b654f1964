// SPDX-License-Identifier: Apache-2.0
// The boot wrapper for Power: what is taken out of it lies in it.
#include "contents.hpp"
#include "ppc64/ppc64.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using kxf_fuzz::require;
  const kxf::ImageFormat& format = kxf::ppc64::zimage();
  const kxf::ByteView image(data, size);
  const kxf::Probe probe = format.probe(image);
  require(probe.verdict != kxf::ProbeVerdict::damaged || !probe.reason.empty(),
          "a damaged file has a reason");
  if (probe.verdict != kxf::ProbeVerdict::mine) return 0;
  require(kxf::ppc64::elf_image().probe(image).verdict == kxf::ProbeVerdict::not_mine,
          "a wrapper is not taken for a kernel");
  kxf::Record record;
  const auto contents = format.parse(image, {{}}, record);
  if (!contents) {
    require(!contents.error().message.empty(), "a refusal has a message");
    require(contents.error().fault == kxf::Fault::refused, "it is the file's fault");
    return 0;
  }
  require(!contents->kernel.has_value() && contents->payload.has_value(),
          "a wrapper holds a payload");
  kxf_fuzz::require_inside(*contents, image);
  return 0;
}
