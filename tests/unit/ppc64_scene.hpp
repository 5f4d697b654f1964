// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Power systems and kernels that do not exist.

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "map_machine.hpp"
#include "ppc64/ppc64.hpp"

namespace kxf_test::power {

inline constexpr std::uint64_t kib = 1024;
inline constexpr std::uint64_t mib = 1024 * kib;
inline constexpr std::uint64_t gib = 1024 * mib;

inline constexpr std::uint64_t kernel_end = 0x2880000;
inline constexpr std::uint64_t rtas_base = 0x2fff0000;
inline constexpr std::uint64_t opal_base = 0x30000000;
inline constexpr std::uint64_t opal_entry = 0x30002000;

inline const kxf::Settings automatic{{"run-at-load", "auto"}};
inline const kxf::Settings always{{"run-at-load", "always"}};
inline const kxf::Settings never{{"run-at-load", "never"}};

/// High and low cell of each number.
inline std::vector<std::uint32_t> wide(const std::vector<std::uint64_t>& numbers) {
  std::vector<std::uint32_t> cells;
  for (const std::uint64_t number : numbers) {
    cells.push_back(static_cast<std::uint32_t>(number >> 32U));
    cells.push_back(static_cast<std::uint32_t>(number));
  }
  return cells;
}

/// A string list without the last terminator, which TreeMaker::text() adds.
inline std::string list_of(const std::vector<std::string>& strings) {
  std::string list;
  for (const std::string& each : strings) list += (list.empty() ? "" : std::string(1, '\0')) + each;
  return list;
}

inline TreeMaker& memory(TreeMaker& tree, std::string_view path,
                         const std::vector<std::uint64_t>& reg) {
  return tree.text(path, "device_type", "memory").cells(path, "reg", wide(reg));
}

inline TreeMaker& core(TreeMaker& tree, const std::string& path,
                       const std::vector<std::uint32_t>& servers) {
  return tree.text(path, "device_type", "cpu")
      .cells(path, "reg", {servers.front()})
      .cells(path, "ibm,ppc-interrupt-server#s", servers);
}

/// Two cells each, two cores of one thread, a running kernel. No memory, no firmware.
inline TreeMaker bare_tree() {
  TreeMaker tree;
  tree.cells("/", "#address-cells", {2}).cells("/", "#size-cells", {2});
  tree.u64("/chosen", "linux,kernel-end", kernel_end);
  tree.cells("/cpus", "#address-cells", {1}).cells("/cpus", "#size-cells", {0});
  core(tree, "/cpus/PowerPC,POWER9@8", {8});
  core(tree, "/cpus/PowerPC,POWER9@0", {0});  // a new node comes before its siblings
  return tree;
}

/// An LPAR: a real mode area of 1 GiB, another node above, RTAS.
inline TreeMaker lpar_tree() {
  TreeMaker tree = bare_tree();
  memory(tree, "/memory@40000000", {gib, gib});
  memory(tree, "/memory@0", {0, gib});
  tree.cells("/rtas", "rtas-size", {0x83c}).cells("/rtas", "linux,rtas-base", {rtas_base});
  tree.text("/rtas", "ibm,hypertas-functions", "hcall-pft");
  return tree;
}

/// The bare machine: two chips with memory, OPAL.
inline TreeMaker powernv_tree() {
  TreeMaker tree = bare_tree();
  memory(tree, "/memory@200000000000", {0x200000000000, 2 * gib});
  memory(tree, "/memory@0", {0, gib});
  tree.u64("/ibm,opal", "opal-base-address", opal_base)
      .u64("/ibm,opal", "opal-entry-address", opal_entry)
      .u64("/ibm,opal", "opal-runtime-size", 0x2c00000);
  return tree;
}

/// A machine with this tree, and with as many present and online CPUs as it has cores.
struct PowerMachine {
  MapMachine machine{};

  explicit PowerMachine(const TreeMaker& tree, kxf::Endian endian = kxf::Endian::little) {
    machine.own_facts = {endian == kxf::Endian::little ? "ppc64le" : "ppc64",
                         "6.1.0",
                         64 * kib,
                         endian,
                         kxf::Support::present,
                         kxf::Support::present};
    machine.tree = tree.done();
    unsigned number = 0;
    for (const kxf::CpuNode& cpu : kxf::cpu_nodes(*machine.tree)) {
      const std::string path = "/sys/devices/system/cpu/cpu" + std::to_string(number++);
      machine.files[path + "/physical_id"] = std::to_string(cpu.hardware_id) + "\n";
      machine.links[path + "/of_node"] = "../../../../firmware/devicetree/base" + cpu.path;
    }
    if (number != 0)
      machine.files["/sys/devices/system/cpu/online"] = "0-" + std::to_string(number - 1);
  }
};

/// The bytes of a kernel as far as its entry contract goes: words at 0 and 0x60 that turn a CPU
/// round, and the flag at 0x5c in its own byte order.
inline kxf::ByteVector kernel_bytes(kxf::Endian endian, std::uint32_t flag,
                                    std::size_t size = 0x1000) {
  kxf::ByteVector bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + 1);
  const std::span<std::uint8_t> out(bytes);
  const auto turn = endian == kxf::Endian::little ? 0x48000008U : 0x08000048U;
  kxf::store(out, 0, turn, kxf::Endian::big);
  kxf::store(out, 0x60, turn, kxf::Endian::big);
  kxf::store(out, 0x5c, flag, endian);
  return bytes;
}

inline constexpr std::uint32_t run0 = 0x72756e30;

/// As the ELF format describes it. `bytes` must outlive it.
inline kxf::KernelSpec kernel_of(const kxf::ByteVector& bytes, kxf::Endian endian,
                                 std::uint64_t memory_size = 16 * mib) {
  kxf::KernelSpec kernel;
  kernel.machine = "ppc64";
  kernel.endian = endian;
  kernel.parts = {{bytes, 0, memory_size}};
  kernel.memory_size = memory_size;
  kernel.base_alignment = 64 * kib;
  kernel.file_load = true;
  return kernel;
}

/// What is wrong; the test fails when nothing is.
template <class T>
std::string refusal_of(const kxf::Result<T>& result) {
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().fault == kxf::Fault::refused);
  CHECK_FALSE(result.error().remedy.empty());
  return result.error().message;
}

template <class T>
T value_of(kxf::Result<T> result) {
  REQUIRE_MESSAGE(result.has_value(), (result ? "" : result.error().message));
  return std::move(*result);
}

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

inline bool decided(const kxf::Record& record, std::string_view choice) {
  return std::any_of(record.decisions().begin(), record.decisions().end(),
                     [choice](const kxf::Decision& each) { return contains(each.choice, choice); });
}

}  // namespace kxf_test::power
