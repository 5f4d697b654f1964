// SPDX-License-Identifier: Apache-2.0
// A capture answers as the machine does that it was taken of.

#include <doctest/doctest.h>
#include <unistd.h>

#include "machine/boot_log.hpp"
#include "machine/manifest.hpp"
#include "machine/open.hpp"
#include "map_machine.hpp"
#include "scratch.hpp"

namespace capture_test {

using namespace kxf;
using kxf_test::Scratch;

namespace {

constexpr std::string_view iomem =
    "40000000-7fffffff : System RAM\n  40200000-41ffffff : Kernel code\n";

/// A small arm64 board as a directory.
void write_board(const Scratch& root) {
  CaptureManifest manifest;
  manifest.kxf_version = "test";
  manifest.facts = {"aarch64",      "6.1.0-board",    4096,
                    Endian::little, Support::present, Support::absent};
  root.write("kxf-capture.json", manifest_text(manifest));
  root.write("proc/iomem", iomem);
  root.write("proc/cmdline", "console=ttyAMA0 quiet\n");
  root.write("proc/cpuinfo", "processor : 0\n");
  root.write("proc/kallsyms", "ffff800008000000 T _text\n");
  root.write("proc/sys/kernel/kexec_load_disabled", "0\n");
  root.write("kxf-boot-log", "efi: EFI v2.70 by EDK II\n");
  const DeviceTree tree = kxf_test::TreeMaker().text("/", "model", "a board").done();
  root.write("sys/firmware/fdt", text_of(tree.blob()));
  root.write("sys/kernel/kexec_loaded", "0\n");
  root.write("sys/kernel/kexec/loaded", "0\n");
  root.write("sys/kernel/kexec/later_addition", "7\n");
  root.write("sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
  root.write("sys/devices/system/cpu/online", "0-1\n");
  root.write("sys/devices/system/cpu/possible", "0-1\n");
  for (const std::string cpu : {"cpu0", "cpu1"}) {
    const std::string at = "sys/devices/system/cpu/" + cpu;
    root.write(at + "/crash_notes", "5fe7d000\n");
    root.write(at + "/regs/identification/midr_el1", "0x00000000411fd070\n");
    root.write("sys/firmware/devicetree/base/cpus/" + cpu + "/reg", "x");
    root.link(at + "/of_node", "../../../../firmware/devicetree/base/cpus/" + cpu);
  }
  root.write("sys/devices/system/cpu/cpu1/online", "1\n");
  root.write("sys/devices/system/cpu/cpufreq/boost", "0\n");
  root.write("sys/devices/platform/9000000.pl011/tty/ttyAMA0/iomem_base", "0x9000000\n");
  root.write("sys/devices/platform/9000000.pl011/tty/ttyAMA0/type", "32\n");
  root.link("sys/devices/platform/9000000.pl011/tty/ttyAMA0/device", "../../../9000000.pl011");
  root.link("sys/class/tty/ttyAMA0", "../../devices/platform/9000000.pl011/tty/ttyAMA0");
  root.write("sys/class/tty/tty1/dev", "4:1\n");
  root.write("sys/firmware/efi/fw_platform_size", "64\n");
  std::filesystem::create_directories(root.path() / "sys/firmware/efi/efivars");  // not mounted
  std::filesystem::create_directories(root.path() / "sys/firmware/acpi/tables/dynamic");
  root.write("sys/firmware/acpi/tables/SPCR", "SPCR....");
  root.write("sys/firmware/acpi/tables/DSDT", "DSDT....");
}

std::unique_ptr<Machine> opened(const std::filesystem::path& path) {
  auto machine = open_machine(path);
  REQUIRE_MESSAGE(machine, (machine ? "" : machine.error().message));
  return std::move(*machine);
}

std::string content(const Machine& machine, std::string_view path) {
  const auto bytes = machine.read(path);
  return bytes ? std::string(text_of(*bytes)) : "error: " + bytes.error().message;
}

bool left_out(const CaptureReport& report, std::string_view path) {
  return std::ranges::find(report.gaps, path, &CaptureGap::path) != report.gaps.end();
}

}  // namespace

TEST_CASE("what planning reads is the same in the capture") {
  const Scratch root;
  write_board(root);
  const auto machine = opened(root.path());
  const Scratch out;
  const auto report = capture_machine(*machine, out.path() / "machine.tar");
  REQUIRE(report);
  const auto captured = opened(out.path() / "machine.tar");

  for (const std::string_view path : {"/proc/iomem",
                                      "/proc/cmdline",
                                      "/proc/cpuinfo",
                                      "/proc/kallsyms",
                                      "/proc/sys/kernel/kexec_load_disabled",
                                      "/kxf-boot-log",
                                      "/sys/firmware/fdt",
                                      "/sys/kernel/kexec_loaded",
                                      "/sys/kernel/kexec/loaded",
                                      "/sys/kernel/kexec/later_addition",
                                      "/sys/kernel/security/lockdown",
                                      "/sys/devices/system/cpu/online",
                                      "/sys/devices/system/cpu/cpu0/crash_notes",
                                      "/sys/devices/system/cpu/cpu0/online",
                                      "/sys/devices/system/cpu/cpu1/online",
                                      "/sys/devices/system/cpu/cpu1/regs/identification/midr_el1",
                                      "/sys/class/tty/ttyAMA0/iomem_base",
                                      "/sys/class/tty/ttyAMA0/device/tty/ttyAMA0/type",
                                      "/sys/firmware/acpi/tables/SPCR",
                                      "/proc/nothing"}) {
    CAPTURE(path);
    CHECK(content(*captured, path) == content(*machine, path));
    CHECK(captured->exists(path) == machine->exists(path));
    CHECK(captured->link_target(path) == machine->link_target(path));
  }
  for (const std::string_view path :
       {"/sys/class/tty/ttyAMA0", "/sys/class/tty/ttyAMA0/device",
        "/sys/devices/system/cpu/cpu0/of_node", "/sys/firmware/acpi", "/sys/firmware/efi",
        "/sys/firmware/efi/.", "/sys/firmware/efi/efivars/.", "/sys/firmware/acpi/tables/dynamic/.",
        "/proc/iomem/.", "/proc/iomem/"}) {
    CAPTURE(path);
    CHECK(captured->exists(path) == machine->exists(path));
    CHECK(captured->link_target(path) == machine->link_target(path));
  }
  CHECK(captured->link_target("/sys/devices/system/cpu/cpu1/of_node") ==
        "../../../../firmware/devicetree/base/cpus/cpu1");
  CHECK(captured->list("/sys/firmware/acpi/tables") ==
        std::vector<std::string>{"DSDT", "SPCR", "dynamic"});
  CHECK(report->gaps.empty());
  CHECK(captured->list("/sys/class/tty") == std::vector<std::string>{"ttyAMA0"});
  CHECK(captured->list("/sys/kernel/kexec") ==
        std::vector<std::string>{"later_addition", "loaded"});

  CHECK(captured->facts().hardware == "aarch64");
  CHECK(captured->facts().kexec_load == Support::present);
  CHECK(captured->facts().kexec_file_load == Support::absent);
  REQUIRE(captured->device_tree() != nullptr);
  CHECK(captured->device_tree()->model() == "a board");
  CHECK(captured->device_tree_problem().empty());
}

TEST_CASE("the same machine gives the same archive, and so does its capture") {
  const Scratch root;
  write_board(root);
  const Scratch out;
  REQUIRE(capture_machine(*opened(root.path()), out.path() / "1.tar"));
  REQUIRE(capture_machine(*opened(root.path()), out.path() / "2.tar"));
  REQUIRE(capture_machine(*opened(out.path() / "1.tar"), out.path() / "3.tar"));
  CHECK(out.read("1.tar") == out.read("2.tar"));
  // what was only a name reads as left out now, and is not recorded a second time as anything else
  CHECK(out.read("1.tar") == out.read("3.tar"));
}

TEST_CASE("files of which only the name was kept say so") {
  const Scratch root;
  write_board(root);
  const Scratch out;
  REQUIRE(capture_machine(*opened(root.path()), out.path() / "machine.tar"));
  const auto captured = opened(out.path() / "machine.tar");
  CHECK(captured->exists("/sys/firmware/acpi/tables/DSDT"));
  const auto table = captured->read("/sys/firmware/acpi/tables/DSDT");
  REQUIRE_FALSE(table);
  CHECK(table.error().message.find("left out of the capture") != std::string::npos);
}

TEST_CASE("a machine that hides things is captured with gaps, and the plan sees what it saw") {
  kxf_test::MapMachine machine;
  machine.files["/proc/iomem"] = "00000000-00000000 : System RAM\n";
  machine.files["/proc/kallsyms"] = "0000000000000000 T _text\n";
  machine.files["/proc/cpuinfo"] = "processor : 0\n";
  machine.files["/proc/kcore"] = "";
  machine.unreadable.insert("/proc/kcore");
  machine.files["/sys/firmware/fdt"] = "";
  machine.unreadable.insert("/sys/firmware/fdt");
  machine.tree_problem = "/sys/firmware/fdt: permission denied";
  machine.own_facts.kexec_load = Support::unknown;
  machine.own_facts.kexec_file_load = Support::absent;
  const Scratch out;
  const auto report = capture_machine(machine, out.path() / "machine.tar");
  REQUIRE(report);
  for (const CaptureGap& gap : report->gaps) {
    CAPTURE(gap.path);
    CHECK_FALSE(gap.reason.empty());
    CHECK_FALSE(gap.cost.empty());
  }
  for (const std::string_view path : {"/proc/iomem", "/proc/kallsyms", "/proc/kcore",
                                      "/sys/firmware/fdt", "/proc/cmdline", "kexec_load(2)"})
    CHECK_MESSAGE(left_out(*report, path), path);
  CHECK_FALSE(left_out(*report, "/proc/cpuinfo"));
  CHECK_FALSE(left_out(*report, "kexec_file_load(2)"));

  const auto captured = opened(out.path() / "machine.tar");
  // hidden addresses are what the machine itself would plan with
  CHECK(content(*captured, "/proc/iomem") == "00000000-00000000 : System RAM\n");
  const auto kcore = captured->read("/proc/kcore");
  REQUIRE_FALSE(kcore);
  CHECK(kcore.error().message == "/proc/kcore: permission denied");
  CHECK(kcore.error().remedy.find("left out of the capture") != std::string::npos);
  CHECK(captured->exists("/proc/kcore"));
  CHECK(captured->device_tree() == nullptr);
  CHECK(captured->device_tree_problem() == machine.tree_problem);
  // it has none, which is no fault of the capture
  CHECK_FALSE(captured->exists("/proc/cmdline"));
  CHECK(content(*captured, "/proc/cmdline") == "error: \"/proc/cmdline\" is not there");
}

TEST_CASE("a damaged device tree is as damaged in the capture") {
  const Scratch root;
  write_board(root);
  root.write("sys/firmware/fdt", "no device tree");
  const auto machine = opened(root.path());
  CHECK(machine->device_tree() == nullptr);
  CHECK_FALSE(machine->device_tree_problem().empty());
  const Scratch out;
  REQUIRE(capture_machine(*machine, out.path() / "machine.tar"));
  const auto captured = opened(out.path() / "machine.tar");
  CHECK(captured->device_tree() == nullptr);
  CHECK(captured->device_tree_problem() == machine->device_tree_problem());
}

TEST_CASE("a tree that only /proc has is kept in the place of the firmware's") {
  kxf_test::MapMachine machine;
  machine.tree = kxf_test::TreeMaker().text("/", "model", "unpacked").done();
  const Scratch out;
  const auto report = capture_machine(machine, out.path() / "machine.tar");
  REQUIRE(report);
  CHECK_FALSE(left_out(*report, "/sys/firmware/fdt"));
  const auto captured = opened(out.path() / "machine.tar");
  REQUIRE(captured->device_tree() != nullptr);
  CHECK(captured->device_tree()->model() == "unpacked");
  CHECK(out.read("machine.tar").find("\"device_tree\": \"flattened\"") != std::string::npos);
}

TEST_CASE("under ACPI no device tree is no gap, without firmware tables it is one") {
  kxf_test::MapMachine machine;
  const Scratch out;
  const auto bare = capture_machine(machine, out.path() / "bare.tar");
  REQUIRE(bare);
  CHECK(left_out(*bare, "/sys/firmware/fdt"));
  machine.files["/sys/firmware/acpi/tables/FACP"] = "FACP";
  const auto acpi = capture_machine(machine, out.path() / "acpi.tar");
  REQUIRE(acpi);
  CHECK_FALSE(left_out(*acpi, "/sys/firmware/fdt"));
  CHECK(opened(out.path() / "acpi.tar")->exists("/sys/firmware/acpi"));
}

TEST_CASE("links of a capture directory do not lead out of it") {
  const Scratch root;
  write_board(root);
  root.write("secret", "inside");
  root.link("proc/up", "../../../../../../../../secret");
  root.link("proc/absolute", "/secret");
  root.link("proc/loop", "loop");
  const auto machine = opened(root.path());
  CHECK(content(*machine, "/proc/up") == "inside");
  CHECK(content(*machine, "/proc/absolute") == "inside");
  CHECK_FALSE(machine->read("/proc/loop"));
  CHECK(content(*machine, "/../../proc/cpuinfo") == "processor : 0\n");
}

TEST_CASE("a capture that cannot be written leaves nothing behind") {
  const Scratch root;
  write_board(root);
  const Scratch out;
  const auto report = capture_machine(*opened(root.path()), out.path() / "missing/machine.tar");
  REQUIRE_FALSE(report);
  CHECK_FALSE(report.error().remedy.empty());
  CHECK(std::filesystem::is_empty(out.path()));
}

TEST_CASE("an unreadable file of a capture directory costs only itself") {
  if (::geteuid() == 0) return;  // root reads everything
  const Scratch root;
  write_board(root);
  std::filesystem::permissions(root.path() / "proc/iomem", std::filesystem::perms::none);
  const auto machine = opened(root.path());
  CHECK_FALSE(machine->read("/proc/iomem"));
  CHECK(content(*machine, "/proc/cpuinfo") == "processor : 0\n");
}

}  // namespace capture_test
