// SPDX-License-Identifier: Apache-2.0
#include "plan/planner.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "bundle/places.hpp"
#include "image/confined_image.hpp"
#include "image/files.hpp"
#include "image/pins.hpp"
#include "memory/discovery.hpp"
#include "plan/backend_choice.hpp"
#include "plan/breadcrumb.hpp"
#include "plan/console.hpp"
#include "plan/cpu_report.hpp"
#include "plan/crash_survey.hpp"
#include "plan/kernel_layout.hpp"
#include "plan/placer.hpp"
#include "plan/policy_names.hpp"
#include "plan/survey.hpp"
#include "plan/tree_draft.hpp"
#include "plan/verified.hpp"
#include "policy/command_line.hpp"

namespace kxf {
namespace {

/// All that planning has found out on its way; each step reads what the earlier ones wrote.
struct Draft {
  const Machine& machine;
  const Policy& policy;
  const Registry& registry;
  Record record;

  const Architecture* architecture = nullptr;
  Settings settings{};
  LoadedImage image{};
  std::vector<std::string> not_confined{};  ///< see Confined
  Blob initrd{};
  std::string command_line{};
  std::optional<DeviceTree> prepared_tree{};  ///< set by look_at_machine()
  CpuReport cpus{};
  std::vector<MemoryRange> extra{};
  MemoryMap memory{};
  std::optional<ConsoleChoice> console{};
  BackendChoice backend{};
  std::optional<CrashSurvey> crash{};  ///< of a crash load
  std::optional<BackupCopy> backup{};
  std::optional<BundlePlan> bundle{};
  std::optional<Breadcrumb> breadcrumb{};

