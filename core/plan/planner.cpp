// SPDX-License-Identifier: Apache-2.0
#include "plan/planner.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "image/files.hpp"
#include "memory/discovery.hpp"
#include "plan/backend_choice.hpp"
#include "plan/console.hpp"
#include "plan/cpu_report.hpp"
#include "plan/kernel_layout.hpp"
#include "plan/placer.hpp"
#include "plan/policy_names.hpp"
#include "plan/survey.hpp"
#include "policy/command_line.hpp"

namespace kxf {
namespace {

/// The reservations that the next tree must carry, each once.
std::vector<Range> tree_reservations(const std::vector<MemoryRange>& extra,
                                     const DeviceTree& prepared) {
  std::vector<Range> ranges;
  const std::vector<Range> present = prepared.memory_reservations();
  for (const MemoryRange& range : extra)
    if (std::ranges::find(present, range.range) == present.end() &&
        std::ranges::find(ranges, range.range) == ranges.end())
      ranges.push_back(range.range);
  return ranges;
}

/// All that planning has found out on its way; each step reads what the earlier ones wrote.
struct Draft {
  const Machine& machine;
  const Policy& policy;
  const Registry& registry;
  Record record;

  const Architecture* architecture = nullptr;
  Settings settings{};
  LoadedImage image{};
  Blob initrd{};
  std::string command_line{};
  std::optional<DeviceTree> prepared_tree{};  ///< set by look_at_machine()
  CpuReport cpus{};
  std::vector<MemoryRange> extra{};
  MemoryMap memory{};
  std::optional<ConsoleChoice> console{};
  BackendChoice backend{};

  [[nodiscard]] ArchitectureQuestion question() const {
    return {machine, image.kernel, memory, settings, policy.crash};
  }
  [[nodiscard]] const SinkProgram* sink() const { return console ? &console->program : nullptr; }
};

/// Where the initrd and the tree lie, as far as the tree says so.
struct TreeAddresses {
  std::optional<Range> initrd;
  Range own;

