// SPDX-License-Identifier: Apache-2.0
#include "plan/cpu_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace kxf {
namespace {

constexpr std::string_view cpu_directory = "/sys/devices/system/cpu";

std::optional<unsigned> possible_cpus(const Machine& machine) {
  const auto list = cpu_list(machine, "possible");
  return list ? std::optional(static_cast<unsigned>(list->size())) : std::nullopt;
}

/// Linux' number of each CPU node, by the `of_node` links of sysfs.
std::map<std::string, unsigned> logical_ids(const Machine& machine) {
  std::map<std::string, unsigned> ids;
  for (const unsigned id : listed_cpus(machine))
    if (auto path = cpu_node_path(machine, id)) ids.emplace(std::move(*path), id);
  return ids;
}

const CpuNode* find_cpu(const std::vector<CpuNode>& nodes, std::uint64_t hardware_id) {
  const auto found = std::ranges::find(nodes, hardware_id, &CpuNode::hardware_id);
  return found == nodes.end() ? nullptr : &*found;
}

/// A lone CPU makes the jump itself and is never started: trees leave its method out.
bool needs_no_method(const CpuNode& cpu, const std::vector<CpuNode>& all) {
  return all.size() == 1 && cpu.enable_method.empty();
}

/// What is wrong between the two trees, or with the method itself; empty when nothing is.
std::string mismatch(const CpuNode& running, const CpuNode* next, const Policy& policy,
                     const CpuEnableMethod* method) {
  const auto& allowed = policy.cpu_methods.value;
  if (next == nullptr) return "it is not in the next device tree";
  if (next->enable_method != running.enable_method)
    return fmt::format("its enable method is \"{}\" now and \"{}\" in the next device tree",
                       running.enable_method, next->enable_method);
  if (next->release_address != running.release_address)
    return "its cpu-release-addr differs in the next device tree";
  if (next->return_address != running.return_address)
    return "its cpu-return-addr differs in the next device tree";
  if (running.enable_method.empty()) return "it has no enable method";
  if (method == nullptr)
    return fmt::format("no plugin knows the enable method \"{}\"", running.enable_method);
  if (!allowed.empty() && std::ranges::find(allowed, running.enable_method) == allowed.end())
    return fmt::format("the enable method \"{}\" is not allowed by {}", running.enable_method,
                       policy.cpu_methods.origin);
  return "";
}

Status handle_mismatches(const std::vector<std::string>& mismatches, const Policy& policy,
                         Record& record) {
  if (mismatches.empty() || policy.cpu_mismatch.value == OnMismatch::ignore) return {};
  // One line for all CPUs that share a reason: sixty-four equal warnings help nobody.
  std::string text = mismatches.front();
  if (mismatches.size() > 1)
    text += fmt::format(" (and {} more CPUs are in doubt)", mismatches.size() - 1);
  if (policy.cpu_mismatch.value == OnMismatch::refuse)
    return refuse(text, fmt::format("correct the device tree, or relax cpus.mismatch ({})",
                                    policy.cpu_mismatch.origin));
  record.warn("cpu-mismatch", text);
  return {};
}

/// What the methods want the user to know, once for all CPUs that say something of the kind.
void warn_of_cpus(const CpuReport& report, Record& record) {
  std::string first;
  std::size_t others = 0;
  for (const CpuState& state : report.cpus) {
    if (state.assessment.warning.empty()) continue;
    if (first.empty())
      first = fmt::format("CPU {} ({}): {}", hex(state.node.hardware_id), state.node.path,
                          state.assessment.warning);
    else
      ++others;
  }
  if (first.empty()) return;
  if (others != 0) first += fmt::format(" (and {} more CPUs)", others);
  record.warn("cpu-memory", first);
}

/// The tree describes no CPUs: other tables of the firmware may.
CpuReport report_by_firmware(const Machine& machine, const Registry& registry, const Policy& policy,
                             Record& record) {
  CpuReport report;
  report.reason = "the device tree describes no CPUs";
  const FirmwareCpuQuestion question{machine, possible_cpus(machine),
                                     policy.kernel_returns_cpus.value, policy.bundle};
  for (const auto& method : registry.all<CpuEnableMethod>()) {
    auto assessment = method.implementation->assess_firmware(question);
    if (!assessment) continue;
    report.verdict = assessment->verdict;
    report.reason = std::move(assessment->reason);
    report.remedy = std::move(assessment->remedy);
    record.decide("cpus", std::string(name_of(report.verdict)), report.reason);
    break;
  }
  return report;
}

Result<const CpuEnableMethod*> method_for(const CpuNode& node, const Registry& registry,
                                          const Policy& policy) {
  std::vector<Registered<CpuEnableMethod>> candidates;
  for (const auto& method : registry.all<CpuEnableMethod>())
    if (method.implementation->handles(node.enable_method)) candidates.push_back(method);
  if (candidates.empty()) return nullptr;
  const auto& use = policy.plugins_use.value;
  const auto chosen = use.find("cpu-enable-method");
  return prefer(candidates, chosen == use.end() ? "" : chosen->second);
}

std::vector<CpuNode> cpus_of(const DeviceTree& tree, std::string_view default_method) {
  std::vector<CpuNode> cpus = cpu_nodes(tree);
  for (CpuNode& cpu : cpus)
    if (cpu.enable_method.empty()) cpu.enable_method = default_method;
  return cpus;
}

}  // namespace

