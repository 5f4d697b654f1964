// SPDX-License-Identifier: Apache-2.0
//
// The parking protocol of ACPI (Multi-processor Startup for ARM Platforms, 1.2): each CPU waits in
// a mailbox of the firmware for an address and jumps there, as with a spin table. Linux knows no
// way back into it either (acpi_parking_protocol_ops has no cpu_die), so it refuses a normal load
// with EBUSY as soon as more than one CPU is possible. The mailboxes are firmware memory in the EFI
// map, which the running kernel lists as reserved.
#include <fmt/format.h>

#include "arm64/acpi.hpp"
#include "arm64/arm64.hpp"

namespace kxf::arm64 {
namespace {

CpuAssessment assess_parked(const FirmwareCpuQuestion& question) {
  if (question.from_firmware)
    return {CpuVerdict::ok,
            "ACPI parking protocol: no kernel has started another CPU (firmware starts the bundle)",
            {}};
  if (!question.possible)
    return {
        CpuVerdict::unknown,
        "ACPI parking protocol, and this machine does not tell how many CPUs are possible: with "
        "more than one the running kernel refuses the load (EBUSY)",
        {}};
  if (*question.possible == 1)
    return {CpuVerdict::ok,
            "ACPI parking protocol: the running kernel started no other CPU (one possible CPU), "
            "they wait in the firmware's mailboxes",
            {}};
  if (question.kernel_returns_cpus)
    return {CpuVerdict::ok,
            "ACPI parking protocol: the running kernel returns CPUs to their mailboxes, as the "
            "profile says",
            {}};
  return {CpuVerdict::unsound,
          fmt::format("Linux cannot take back a CPU of the ACPI parking protocol: with {} possible "
                      "CPUs kexec_load answers EBUSY",
                      *question.possible),
          {},
          "boot the running kernel with nr_cpus=1 (nosmp and maxcpus=1 do not help), give the "
          "firmware PSCI, or set cpus.kernel-returns-cpus where the running kernel returns them"};
}

class Parking final : public CpuEnableMethod {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "acpi-parking-protocol"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "CPUs that wait in mailboxes which ACPI's MADT lists";
  }
  /// No device tree has it.
  [[nodiscard]] bool handles(std::string_view) const noexcept override { return false; }
  [[nodiscard]] CpuAssessment assess(const CpuQuestion&) const noexcept override {
    return {CpuVerdict::unknown, "it is judged by ACPI, not by a device tree", {}};
  }
  [[nodiscard]] std::optional<CpuAssessment> assess_firmware(
      const FirmwareCpuQuestion& question) const noexcept override {
    // Linux takes PSCI where the FADT has it, whatever the MADT lists (acpi_cpu_get_cpu_info()).
    const auto flags = acpi_boot_flags(question.machine);
    if ((flags && flags->psci) || acpi_parked_cpus(question.machine) == 0) return std::nullopt;
    return assess_parked(question);
  }
};

}  // namespace

const CpuEnableMethod& parking() {
  static const Parking method;
  return method;
}

}  // namespace kxf::arm64