  /// Of the right sizes, at addresses that no memory has.
  static TreeAddresses placeholders(std::uint64_t initrd_bytes) {
    constexpr std::uint64_t nowhere = std::uint64_t{0xff} << 56U;
    const Range initrd = Range::sized(nowhere, initrd_bytes);
    return {initrd_bytes == 0 ? std::nullopt : std::optional(initrd),
            Range::sized(nowhere + initrd_bytes, 1)};
  }
};

/// The next tree, complete but for the addresses, which wait for its size.
Result<DeviceTree> draft_tree(const Draft& draft, const TreeAddresses& addresses, Record& record) {
  TreeEditor editor(*draft.prepared_tree);
  std::vector<Range> reserve = tree_reservations(draft.extra, *draft.prepared_tree);
  if (draft.architecture->traits().reserve_tree) reserve.push_back(addresses.own);
  KXF_CHECK(
      write_chosen(editor, {draft.command_line, addresses.initrd, std::move(reserve)}, record));
  KXF_CHECK(draft.architecture->adjust_tree(editor, draft.question(), record));
  auto tree = editor.tree();
  if (!tree) return pass(std::move(tree), "next device tree");
  return tree;
}

/// The same tree with addresses instead of placeholders: each in the place of its own, so that the
/// size stays.
Result<DeviceTree> with_addresses(const DeviceTree& tree, const TreeAddresses& before,
                                  const TreeAddresses& after) {
  TreeEditor editor(tree);
  if (after.initrd) KXF_CHECK(write_initrd(editor, *after.initrd));
  editor.unreserve_all();
  for (const Range& range : tree.memory_reservations()) {
    if (range == before.initrd)
      KXF_CHECK(editor.reserve(*after.initrd));
    else
      KXF_CHECK(editor.reserve(range == before.own ? after.own : range));
  }
  return editor.tree();
}

Result<PurgatoryImage> make_purgatory(const Draft& draft, std::uint64_t own_address,
                                      std::uint64_t kernel_entry, std::uint64_t tree_address) {
  return draft.architecture->purgatory({draft.image.kernel,
                                        own_address,
                                        kernel_entry,
                                        tree_address,
                                        draft.sink(),
                                        {},
                                        draft.machine,
                                        draft.settings});
}

Result<Range> place_of(const std::vector<Place>& places, std::string_view name) {
  const auto found = std::ranges::find(places, name, &Place::name);
  if (found == places.end())
    return broken(fmt::format("the architecture gives no placement rule for segment {}", name));
  return found->range;
}

/// Where everything goes and what is in it, for kexec_load.
Status place_all(Draft& draft, PlanParts& parts) {
  const bool has_initrd = !draft.initrd.empty();
  const auto placeholders = TreeAddresses::placeholders(draft.initrd.size_bytes());
  Record tree_record;  // read after the placement that it has to wait for
  KXF_TRY(drafted_tree, draft_tree(draft, placeholders, tree_record));
  KXF_TRY(sized_purgatory, make_purgatory(draft, 0, 0, 0));
  KXF_TRY(rules,
          draft.architecture->placement_rules(
              draft.question(),
              {draft.initrd.size_bytes(), drafted_tree.blob().size(), sized_purgatory.memory_size},
              draft.record));
  const RangeSet& allowed =
      draft.policy.crash ? draft.memory.crash_regions() : draft.memory.usable();
  KXF_TRY(places, place_segments({draft.memory, allowed, parts.page_size_bytes}, rules));

  KXF_TRY(kernel, place_of(places, "kernel"));
  KXF_TRY(dtb, place_of(places, "dtb"));
  KXF_TRY(purgatory, place_of(places, "purgatory"));
  parts.segments = kernel_segments(draft.image, kernel, parts.page_size_bytes);
  TreeAddresses addresses{std::nullopt, Range::sized(dtb.start, drafted_tree.blob().size())};
  if (has_initrd) {
    KXF_TRY(initrd_place, place_of(places, "initrd"));
    addresses.initrd = Range::sized(initrd_place.start, draft.initrd.size_bytes());
    parts.segments.push_back({"initrd", draft.initrd, initrd_place});
  }
  KXF_TRY(tree, with_addresses(drafted_tree, placeholders, addresses));
  for (const Decision& decision : tree_record.decisions())
    draft.record.decide(decision.topic, decision.choice, decision.reason);
  for (const Warning& warning : tree_record.warnings()) draft.record.warn(warning.id, warning.text);
  parts.segments.push_back({"dtb", Blob(ByteVector(tree.blob().begin(), tree.blob().end())), dtb});
  const std::uint64_t entry = kernel.start + draft.image.kernel.entry_offset;
  KXF_TRY(code, make_purgatory(draft, purgatory.start, entry, dtb.start));
  if (code.memory_size > purgatory.size_bytes())
    return broken("the size of the purgatory depends on addresses");
  parts.entry = purgatory.start + code.entry_offset;
  parts.segments.push_back({"purgatory", Blob(std::move(code.bytes)), purgatory});
  return {};
}

/// For kexec_file_load the running kernel places the segments and makes the device tree.
void list_files(const Draft& draft, PlanParts& parts) {
  parts.segments.push_back({"kernel", draft.image.bytes, {}});
  if (!draft.initrd.empty()) parts.segments.push_back({"initrd", draft.initrd, {}});
}

Status run_board_checks(const Draft& draft, const LoadPlan& plan, Record& record) {
  for (const auto& check : draft.registry.all<BoardCheck>()) {
    for (const BoardFinding& finding : check.implementation->check(draft.machine, plan)) {
      if (finding.refuse)
        return refuse(fmt::format("{}: {}", check.implementation->name(), finding.text),
                      finding.remedy);
      record.warn(finding.id, finding.remedy.empty()
                                  ? finding.text
                                  : fmt::format("{}; {}", finding.text, finding.remedy));
    }
  }
  return {};
}

/// The layer that these bytes are in: it keeps them alive when the image is gone.
const Blob& layer_of(const LoadedImage& image, ByteView bytes) {
  const auto address = [](ByteView view) { return reinterpret_cast<std::uintptr_t>(view.data()); };
  for (const Blob& held : image.held)
    if (address(held.view()) <= address(bytes) &&
        address(bytes) + bytes.size() <= address(held.view()) + held.size_bytes())
      return held;
  return image.bytes;
}

Status load_files(Draft& draft) {
  const std::string& path = draft.policy.kernel_image.value;
  if (path.empty())
    return refuse("no kernel is named", "use --kernel, or set kernel.image in the profile");
  auto file = read_file(path);
  if (!file) return pass(std::move(file), "kernel");
  KXF_TRY(image, load_image(path, std::move(*file), draft.registry, draft.policy, draft.record));
  draft.image = std::move(image);
  KXF_CHECK(check_kernel_spec(draft.image.kernel, "image format " + draft.image.format));

  if (!draft.policy.initrds.value.empty()) {
    auto initrd = read_initrds(draft.policy.initrds.value);
    if (!initrd) return pass(std::move(initrd), "initrd");
    draft.initrd = std::move(*initrd);
    draft.record.decide("initrd", fmt::format("{}", fmt::join(draft.policy.initrds.value, " + ")),
                        draft.policy.initrds.origin);
  } else if (draft.image.initrd) {
    draft.initrd = layer_of(draft.image, *draft.image.initrd).narrowed(*draft.image.initrd);
    draft.record.decide("initrd", "the image's own", "the profile names none");
  } else {
    draft.record.decide("initrd", "none", "neither the profile nor the image has one");
  }
  if (draft.image.device_tree)
    draft.record.decide("device-tree", "not the image's own",
                        "trees come from the running system or from a file that is named");
  return {};
}

Status write_command_line(Draft& draft) {
  const auto running = draft.machine.read_text("/proc/cmdline");
  if (!running && draft.policy.command_line_mode.value == CommandLineMode::reuse)
    return refuse(
        fmt::format("{}: {}", draft.policy.command_line_mode.origin, running.error().message),
        "give the command line with --command-line");
  KXF_TRY(text,
          compose_command_line(draft.policy, running.value_or(""), draft.image.command_line,
                               draft.architecture->traits().command_line_limit, draft.record));
  draft.command_line = std::move(text);
  return {};
}

/// The kernel as the architecture wants it on this machine.
Status adapt_kernel(Draft& draft) {
  KXF_TRY(kernel, draft.architecture->adapt_kernel(draft.question(), draft.record));
  KXF_CHECK(check_kernel_spec(kernel, fmt::format("architecture {}", draft.architecture->name())));
  for (const KernelPatch& patch : kernel.patches)
    draft.record.decide("kernel",
                        fmt::format("patched at {}, in memory only", hex(patch.memory_offset)),
                        patch.reason);
  draft.image.kernel = std::move(kernel);
  return {};
}

Status look_at_machine(Draft& draft) {
  const DeviceTree* running = draft.machine.device_tree();
  if (running == nullptr && draft.policy.tree_source.value == "running")
    return refuse(fmt::format("no device tree of the running system: {}",
                              draft.machine.device_tree_problem()),
                  "run as root, or name a device tree with --dtb");
  KXF_TRY(prepared, prepare_tree(draft.policy, running, draft.record));
  draft.prepared_tree = std::move(prepared);
  KXF_TRY(cpus, report_cpus(draft.machine, running, *draft.prepared_tree,
                            draft.architecture->traits().enable_method, draft.registry,
                            draft.policy, draft.record));
  draft.cpus = std::move(cpus);
  KXF_CHECK(check_cpus(draft.cpus, draft.policy.crash));
  if (draft.architecture->traits().must_stop_cpus)
    KXF_CHECK(check_stuck(draft.machine, draft.policy, draft.record));
  draft.extra = extra_reservations(draft.policy, draft.cpus);
  KXF_TRY(sources, memory_sources(draft.policy, draft.architecture->traits(), draft.registry));
  KXF_TRY(memory, discover_memory(draft.machine, sources, draft.extra, draft.record));
  draft.memory = std::move(memory);
  for (const MemoryRange& range : draft.memory.ranges())
    if (range.hand_over) draft.extra.push_back(range);
  return {};
}

/// Memory that stays in use across the jump and that the running kernel itself knows nothing of; a
/// crash kernel keeps out of everything that is not its own.
std::string handed_over(const Draft& draft) {
  if (draft.policy.crash) return {};
  for (const MemoryRange& range : draft.memory.ranges())
    if (range.hand_over) return range.label;
  for (const CpuState& cpu : draft.cpus.cpus)
    if (!cpu.assessment.warning.empty())
      return fmt::format("CPU {} waits there", hex(cpu.node.hardware_id));
  return {};
}

Status choose_call(Draft& draft) {
  KXF_TRY(backend, choose_backend(draft.machine, draft.policy, draft.architecture->traits(),
                                  draft.image.kernel, draft.record, handed_over(draft)));
  draft.backend = backend;
  if (!draft.policy.crash) return {};
  if (draft.memory.crash_regions().empty())
    return refuse("no memory is reserved for a crash kernel",
                  "boot the running kernel with crashkernel=512M or what fits this machine");
  if (draft.backend.backend == Backend::kexec_load)
    return refuse(
        "a crash kernel loaded with kexec_load would find no core header, and this "
        "version of kxf does not write one",
        "use a running kernel with CONFIG_KEXEC_FILE, which writes it itself");
  draft.backend.may_fall_back = false;
  return {};
}

}  // namespace

Result<PlannedLoad> plan_load(const Machine& machine, const Policy& policy,
                              const Registry& registry, Record record) {
  KXF_CHECK(check_names(policy, registry));
  KXF_TRY(architecture, architecture_for(machine, registry, policy));
  KXF_TRY(settings, settings_of(*architecture, policy));
  Draft draft{.machine = machine,
              .policy = policy,
              .registry = registry,
              .record = std::move(record),
              .architecture = architecture,
              .settings = std::move(settings)};
  KXF_CHECK(check_board(machine, policy, draft.record));
  KXF_CHECK(load_files(draft));
  KXF_CHECK(write_command_line(draft));
  KXF_CHECK(adapt_kernel(draft));
  KXF_CHECK(look_at_machine(draft));
  KXF_CHECK(choose_call(draft));

  PlanParts parts;
  parts.arch = architecture->name();
  parts.kexec_arch = architecture->traits().kexec_arch;
  parts.page_size_bytes =
      std::max(machine.facts().page_size_bytes, architecture->traits().segment_alignment);
  parts.backend = draft.backend.backend;
  parts.backend_may_fall_back = draft.backend.may_fall_back;
  parts.crash = policy.crash;
  const bool own_purgatory = parts.backend == Backend::kexec_load;
  if (own_purgatory) {
    KXF_TRY(console, choose_console(machine, policy, draft.command_line, *draft.prepared_tree,
                                    draft.memory, registry, draft.record));
    draft.console = std::move(console);
    KXF_CHECK(place_all(draft, parts));
  } else {
    list_files(draft, parts);
    draft.record.decide("console", "none", "kexec_file_load enters the kernel directly");
  }
  const bool digest = own_purgatory && wants_digest(policy);
  draft.record.decide("digest", digest ? "sha256" : "none",
                      own_purgatory ? policy.digest.origin
                                    : "kexec_file_load has no purgatory that could verify one");
  parts.command_line = draft.command_line;
  parts.memory = draft.memory;
  parts.cpus = draft.cpus;
  if (draft.console) {
    parts.console = draft.console->device;
    parts.console_sink = draft.console->sink;
  }
  parts.record = draft.record;
  KXF_TRY(plan, LoadPlan::make(parts));
  KXF_CHECK(run_board_checks(draft, plan, parts.record));
  KXF_TRY(checked, LoadPlan::make(std::move(parts)));

  PlannedLoad planned{checked,      architecture, draft.settings, draft.image,
                      draft.initrd, std::nullopt, digest,         {}};
  if (draft.console) planned.sink = draft.console->program;
  if (const Segment* dtb = checked.segment("dtb")) {
    KXF_TRY(tree, DeviceTree::parse(dtb->bytes.view(), "the next device tree"));
    planned.seeds = seed_places(tree);
  }
  return planned;
}

}  // namespace kxf
