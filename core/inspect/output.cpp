// SPDX-License-Identifier: Apache-2.0
#include "inspect/output.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "text/json.hpp"

namespace kxf {
namespace {

/// RAM and what of it may be used; all other kinds keep segments away.
bool is_memory(const MemoryRange& range) {
  return range.kind == MemoryKind::ram || range.kind == MemoryKind::running_kernel;
}

/// How the console's registers are written to, by the program that does it.
std::string access_text(const ConsoleChoice& console) {
  const auto put = std::ranges::find(console.program.steps, SinkOp::put, &SinkStep::op);
  if (put == console.program.steps.end()) return "firmware";
  if (put->width_bytes == 1) return "8 bit";
  return fmt::format("{} bit, {}-endian", put->width_bytes * 8U,
                     put->big_endian ? "big" : "little");
}

/// Behind firmware a console has a number and no address.
std::string place_text(const ConsoleDevice& device) {
  return device.terminal ? fmt::format("terminal {}", hex(*device.terminal))
                         : hex(device.phys_base);
}

Json ranges_json(const MemoryMap& memory, bool want_memory) {
  Json ranges = Json::array();
  for (const MemoryRange& range : memory.ranges())
    if (is_memory(range) == want_memory)
      ranges.push_back({{"start", hex(range.range.start)},
                        {"end", hex(range.range.end)},
                        {"kind", name_of(range.kind)},
                        {"label", range.label},
                        {"source", range.source}});
  return ranges;
}

Json cpus_json(const CpuReport& report) {
  Json cpus = Json::array();
  for (const CpuState& cpu : report.cpus)
    cpus.push_back({{"hwid", hex(cpu.node.hardware_id)},
                    {"path", cpu.node.path},
                    {"enable_method", text_or_null(cpu.node.enable_method)},
                    {"release_addr", address_or_null(cpu.node.release_address)},
                    {"return_addr", address_or_null(cpu.node.return_address)},
                    {"verdict", name_of(cpu.assessment.verdict)},
                    {"reason", cpu.assessment.reason}});
  return cpus;
}

Json console_json(const ConsoleChoice& console) {
  Json json = {{"sink", console.sink}, {"driver", console.device.driver}};
  if (console.device.terminal) {
    json["address"] = nullptr;
    json["terminal"] = *console.device.terminal;
  } else {
    json["address"] = hex(console.device.phys_base);
  }
  json["access"] = access_text(console);
  json["source"] = console.device.origin;
  return json;
}

void cpus_text(std::string& out, const Inspection& inspection) {
  const CpuReport& report = inspection.cpus;
  out += fmt::format("cpus       {}, handing them over: {}\n           {}\n", report.cpus.size(),
                     name_of(report.verdict), report.reason);
  for (const CpuState& cpu : report.cpus) {
    out +=
        fmt::format("  {:<10} {}", hex(cpu.node.hardware_id),
                    cpu.node.enable_method.empty() ? "no enable-method" : cpu.node.enable_method);
    if (cpu.node.release_address)
      out += fmt::format(", released at {}", hex(*cpu.node.release_address));
    if (cpu.node.return_address)
      out += fmt::format(", returns to {}", hex(*cpu.node.return_address));
    out += '\n';
  }
}

void ranges_text(std::string& out, const MemoryMap& memory, bool want_memory) {
  for (const MemoryRange& range : memory.ranges())
    if (is_memory(range) == want_memory)
      out += fmt::format("  {:<35} {:<14} {} ({})\n", to_text(range.range), name_of(range.kind),
                         range.label, range.source);
}

void memory_text(std::string& out, const Inspection& inspection) {
  const MemoryMap& memory = inspection.memory;
  out += fmt::format("memory     {}\n",
                     inspection.memory_reason.empty()
                         ? fmt::format("{}, {} usable", size_text(memory.ram().size_bytes()),
                                       size_text(memory.usable().size_bytes()))
                         : inspection.memory_reason);
  ranges_text(out, memory, true);
  const auto reserved = std::ranges::count_if(
      memory.ranges(), [](const MemoryRange& range) { return !is_memory(range); });
  out += fmt::format("reserved   {} range{}\n", reserved, reserved == 1 ? "" : "s");
  ranges_text(out, memory, false);
}

void console_text(std::string& out, const Inspection& inspection) {
  if (!inspection.console) {
    out += fmt::format("console    none: {}\n", inspection.console_reason);
    return;
  }
  const ConsoleChoice& console = *inspection.console;
  out += fmt::format("console    {} at {}, {} ({} names {})\n", console.sink,
                     place_text(console.device), access_text(console), console.device.origin,
                     console.device.driver);
}

}  // namespace

std::string inspection_json(const Inspection& inspection, std::string_view subject) {
  Json json;
  json["schema"] = 1;
  json["subject"] = subject;
  json["architecture"] = text_or_null(inspection.architecture);
  json["model"] = inspection.model;
  json["compatible"] = inspection.compatible;
  json["cpus"] = cpus_json(inspection.cpus);
  json["cpu_verdict"] = {{"status", name_of(inspection.cpus.verdict)},
                         {"reason", inspection.cpus.reason}};
  json["memory"] = ranges_json(inspection.memory, true);
  if (!inspection.memory_reason.empty()) json["memory_reason"] = inspection.memory_reason;
  json["reserved"] = ranges_json(inspection.memory, false);
  json["console"] = inspection.console ? console_json(*inspection.console) : Json(nullptr);
  if (!inspection.console) json["console_reason"] = inspection.console_reason;
  Json warnings = Json::array();
  for (const Warning& warning : inspection.record.warnings())
    warnings.push_back({{"id", warning.id}, {"text", warning.text}});
  json["warnings"] = warnings;
  Json decisions = Json::array();
  for (const Decision& decision : inspection.record.decisions())
    decisions.push_back(
        {{"topic", decision.topic}, {"choice", decision.choice}, {"reason", decision.reason}});
  json["decisions"] = decisions;
  return json_text(json);
}

std::string inspection_text(const Inspection& inspection, bool verbose) {
  std::string out =
      fmt::format("board      {}\n", inspection.model.empty() ? "not named" : inspection.model);
  if (!inspection.compatible.empty())
    out += fmt::format("compatible {}\n", fmt::join(inspection.compatible, ", "));
  out += fmt::format("plugin     {}\n", inspection.architecture.empty()
                                            ? inspection.architecture_reason
                                            : inspection.architecture);
  cpus_text(out, inspection);
  memory_text(out, inspection);
  console_text(out, inspection);
  if (!inspection.record.warnings().empty()) out += "to know\n";
  for (const Warning& warning : inspection.record.warnings())
    out += fmt::format("  {} [{}]\n", warning.text, warning.id);
  if (!verbose) return out;
  out += "decisions\n";
  for (const Decision& decision : inspection.record.decisions())
    out += fmt::format("  {:<13} {}\n{:16}because: {}\n", decision.topic, decision.choice, "",
                       decision.reason);
  return out;
}

}  // namespace kxf
