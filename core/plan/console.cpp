// SPDX-License-Identifier: Apache-2.0
#include "plan/console.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "plan/earlycon.hpp"
#include "policy/command_line.hpp"
#include "text/nearest.hpp"

namespace kxf {
namespace {

/// Registers of a console whose size nothing states are taken to fill a page.
constexpr std::uint64_t assumed_device_size = 4096;

using Sinks = std::vector<Registered<ConsoleSink>>;

Sinks sinks_by_earlycon(const Registry& registry, std::string_view name) {
  Sinks found;
  for (const auto& sink : registry.all<ConsoleSink>()) {
    const auto names = sink.implementation->earlycon_names();
    if (std::ranges::find(names, name) != names.end()) found.push_back(sink);
  }
  return found;
}

Sinks sinks_by_compatible(const Registry& registry, std::string_view name) {
  Sinks found;
  for (const auto& sink : registry.all<ConsoleSink>()) {
    const auto names = sink.implementation->compatibles();
    if (std::ranges::find(names, name) != names.end()) found.push_back(sink);
  }
  return found;
}

Error unknown_earlycon(const Registry& registry, const ConsoleDevice& device) {
  std::vector<std::string_view> known;
  for (const auto& sink : registry.all<ConsoleSink>())
    for (const std::string_view name : sink.implementation->earlycon_names())
      if (std::ranges::find(known, name) == known.end()) known.push_back(name);
  std::ranges::sort(known);
  const std::string meant = did_you_mean(device.driver, known);
  return {fmt::format("{} names the console \"{}\", which no plugin knows{}{} (known: {})",
                      device.origin, device.driver, meant.empty() ? "" : ": ", meant,
                      fmt::join(known, ", ")),
          "correct the name, set console.sink = \"none\", or install a plugin with that sink",
          Fault::refused};
}

/// What `auto` found: a device, and the sinks that know it.
struct Candidate {
  ConsoleDevice device;
  Sinks sinks;
  std::optional<Error> no_address = std::nullopt;  ///< why its registers cannot be reached
};

Result<Candidate> from_earlycon(std::string_view value, std::string origin,
                                const Registry& registry) {
  auto device = parse_earlycon(value);
  if (!device) return pass(std::move(device), origin);
  device->origin = std::move(origin);
  Sinks sinks = sinks_by_earlycon(registry, device->driver);
  if (sinks.empty()) return tl::unexpected(unknown_earlycon(registry, *device));
  return Candidate{std::move(*device), std::move(sinks)};
}

/// /chosen/stdout-path (Devicetree Specification 3.6): an alias or a path, then `:options`.
Result<std::optional<Candidate>> from_stdout(const DeviceTree& tree, const Registry& registry,
                                             Record& record) {
  const auto chosen = tree.find("/chosen");
  auto path = chosen ? chosen->text("stdout-path") : std::nullopt;
  if (chosen && !path) path = chosen->text("linux,stdout-path");
  if (!path) {
    record.decide("console", "none", "no earlycon= and no stdout-path");
    return std::nullopt;
  }
  const auto node = tree.find(path->substr(0, path->find(':')));
  if (!node) {
    record.warn("no-console-sink",
                fmt::format("stdout-path names \"{}\", which is not in the device tree: the "
                            "purgatory will print nothing",
                            *path));
    return std::nullopt;
  }
  const std::vector<std::string_view> names = node->texts("compatible");
  for (const std::string_view name : names) {
    Sinks sinks = sinks_by_compatible(registry, name);
    if (sinks.empty()) continue;
    ConsoleDevice device;
    device.driver = name;
    device.origin = "stdout-path";
    std::optional<Error> no_address;
    const auto reg = node->physical_reg();
    if (!reg) {
      // A console behind firmware has a number on its bus instead of registers.
      no_address = Error(reg.error()).within("stdout-path");
      if (const auto number = node->reg(); number && !number->empty())
        device.terminal = number->front().start;
    } else if (!reg->empty()) {
      device.phys_base = reg->front().start + node->number("reg-offset").value_or(0);
      device.size_bytes = reg->front().size_bytes();
    }
    if (const auto width = node->u32("reg-io-width")) device.access_bits = *width * 8;
    device.register_shift = node->u32("reg-shift");
    device.big_endian_registers = node->has("big-endian");
    return Candidate{std::move(device), std::move(sinks), std::move(no_address)};
  }
  record.warn("no-console-sink",
              fmt::format("no plugin knows the console at stdout-path ({}): the purgatory will "
                          "print nothing",
                          fmt::join(names, ", ")));
  return std::nullopt;
}

Result<std::optional<Candidate>> find_console(std::string_view command_line, const DeviceTree& tree,
                                              const Registry& registry, Record& record) {
  if (const auto value = last_parameter(command_line, "earlycon"); value && !value->empty()) {
    KXF_TRY(found, from_earlycon(*value, "earlycon=", registry));
    return std::optional(std::move(found));
  }
  // Only the form with an address is a console here; earlyprintk=vga and its like are x86's.
  if (const auto value = last_parameter(command_line, "earlyprintk");
      value && value->find(',') != std::string::npos) {
    KXF_TRY(found, from_earlycon(*value, "earlyprintk=", registry));
    return std::optional(std::move(found));
  }
  return from_stdout(tree, registry, record);
}

Status check_program(const SinkProgram& program, const ConsoleDevice& device,
                     const ConsoleSink& sink) {
  const std::uint64_t size = device.size_bytes != 0 ? device.size_bytes : assumed_device_size;
  if (program.steps.empty() || program.steps.size() > SinkProgram::max_steps)
    return broken(fmt::format("console sink {} gives {} steps, 1 to {} are possible", sink.name(),
                              program.steps.size(), SinkProgram::max_steps));
  for (const SinkStep& step : program.steps) {
    if (step.op == SinkOp::firmware) continue;
    if (step.width_bytes != 1 && step.width_bytes != 2 && step.width_bytes != 4)
      return broken(
          fmt::format("console sink {} accesses {} bytes at once", sink.name(), step.width_bytes));
    if (step.offset % step.width_bytes != 0 || step.offset > size ||
        size - step.offset < step.width_bytes)
      return refuse(fmt::format("console sink {} wants {} bytes at offset {}, outside the {} of "
                                "registers at {}",
                                sink.name(), step.width_bytes, hex(step.offset), size_text(size),
                                hex(device.phys_base)),
                    "correct the register width or shift of the console, or choose another sink");
    if (step.op == SinkOp::poll && step.count == 0)
      return broken(fmt::format("console sink {} polls without a bound", sink.name()));
  }
  return {};
}

Result<std::optional<ConsoleChoice>> compile(const Candidate& candidate,
                                             std::string_view chosen_sink, const MemoryMap& memory,
                                             Record& record) {
  KXF_TRY(sink, Registry::choose(candidate.sinks, chosen_sink));
  const ConsoleDevice& device = candidate.device;
  auto program = sink->program(device);
  if (!program) return pass(std::move(program), fmt::format("console sink {}", sink->name()));
  KXF_CHECK(check_program(*program, device, *sink));
  const Range registers = Range::sized(
      device.phys_base, device.size_bytes != 0 ? device.size_bytes : assumed_device_size);
  const bool touches_memory = std::ranges::any_of(
      program->steps, [](const SinkStep& step) { return step.op != SinkOp::firmware; });
  if (touches_memory && candidate.no_address) return tl::unexpected(*candidate.no_address);
  if (touches_memory && memory.ram().overlaps(registers))
    return refuse(fmt::format("{} puts the console at {}, which is RAM", device.origin,
                              hex(device.phys_base)),
                  "correct the address: writing there would damage the next kernel");
  record.decide("console",
                touches_memory ? fmt::format("{} at {}", sink->name(), hex(device.phys_base))
                               : std::string(sink->name()),
                fmt::format("{} names {}", device.origin, device.driver));
  return ConsoleChoice{device, std::string(sink->name()), std::move(*program)};
}

}  // namespace

Result<std::optional<ConsoleChoice>> choose_console(const Policy& policy,
                                                    std::string_view command_line,
                                                    const DeviceTree& tree, const MemoryMap& memory,
                                                    const Registry& registry, Record& record) {
  const std::string& wanted = policy.console_sink.value;
  if (wanted == "none") {
    record.decide("console", "none", policy.console_sink.origin);
    return std::nullopt;
  }
  const auto& use = policy.plugins_use.value;
  const auto preferred = use.find("console-sink");
  std::string chosen = preferred == use.end() ? "" : preferred->second;

  if (wanted.find(',') != std::string::npos) {
    KXF_TRY(candidate, from_earlycon(wanted, policy.console_sink.origin, registry));
    return compile(candidate, chosen, memory, record);
  }
  KXF_TRY(found, find_console(command_line, tree, registry, record));
  if (wanted != "auto") {
    KXF_TRY(sink, registry.named<ConsoleSink>(wanted));
    if (!found)
      return refuse(fmt::format("{} asks for the console sink {}, but neither the command line nor "
                                "stdout-path names a console",
                                policy.console_sink.origin, wanted),
                    "write console.sink as name,address");
    found->sinks = {{sink, ""}};
    chosen.clear();
  }
  if (!found) return std::nullopt;
  return compile(*found, chosen, memory, record);
}

}  // namespace kxf