  [[nodiscard]] ArchitectureQuestion question() const {
    return {machine, image.kernel, memory, settings, policy.crash, policy.bundle};
  }
  [[nodiscard]] const CarriedTree* carried_tree() const {
    return image.device_tree ? &*image.device_tree : nullptr;
  }
  [[nodiscard]] const SinkProgram* sink() const { return console ? &console->program : nullptr; }
};

bool may_use_mmu(const Policy& policy) {
  return policy.purgatory_mmu.value == MmuChoice::automatic;
}

/// The purgatory that verifies `segments`, still without their digests.
Result<PurgatoryImage> make_purgatory(const Draft& draft, std::uint64_t own_address,
                                      std::uint64_t kernel_entry, std::uint64_t tree_address,
                                      const std::vector<Segment>& segments,
                                      const Relocation* relocation) {
  std::vector<DigestEntry> digests;
  if (wants_digest(draft.policy))
    digests = entries_to_verify(segments, draft.architecture->traits(),
                                draft.crash && draft.crash->plan.kernel_updates);
  return draft.architecture->purgatory({draft.image.kernel, own_address, kernel_entry, tree_address,
                                        draft.sink(), std::move(digests), draft.machine,
                                        draft.settings, draft.backup, may_use_mmu(draft.policy),
                                        relocation, draft.breadcrumb});
}

/// A purgatory before anything has a place: only its size is right.
struct SizedPurgatory {
  PurgatoryImage image;
  // Of a bundle.
  std::uint64_t payload_bytes = 0;
  std::uint64_t head_limit = 0;  ///< bytes of its head, at most
};

Result<SizedPurgatory> size_purgatory(const Draft& draft,
                                      const std::vector<Segment>& kernel_segments,
                                      std::uint64_t tree_bytes, std::uint64_t page_size_bytes) {
  std::vector<Segment> segments;
  for (const Segment& segment : kernel_segments)
    segments.push_back({segment.name, segment.bytes, Range::sized(0, segment.range.size_bytes())});
  const auto add = [&](std::string_view name, Blob bytes) {
    const auto pages = align_up(bytes.size_bytes(), page_size_bytes);
    segments.push_back(
        {std::string(name), std::move(bytes), Range::sized(0, pages.value_or(UINT64_MAX))});
  };
  if (!draft.initrd.empty()) add("initrd", draft.initrd);
  add("dtb", Blob(ByteVector(tree_bytes)));
  if (draft.crash) add(core_header_segment, Blob(ByteVector(draft.crash->header_room)));
  Relocation relocation = moves_of(segments, 0);
  if (draft.bundle) relocation.memory = draft.bundle->relocation.memory;
  KXF_TRY(image, make_purgatory(draft, 0, 0, 0, segments, draft.bundle ? &relocation : nullptr));
  SizedPurgatory sized{std::move(image), relocation.payload.size_bytes(), 0};
  if (draft.bundle) {
    KXF_TRY(limit,
            largest_head(*draft.architecture, draft.machine, sized.image, sized.payload_bytes));
    sized.head_limit = limit;
  }
  return sized;
}

tl::unexpected<Error> no_rule_for(std::string_view segment) {
  return broken(fmt::format("the architecture gives no placement rule for segment {}", segment));
}

Result<Range> place_of(const std::vector<Place>& places, std::string_view name) {
  const auto found = std::ranges::find(places, name, &Place::name);
  if (found == places.end()) return no_rule_for(name);
  return found->range;
}

TreeInputs tree_inputs(const Draft& draft, const ArchitectureQuestion& question) {
  TreeInputs inputs{
      *draft.prepared_tree, *draft.architecture, question, draft.command_line, {}, false, {}};
  inputs.bundle = draft.policy.bundle;
  for (const MemoryRange& range : draft.extra) inputs.reservations.push_back(range.range);
  inputs.has_initrd = !draft.initrd.empty();
  if (draft.crash) inputs.crash = draft.crash->placeholders();
  return inputs;
}

/// Rules for all segments: the architecture's, then those of the core for what a crash load has.
Result<std::vector<PlacementRule>> rules_for(Draft& draft, const SegmentSizes& sizes) {
  KXF_TRY(rules, draft.architecture->placement_rules(draft.question(), sizes, draft.record));
  if (!draft.crash) return rules;
  const auto purgatory = std::ranges::find(rules, "purgatory", &PlacementRule::name);
  PlacementRule rule;
  // The purgatory must reach what it verifies and what it writes.
  if (purgatory != rules.end()) rule.window = purgatory->window;
  rule.alignment = draft.architecture->traits().segment_alignment;
  rule.preference = PlacementRule::Preference::highest;
  rule.name = core_header_segment;
  rule.size_bytes = draft.crash->header_room;
  rules.push_back(rule);
  if (draft.crash->layout.backup) {
    rule.name = backup_segment;
    rule.size_bytes = draft.crash->layout.backup->size_bytes();
    rules.push_back(rule);
  }
  return rules;
}

/// Where the segments of this load may be.
RangeSet allowed_memory(const Draft& draft) {
  if (draft.bundle) return draft.memory.usable().intersected(draft.bundle->relocation.memory);
  if (!draft.crash) return draft.memory.usable();
  std::vector<Range> taken;  // firmware may be inside a crash region
  for (const MemoryRange& range : draft.memory.blockers(draft.crash->plan.home))
    if (range.kind == MemoryKind::reserved || range.kind == MemoryKind::no_map)
      taken.push_back(range.range);
  return RangeSet{draft.crash->plan.home}.minus(RangeSet(std::move(taken)));
}

/// The segments that only a crash load has, and where they are.
Result<CrashPlaces> place_crash(const Draft& draft, const std::vector<Place>& places,
                                PlanParts& parts) {
  const CrashSurvey& crash = *draft.crash;
  KXF_TRY(header, place_of(places, core_header_segment));
  CrashPlaces result{header, crash.plan.regions, crash.plan.home, {}};
  if (crash.layout.backup) {
    KXF_TRY(backup, place_of(places, backup_segment));
    result.backup = backup;
    parts.segments.push_back({std::string(backup_segment), {}, backup});
  }
  KXF_TRY(bytes, core_header_bytes(crash, draft.machine.facts().endian, result.backup));
  parts.segments.push_back({std::string(core_header_segment), Blob(std::move(bytes)), header});
  return result;
}

/// The places of a bundle that no other plan has; `purgatory` is the rule for two.
Status place_for_firmware(Draft& draft, const SizedPurgatory& sized, const PlacementRule& purgatory,
                          const std::vector<Place>& places, std::uint64_t page_size_bytes) {
  BundleNeeds needs{purgatory, {}, sized.head_limit + sized.payload_bytes};
  needs.purgatory.window = window_near(purgatory, places.front().range.start);
  // A purgatory at 0 is one that has no place yet, and nothing good comes of a null pointer.
  needs.purgatory.window.start = std::max(needs.purgatory.window.start, page_size_bytes);
  needs.staging.name = "staging";
  needs.staging.size_bytes = sized.payload_bytes;
  needs.staging.alignment = page_size_bytes;
  needs.staging.window = needs.purgatory.window;  // the purgatory must reach it
  std::vector<Range> taken;
  for (const Place& place : places) taken.push_back(place.range);
  const RangeSet allowed = allowed_memory(draft).minus(RangeSet(std::move(taken)));
  KXF_TRY(found, place_bundle({draft.memory, allowed, page_size_bytes}, needs));
  draft.bundle->purgatories = found.purgatories;
  draft.bundle->relocation.staging = Range::sized(found.staging.start, sized.payload_bytes);
  return {};
}

/// What the purgatories of a bundle move, from the final segments.
Status fill_bundle(Draft& draft, const PlanParts& parts, const TreePlaces& tree,
                   std::uint64_t kernel_entry, std::uint64_t head_limit) {
  BundlePlan& plan = *draft.bundle;
  Relocation moves = moves_of(parts.segments, head_limit);
  if (moves.payload.size_bytes() != plan.relocation.staging.size_bytes())
    return broken("the size of the segments depends on addresses");
  plan.relocation.moves = std::move(moves.moves);
  plan.relocation.payload = moves.payload;
  const PurgatoryMaker make = [&](std::uint64_t address, const Relocation& relocation) {
    return make_purgatory(draft, address, kernel_entry, tree.own.start, parts.segments,
                          &relocation);
  };
  KXF_CHECK(settle_head(plan, *draft.architecture, draft.machine, head_limit, make));
  draft.record.decide(
      "bundle",
      fmt::format("purgatories at {} and {}, staging at {}", hex(plan.purgatories[0].start),
                  hex(plan.purgatories[1].start), hex(plan.relocation.staging.start)),
      "wherever firmware puts the image, it misses one of the purgatories");
  return {};
}

/// Takes the rule of this segment out of `rules`.
Result<PlacementRule> take_rule(std::vector<PlacementRule>& rules, std::string_view name) {
  const auto found = std::ranges::find(rules, name, &PlacementRule::name);
  if (found == rules.end()) return no_rule_for(name);
  if (found == rules.begin())
    return broken(fmt::format("the rule for segment {} is the first one, the anchor", name));
  PlacementRule rule = *found;
  rules.erase(found);
  return rule;
}

Result<std::vector<Place>> place_by_rules(Draft& draft, const SizedPurgatory& sized,
                                          std::vector<PlacementRule> rules,
                                          std::uint64_t page_size_bytes) {
  std::optional<PlacementRule> twice;
  if (draft.bundle) {
    KXF_TRY(rule, take_rule(rules, "purgatory"));
    twice = std::move(rule);
  }
  const RangeSet allowed = allowed_memory(draft);
  auto placed = place_segments({draft.memory, allowed, page_size_bytes}, rules);
  if (!placed && draft.crash)
    placed.error().remedy = crashkernel_remedy(draft.crash->plan.capacity.needed_bytes());
  if (!placed || !twice) return placed;
  KXF_CHECK(place_for_firmware(draft, sized, *twice, *placed, page_size_bytes));
  placed->push_back({"purgatory", draft.bundle->purgatories[0]});
  return placed;
}

/// Where everything goes and what is in it, for kexec_load or a bundle.
Status place_all(Draft& draft, PlanParts& parts) {
  const bool has_initrd = !draft.initrd.empty();
  if (parts.bundle) {
    draft.bundle = BundlePlan{};
    draft.bundle->relocation.memory = image_memory(draft.memory, parts.page_size_bytes);
  }
  const ArchitectureQuestion question = draft.question();
  const TreeInputs inputs = tree_inputs(draft, question);
  const std::uint64_t tree_room = draft.crash ? draft.crash->layout.tree_room_bytes : 0;
  if (draft.crash && draft.crash->layout.backup)
    draft.backup = BackupCopy{*draft.crash->layout.backup, draft.crash->plan.home.start};
  Record tree_record;  // read after the placement that it has to wait for
  KXF_TRY(drafted_tree, draft_tree(inputs, tree_record));
  const std::uint64_t tree_bytes = drafted_tree.blob().size() + tree_room;
  const auto kernel_bytes = align_up(draft.image.kernel.memory_size, parts.page_size_bytes);
  parts.segments = kernel_segments(draft.image, Range::sized(0, kernel_bytes.value_or(UINT64_MAX)),
                                   parts.page_size_bytes);
  KXF_TRY(sized, size_purgatory(draft, parts.segments, tree_bytes, parts.page_size_bytes));
  KXF_TRY(rules,
          rules_for(draft, {draft.initrd.size_bytes(), tree_bytes, sized.image.memory_size}));
  KXF_TRY(places, place_by_rules(draft, sized, std::move(rules), parts.page_size_bytes));

  KXF_TRY(kernel, place_of(places, "kernel"));
  KXF_TRY(dtb, place_of(places, "dtb"));
  KXF_TRY(purgatory, place_of(places, "purgatory"));
  for (Segment& segment : parts.segments)
    segment.range = {kernel.start + segment.range.start, kernel.start + segment.range.end};
  TreePlaces tree_places{std::nullopt, Range::sized(dtb.start, tree_bytes), std::nullopt};
  if (has_initrd) {
    KXF_TRY(initrd_place, place_of(places, "initrd"));
    tree_places.initrd = Range::sized(initrd_place.start, draft.initrd.size_bytes());
    parts.segments.push_back({"initrd", draft.initrd, initrd_place});
  }
  if (draft.crash) {
    KXF_TRY(crash_places, place_crash(draft, places, parts));
    tree_places.crash = crash_places;
    draft.command_line = with_core_header(inputs, crash_places);
    if (crash_places.backup)
      draft.backup = BackupCopy{*draft.crash->layout.backup, crash_places.backup->start};
  }
  KXF_TRY(tree, with_places(drafted_tree, inputs, tree_places));
  for (const Decision& decision : tree_record.decisions())
    draft.record.decide(decision.topic, decision.choice, decision.reason);
  for (const Warning& warning : tree_record.warnings()) draft.record.warn(warning.id, warning.text);
  parts.segments.push_back({"dtb", Blob(with_room(tree, tree_room)), dtb});
  const std::uint64_t entry = kernel.start + draft.image.kernel.entry_offset;
  if (draft.bundle) KXF_CHECK(fill_bundle(draft, parts, tree_places, entry, sized.head_limit));
  KXF_TRY(code, make_purgatory(draft, purgatory.start, entry, dtb.start, parts.segments,
                               draft.bundle ? &draft.bundle->relocation : nullptr));
  if (code.memory_size > purgatory.size_bytes())
    return broken("the size of the purgatory depends on addresses");
  for (Decision& decision : code.decisions)
    draft.record.decide(std::move(decision.topic), std::move(decision.choice),
                        std::move(decision.reason));
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

/// The files of `paths`, as copies where what is verified must be what is loaded.
Result<std::vector<Blob>> read_files(const std::vector<std::string>& paths, bool verified) {
  std::vector<Blob> files;
  for (const std::string& path : paths) {
    KXF_TRY(file, verified ? copy_file(path) : read_file(path));
    files.push_back(std::move(file));
  }
  return files;
}

Result<ImageFile> kernel_file(const Policy& policy, Record& record) {
  const std::string& path = policy.kernel_image.value;
  if (path.empty())
    return refuse("no kernel is named", "use --kernel, or set kernel.image in the profile");
  const bool verified = policy.kernel_sha256.is_set() || !policy.kernel_keys.value.empty();
  auto file = verified ? copy_file(path) : read_file(path);
  if (!file) return pass(std::move(file), "kernel");
  KXF_CHECK(
      check_pin(policy.kernel_sha256, file->view(), fmt::format("kernel \"{}\"", path), record));
  return ImageFile{path, std::move(*file)};
}

Status load_kernel(Draft& draft) {
  KXF_TRY(file, kernel_file(draft.policy, draft.record));
  if (draft.policy.kernel_signature.value == SignatureChoice::required &&
      draft.policy.kernel_keys.value.empty())
    return refuse(fmt::format("{} requires a signature, and there are no keys to verify one with",
                              draft.policy.kernel_signature.origin),
                  "name the public keys in kernel.keys");
  KXF_TRY(keys, read_public_keys(draft.policy));
  file.keys = keys.named;
  std::vector<std::string_view> board;
  if (const DeviceTree* tree = draft.machine.device_tree()) board = tree->board();
  file.board = board;
  KXF_TRY(unwrapped,
          unwrap_as_policy_says(file, draft.registry, draft.policy, draft.record, false));
  draft.not_confined = std::move(unwrapped.not_confined);
  KXF_TRY(image, found_image(std::move(unwrapped.findings), file, draft.record));
  draft.image = std::move(image);
  return check_kernel_spec(draft.image.kernel, "image format " + draft.image.format);
}

Status load_initrd(Draft& draft) {
  const Setting<std::vector<std::string>>& named = draft.policy.initrds;
  std::vector<Blob> files;
  if (!named.value.empty()) {
    auto read = read_files(named.value, draft.policy.initrds_sha256.is_set());
    if (!read) return pass(std::move(read), "initrd");
    files = std::move(*read);
    draft.record.decide("initrd", fmt::format("{}", fmt::join(named.value, " + ")), named.origin);
    if (!draft.image.verified_by.empty() && !draft.policy.initrds_sha256.is_set())
      draft.record.warn("initrd-not-signed",
                        fmt::format("the kernel's signature does not cover the initrd that {} "
                                    "names; pin it with kernel.initrd-sha256, or put it into the "
                                    "signed image",
                                    named.origin));
  } else if (draft.image.initrd) {
    files.push_back(*draft.image.initrd);
    draft.record.decide("initrd", "the image's own", "the profile names none");
  } else {
    draft.record.decide("initrd", "none", "neither the profile nor the image has one");
  }
  KXF_CHECK(check_initrd_pins(draft.policy.initrds_sha256, files, draft.record));
  draft.initrd = join_initrds(files);
  return {};
}

Status write_command_line(Draft& draft) {
  const auto running = draft.machine.read_text("/proc/cmdline");
  if (!running && draft.policy.command_line_mode.value == CommandLineMode::reuse)
    return refuse(
        fmt::format("{}: {}", draft.policy.command_line_mode.origin, running.error().message),
        "give the command line with --command-line");
  const ArchitectureTraits traits = draft.architecture->traits();
  KXF_TRY(text, compose_command_line(draft.policy, running.value_or(""), draft.image.command_line,
                                     {traits.command_line_limit, traits.crash_command_line},
                                     draft.record));
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
  if (running == nullptr && draft.policy.tree_source.value == "running" &&
      !takes_carried_tree(draft.policy, draft.carried_tree()))
    return refuse(fmt::format("no device tree of the running system: {}",
                              draft.machine.device_tree_problem()),
                  "run as root, or name a device tree with --dtb");
  KXF_TRY(prepared, prepare_tree(draft.policy, running, draft.record, draft.carried_tree()));
  draft.prepared_tree = std::move(prepared);
  KXF_TRY(cpus, report_cpus(draft.machine, running, *draft.prepared_tree,
                            draft.architecture->traits().enable_method, draft.registry,
                            draft.policy, draft.record));
  draft.cpus = std::move(cpus);
  KXF_CHECK(check_cpus(draft.cpus, draft.policy.crash));
  if (draft.architecture->traits().must_stop_cpus && !draft.policy.bundle)
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
  if (draft.policy.bundle) {
    draft.record.decide("syscall", "none", "firmware starts a bundle");
    return {};
  }
  KXF_TRY(backend, choose_backend(draft.machine, draft.policy, draft.architecture->traits(),
                                  draft.image.kernel, draft.record,
                                  {handed_over(draft),
                                   takes_carried_tree(draft.policy, draft.carried_tree())}));
  draft.backend = backend;
  if (!draft.policy.crash) return {};
  KXF_TRY(crash, survey_crash(*draft.architecture, draft.question(), backend.backend, draft.initrd,
                              draft.policy, draft.record));
  draft.crash = std::move(crash);
  draft.backend.may_fall_back = false;
  return {};
}

/// What all segments take in memory; for kexec_file_load what can be told of them.
std::uint64_t loaded_size(const Draft& draft, const PlanParts& parts) {
  if (parts.backend == Backend::kexec_file_load)
    return draft.image.kernel.memory_size + draft.initrd.size_bytes();
  std::uint64_t sum = 0;
  for (const Segment& segment : parts.segments) sum += segment.range.size_bytes();
  return sum;
}

/// Does our purgatory verify the segments? Says who does if it does not.
bool decide_digest(Draft& draft, bool own_purgatory) {
  const bool wanted = wants_digest(draft.policy);
  if (draft.policy.bundle) {
    draft.record.decide("digest", "sha256", "a bundle always verifies what it has moved");
    return wanted;
  }
  if (own_purgatory) {
    draft.record.decide("digest", wanted ? "sha256" : "none", draft.policy.digest.origin);
    return wanted;
  }
  if (draft.policy.crash && draft.architecture->traits().file_load_verifies) {
    draft.record.decide("digest", "the running kernel's own",
                        "its kexec_file_load makes the crash kernel verify itself");
    return false;
  }
  draft.record.decide("digest", "none", "kexec_file_load has no purgatory that could verify one");
  if (draft.policy.crash && wanted)
    draft.record.warn("crash-not-verified",
                      "nothing will verify the crash kernel before it starts: kexec_file_load has "
                      "no purgatory here; load it with kexec_load where the kernel allows that");
  return false;
}

}  // namespace

Result<PlannedLoad> plan_load(const Machine& machine, const Policy& policy,
                              const Registry& registry, Record record) {
  if (policy.bundle && policy.crash)
    return refuse(
        "a crash kernel cannot be a bundle: it dumps the kernel that crashed, and firmware "
        "starts a bundle",
        "load it with kxf load --crash, or leave --crash out");
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
  KXF_CHECK(load_kernel(draft));
  KXF_CHECK(load_initrd(draft));
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
  parts.bundle = policy.bundle;
  const bool own_purgatory = parts.backend == Backend::kexec_load;
  if (own_purgatory) {
    KXF_TRY(console, choose_console(machine, policy, draft.command_line, *draft.prepared_tree,
                                    draft.memory, registry, draft.record));
    draft.console = std::move(console);
    KXF_TRY(breadcrumb, choose_breadcrumb(policy, draft.architecture->traits(), draft.memory,
                                          *draft.prepared_tree, draft.record));
    draft.breadcrumb = breadcrumb;
    KXF_CHECK(place_all(draft, parts));
  } else {
    list_files(draft, parts);
    draft.record.decide("console", "none", "kexec_file_load enters the kernel directly");
  }
  const std::uint64_t loaded_bytes = loaded_size(draft, parts);
  if (!policy.bundle) KXF_CHECK(check_half_of_ram(machine, draft.memory, loaded_bytes));
  if (draft.crash) {
    draft.crash->plan.capacity.loaded_bytes = loaded_bytes;
    KXF_CHECK(check_capacity(draft.crash->plan.capacity, policy, draft.record));
  }
  const bool digest = decide_digest(draft, own_purgatory);
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
                      draft.initrd, std::nullopt, digest,         {},
                      std::nullopt, std::nullopt};
  if (draft.console) planned.sink = draft.console->program;
  if (draft.crash) planned.crash = draft.crash->plan;
  planned.backup = draft.backup;
  planned.breadcrumb = draft.breadcrumb;
  planned.not_confined = draft.not_confined;
  planned.may_use_mmu = may_use_mmu(policy);
  planned.bundle = draft.bundle;
  if (const Segment* dtb = checked.segment("dtb"); dtb != nullptr && !policy.bundle) {
    KXF_TRY(tree, DeviceTree::parse(dtb->bytes.view(), "the next device tree"));
    planned.seeds = seed_places(tree);
  }
  return planned;
}

}  // namespace kxf
