// SPDX-License-Identifier: Apache-2.0
//
// What saves memory, compiled for the machine that runs the tests.
#include <doctest/doctest.h>

#include <vector>

#include "purgatory/backup.h"

namespace purgatory_backup_test {
namespace {

std::uint64_t address_of(const std::vector<std::uint64_t>& words, std::size_t index) {
  return reinterpret_cast<std::uint64_t>(words.data() + index);
}

}  // namespace

TEST_CASE("all bytes are saved and none beside them is touched") {
  std::vector<std::uint64_t> memory(0x2002, 0x5555555555555555);
  for (std::size_t i = 0; i < 0x1000; ++i) memory[i] = i * 0x0123456789abcdef;
  const kxf_console silent{};
  const kxf_backup backup{address_of(memory, 0), address_of(memory, 0x1001), 0x8000};
  kxf_back_up(&silent, &backup);
  for (std::size_t i = 0; i < 0x1000; ++i) {
    REQUIRE(memory[i] == i * 0x0123456789abcdef);
    REQUIRE(memory[0x1001 + i] == memory[i]);
  }
  CHECK(memory[0x1000] == 0x5555555555555555);
  CHECK(memory[0x2001] == 0x5555555555555555);
}

TEST_CASE("where nothing is to be saved, nothing is written") {
  std::vector<std::uint64_t> memory(4, 7);
  const kxf_console silent{};
  const kxf_backup nothing{address_of(memory, 0), address_of(memory, 2), 0};
  kxf_back_up(&silent, &nothing);
  CHECK(memory == std::vector<std::uint64_t>(4, 7));
}

}  // namespace purgatory_backup_test
