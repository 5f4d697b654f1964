// SPDX-License-Identifier: Apache-2.0
//
// breadcrumb-words: reads lines, and puts a record of breadcrumbs, given as "BREADCRUMB " and the
// hexadecimal digits of its 64-bit words, into words, as `kxf status --breadcrumb` does. Other
// lines are left alone.
#include <fmt/format.h>

#include <iostream>
#include <string>

#include "breadcrumb/record.hpp"
#include "text/number.hpp"

namespace {

constexpr std::string_view mark = "BREADCRUMB ";

kxf::ByteVector bytes_of_words(std::string_view digits) {
  kxf::ByteVector bytes;
  for (; digits.size() >= 16; digits.remove_prefix(16)) {
    bytes.resize(bytes.size() + 8);
    kxf::store(std::span(bytes), bytes.size() - 8,
               kxf::whole_number<std::uint64_t>(digits.substr(0, 16), 16).value_or(0),
               kxf::Endian::little);
  }
  return bytes;
}

std::string words_of(std::string_view digits) {
  const auto record = kxf::read_purgatory_record(bytes_of_words(digits));
  if (!record) return record.error().message;
  return fmt::format("jump {}: {}", record->jumps, in_words(*record));
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    if (line.starts_with(mark))
      fmt::print("{}{}\n", mark, words_of(std::string_view(line).substr(mark.size())));
    else
      fmt::print("{}\n", line);
  }
  return 0;
}
