// SPDX-License-Identifier: Apache-2.0
#include "arm64/cpu_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <kxf/cpu.hpp>
#include <utility>

namespace kxf::arm64 {
namespace {

constexpr std::uint8_t arm = 0x41;
constexpr std::uint8_t fujitsu = 0x46;
constexpr std::uint8_t qualcomm = 0x51;
constexpr std::uint8_t apple = 0x61;
constexpr std::uint8_t emulator = 0x00;  // reserved for software use

struct Row {
  CpuId id;
  CpuAbilities abilities;
};

constexpr CpuAbilities no_16k(std::string_view name) { return {name, true, false, true, true}; }
constexpr CpuAbilities all_pages(std::string_view name) { return {name, true, true, true, true}; }
constexpr CpuAbilities apple_core(std::string_view name) {
  return {name, true, true, false, false};
}

// Sources: the reset value of ID_AA64MMFR0_EL1 in each core's Technical Reference Manual from Arm;
// for the A64FX Fujitsu's "A64FX specification, system registers"; for Apple's cores what the Linux
// port reads there. Kryo cores are Arm's designs under Qualcomm's number. Part numbers: the same
// documents and the MIDR_EL1 lists of the Linux kernel. What is not certain is not here: an unknown
// CPU costs a warning, a wrong row costs a boot.
constexpr auto rows = std::to_array<Row>({
    {{arm, 0xd02}, all_pages("Cortex-A34")},
    {{arm, 0xd03}, no_16k("Cortex-A53")},
    {{arm, 0xd04}, all_pages("Cortex-A35")},
    {{arm, 0xd05}, all_pages("Cortex-A55")},
    {{arm, 0xd06}, all_pages("Cortex-A65")},
    {{arm, 0xd07}, no_16k("Cortex-A57")},
    {{arm, 0xd08}, no_16k("Cortex-A72")},
    {{arm, 0xd09}, all_pages("Cortex-A73")},
    {{arm, 0xd0a}, all_pages("Cortex-A75")},
    {{arm, 0xd0b}, all_pages("Cortex-A76")},
    {{arm, 0xd0c}, all_pages("Neoverse-N1")},
    {{arm, 0xd0d}, all_pages("Cortex-A77")},
    {{arm, 0xd0e}, all_pages("Cortex-A76AE")},
    {{arm, 0xd40}, all_pages("Neoverse-V1")},
    {{arm, 0xd41}, all_pages("Cortex-A78")},
    {{arm, 0xd42}, all_pages("Cortex-A78AE")},
    {{arm, 0xd43}, all_pages("Cortex-A65AE")},
    {{arm, 0xd44}, all_pages("Cortex-X1")},
    {{arm, 0xd46}, all_pages("Cortex-A510")},
    {{arm, 0xd47}, all_pages("Cortex-A710")},
    {{arm, 0xd48}, all_pages("Cortex-X2")},
    {{arm, 0xd49}, all_pages("Neoverse-N2")},
    {{arm, 0xd4a}, all_pages("Neoverse-E1")},
    {{arm, 0xd4b}, all_pages("Cortex-A78C")},
    {{arm, 0xd4c}, all_pages("Cortex-X1C")},
    {{arm, 0xd4f}, all_pages("Neoverse-V2")},
    {{fujitsu, 0x001}, no_16k("A64FX")},
    {{qualcomm, 0x801}, no_16k("Kryo 2xx Silver (Cortex-A53)")},
    {{qualcomm, 0x802}, all_pages("Kryo 3xx Gold (Cortex-A75)")},
    {{qualcomm, 0x803}, all_pages("Kryo 3xx Silver (Cortex-A55)")},
    {{qualcomm, 0x804}, all_pages("Kryo 4xx Gold (Cortex-A76)")},
    {{qualcomm, 0x805}, all_pages("Kryo 4xx Silver (Cortex-A55)")},
    {{apple, 0x022}, apple_core("Apple M1 Icestorm")},
    {{apple, 0x023}, apple_core("Apple M1 Firestorm")},
    {{apple, 0x024}, apple_core("Apple M1 Pro Icestorm")},
    {{apple, 0x025}, apple_core("Apple M1 Pro Firestorm")},
    {{apple, 0x028}, apple_core("Apple M1 Max Icestorm")},
    {{apple, 0x029}, apple_core("Apple M1 Max Firestorm")},
    {{apple, 0x032}, apple_core("Apple M2 Blizzard")},
    {{apple, 0x033}, apple_core("Apple M2 Avalanche")},
    // QEMU's "max": target/arm/tcg/cpu64.c gives it every granule.
    {{emulator, 0x051}, all_pages("QEMU max")},
});

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

/// `0x41` or `65`; nothing when anything else is there.
std::optional<std::uint64_t> number_in(std::string_view text) {
  text = trimmed(text);
  const bool hexadecimal = text.starts_with("0x");
  if (hexadecimal) text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, hexadecimal ? 16 : 10);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<CpuId> ids_in_sysfs(const Machine& machine) {
  std::vector<CpuId> found;
  for (const unsigned cpu : listed_cpus(machine)) {
    const auto text = machine.read_text(
        fmt::format("/sys/devices/system/cpu/cpu{}/regs/identification/midr_el1", cpu));
    if (!text) continue;  // offline since the boot, or left out of a capture
    if (const auto midr = number_in(*text))
      found.push_back(
          {static_cast<std::uint8_t>(*midr >> 24), static_cast<std::uint16_t>(*midr >> 4 & 0xfff)});
  }
  return found;
}

/// Lines `CPU implementer : 0x41` and then `CPU part : 0xd07`, for each CPU that is online.
std::vector<CpuId> ids_in_cpuinfo(const Machine& machine) {
  std::vector<CpuId> found;
  const auto text = machine.read_text("/proc/cpuinfo");
  if (!text) return found;
  std::optional<std::uint64_t> implementer;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = trimmed(line.substr(0, colon));
    const auto value = number_in(line.substr(colon + 1));
    if (key == "CPU implementer") implementer = value;
    if (key == "CPU part" && implementer && value)
      found.push_back(
          {static_cast<std::uint8_t>(*implementer), static_cast<std::uint16_t>(*value & 0xfff)});
  }
  return found;
}

}  // namespace

bool CpuAbilities::supports_pages_of(std::uint64_t page_size_bytes) const {
  switch (page_size_bytes) {
    case 4096: return pages_4k;
    case 16384: return pages_16k;
    case 65536: return pages_64k;
    default: return false;
  }
}

const CpuAbilities* find_cpu(std::uint8_t implementer, std::uint16_t part) {
  const auto* const row = std::find_if(rows.begin(), rows.end(), [&](const Row& candidate) {
    return candidate.id == CpuId{implementer, part};
  });
  return row == rows.end() ? nullptr : &row->abilities;
}

std::vector<CpuId> cpu_ids(const Machine& machine) {
  std::vector<CpuId> found = ids_in_sysfs(machine);
  if (found.empty()) found = ids_in_cpuinfo(machine);
  std::sort(found.begin(), found.end(), [](const CpuId& a, const CpuId& b) {
    return std::pair(a.implementer, a.part) < std::pair(b.implementer, b.part);
  });
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace kxf::arm64
