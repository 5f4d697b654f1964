// SPDX-License-Identifier: Apache-2.0
// FIT: what is taken out of it lies in it, and nothing that was changed passes for signed.
#include "formats/fit.hpp"

#include "contents.hpp"

namespace {

// tests/images/prime256v1.pem: its signatures are the cheapest to verify.
constexpr std::string_view key =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE0evyH1n4/FitTbU99nKuhnelDbu5\n"
    "CGpegtwMmnH4buFTJcVS8xWyvyPkx0Hfc5Cn38A/KM0JDmTM0RyxWba15A==\n"
    "-----END PUBLIC KEY-----\n";

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using kxf_fuzz::require;
  const kxf::ImageFormat& format = kxf::formats::fit();
  const kxf::ByteView image(data, size);
  if (!kxf_fuzz::is_mine(format, image)) return 0;
  const std::string_view board[] = {"acme,two", "acme,any"};
  const kxf::NamedBytes keys[] = {{"key", kxf::bytes_of(key)}};
  for (const bool required : {false, true}) {
    kxf::Record record;
    const auto contents = format.parse(image, {{}, board, {}, keys, required}, record);
    if (!contents) {
      require(!contents.error().message.empty(), "a refusal has a message");
      require(contents.error().fault == kxf::Fault::refused, "it is the file's fault");
      continue;
    }
    require(contents->payload.has_value(), "a FIT holds a payload");
    require(!required || !contents->verified_by.empty(), "what is required is verified");
    require(contents->verified_by.empty() ||
                kxf::text_of(contents->payload->bytes) == "PLAIN kernel one",
            "only the kernel that was signed is verified");
    require(contents->overlays.empty() || contents->device_tree.has_value(),
            "overlays have a tree");
    kxf_fuzz::require_inside(*contents, image);
  }
  return 0;
}