Result<CpuReport> report_cpus(const Machine& machine, const DeviceTree* running,
                              const DeviceTree& next, std::string_view default_method,
                              const Registry& registry, const Policy& policy, Record& record) {
  CpuReport report;
  const std::vector<CpuNode> now =
      running == nullptr ? std::vector<CpuNode>{} : cpus_of(*running, default_method);
  if (now.empty()) return report_by_firmware(machine, registry, policy, record);
  const std::vector<CpuNode> then = cpus_of(next, default_method);
  const auto online = cpu_list(machine, "online");
  const std::optional<unsigned> possible_count = possible_cpus(machine);
  const std::map<std::string, unsigned> ids = logical_ids(machine);

  std::vector<std::string> mismatches;
  for (const CpuNode& node : now) {
    CpuState state{node, std::nullopt, std::nullopt, {}};
    if (const auto id = ids.find(node.path); id != ids.end()) {
      state.logical_id = id->second;
      if (online) state.online = std::ranges::find(*online, id->second) != online->end();
    }
    KXF_TRY(method, method_for(node, registry, policy));
    const CpuNode* counterpart = find_cpu(then, node.hardware_id);
    if (counterpart != nullptr && needs_no_method(node, now)) {
      state.assessment = {CpuVerdict::ok, "the only CPU: it makes the jump itself", {}};
      report.cpus.push_back(std::move(state));
      continue;
    }
    const std::string problem = mismatch(node, counterpart, policy, method);
    if (!problem.empty())
      mismatches.push_back(
          fmt::format("CPU {} ({}): {}", hex(node.hardware_id), node.path, problem));
    if (method != nullptr)
      state.assessment =
          method->assess({node, counterpart, now, machine, *running, state.online, possible_count,
                          policy.kernel_returns_cpus.value, policy.bundle});
    else
      state.assessment.reason = problem;
    report.cpus.push_back(std::move(state));
  }
  KXF_CHECK(handle_mismatches(mismatches, policy, record));
  warn_of_cpus(report, record);

  report.verdict = CpuVerdict::ok;
  for (const CpuVerdict verdict : {CpuVerdict::unknown, CpuVerdict::unsound})
    for (const CpuState& state : report.cpus)
      if (state.assessment.verdict == verdict) {
        report.verdict = verdict;
        report.reason = state.assessment.reason;
        break;
      }
  if (report.verdict == CpuVerdict::ok) report.reason = report.cpus.front().assessment.reason;
  record.decide("cpus", std::string(name_of(report.verdict)), report.reason);
  return report;
}

Status check_cpus(const CpuReport& report, bool crash) {
  if (crash || report.verdict != CpuVerdict::unsound) return {};
  for (const CpuState& state : report.cpus)
    if (state.assessment.verdict == CpuVerdict::unsound)
      return refuse(fmt::format("CPU {} cannot be handed to the next kernel: {}",
                                hex(state.node.hardware_id), state.assessment.reason),
                    state.assessment.remedy.empty()
                        ? "boot the running kernel in the way that the reason names"
                        : state.assessment.remedy);
  return refuse(fmt::format("the CPUs cannot be handed to the next kernel: {}", report.reason),
                report.remedy.empty() ? "boot the running kernel in the way that the reason names"
                                      : report.remedy);
}

bool cpus_stuck(const Machine& machine) {
  if (possible_cpus(machine).value_or(0) < 2) return false;
  const std::vector<unsigned> cpus = listed_cpus(machine);
  return !cpus.empty() && std::ranges::none_of(cpus, [&](unsigned cpu) {
    return machine.exists(fmt::format("{}/cpu{}/online", cpu_directory, cpu));
  });
}

Status check_stuck(const Machine& machine, const Policy& policy, Record& record) {
  if (policy.crash || !cpus_stuck(machine)) return {};
  if (policy.kernel_returns_cpus.value) {
    record.decide("cpus", "returned by the running kernel", policy.kernel_returns_cpus.origin);
    return {};
  }
  return refuse(fmt::format("the running kernel would answer EBUSY: {} CPUs are possible, and it "
                            "can take none of them down",
                            possible_cpus(machine).value_or(0)),
                std::string(stuck_remedy));
}

}  // namespace kxf
