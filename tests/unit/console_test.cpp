// SPDX-License-Identifier: Apache-2.0
#include "plan/console.hpp"

#include <doctest/doctest.h>

#include <map>

#include "fake_registry.hpp"
#include "map_machine.hpp"

namespace console_test {
namespace {

using kxf::ConsoleChoice;
using kxf::MemoryKind;
using kxf::Policy;
using kxf::Record;
using kxf_test::contains;
using kxf_test::TreeMaker;

/// Everything that the choice depends on; a test changes what it is about.
struct Scene {
  Policy policy{};
  std::string command_line{};
  TreeMaker tree{};
  kxf::MemoryMap memory{{{{0x40000000, 0x80000000}, MemoryKind::ram, "System RAM", "iomem"}}, {}};
  kxf::Registry registry = kxf_test::fake_registry();
  Record record{};
  kxf_test::MapMachine machine{};

  Scene() {
    tree.cells("/", "#address-cells", {2}).cells("/", "#size-cells", {1});
    uart("/uart@9000000", "fake,uart", 0x9000000);
    tree.cells("/registers@0", "reg", {0, 0, 0x8000});
    tree.text("/chosen", "stdout-path", "/uart@9000000:115200n8");
  }
  void uart(std::string_view path, std::string_view compatible, std::uint32_t address) {
    tree.text(path, "compatible", compatible).cells(path, "reg", {0, address, 0x1000});
  }
  void want(std::string sink) { policy.console_sink = {std::move(sink), "board.toml:3:8"}; }

