// SPDX-License-Identifier: Apache-2.0
#include "plan/console.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "plan/device_at.hpp"
#include "plan/earlycon.hpp"
#include "plan/sink_check.hpp"
#include "plan/spcr.hpp"
#include "policy/command_line.hpp"
#include "text/nearest.hpp"

namespace kxf {
namespace {

constexpr std::string_view spcr_origin = "ACPI SPCR";
constexpr std::string_view stdout_origin = "stdout-path";

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
          "correct the name, describe the UART under [[console.uart]], or set console.unknown = "
          "\"warn\"",
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

/// One that something else than the profile names, and that may be unknown if `console.unknown`
/// says so.
Result<std::optional<Candidate>> from_others(std::string_view value, std::string origin,
                                             const Policy& policy, const Registry& registry,
                                             Record& record) {
  auto found = from_earlycon(value, std::move(origin), registry);
  if (found) return std::optional(std::move(*found));
  if (policy.console_unknown.value == OnUnknownConsole::refuse)
    return tl::unexpected(std::move(found.error()));
  record.warn("no-console-sink",
              fmt::format("{}: the purgatory will print nothing", found.error().message));
  return std::nullopt;
}

/// What /chosen/stdout-path says (Devicetree Specification 3.6): an alias or a path, then
/// `:options`.
std::optional<std::string_view> stdout_path(const DeviceTree& tree) {
  const auto chosen = tree.find("/chosen");
  auto path = chosen ? chosen->text("stdout-path") : std::nullopt;
  if (chosen && !path) path = chosen->text("linux,stdout-path");
  return path;
}

std::optional<Node> stdout_node(const DeviceTree& tree, std::string_view path) {
  return tree.find(path.substr(0, path.find(':')));
}

/// The registers of a console's node; an empty range when their size is not stated.
/// Errors: they have no CPU physical address; a `reg-offset` outside of them.
Result<std::optional<Range>> registers_of(const Node& node) {
  KXF_TRY(reg, node.physical_reg());
  if (reg.empty()) return std::nullopt;
  const Range whole = reg.front();
  const std::uint64_t offset = node.number("reg-offset").value_or(0);
  if (!whole.empty() && offset >= whole.size_bytes())
    return refuse(fmt::format("reg-offset {} of {} is outside of its {} bytes of registers",
                              hex(offset), node.path(), whole.size_bytes()),
                  "correct reg-offset in the device tree");
  return Range{whole.start + offset, std::max(whole.end, whole.start + offset)};
}

/// Inside is the same console: some names of earlycon want the address of another register.
bool is_at(const Range& registers, std::uint64_t address) {
  return registers.start == address || registers.contains(address);
}

/// Two consoles are named: what was chosen is used, but a slip in one of them would otherwise be
/// found on a silent line.
void compare_with_others(const ConsoleDevice& device, const Machine& machine,
                         const DeviceTree& tree, Record& record) {
  const auto differs = [&](std::string_view origin, std::string_view driver,
                           std::uint64_t address) {
    record.warn("console-disagreement",
                fmt::format("{} names {} at {}, {} names {} at {}: the purgatory prints on the "
                            "first",
                            device.origin, device.driver, hex(device.phys_base), origin, driver,
                            hex(address)));
  };
  if (device.origin != stdout_origin) {
    const auto path = stdout_path(tree);
    const auto node = path ? stdout_node(tree, *path) : std::nullopt;
    const auto registers = node ? registers_of(*node) : std::nullopt;
    if (registers && *registers && !is_at(**registers, device.phys_base))
      differs(stdout_origin, fmt::format("{}", fmt::join(node->texts("compatible"), ", ")),
              (*registers)->start);
  }
  const auto named = spcr_earlycon(machine);
  const auto other =
      named && *named ? parse_earlycon(**named) : Result<ConsoleDevice>(tl::unexpected(Error{}));
  const Range own = Range::sized(device.phys_base, std::max<std::uint64_t>(device.size_bytes, 1));
  if (other && !is_at(own, other->phys_base)) differs(spcr_origin, other->driver, other->phys_base);
}

/// A tree that has one.
Result<std::optional<Candidate>> from_stdout(const DeviceTree& tree, const Registry& registry,
                                             Record& record) {
  const auto path = stdout_path(tree);
  const auto node = stdout_node(tree, *path);
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
    device.origin = stdout_origin;
    std::optional<Error> no_address;
    const auto registers = registers_of(*node);
    if (!registers) {
      // A console behind firmware has a number on its bus instead of registers.
      no_address = Error(registers.error()).within("stdout-path");
      if (const auto number = node->reg(); number && !number->empty())
        device.terminal = number->front().start;
    } else if (*registers) {
      device.phys_base = (*registers)->start;
      device.size_bytes = (*registers)->size_bytes();
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

/// What ACPI says, asked where nothing else names a console.
Result<std::optional<Candidate>> from_spcr(const Machine& machine, const Policy& policy,
                                           const Registry& registry, Record& record) {
  const auto named = spcr_earlycon(machine);
  if (!named)
    record.warn("no-console-sink",
                fmt::format("{}: the purgatory will print nothing", named.error().message));
  if (!named || !*named) {
    record.decide("console", "none", "no earlycon= and no stdout-path");
    return std::nullopt;
  }
  return from_others(**named, std::string(spcr_origin), policy, registry, record);
}

Result<std::optional<Candidate>> find_console(const Machine& machine, const Policy& policy,
                                              std::string_view command_line, const DeviceTree& tree,
                                              const Registry& registry, Record& record) {
  if (const auto value = last_parameter(command_line, "earlycon"); value && !value->empty())
    return from_others(*value, "earlycon=", policy, registry, record);
  // Only the form with an address is a console here; earlyprintk=vga and its like are x86's.
  if (const auto value = last_parameter(command_line, "earlyprintk");
      value && value->find(',') != std::string::npos)
    return from_others(*value, "earlyprintk=", policy, registry, record);
  if (stdout_path(tree)) return from_stdout(tree, registry, record);
  return from_spcr(machine, policy, registry, record);
}

Result<std::optional<ConsoleChoice>> compile(const Candidate& candidate,
                                             std::string_view chosen_sink, const Machine& machine,
                                             const DeviceTree& tree, const MemoryMap& memory,
                                             Record& record) {
  KXF_TRY(sink, Registry::choose(candidate.sinks, chosen_sink));
  const ConsoleDevice& device = candidate.device;
  auto program = sink->program(device);
  if (!program) return pass(std::move(program), fmt::format("console sink {}", sink->name()));
  KXF_CHECK(check_sink_program(*program, device, sink->name()));
  const Range registers = Range::sized(
      device.phys_base, device.size_bytes != 0 ? device.size_bytes : assumed_device_size);
  const bool touches_memory = std::ranges::any_of(
      program->steps, [](const SinkStep& step) { return step.op != SinkOp::firmware; });
  if (touches_memory && candidate.no_address) return tl::unexpected(*candidate.no_address);
  if (touches_memory && memory.ram().overlaps(registers))
    return refuse(fmt::format("{} puts the console at {}, which is RAM", device.origin,
                              hex(device.phys_base)),
                  "correct the address: writing there would damage the next kernel");
  if (touches_memory && device.origin != stdout_origin) {
    if (device_at(tree, device.phys_base) == DeviceAt::no)
      return refuse(fmt::format("{} puts the console at {}, where the device tree has no device",
                                device.origin, hex(device.phys_base)),
                    "correct the address, or describe the device in the next tree with "
                    "device-tree.set");
  }
  if (touches_memory) compare_with_others(device, machine, tree, record);
  record.decide("console",
                touches_memory ? fmt::format("{} at {}", sink->name(), hex(device.phys_base))
                               : std::string(sink->name()),
                fmt::format("{} names {}", device.origin, device.driver));
  return ConsoleChoice{device, std::string(sink->name()), std::move(*program)};
}

}  // namespace

Result<std::optional<ConsoleChoice>> choose_console(const Machine& machine, const Policy& policy,
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
    return compile(candidate, chosen, machine, tree, memory, record);
  }
  KXF_TRY(found, find_console(machine, policy, command_line, tree, registry, record));
  if (wanted != "auto") {
    KXF_TRY(sink, registry.named<ConsoleSink>(wanted));
    if (!found)
      return refuse(fmt::format("{} asks for the console sink {}, but neither the command line, "
                                "stdout-path nor ACPI's SPCR names a console",
                                policy.console_sink.origin, wanted),
                    "write console.sink as name,address");
    found->sinks = {{sink, ""}};
    chosen.clear();
  }
  if (!found) return std::nullopt;
  return compile(*found, chosen, machine, tree, memory, record);
}

}  // namespace kxf
