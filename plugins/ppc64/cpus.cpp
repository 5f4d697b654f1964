// SPDX-License-Identifier: Apache-2.0
#include "ppc64/cpus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <kxf/cpu.hpp>

namespace kxf::ppc64 {
namespace {

constexpr std::string_view cpu_directory = "/sys/devices/system/cpu";
constexpr unsigned most_cpus = 1U << 16U;  // no kernel has more; guards against a damaged capture

std::optional<std::uint64_t> number(std::string_view text) {
  const bool is_hex = text.starts_with("0x");
  if (is_hex) text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, is_hex ? 16 : 10);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// One of the kernel's lists, `online` or `present`; nothing when the machine does not tell.
class CpuSet {
 public:
  CpuSet(const Machine& machine, std::string_view name) : cpus_(cpu_list(machine, name)) {}
  [[nodiscard]] std::optional<bool> has(std::uint64_t cpu) const {
    if (!cpus_) return std::nullopt;
    return std::find(cpus_->begin(), cpus_->end(), cpu) != cpus_->end();
  }
  [[nodiscard]] std::optional<std::uint64_t> first() const {
    if (!cpus_ || cpus_->empty()) return std::nullopt;
    return cpus_->front();
  }

 private:
  std::optional<std::vector<unsigned>> cpus_;
};

/// The running kernel's view of its CPUs.
class Threads {
 public:
  explicit Threads(const Machine& machine)
      : machine_(machine), online_(machine, "online"), present_(machine, "present") {}

  [[nodiscard]] const CpuSet& online() const { return online_; }

  /// Nothing when there is no such CPU.
  [[nodiscard]] std::optional<Thread> read(std::uint64_t logical) const {
    const std::string path = fmt::format("{}/cpu{}", cpu_directory, logical);
    // There are folders for CPUs that may be added later, too.
    if (logical >= most_cpus || !present_.has(logical).value_or(true)) return std::nullopt;
    const auto id = machine_.read_text(path + "/physical_id");
    auto node = cpu_node_path(machine_, static_cast<unsigned>(logical));
    if (!id && !node && !machine_.exists(path)) return std::nullopt;
    Thread thread;
    thread.logical = static_cast<unsigned>(logical);
    if (id) thread.hardware = number(*id);
    if (node) thread.node = std::move(*node);
    thread.online = online_.has(logical);
    return thread;
  }

 private:
  const Machine& machine_;
  CpuSet online_;
  CpuSet present_;
};

bool has_number(const std::vector<std::uint64_t>& servers, const Thread& thread) {
  return thread.hardware &&
         std::find(servers.begin(), servers.end(), *thread.hardware) != servers.end();
}

}  // namespace

std::vector<Thread> present_threads(const Machine& machine) {
  std::vector<Thread> found;
  const Threads threads(machine);
  for (const unsigned cpu : listed_cpus(machine))
    if (auto thread = threads.read(cpu)) found.push_back(std::move(*thread));
  return found;
}

std::vector<Thread> threads_of_core(const Machine& machine,
                                    const std::vector<std::uint64_t>& servers,
                                    std::string_view cpu_path, std::size_t guess) {
  const Threads threads(machine);
  std::vector<Thread> own;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    auto thread = threads.read(guess + i);
    if (!thread || !has_number(servers, *thread)) break;
    own.push_back(std::move(*thread));
  }
  if (own.size() == servers.size() && !own.empty()) return own;

  own.clear();
  for (Thread& thread : present_threads(machine))
    if (has_number(servers, thread) || (!thread.hardware && thread.node == cpu_path))
      own.push_back(std::move(thread));
  return own;
}

std::optional<Thread> jumping_thread(const Machine& machine) {
  const Threads threads(machine);
  // 0 unless reboot= or a person has chosen another; if that one is offline, the first that is not.
  std::uint64_t chosen = 0;
  if (const auto text = machine.read_text("/sys/kernel/reboot/cpu"))
    chosen = number(*text).value_or(0);
  if (!threads.online().has(chosen).value_or(true))
    chosen = threads.online().first().value_or(chosen);
  return threads.read(chosen);
}

std::vector<std::uint64_t> server_numbers(const DeviceTree& tree, std::string_view cpu_path) {
  std::vector<std::uint64_t> numbers;
  const auto node = tree.find(cpu_path);
  if (!node) return numbers;
  for (const std::string_view property : {"ibm,ppc-interrupt-server#s", "reg"}) {
    const auto value = node->property(property);
    if (!value) continue;
    const Bytes bytes(*value, Endian::big);
    for (std::uint64_t at = 0; at + 4 <= bytes.size_bytes(); at += 4)
      if (const auto cell = bytes.read<std::uint32_t>(at)) numbers.push_back(*cell);
    if (!numbers.empty()) break;
  }
  return numbers;
}

std::vector<std::uint64_t> all_server_numbers(const DeviceTree& tree) {
  std::vector<std::uint64_t> all;
  for (const CpuNode& cpu : cpu_nodes(tree)) {
    const std::vector<std::uint64_t> numbers = server_numbers(tree, cpu.path);
    all.insert(all.end(), numbers.begin(), numbers.end());
  }
  return all;
}

}  // namespace kxf::ppc64
