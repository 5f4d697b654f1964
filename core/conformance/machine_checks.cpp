// SPDX-License-Identifier: Apache-2.0
/// The kinds that look at machines and plans: asked about a machine of which nothing is known.
#include <fmt/format.h>

#include <functional>
#include <memory>
#include <optional>

#include "conformance/asking.hpp"
#include "conformance/checks.hpp"
#include "conformance/child.hpp"
#include "conformance/inputs.hpp"
#include "kxf/range.hpp"
#include "machine/tree_machine.hpp"
#include "plan/sink_check.hpp"
#include "plugin/kinds.hpp"

namespace kxf::conformance {
namespace {

constexpr std::uint64_t made_up_base = 0x9000000;
constexpr std::uint64_t ram_base = 0x40000000;
constexpr std::uint64_t page_bytes = 4096;

/// Runs `check(implementation, machine, problems)` for each implementation of a kind, each in a
/// child.
template <class Interface, class Check>
RuleResult for_each_of(const Subject& subject, Check check) {
  Joined joined;
  for (const std::string& item : announced(subject, {kind_name<Interface>})) {
    const ChildAnswer answer =
        with_registered(subject, [&](const Implementations& all, Doing& doing) -> Report {
          const auto* const one = find_named<Interface>(all, item.substr(item.find(':') + 1));
          auto tree = DeviceTree::parse(bare_tree(), "an empty tree");
          if (one == nullptr || !tree) return {RuleResult::failed("it is not registered"), {}};
          const std::unique_ptr<Machine> machine = tree_machine(*tree);
          std::vector<std::string> problems;
          doing.now("a machine of which nothing is known");
          check(*one, *machine, problems);
          return {RuleResult::of(std::move(problems)), {}};
        });
    joined.add(item, answer.report.result);
  }
  return std::move(joined).done(fmt::format("it has no {}", kind_name<Interface>));
}

void add_manners(const Error& error, std::vector<std::string>& problems) {
  for (std::string& problem : bad_manners(error)) problems.push_back(std::move(problem));
}

std::vector<ConsoleDevice> made_up_devices(std::string_view driver) {
  std::vector<ConsoleDevice> devices;
  using Bits = std::optional<unsigned>;
  for (const Bits bits : {Bits(), Bits(8), Bits(16), Bits(32)})
    for (const Bits shift : {Bits(), Bits(0), Bits(2)})
      for (const bool big_endian : {false, true})
        for (const bool firmware : {false, true}) {
          ConsoleDevice device;
          device.driver = driver;
          device.phys_base = firmware ? 0 : made_up_base;
          device.size_bytes = firmware ? 0 : assumed_device_size;
          device.access_bits = bits;
          device.register_shift = shift;
          device.big_endian_registers = big_endian;
          if (firmware) device.terminal = 0;
          device.origin = "profile";
          devices.push_back(std::move(device));
        }
  return devices;
}

void check_sink(const ConsoleSink& sink, std::vector<std::string>& problems) {
  std::vector<std::string_view> drivers;
  for (const auto names : {sink.earlycon_names(), sink.compatibles()})
    drivers.insert(drivers.end(), names.begin(), names.end());
  if (drivers.empty()) problems.emplace_back("it has neither earlycon names nor compatibles");
  for (const std::string_view driver : drivers) {
    if (driver.empty() || one_line(driver) != driver)
      problems.push_back(fmt::format("its name \"{}\" is not printable ASCII", one_line(driver)));
    bool any = false;
    for (const ConsoleDevice& device : made_up_devices(driver)) {
      const auto program = sink.program(device);
      if (!program) {
        add_manners(program.error(), problems);
        continue;
      }
      any = true;
      if (const auto fits = check_sink_program(*program, device, sink.name()); !fits)
        problems.push_back(fits.error().message);
    }
    if (!any) problems.push_back(fmt::format("it has a program for no device \"{}\"", driver));
  }
}

void check_assessment(const CpuAssessment& assessment, std::vector<std::string>& problems) {
  if (assessment.reason.empty()) problems.emplace_back("a verdict on a CPU without a reason");
  if (one_line(assessment.reason) != assessment.reason)
    problems.emplace_back("a reason that is not one line of printable ASCII");
  for (const Range& range : assessment.keep_out)
    if (range.empty()) problems.push_back("it keeps an empty range out: " + hex(range.start));
}

/// RAM of 16 MiB with a kernel of one page in it.
Result<LoadPlan> made_up_plan() {
  constexpr std::uint64_t ram_bytes = 16U << 20U;
  PlanParts parts;
  parts.arch = "none";
  parts.page_size_bytes = page_bytes;
  parts.entry = ram_base;
  parts.segments = {{"kernel", Blob(ByteVector(page_bytes)), Range::sized(ram_base, page_bytes)}};
  parts.memory = MemoryMap({{.range = Range::sized(ram_base, ram_bytes),
                             .kind = MemoryKind::ram,
                             .label = "System RAM",
                             .source = "dt"}},
                           {});
  return LoadPlan::make(std::move(parts));
}

void check_findings(const BoardCheck& check, const Machine& machine, const LoadPlan& plan,
                    std::vector<std::string>& problems) {
  for (const BoardFinding& finding : check.check(machine, plan)) {
    if (!is_well_formed_name(finding.id))
      problems.push_back(
          fmt::format("a finding's id \"{}\" is not made of lower case letters, "
                      "digits and dashes",
                      one_line(finding.id)));
    for (const std::string* text : {&finding.text, &finding.remedy})
      if (text->empty() || one_line(*text) != *text)
        problems.push_back(
            fmt::format("finding {}: its {} is empty or not one line of printable "
                        "ASCII",
                        one_line(finding.id), text == &finding.text ? "text" : "remedy"));
  }
}

}  // namespace

RuleResult check_console_sinks(Subject& subject) {
  return for_each_of<ConsoleSink>(
      subject, [](const ConsoleSink& sink, const Machine&, std::vector<std::string>& problems) {
        check_sink(sink, problems);
      });
}

RuleResult check_cpu_methods(Subject& subject) {
  return for_each_of<CpuEnableMethod>(
      subject, [](const CpuEnableMethod& method, const Machine& machine,
                  std::vector<std::string>& problems) {
        for (const std::string_view unknown : {"", "a-method-that-nobody-has"})
          if (method.handles(unknown))
            problems.push_back(fmt::format("it handles the method \"{}\"", unknown));
        CpuNode node;
        node.path = "/cpus/cpu@0";
        node.enable_method = method.name();
        const std::vector<CpuNode> all = {node};
        for (const CpuNode* next : {static_cast<const CpuNode*>(nullptr), all.data()})
          check_assessment(method.assess({.running = node,
                                          .next = next,
                                          .all = all,
                                          .machine = machine,
                                          .tree = *machine.device_tree(),
                                          .online = {},
                                          .possible = {}}),
                           problems);
        if (const auto firmware = method.assess_firmware({.machine = machine, .possible = {}}))
          check_assessment(*firmware, problems);
      });
}

RuleResult check_memory_sources(Subject& subject) {
  return for_each_of<MemorySource>(subject, [](const MemorySource& source, const Machine& machine,
                                               std::vector<std::string>& problems) {
    Record record;
    const auto found = source.discover(machine, record);
    if (!found) {
      problems.push_back("a machine that has nothing of it is no error: " + found.error().message);
      return;
    }
    for (const MemoryRange& range : found->ranges)
      problems.push_back("it finds memory where nothing is known of any: " + to_text(range.range));
    if (found->silence.empty() && !source.reservations_only())
      problems.emplace_back("it lists no RAM and does not say why");
  });
}

RuleResult check_board_checks(Subject& subject) {
  return for_each_of<BoardCheck>(subject, [](const BoardCheck& check, const Machine& machine,
                                             std::vector<std::string>& problems) {
    const auto plan = made_up_plan();
    if (plan)
      check_findings(check, machine, *plan, problems);
    else
      problems.push_back(plan.error().message);
  });
}

RuleResult check_architectures(Subject& subject) {
  return for_each_of<Architecture>(
      subject, [](const Architecture& architecture, const Machine& machine,
                  std::vector<std::string>& problems) {
        const ArchitectureTraits traits = architecture.traits();
        if (traits.kexec_arch == 0) problems.emplace_back("its kexec_arch is 0");
        if (traits.command_line_limit == 0) problems.emplace_back("its command_line_limit is 0");
        if (traits.segment_alignment == 0 ||
            (traits.segment_alignment & (traits.segment_alignment - 1)) != 0)
          problems.push_back(
              fmt::format("its segment_alignment {} is no power of two", traits.segment_alignment));
        if (traits.memory_sources.empty()) problems.emplace_back("it names no memory sources");
        if (architecture.handles(machine.facts()))
          problems.emplace_back("it handles a machine whose hardware nobody knows");
        if (architecture.handles_tree(*machine.device_tree()))
          problems.emplace_back("it takes an empty device tree for its own");
      });
}

}  // namespace kxf::conformance
