// SPDX-License-Identifier: Apache-2.0
// Profiles: what is accepted can be written as a profile again, which is accepted as well.
#include "policy/profile.hpp"

#include "kxf/bytes.hpp"
#include "policy/profile_reader.hpp"
#include "require.hpp"

namespace {

kxf::Result<kxf::Policy> read(std::string_view text) {
  KXF_TRY(document, kxf::parse_toml(text, "/tmp/board.toml"));
  kxf::ProfileReader reader("/tmp/board.toml");
  kxf::Policy policy;
  reader.read(document, policy);
  KXF_CHECK(reader.verdict());
  return policy;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto policy = read(kxf::text_of({data, size}));
  if (!policy) {
    kxf_fuzz::require(!policy.error().message.empty(), "a refusal has a message");
    return 0;
  }
  const std::string text = kxf::effective_text(*policy);
  const auto again = read(text);
  kxf_fuzz::require(again.has_value(), "the effective profile is a profile:\n" + text +
                                           (again ? "" : again.error().message));
  return 0;
}
