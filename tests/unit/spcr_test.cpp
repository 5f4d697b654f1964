// SPDX-License-Identifier: Apache-2.0
#include "plan/spcr.hpp"

#include "plan/console.hpp"

#include <doctest/doctest.h>

#include "fake_registry.hpp"
#include "map_machine.hpp"

namespace spcr_test {
namespace {

using kxf_test::contains;
using kxf_test::MapMachine;
using kxf_test::TreeMaker;

struct Table {
  std::uint8_t type = 3;
  std::uint8_t space = 0;
  std::uint8_t bit_width = 8;
  std::uint8_t access = 1;
  std::uint64_t address = 0x9000000;

  [[nodiscard]] std::string bytes() const {
    std::string table(80, '\0');
    table.replace(0, 4, "SPCR");
    table[4] = 80;
    table[36] = static_cast<char>(type);
    table[40] = static_cast<char>(space);
    table[41] = static_cast<char>(bit_width);
    table[43] = static_cast<char>(access);
    for (std::size_t i = 0; i < 8; ++i)
      table[44 + i] = static_cast<char>(address >> (8 * i) & 0xffU);
    return table;
  }
};

MapMachine& with(MapMachine& machine, std::string table) {
  machine.files["/sys/firmware/acpi/tables/SPCR"] = std::move(table);
  return machine;
}

std::string earlycon_of(const Table& table) {
  MapMachine machine;
  return spcr_earlycon(with(machine, table.bytes())).value().value();
}

struct Scene {
  MapMachine machine{};
  kxf::Policy policy{};
  kxf::Registry registry = kxf_test::fake_registry();
  kxf::Record record{};
  TreeMaker tree{};
  kxf::MemoryMap memory{{{{0x40000000, 0x80000000}, kxf::MemoryKind::ram, "", "dt"}}, {}};

  kxf::Result<std::optional<kxf::ConsoleChoice>> choose(std::string_view command_line = "") {
    return choose_console(machine, policy, command_line, tree.done(), memory, registry, record);
  }
};

}  // namespace

TEST_CASE("SPCR: what it says is a value of earlycon=") {
  CHECK(earlycon_of({}) == "pl011,0x9000000");
  CHECK(earlycon_of({.type = 0x0d}) == "pl011,mmio32,0x9000000");
  CHECK(earlycon_of({.type = 0x0e, .bit_width = 32, .access = 3}) == "pl011,mmio32,0x9000000");
  CHECK(earlycon_of({.type = 0, .access = 0}) == "uart8250,0x9000000");
  CHECK(earlycon_of({.type = 0x12, .bit_width = 32, .access = 0}) == "uart8250,mmio32,0x9000000");
  CHECK(earlycon_of({.type = 1, .bit_width = 32, .access = 2}) == "uart8250,mmio16,0x9000000");
}

TEST_CASE("SPCR: no table and no address is no console") {
  MapMachine machine;
  CHECK_FALSE(spcr_earlycon(machine).value());
  CHECK_FALSE(spcr_earlycon(with(machine, Table{.address = 0}.bytes())).value());
}

TEST_CASE("SPCR: a damaged table, port I/O and unknown kinds are errors that name the table") {
  MapMachine machine;
  const std::string good = Table{}.bytes();
  std::string other = good;
  other[0] = 'X';
  std::string brief = good.substr(0, 40);
  brief[4] = 40;
  const std::pair<std::string, const char*> rows[] = {
      {"", "no complete"},
      {good.substr(0, 79), "no complete"},
      {other, "no complete"},
      {brief, "ends before the address"},
      {Table{.space = 1}.bytes(), "address space 1"},
      {Table{.type = 0x77}.bytes(), "interface type 0x77"}};
  for (const auto& row : rows) {
    const std::string& table = row.first;
    const char* const said = row.second;
    CAPTURE(said);
    const auto answer = spcr_earlycon(with(machine, table));
    REQUIRE_FALSE(answer);
    CHECK(contains(answer.error().message, "/sys/firmware/acpi/tables/SPCR: "));
    CHECK(contains(answer.error().message, said));
  }
}

TEST_CASE("SPCR: it names the console where nothing else does") {
  Scene scene;
  with(scene.machine, Table{}.bytes());
  // no plugin of the scene knows pl011
  const auto unknown = scene.choose();
  REQUIRE_FALSE(unknown);
  CHECK(contains(unknown.error().message, "ACPI SPCR names the console \"pl011\""));

  scene.policy.console_sink = {"none", "board.toml:2:1"};
  CHECK_FALSE(scene.choose().value());
}

TEST_CASE("SPCR: another console than the chosen one is named in a warning") {
  Scene scene;
  with(scene.machine, Table{.address = 0xa000000}.bytes());
  const auto choice = scene.choose("earlycon=fakecon,0x9000000");
  REQUIRE(choice);
  REQUIRE(*choice);
  CHECK((*choice)->device.phys_base == 0x9000000);
  CHECK(kxf_test::warned(scene.record, "console-disagreement") ==
        "earlycon= names fakecon at 0x9000000, ACPI SPCR names pl011 at 0xa000000: the purgatory "
        "prints on the first");
  with(scene.machine, Table{}.bytes());
  scene.record = {};
  REQUIRE(scene.choose("earlycon=fakecon,0x9000000"));
  CHECK(scene.record.warnings().empty());
}

TEST_CASE("SPCR: a table that is of no use is a warning, and the purgatory prints nothing") {
  Scene scene;
  with(scene.machine, Table{.type = 0x77}.bytes());
  const auto choice = scene.choose();
  REQUIRE(choice);
  CHECK_FALSE(*choice);
  CHECK(contains(kxf_test::warned(scene.record, "no-console-sink"), "interface type 0x77"));
  CHECK(kxf_test::decided(scene.record, "console", "none") ==
        "none (no earlycon= and no stdout-path)");
}

}  // namespace spcr_test
