// SPDX-License-Identifier: Apache-2.0
#include "inspect/inspect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "devicetree/next_tree.hpp"
#include "memory/discovery.hpp"
#include "plan/console.hpp"
#include "plan/cpu_report.hpp"
#include "plan/survey.hpp"
#include "policy/command_line.hpp"

namespace kxf {
namespace {

/// Message and remedy in one sentence.
std::string text_of(const Error& error) {
  return error.remedy.empty() ? error.message : fmt::format("{}; {}", error.message, error.remedy);
}

/// Asks one thing after the other; each step reads what the earlier ones found.
class Inspector {
 public:
  Inspector(const Machine& machine, const Policy& policy, const Registry& registry, Record record)
      : machine_(machine), policy_(policy), registry_(registry) {
    result_.record = std::move(record);
  }

  Inspection run() && {
    find_architecture();
    name_board();
    prepare_next_tree();
    judge_cpus();
    find_memory();
    find_console();
    return std::move(result_);
  }

 private:
  void warn(std::string id, const Error& error) {
    result_.record.warn(std::move(id), text_of(error));
  }

  void find_architecture() {
    const auto found = architecture_for(machine_, registry_, policy_);
    if (!found) {
      result_.architecture_reason = found.error().message;
      warn("no-architecture", found.error());
      return;
    }
    result_.architecture = (*found)->name();
    traits_ = (*found)->traits();
  }

  void name_board() {
    if (const DeviceTree* tree = machine_.device_tree()) {
      result_.model = tree->model();
      for (const std::string_view name : tree->board()) result_.compatible.emplace_back(name);
    }
    if (const auto status = check_board(machine_, policy_, result_.record); !status)
      warn("other-board", status.error());
  }

  void prepare_next_tree() {
    const DeviceTree* running = machine_.device_tree();
    if (running == nullptr && policy_.tree_source.value == "running") {
      no_tree_ = fmt::format("no device tree: {}", machine_.device_tree_problem());
      return;
    }
    auto prepared = prepare_tree(policy_, running, result_.record);
    if (prepared) {
      next_ = std::move(*prepared);
      return;
    }
    // The board is there all the same; what is said below is of the tree that it has.
    warn("no-next-tree", prepared.error());
    no_tree_ = prepared.error().message;
    if (running != nullptr) next_ = *running;
  }

  void judge_cpus() {
    if (!next_) {
      result_.cpus.reason = no_tree_;
      return;
    }
    auto cpus = report_cpus(machine_, machine_.device_tree(), *next_, traits_.enable_method,
                            registry_, policy_, result_.record);
    if (cpus)
      result_.cpus = std::move(*cpus);
    else
      result_.cpus.reason = text_of(cpus.error());
  }

  void find_memory() {
    const auto sources = memory_sources(policy_, traits_, registry_);
    if (!sources) {
      result_.memory_reason = text_of(sources.error());
      return;
    }
    auto survey = survey_memory(machine_, *sources, extra_reservations(policy_, result_.cpus),
                                result_.record);
    if (!survey) {
      result_.memory_reason = text_of(survey.error());
      return;
    }
    result_.memory = std::move(survey->map);
    if (survey->no_ram) result_.memory_reason = survey->no_ram->message;
  }

  /// As the next kernel would get it; a wish that cannot be met leaves it empty.
  std::string command_line() {
    const auto running = machine_.read_text("/proc/cmdline");
    if (!running && policy_.command_line_mode.value == CommandLineMode::reuse)
      result_.record.warn("no-command-line",
                          fmt::format("{} takes over the running command line, which is not known "
                                      "here: the console is looked for without it",
                                      policy_.command_line_mode.origin));
    const std::uint64_t limit =
        traits_.command_line_limit == 0 ? UINT64_MAX : traits_.command_line_limit;
    auto text =
        compose_command_line(policy_, running.value_or(""), std::nullopt, {limit}, result_.record);
    if (text) return std::move(*text);
    warn("no-command-line", text.error());
    return {};
  }

  void find_console() {
    if (!next_) {
      result_.console_reason = no_tree_;
      return;
    }
    const std::string line = command_line();
    Record asked;  // what is said from here on is about the console
    // Memory nodes of a tree that no firmware has filled in yet are placeholders, and some of them
    // reach over the devices.
    const bool placeholders = machine_.facts().hardware.empty();
    auto choice = choose_console(machine_, policy_, line, *next_,
                                 placeholders ? MemoryMap{} : result_.memory, registry_, asked);
    for (const Decision& decision : asked.decisions()) {
      if (decision.choice == "none") result_.console_reason = decision.reason;
      result_.record.decide(decision.topic, decision.choice, decision.reason);
    }
    for (const Warning& warning : asked.warnings()) {
      if (warning.id == "no-console-sink") result_.console_reason = warning.text;
      result_.record.warn(warning.id, warning.text);
    }
    if (!choice)
      result_.console_reason = text_of(choice.error());
    else
      result_.console = std::move(*choice);
    if (!result_.console) {
      if (result_.console_reason.empty()) result_.console_reason = "nothing names one";
      return;
    }
    result_.console_reason.clear();
    warn_of_console_in_memory(result_.console->device);
  }

  void warn_of_console_in_memory(const ConsoleDevice& device) {
    const Range registers =
        Range::sized(device.phys_base, std::max<std::uint64_t>(device.size_bytes, 1));
    if (device.terminal || !result_.memory.ram().overlaps(registers)) return;
    result_.record.warn(
        "console-in-memory-node",
        fmt::format("the tree has both memory and the console's registers at {}: its firmware must "
                    "correct the memory node, for as long as there is RAM a load is refused",
                    hex(device.phys_base)));
  }

  const Machine& machine_;
  const Policy& policy_;
  const Registry& registry_;
  ArchitectureTraits traits_;
  std::optional<DeviceTree> next_;
  std::string no_tree_;  ///< why there is no tree
  Inspection result_;
};

}  // namespace

Inspection inspect(const Machine& machine, const Policy& policy, const Registry& registry,
                   Record record) {
  return Inspector(machine, policy, registry, std::move(record)).run();
}

}  // namespace kxf
