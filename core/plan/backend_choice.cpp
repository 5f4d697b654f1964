// SPDX-License-Identifier: Apache-2.0
#include "plan/backend_choice.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "plan/policy_names.hpp"
#include "policy/command_line.hpp"

namespace kxf {
namespace {

/// Wishes that kexec_file_load cannot honour: there the kernel itself places the segments, writes
/// the device tree and uses no purgatory of ours.
std::vector<std::string> needs_load(const Policy& policy, const ArchitectureTraits& traits,
                                    const KernelSpec& kernel, const LoadNeeds& load) {
  std::vector<std::string> needs;
  if (policy.tree_source.value != "running")
    needs.push_back(fmt::format("a device tree from a file ({})", policy.tree_source.origin));
  if (load.carried_tree)
    needs.push_back(
        "the image's own device tree (\"running\" as device-tree.source takes the running one)");
  if (!policy.tree_overlays.value.empty())
    needs.push_back(fmt::format("overlays ({})", policy.tree_overlays.origin));
  if (!policy.tree_set.value.empty())
    needs.push_back(fmt::format("device tree properties ({})", policy.tree_set.origin));
  if (!policy.tree_delete.value.empty())
    needs.push_back(fmt::format("deleted device tree parts ({})", policy.tree_delete.origin));
  if (!policy.memory_reserve.value.empty())
    needs.push_back(fmt::format("reserved windows ({})", policy.memory_reserve.origin));
  if (source_names(policy, traits) != traits.memory_sources)
    needs.push_back(fmt::format("chosen memory sources ({})", policy.memory_sources.origin));
  if (policy.console_sink.value != "auto" && policy.console_sink.value != "none")
    needs.push_back(fmt::format("a purgatory console ({})", policy.console_sink.origin));
  if (policy.purgatory_breadcrumb.value != "none")
    needs.push_back(fmt::format("a breadcrumb ({})", policy.purgatory_breadcrumb.origin));
  if (wants_digest(policy) && policy.digest.origin != "default")
    needs.push_back(fmt::format("a digest ({})", policy.digest.origin));
  if (!load.handed_over.empty())
    needs.push_back(
        fmt::format("memory that only the next tree can reserve ({})", load.handed_over));
  if (!kernel.file_load) needs.push_back(fmt::format("this image ({})", kernel.file_load_reason));
  return needs;
}

/// What makes the running kernel take nothing but kexec_file_load.
std::vector<std::string> needs_file_load(const Machine& machine) {
  std::vector<std::string> needs;
  // The active choice stands in brackets: `none [integrity] confidentiality`.
  const auto lockdown = machine.read_text("/sys/kernel/security/lockdown");
  if (lockdown && lockdown->find('[') != std::string::npos &&
      lockdown->find("[none]") == std::string::npos)
    needs.push_back(fmt::format("the kernel is locked down ({})", *lockdown));
  const auto running = machine.read_text("/proc/cmdline");
  if (running && last_parameter(*running, "kho").value_or("") == "on")
    needs.push_back("kexec handover is on (kho=on), which kexec_load would drop");
  return needs;
}

tl::unexpected<Error> lacks(Backend backend, std::string_view origin) {
  return refuse(fmt::format("{} asks for {}, which the running kernel does not have", origin,
                            name_of(backend)),
                fmt::format("use a kernel with {}, or leave the choice to kxf",
                            backend == Backend::kexec_load ? "CONFIG_KEXEC" : "CONFIG_KEXEC_FILE"));
}

Result<BackendChoice> explicit_choice(const Machine& machine, const Policy& policy,
                                      const std::vector<std::string>& load,
                                      const std::vector<std::string>& file, Record& record) {
  const bool file_load = policy.syscall.value == SyscallChoice::kexec_file_load;
  const Backend backend = file_load ? Backend::kexec_file_load : Backend::kexec_load;
  const std::string& origin = policy.syscall.origin;
  const Support support = file_load ? machine.facts().kexec_file_load : machine.facts().kexec_load;
  if (support == Support::absent) return lacks(backend, origin);
  if (file_load && !load.empty())
    return refuse(fmt::format("{} asks for kexec_file_load, which cannot honour {}", origin,
                              fmt::join(load, ", ")),
                  "use kexec_load, or drop what it cannot honour");
  if (!file_load && !file.empty())
    return refuse(fmt::format("{} asks for kexec_load, but {}", origin, fmt::join(file, "; ")),
                  "use kexec_file_load");
  record.decide("syscall", std::string(name_of(backend)), origin);
  return BackendChoice{backend, false};
}

}  // namespace

bool wants_digest(const Policy& policy) {
  return policy.bundle || policy.digest.value == DigestChoice::always ||
         (policy.digest.value == DigestChoice::crash && policy.crash);
}

Result<BackendChoice> choose_backend(const Machine& machine, const Policy& policy,
                                     const ArchitectureTraits& traits, const KernelSpec& kernel,
                                     Record& record, const LoadNeeds& needs) {
  const std::vector<std::string> load = needs_load(policy, traits, kernel, needs);
  const std::vector<std::string> file = needs_file_load(machine);
  const bool unverified = policy.crash && wants_digest(policy) && !traits.file_load_verifies;
  if (policy.syscall.value != SyscallChoice::automatic)
    return explicit_choice(machine, policy, load, file, record);

  const MachineFacts& facts = machine.facts();
  if (!load.empty() && !file.empty())
    return refuse(fmt::format("only kexec_load can honour {}, but {}", fmt::join(load, ", "),
                              fmt::join(file, "; ")),
                  "drop the one or lift the other");
  if (!file.empty()) {
    if (facts.kexec_file_load == Support::absent)
      return refuse(fmt::format("{}, and the kernel has no kexec_file_load", fmt::join(file, "; ")),
                    "lift the restriction, or use a kernel with CONFIG_KEXEC_FILE");
    record.decide("syscall", "kexec_file_load", fmt::format("{}", fmt::join(file, "; ")));
    return BackendChoice{Backend::kexec_file_load, false};
  }
  if (!load.empty()) {
    if (facts.kexec_load == Support::absent)
      return refuse(fmt::format("only kexec_load can honour {}, and the running kernel does not "
                                "have it",
                                fmt::join(load, ", ")),
                    "use a kernel with CONFIG_KEXEC, or drop what needs it");
    record.decide("syscall", "kexec_load", fmt::format("needed for {}", fmt::join(load, ", ")));
    return BackendChoice{Backend::kexec_load, false};
  }
  if (facts.kexec_file_load == Support::absent) {
    record.decide("syscall", "kexec_load", "the running kernel has no kexec_file_load");
    return BackendChoice{Backend::kexec_load, false};
  }
  if (unverified && facts.kexec_load != Support::absent) {
    record.decide("syscall", "kexec_load",
                  "a crash kernel is verified before it starts, which nothing does after "
                  "kexec_file_load");
    return BackendChoice{Backend::kexec_load, false};
  }
  record.decide("syscall", "kexec_file_load",
                facts.kexec_load == Support::absent
                    ? "the running kernel has no kexec_load"
                    : "nothing that was asked for needs kexec_load; it may fall back to that");
  return BackendChoice{Backend::kexec_file_load, facts.kexec_load != Support::absent};
}

}  // namespace kxf
