// SPDX-License-Identifier: Apache-2.0
#include "load/preflight.hpp"

#include <fmt/format.h>
#include <linux/capability.h>

#include <charconv>

namespace kxf {
namespace {

std::optional<std::uint64_t> number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string_view name_of(Lockdown lockdown) {
  switch (lockdown) {
    case Lockdown::integrity: return "integrity";
    case Lockdown::confidentiality: return "confidentiality";
    case Lockdown::none: break;
  }
  return "none";
}

Lockdown lockdown_of(const Machine& machine) {
  // `none [integrity] confidentiality`: the active one stands in brackets.
  const Result<std::string> text = machine.read_text("/sys/kernel/security/lockdown");
  if (!text) return Lockdown::none;
  for (const Lockdown lockdown : {Lockdown::integrity, Lockdown::confidentiality})
    if (text->find(fmt::format("[{}]", name_of(lockdown))) != std::string::npos) return lockdown;
  return Lockdown::none;
}

std::optional<bool> may_boot(const Machine& machine) {
  const Result<std::string> status = machine.read_text("/proc/self/status");
  if (!status) return std::nullopt;
  constexpr std::string_view key = "\nCapEff:\t";
  const std::size_t at = status->find(key);
  if (at == std::string::npos) return std::nullopt;
  const std::string_view rest = std::string_view(*status).substr(at + key.size());
  const auto capabilities = number(rest.substr(0, rest.find('\n')), 16);
  if (!capabilities) return std::nullopt;
  return ((*capabilities >> unsigned{CAP_SYS_BOOT}) & 1U) != 0;
}

std::optional<std::uint64_t> loads_left(const Machine& machine, bool crash) {
  const Result<std::string> limit =
      machine.read_text(crash ? "/proc/sys/kernel/kexec_load_limit_panic"
                              : "/proc/sys/kernel/kexec_load_limit_reboot");
  return limit ? number(*limit, 10) : std::nullopt;  // -1: no limit
}

Status check_permission(const Machine& machine, std::string_view what) {
  if (may_boot(machine).value_or(true)) return {};
  return refuse(fmt::format("{} needs root: this process does not have CAP_SYS_BOOT", what),
                "run kxf as root");
}

Status check_may_load(const Machine& machine, bool crash) {
  // In this order: no privilege lifts the first two.
  const Result<std::string> disabled = machine.read_text("/proc/sys/kernel/kexec_load_disabled");
  if (disabled && *disabled == "1")
    return refuse("kexec is disabled on this system (kernel.kexec_load_disabled is 1)",
                  "boot again without setting kernel.kexec_load_disabled: it cannot be cleared");
  if (loads_left(machine, crash) == 0)
    return refuse(fmt::format("this system loads no more kernels (kernel.kexec_load_limit_{} is 0)",
                              crash ? "panic" : "reboot"),
                  "boot again with a higher limit: it cannot be raised");
  return check_permission(machine, "loading a kernel");
}

Status check_may_load(const Machine& machine, bool crash, Backend backend) {
  KXF_CHECK(check_may_load(machine, crash));
  const MachineFacts& facts = machine.facts();
  const bool file = backend == Backend::kexec_file_load;
  if ((file ? facts.kexec_file_load : facts.kexec_load) == Support::absent)
    return refuse(fmt::format("the running kernel does not have {}", name_of(backend)),
                  fmt::format("use a kernel with {}, or the other system call",
                              file ? "CONFIG_KEXEC_FILE" : "CONFIG_KEXEC"));
  const Lockdown lockdown = lockdown_of(machine);
  if (lockdown != Lockdown::none && !file)
    return refuse(fmt::format("the running kernel is locked down ({}), which forbids kexec_load",
                              name_of(lockdown)),
                  "load a signed kernel by kexec_file_load, or boot without lockdown and Secure "
                  "Boot");
  return {};
}

}  // namespace kxf