  kxf::Result<std::optional<ConsoleChoice>> choose() {
    return choose_console(machine, policy, command_line, tree.done(), memory, registry, record);
  }
  /// The device that is chosen; fails the test when none is.
  ConsoleChoice chosen() {
    const auto choice = choose();
    REQUIRE_MESSAGE(choice, (choice ? "" : choice.error().message));
    REQUIRE(*choice);
    return **choice;
  }
  std::string refusal() {
    const auto choice = choose();
    if (choice) return "";
    CHECK_FALSE(choice.error().remedy.empty());
    return choice.error().message;
  }
};

}  // namespace

TEST_CASE("console: auto takes stdout-path, options behind the colon left out") {
  Scene scene;
  const ConsoleChoice choice = scene.chosen();
  CHECK(choice.sink == "fake-uart");
  CHECK(choice.device.driver == "fake,uart");
  CHECK(choice.device.phys_base == 0x9000000);
  CHECK(choice.device.size_bytes == 0x1000);
  CHECK(choice.device.origin == "stdout-path");
  CHECK(choice.program.phys_base == 0x9000000);
  CHECK(kxf_test::decided(scene.record, "console") ==
        "fake-uart at 0x9000000 (stdout-path names fake,uart)");
}

TEST_CASE("console: stdout-path by alias, and the old linux,stdout-path") {
  Scene scene;
  scene.tree = TreeMaker();
  scene.tree.cells("/", "#address-cells", {2}).cells("/", "#size-cells", {1});
  scene.uart("/uart@a000000", "fake,uart", 0xa000000);
  scene.tree.text("/aliases", "serial0", "/uart@a000000");
  SUBCASE("alias") { scene.tree.text("/chosen", "stdout-path", "serial0:9600"); }
  SUBCASE("old name") { scene.tree.text("/chosen", "linux,stdout-path", "/uart@a000000"); }
  CHECK(scene.chosen().device.phys_base == 0xa000000);
}

TEST_CASE("console: register layout comes from the node") {
  Scene scene;
  scene.tree.cells("/uart@9000000", "reg-shift", {2})
      .cells("/uart@9000000", "reg-io-width", {4})
      .cells("/uart@9000000", "reg-offset", {0x100})
      .flag("/uart@9000000", "big-endian");
  const kxf::ConsoleDevice device = scene.chosen().device;
  CHECK(device.phys_base == 0x9000100);
  CHECK(device.register_shift == 2U);
  CHECK(device.access_bits == 32U);
  CHECK(device.big_endian_registers);
}

TEST_CASE("console: earlycon= comes before earlyprintk=, that before stdout-path") {
  Scene scene;
  SUBCASE("the last earlycon= counts") {
    scene.command_line = "earlycon=wildcon,0x1 earlyprintk=oddcon,0x2 earlycon=fakecon,0x3000";
    const ConsoleChoice choice = scene.chosen();
    CHECK(choice.device.phys_base == 0x3000);
    CHECK(choice.device.origin == "earlycon=");
  }
  SUBCASE("earlyprintk= with an address") {
    scene.command_line = "earlyprintk=fakecon,0x4000";
    CHECK(scene.chosen().device.phys_base == 0x4000);
  }
  SUBCASE("without a value they name nothing") {
    scene.command_line = "earlycon earlyprintk=vga";
    CHECK(scene.chosen().device.origin == "stdout-path");
  }
  SUBCASE("what is behind -- is for init") {
    scene.command_line = "quiet -- earlycon=fakecon,0x5000";
    CHECK(scene.chosen().device.origin == "stdout-path");
  }
}

TEST_CASE("console: a reg-offset that leads out of the registers is refused") {
  Scene scene;
  scene.tree.cells("/uart@9000000", "reg-offset", {0x1000});
  CHECK(
      scene.refusal() ==
      "stdout-path: reg-offset 0x1000 of /uart@9000000 is outside of its 4096 bytes of registers");
}

TEST_CASE("console: another one than stdout-path's is a warning that names both") {
  Scene scene;
  const auto warning = [&] {
    static_cast<void>(scene.chosen());
    return kxf_test::warned(scene.record, "console-disagreement");
  };
  SUBCASE("on the command line") {
    scene.command_line = "earlycon=fakecon,0x3000";
    CHECK(warning() ==
          "earlycon= names fakecon at 0x3000, stdout-path names fake,uart at 0x9000000: the "
          "purgatory prints on the first");
  }
  SUBCASE("in the profile") {
    scene.want("fakecon,0x3000");
    CHECK(contains(warning(), "board.toml:3:8 names fakecon at 0x3000"));
  }
  SUBCASE("not where both are the same") {
    scene.command_line = "earlycon=fakecon,0x9000000";
    CHECK(warning().empty());
  }
  SUBCASE("nor inside the same registers") {
    scene.command_line = "earlycon=fakecon,0x9000010";
    CHECK(warning().empty());
  }
  SUBCASE("nor where the tree names none") {
    scene.tree = TreeMaker();
    scene.command_line = "earlycon=fakecon,0x3000";
    CHECK(warning().empty());
  }
}

TEST_CASE("console: none, because it was asked for or because there is none") {
  Scene scene;
  SUBCASE("asked for") {
    scene.want("none");
    scene.command_line = "earlycon=fakecon,0x3000";
    REQUIRE(scene.choose());
    CHECK_FALSE(*scene.choose());
    CHECK(kxf_test::decided(scene.record, "console") == "none (board.toml:3:8)");
  }
  SUBCASE("no stdout-path") {
    scene.tree = TreeMaker();
    REQUIRE(scene.choose());
    CHECK_FALSE(*scene.choose());
    CHECK(kxf_test::decided(scene.record, "console", "none") ==
          "none (no earlycon= and no stdout-path)");
    CHECK(scene.record.warnings().empty());
  }
}

TEST_CASE("console: one that auto finds and no plugin knows is a warning, no guess by prefix") {
  Scene scene;
  SUBCASE("unknown compatible") {
    scene.tree.text("/uart@9000000", "compatible", "fake,uart-of-tomorrow");
    REQUIRE(scene.choose());
    CHECK_FALSE(*scene.choose());
    CHECK(contains(kxf_test::warned(scene.record, "no-console-sink"), "fake,uart-of-tomorrow"));
  }
  SUBCASE("stdout-path to nowhere") {
    scene.tree.text("/chosen", "stdout-path", "/gone");
    REQUIRE(scene.choose());
    CHECK_FALSE(*scene.choose());
    CHECK(contains(kxf_test::warned(scene.record, "no-console-sink"), "\"/gone\""));
  }
}

TEST_CASE("console: the most specific compatible that is known wins") {
  Scene scene;
  scene.tree.text("/uart@9000000", "compatible",
                  std::string_view("acme,uart\0fake,uart\0fake,wild", 29));
  CHECK(scene.chosen().sink == "fake-uart");
}

TEST_CASE("console: an unknown earlycon name is refused with the known and the nearest ones") {
  Scene scene;
  SUBCASE("on the command line") {
    scene.command_line = "earlycon=fakecom,0x3000";
    CHECK(contains(scene.refusal(), "earlycon= names the console \"fakecom\""));
  }
  SUBCASE("in the profile") {
    scene.want("fakecom,0x3000");
    CHECK(contains(scene.refusal(), "board.toml:3:8 names the console \"fakecom\""));
  }
  CHECK(contains(scene.refusal(), "did you mean \"fakecon\""));
  CHECK(contains(scene.refusal(),
                 "(known: aliencon, callcon, drowsycon, endlesscon, fakecon, "
                 "hastycon, mutecon, oddcon, wildcon)"));
}

TEST_CASE("console: a profile may make an unknown one a warning, but for the one that it names") {
  Scene scene;
  scene.policy.console_unknown = {kxf::OnUnknownConsole::warn, "board.toml:9:1"};
  const auto warning = [&] {
    REQUIRE(scene.choose());
    CHECK_FALSE(*scene.choose());
    return kxf_test::warned(scene.record, "no-console-sink");
  };
  SUBCASE("another name") {
    scene.command_line = "earlycon=fakecom,0x3000";
    CHECK(contains(warning(), "names the console \"fakecom\", which no plugin knows"));
  }
  SUBCASE("the old parameter") {
    scene.command_line = "earlyprintk=fakecom,0x3000";
    CHECK(contains(warning(), "earlyprintk= names the console \"fakecom\""));
  }
  SUBCASE("one without an address") {
    scene.command_line = "earlycon=efifb";
    CHECK(
        warning() ==
        "earlycon=: earlycon \"efifb\": \"\" is not an address: the purgatory will print nothing");
  }
  SUBCASE("in the profile itself") {
    scene.want("fakecom,0x3000");
    CHECK(contains(scene.refusal(), "board.toml:3:8 names the console \"fakecom\""));
  }
}

TEST_CASE("console: a sink asked for by name drives the device that auto finds") {
  Scene scene;
  SUBCASE("even one that its compatible does not name") {
    scene.tree.text("/uart@9000000", "compatible", "fake,wild");
    scene.want("fake-uart");
    CHECK(scene.chosen().sink == "fake-uart");
  }
  SUBCASE("an unknown one is refused") {
    scene.want("fake-uarts");
    CHECK(contains(scene.refusal(), "fake-uart"));
  }
  SUBCASE("no device is an error, for it was asked for") {
    scene.tree = TreeMaker();
    scene.want("fake-uart");
    CHECK(contains(scene.refusal(), "neither the command line, stdout-path nor ACPI's SPCR names"));
  }
}

TEST_CASE("console: registers inside RAM are refused, whoever names them") {
  Scene scene;
  scene.command_line = "earlycon=fakecon,0x40001000";
  CHECK(scene.refusal() == "earlycon= puts the console at 0x40001000, which is RAM");
  // A page below RAM whose assumed registers reach into it.
  scene.command_line = "earlycon=fakecon,0x3ffff800";
  CHECK(contains(scene.refusal(), "which is RAM"));
}

TEST_CASE("console: an address where the tree has no device is refused, whoever names it") {
  Scene scene;
  scene.command_line = "earlycon=fakecon,0x9001000";
  const std::string refused =
      "earlycon= puts the console at 0x9001000, where the device tree has no device";
  SUBCASE("just behind one") { CHECK(scene.refusal() == refused); }
  SUBCASE("memory, CPUs and reservations are none") {
    scene.tree.cells("/memory@9001000", "reg", {0, 0x9001000, 0x1000})
        .cells("/reserved-memory/log@9001000", "reg", {0, 0x9001000, 0x1000});
    CHECK(scene.refusal() == refused);
  }
  SUBCASE("a disabled device is one") {
    scene.uart("/uart@9001000", "fake,uart", 0x9001000);
    scene.tree.text("/uart@9001000", "status", "disabled");
    CHECK(scene.chosen().device.phys_base == 0x9001000);
  }
  SUBCASE("so is what is behind a PCI bridge") {
    scene.tree.text("/pcie@20000000", "device_type", "pci")
        .cells("/pcie@20000000", "#address-cells", {3})
        .cells("/pcie@20000000", "#size-cells", {2})
        .cells("/pcie@20000000", "ranges", {0x2000000, 0, 0, 0, 0x9001000, 0, 0x10000});
    CHECK(scene.chosen().device.phys_base == 0x9001000);
  }
  SUBCASE("nothing can be told where a PCI bridge is on a bus of its own") {
    scene.tree.text("/soc/pcie@20000000", "device_type", "pci")
        .cells("/soc/pcie@20000000", "#address-cells", {3})
        .cells("/soc/pcie@20000000", "#size-cells", {2})
        .cells("/soc/pcie@20000000", "ranges", {0x2000000, 0, 0, 0, 0, 0, 0, 0x10000});
    CHECK(scene.chosen().device.phys_base == 0x9001000);
  }
  SUBCASE("nor where the tree describes no devices, as under ACPI") {
    scene.tree = TreeMaker();
    scene.tree.text("/chosen", "bootargs", "quiet");
    CHECK(scene.chosen().device.phys_base == 0x9001000);
  }
  SUBCASE("in the profile") {
    scene.command_line.clear();
    scene.want("fakecon,0x9001000");
    CHECK(contains(scene.refusal(), "board.toml:3:8 puts the console at 0x9001000"));
  }
}

TEST_CASE("console: a console behind firmware touches no memory, so its address does not matter") {
  Scene scene;
  scene.command_line = "earlycon=callcon,0x40001000";
  CHECK(scene.chosen().sink == "fake-caller");
  CHECK(kxf_test::decided(scene.record, "console") == "fake-caller (earlycon= names callcon)");
}

TEST_CASE("console: programs that no purgatory should run are refused") {
  Scene scene;
  SUBCASE("outside of the device") {
    scene.command_line = "earlycon=wildcon,0x3000";
    CHECK(scene.refusal() ==
          "console sink fake-wild wants 4 bytes at offset 0x1000, outside the 4 KiB of registers "
          "at 0x3000");
  }
  SUBCASE("a plugin's own fault") {
    const std::map<std::string, std::string> faults = {
        {"oddcon", "accesses 3 bytes at once"},
        {"endlesscon", "polls without a bound"},
        {"drowsycon", "polls without a bound"},
        {"hastycon", "polls while it is 0x2 under the mask 0x1, which never comes"},
        {"aliencon", "has a step of the unknown operation 77"},
        {"mutecon", "gives 0 steps, 1 to 8 are possible"}};
    for (const auto& [name, fault] : faults) {
      CAPTURE(name);
      scene.command_line = fmt::format("earlycon={},0x3000", name);
      const auto choice = scene.choose();
      REQUIRE_FALSE(choice);
      CHECK(choice.error().fault == kxf::Fault::internal);
      CHECK(contains(choice.error().message, fault));
    }
  }
  SUBCASE("the sink's own refusal names the sink") {
    scene.command_line = "earlycon=fakecon,mmio16,0x3000";
    CHECK(scene.refusal() == "console sink fake-uart: it has no registers of 16 bits");
  }
}

}  // namespace console_test
