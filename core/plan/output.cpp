// SPDX-License-Identifier: Apache-2.0
#include "plan/output.hpp"

#include <fmt/format.h>

#include "text/json.hpp"

namespace kxf {
namespace {

std::string hex_digest(const Sha256& digest) {
  std::string text;
  for (const std::uint8_t byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

Result<Json> segments_json(const SealedPlan& sealed) {
  Json segments = Json::array();
  const bool placed = sealed.plan.parts().backend == Backend::kexec_load;
  for (const Segment& segment : sealed.segments) {
    KXF_TRY(digest, sha256(segment.bytes.view()));
    Json entry;
    entry["name"] = segment.name;
    // kexec_file_load: the running kernel chooses the place.
    entry["start"] = placed ? Json(hex(segment.range.start)) : Json(nullptr);
    entry["size"] = placed ? Json(segment.range.size_bytes()) : Json(nullptr);
    entry["file_size"] = segment.bytes.size_bytes();
    entry["sha256"] = hex_digest(digest);
    segments.push_back(std::move(entry));
  }
  return segments;
}

Json ranges_json(const RangeSet& set) {
  Json list = Json::array();
  for (const Range& range : set)
    list.push_back({{"start", hex(range.start)}, {"end", hex(range.end)}});
  return list;
}

Json memory_json(const MemoryMap& memory) {
  Json ranges = Json::array();
  for (const MemoryRange& range : memory.ranges())
    ranges.push_back({{"start", hex(range.range.start)},
                      {"end", hex(range.range.end)},
                      {"kind", name_of(range.kind)},
                      {"label", range.label},
                      {"source", range.source}});
  Json disagreements = Json::array();
  for (const MemoryDisagreement& disagreement : memory.disagreements())
    disagreements.push_back({{"start", hex(disagreement.range.start)},
                             {"end", hex(disagreement.range.end)},
                             {"said_by", disagreement.said_by},
                             {"denied_by", disagreement.denied_by}});
  return {{"ranges", ranges},
          {"usable", ranges_json(memory.usable())},
          {"disagreements", disagreements}};
}

Json cpus_json(const CpuReport& report) {
  Json cpus = Json::array();
  for (const CpuState& cpu : report.cpus)
    cpus.push_back({{"hwid", hex(cpu.node.hardware_id)},
                    {"enable_method", cpu.node.enable_method},
                    {"release_addr", address_or_null(cpu.node.release_address)},
                    {"return_addr", address_or_null(cpu.node.return_address)},
                    {"logical_id", value_or_null(cpu.logical_id)},
                    {"online", value_or_null(cpu.online)},
                    {"verdict", name_of(cpu.assessment.verdict)},
                    {"reason", cpu.assessment.reason}});
  return cpus;
}

Json console_json(const PlanParts& parts) {
  if (!parts.console) return nullptr;
  Json console = {{"sink", parts.console_sink}, {"driver", parts.console->driver}};
  // Behind firmware a console has a number and no address.
  if (parts.console->terminal) {
    console["address"] = nullptr;
    console["terminal"] = *parts.console->terminal;
  } else {
    console["address"] = hex(parts.console->phys_base);
  }
  console["source"] = parts.console->origin;
  return console;
}

std::string console_text(const PlanParts& parts) {
  if (!parts.console) return "none";
  const ConsoleDevice& device = *parts.console;
  return fmt::format("{} {} ({})", parts.console_sink,
                     device.terminal ? fmt::format("terminal {}", hex(*device.terminal))
                                     : fmt::format("at {}", hex(device.phys_base)),
                     device.origin);
}

Json crash_json(const CrashPlan& crash) {
  Json cpus = Json::array();
  for (const CpuNotes& notes : crash.notes.cpus)
    cpus.push_back({{"cpu", notes.cpu}, {"notes", hex(notes.where.start)}});
  return {{"regions", ranges_json(crash.regions)},
          {"region", hex(crash.home.start)},
          {"cpus", cpus},
          {"vmcoreinfo", hex(crash.notes.vmcoreinfo.start)},
          {"dumped", ranges_json(crash.dumped)},
          {"kernel_updates", crash.kernel_updates}};
}

Json bundle_json(const BundlePlan& bundle, const PlanParts& parts) {
  Json purgatories = Json::array();
  for (const Range& place : bundle.purgatories)
    purgatories.push_back({{"start", hex(place.start)}, {"size", place.size_bytes()}});
  Json moves = Json::array();
  auto move = bundle.relocation.moves.begin();
  for (const Segment& segment : parts.segments) {
    if (segment.name == "purgatory") continue;
    moves.push_back({{"segment", segment.name},
                     {"source_offset", move->source_offset},
                     {"size", move->size_bytes},
                     {"destination", hex(move->destination.start)}});
    ++move;
  }
  return {{"size", bundle.image_bytes()},
          {"head_size", bundle.relocation.payload.start},
          {"purgatories", purgatories},
          {"staging", hex(bundle.relocation.staging.start)},
          {"moves", moves},
          {"memory", ranges_json(bundle.relocation.memory)}};
}

Json record_json(const Record& record, Json& warnings) {
  Json decisions = Json::array();
  for (const Decision& decision : record.decisions())
    decisions.push_back(
        {{"topic", decision.topic}, {"choice", decision.choice}, {"reason", decision.reason}});
  for (const Warning& warning : record.warnings())
    warnings.push_back({{"id", warning.id}, {"text", warning.text}});
  return decisions;
}

void segments_text(std::string& out, const SealedPlan& sealed) {
  const bool placed = sealed.plan.parts().backend == Backend::kexec_load;
  out += fmt::format("{:<10} {:<35} {:>10} {:>10}\n", "segment", "where", "bytes", "memory");
  for (const Segment& segment : sealed.segments)
    out += fmt::format("{:<10} {:<35} {:>10} {:>10}\n", segment.name,
                       placed ? to_text(segment.range) : "where the running kernel decides",
                       segment.bytes.size_bytes(),
                       placed ? size_text(segment.range.size_bytes()) : "-");
}

void bundle_text(std::string& out, const BundlePlan& bundle) {
  const Relocation& relocation = bundle.relocation;
  out += fmt::format("\nbundle     {} bytes, {} of them the head; any place in {} of memory\n",
                     bundle.image_bytes(), relocation.payload.start,
                     size_text(relocation.memory.size_bytes()));
  for (const Range& place : bundle.purgatories)
    out += fmt::format("purgatory  {}\n", to_text(place));
  out += fmt::format("staging    {}\n", to_text(relocation.staging));
  for (const BundleMove& move : relocation.moves)
    out += fmt::format("move       {:>10} bytes from {:>#10x} to {}\n", move.size_bytes,
                       move.source_offset, to_text(move.destination));
}

void memory_text(std::string& out, const MemoryMap& memory) {
  out += "\nmemory\n";
  for (const MemoryRange& range : memory.ranges())
    out += fmt::format("  {:<35} {:<14} {} ({})\n", to_text(range.range), name_of(range.kind),
                       range.label, range.source);
  out += "usable\n";
  for (const Range& range : memory.usable())
    out += fmt::format("  {:<35} {}\n", to_text(range), size_text(range.size_bytes()));
}

void decisions_text(std::string& out, const Record& record) {
  out += "\ndecisions\n";
  for (const Decision& decision : record.decisions())
    out += fmt::format("  {:<13} {}\n{:16}because: {}\n", decision.topic, decision.choice, "",
                       decision.reason);
}

}  // namespace

Result<std::string> plan_json(const SealedPlan& sealed) {
  const PlanParts& parts = sealed.plan.parts();
  KXF_TRY(segments, segments_json(sealed));
  Json plan;
  plan["schema"] = 1;
  plan["arch"] = parts.arch;
  plan["backend"] = parts.bundle ? "firmware" : name_of(parts.backend);
  plan["may_fall_back"] = parts.backend_may_fall_back;
  plan["entry"] = parts.backend == Backend::kexec_load ? Json(hex(parts.entry)) : Json(nullptr);
  plan["flags"] = {{"crash", parts.crash}, {"kexec_arch", parts.kexec_arch}};
  plan["segments"] = segments;
  plan["memory"] = memory_json(parts.memory);
  plan["cpus"] = cpus_json(parts.cpus);
  plan["cpu_verdict"] = {{"status", name_of(parts.cpus.verdict)}, {"reason", parts.cpus.reason}};
  plan["console"] = console_json(parts);
  if (sealed.bundle) plan["bundle"] = bundle_json(*sealed.bundle, parts);
  if (sealed.crash) plan["crash"] = crash_json(*sealed.crash);
  plan["command_line"] = parts.command_line;
  Json warnings = Json::array();
  plan["decisions"] = record_json(parts.record, warnings);
  plan["warnings"] = warnings;
  return json_text(plan);
}

std::string plan_text(const SealedPlan& sealed, bool verbose) {
  const PlanParts& parts = sealed.plan.parts();
  std::string out;
  segments_text(out, sealed);
  if (parts.backend == Backend::kexec_load) out += fmt::format("entry      {}\n", hex(parts.entry));
  if (sealed.bundle)
    bundle_text(out, *sealed.bundle);
  else
    out += fmt::format("\nsyscall    {}{}{}\n", name_of(parts.backend),
                       parts.backend_may_fall_back ? ", or kexec_load if that fails" : "",
                       parts.crash ? ", for the crash slot" : "");
  out += fmt::format("console    {}\n", console_text(parts));
  out += fmt::format("cpus       {}: {}\n", name_of(parts.cpus.verdict), parts.cpus.reason);
  out += fmt::format("memory     {} of {} usable\n", size_text(parts.memory.usable().size_bytes()),
                     size_text(parts.memory.ram().size_bytes()));
  out += fmt::format("command    {}\n", parts.command_line);
  if (verbose) {
    memory_text(out, parts.memory);
    decisions_text(out, parts.record);
  }
  return out;
}

}  // namespace kxf
