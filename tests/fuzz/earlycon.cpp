// SPDX-License-Identifier: Apache-2.0
// Command lines and the consoles in them.
#include "plan/earlycon.hpp"

#include "kxf/bytes.hpp"
#include "policy/command_line.hpp"
#include "require.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using kxf_fuzz::require;
  const std::string_view text = kxf::text_of({data, size});
  if (const auto value = kxf::last_parameter(text, "earlycon")) {
    const auto device = kxf::parse_earlycon(*value);
    require(device || !device.error().remedy.empty(), "a refusal has a remedy");
    if (device) require(!device->driver.empty(), "a console has a name");
  }
  (void)kxf::parse_earlycon(text);

  constexpr std::uint64_t limit_bytes = 2048;
  kxf::Policy policy;
  policy.command_line_mode = {kxf::CommandLineMode::reuse, "--reuse-cmdline"};
  policy.command_line_remove = {{"quiet", "root=/dev/vda"}, "board.toml:1:1"};
  policy.command_line_append = {"appended=1", "--append"};
  kxf::Record record;
  const auto line = compose_command_line(policy, text, std::nullopt, {limit_bytes}, record);
  if (!line) return 0;
  require(line->size() < limit_bytes, "a command line keeps to the limit");
  require(line->find('\n') == std::string::npos, "a command line is one line");
  require(kxf::last_parameter(*line, "appended") == "1", "what is appended is a parameter");
  for (const std::string& word : kxf::split_command_line(*line)) {
    if (word == "--") break;
    require(!kxf::has_parameter_name(word, "quiet"), "what is removed is gone");
  }
  return 0;
}
