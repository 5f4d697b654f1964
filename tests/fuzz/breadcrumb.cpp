// SPDX-License-Identifier: Apache-2.0
// What is in memory where a purgatory should have left its record, and a log that should have its
// lines.
#include <algorithm>

#include "breadcrumb/record.hpp"
#include "require.hpp"

namespace {

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using kxf_fuzz::require;
  for (const std::string& line : kxf::purgatory_lines(kxf::text_of({data, size})))
    require(line.starts_with("kxf: ") && is_printable(line),
            "a line is the purgatory's, printable");
  const auto record = kxf::read_purgatory_record({data, size});
  if (!record) {
    require(!record.error().remedy.empty(), "what is no record has a remedy");
    return 0;
  }
  require(size >= kxf::breadcrumb_bytes, "a record is whole");
  require(is_printable(in_words(*record)), "a record's words are printable");
  require(!name_of(record->phase).empty(), "a record's phase has a name");
  return 0;
}
