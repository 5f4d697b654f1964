// SPDX-License-Identifier: Apache-2.0
//
// PSCI, Arm's Power State Coordination Interface (DEN 0022): firmware starts a CPU (CPU_ON) and
// takes it back (CPU_OFF). Before the jump Linux offlines every CPU but one, so each is in the
// firmware's hands again and the next kernel starts it like the first one did.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "arm64/acpi.hpp"
#include "arm64/arm64.hpp"

namespace kxf::arm64 {
namespace {

CpuAssessment unsound(std::string reason) { return {CpuVerdict::unsound, std::move(reason), {}}; }

std::optional<Node> psci_node(const DeviceTree& tree) {
  for (const std::string_view name : {"arm,psci-1.0", "arm,psci-0.2", "arm,psci"}) {
    const std::vector<Node> nodes = tree.compatible_with(name);
    if (!nodes.empty()) return nodes.front();
  }
  return std::nullopt;
}

CpuAssessment assess_tree(const DeviceTree& tree, const Machine& machine, bool from_firmware) {
  const std::optional<Node> node = psci_node(tree);
  if (!node && machine.facts().hardware.empty())
    return {CpuVerdict::unknown,
            "its enable-method is psci, and the tree has no node compatible with arm,psci: only "
            "where the board's firmware adds one can the CPU be started",
            {}};
  if (!node)
    return unsound(
        "its enable-method is psci, but the running tree has no node compatible with arm,psci");
  if (!node->is_enabled()) return unsound(fmt::format("{} is disabled in the tree", node->path()));

  const auto method = node->text("method");
  if (method != "smc" && method != "hvc")
    return unsound(fmt::format("{} has {} as its method, not smc or hvc", node->path(),
                               method ? fmt::format("\"{}\"", *method) : "nothing"));

  // From 0.2 on the function numbers are fixed and CPU_OFF is mandatory (DEN 0022, table of
  // mandatory functions). 0.1 takes its numbers from the tree, and what is not there cannot be
  // called (Linux, Documentation/devicetree/bindings/arm/psci.yaml).
  const bool fixed_numbers =
      node->is_compatible("arm,psci-1.0") || node->is_compatible("arm,psci-0.2");
  if (fixed_numbers)
    return {CpuVerdict::ok,
            fmt::format("PSCI by {}: the firmware takes the CPU back and starts it again", *method),
            {}};
  for (const std::string_view function : {"cpu_off", "cpu_on"})
    if (!node->u32(function) && !(from_firmware && function == "cpu_off"))
      return unsound(fmt::format(
          "{} is PSCI 0.1 and names no {} function: Linux cannot {}", node->path(), function,
          function == "cpu_off" ? "give the CPU back to the firmware" : "start the CPU again"));
  return {CpuVerdict::ok,
          fmt::format("PSCI 0.1 by {}, with {}cpu_on in the tree", *method,
                      from_firmware ? "" : "cpu_off and "),
          {}};
}

class Psci final : public CpuEnableMethod {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "psci"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "CPUs that the firmware starts and takes back by PSCI calls";
  }
  [[nodiscard]] bool handles(std::string_view enable_method) const noexcept override {
    return enable_method == "psci";
  }
  [[nodiscard]] CpuAssessment assess(const CpuQuestion& question) const noexcept override {
    return assess_tree(question.tree, question.machine, question.from_firmware);
  }
  [[nodiscard]] std::optional<CpuAssessment> assess_firmware(
      const FirmwareCpuQuestion& question) const noexcept override {
    const auto flags = acpi_boot_flags(question.machine);
    if (!flags || !flags->psci) return std::nullopt;
    return CpuAssessment{CpuVerdict::ok,
                         fmt::format("PSCI by {} (ACPI FADT): the firmware takes the CPU back and "
                                     "starts it again",
                                     flags->hvc ? "hvc" : "smc"),
                         {}};
  }
};

}  // namespace

const CpuEnableMethod& psci() {
  static const Psci method;
  return method;
}

}  // namespace kxf::arm64
