// SPDX-License-Identifier: Apache-2.0
//
// arm64: from the last instruction of one kernel to the first of the next.
//
// How the running kernel leaves (machine_kexec() and the relocation code in arch/arm64/kernel). It
// has taken every CPU but one offline, masked D, A, I and F, and copied the segments to where they
// belong with the MMU on (5.16 and later) or off (before); either way the copies are clean to the
// point of coherency and the instruction cache is invalid. Then it turns the MMU off and jumps to
// the entry of the plan. It arrives at EL2 if it was booted there and did not keep it for itself
// (KVM returns it by a hypervisor call, a VHE kernel just stays), else at EL1. A plan of
// kexec_load arrives with x0 = 0: this call has no notion of a device tree, so somebody in between
// has to name it. kexec_file_load passes the tree that the kernel made in x0 and enters the new
// kernel directly. Devices are as their drivers' shutdown left them: interrupts may be pending, and
// DMA that nobody stopped goes on, above all the GICv3 redistributors' (gic_check.cpp).
//
// What the purgatory does (purgatory/; docs/purgatory.md). It is a segment of the plan and its
// entry. Still with the MMU and the data cache off it prints a line on the console. If the plan
// says so it turns the MMU on, by tables that are part of the plan, and verifies the SHA-256 of the
// other segments. It says where it goes, turns the MMU off, puts back every register of the
// exception level that it changed, sets x0 and jumps. It writes to its own pages only, and cleans
// these. A wrong digest ends in a loop, and so does an exception, with a report: a console with a
// reason is worth more than a kernel with a wrong bit.
//
// A bundle is started by firmware instead, as a kernel is (below): its first instructions bring a
// purgatory to its place, and that one the segments before it verifies them. Firmware leaves less
// behind than a kernel does: nothing but the image is clean, and interrupts have never been on.
//
// What the next kernel expects (Documentation/arch/arm64/booting.rst, "Call the kernel image"):
//  - x0 is the physical address of the device tree; x1 to x3 are 0
//  - interrupts masked in PSTATE.DAIF; all CPUs at the same exception level, EL2 or non-secure EL1
//  - MMU off, data cache off or on, no stale lines in the instruction cache; the kernel's image
//    clean to the point of coherency
//  - the image text_offset behind a multiple of 2 MiB, image_size bytes free from there
//  - the tree at a multiple of 8, at most 2 MiB; before 4.2 within 512 MiB of the kernel and within
//    a 2 MiB block
//  - the initrd and the kernel within a window of 32 GiB that starts at a multiple of 1 GiB
//  - before 4.6 memory below the kernel is lost to it, so an image whose placement flag is clear
//    goes as low as it can, and what it must find above itself
//
// Both lists are long enough that docs/entry-arm64.md repeats them for people who debug a jump.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "arm64/arm64.hpp"
#include "arm64/cpu_table.hpp"
#include "arm64/crash.hpp"
#include "arm64/lpi_tables.hpp"
#include "purgatory/blob.hpp"

namespace kxf::arm64 {
namespace {

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;
constexpr std::uint64_t gib = 1024 * mib;

constexpr std::uint64_t command_line_bytes = 2048;  // COMMAND_LINE_SIZE, asm/setup.h
constexpr std::uint64_t largest_page_bytes = 64 * kib;
constexpr std::uint64_t block_bytes = 2 * mib;  // what early page tables map at once
constexpr Range addressable{0, std::uint64_t{1} << 48U};
constexpr PlacementRule::Near initrd_window{gib, 32 * gib};
// For kernels that cannot use what lies below them. The window still ends before that of the rule
// above, wherever in its first GiB the kernel starts.
constexpr PlacementRule::Near initrd_above{1, 31 * gib};
constexpr PlacementRule::Near tree_above{1, 512 * mib};

constexpr std::string_view pages_key = "page-sizes";
constexpr std::string_view endian_key = "big-endian";
constexpr std::string_view lpi_key = "lpi-tables";
constexpr SettingSpec setting_specs[] = {
    {pages_key, "auto",
     "page sizes that the CPUs support, such as 4K,64K; auto: by a table of CPUs"},
    {endian_key, "auto", "can the CPUs run in both byte orders: yes, no, or auto"},
    {lpi_key, "auto",
     "live LPI tables of a GICv3 without EFI: auto keeps what the boot log tells and warns of the "
     "rest; required refuses when it does not tell all"},
    kernel_text_setting,
    {icache_setting, "on", "run the purgatory with the instruction cache on or off"},
    {granule_setting, "auto",
     "pages of the purgatory's tables: 4K, 16K or 64K; auto: the running kernel's. Larger ones map "
     "what is beside a segment, too"},
    purgatory::sha256_setting,
};

constexpr std::uint64_t all_page_sizes[] = {4 * kib, 16 * kib, 64 * kib};

std::string setting(const Settings& settings, std::string_view key) {
  const auto found = settings.find(key);
  return found == settings.end() ? "auto" : found->second;
}

// ---- what the CPUs can do -----------------------------------------------------------------------

enum class Answer : std::uint8_t { yes, no, unknown };

/// The CPUs of this machine, as far as the table knows them.
struct Cpus {
  std::vector<const CpuAbilities*> known;
  std::vector<CpuId> unknown;

  [[nodiscard]] bool told() const { return !known.empty() || !unknown.empty(); }
  [[nodiscard]] std::string names() const {
    std::vector<std::string> all;
    for (const CpuAbilities* cpu : known) all.emplace_back(cpu->name);
    for (const CpuId& id : unknown)
      all.push_back(fmt::format("implementer {:#04x} part {:#05x}", id.implementer, id.part));
    return all.empty() ? "unknown" : fmt::format("{}", fmt::join(all, ", "));
  }
};

Cpus look_up_cpus(const Machine& machine) {
  Cpus cpus;
  for (const CpuId& id : cpu_ids(machine)) {
    if (const CpuAbilities* abilities = find_cpu(id.implementer, id.part))
      cpus.known.push_back(abilities);
    else
      cpus.unknown.push_back(id);
  }
  return cpus;
}

/// One CPU that cannot settles it; one that is not known leaves it open.
template <class Can>
Answer answer_of(const Cpus& cpus, Can can) {
  if (!std::all_of(cpus.known.begin(), cpus.known.end(), can)) return Answer::no;
  return cpus.told() && cpus.unknown.empty() ? Answer::yes : Answer::unknown;
}

std::string page_text(std::uint64_t bytes) { return fmt::format("{} KiB", bytes / kib); }

/// `4 KiB and 64 KiB`
std::string list_pages(const std::vector<std::uint64_t>& sizes) {
  std::string text;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (i != 0) text += i + 1 == sizes.size() ? " and " : ", ";
    text += page_text(sizes[i]);
  }
  return text.empty() ? "none of them" : text;
}

/// `4K,64K`
Result<std::vector<std::uint64_t>> parse_page_sizes(std::string_view text) {
  std::vector<std::uint64_t> sizes;
  std::string_view rest = text;
  for (;;) {
    const std::string_view word = rest.substr(0, rest.find(','));
    const auto* const size =
        std::find_if(std::begin(all_page_sizes), std::end(all_page_sizes),
                     [&](std::uint64_t known) { return word == fmt::format("{}K", known / kib); });
    if (size == std::end(all_page_sizes))
      return refuse(fmt::format("setting {} of the architecture arm64 is \"{}\": \"{}\" is no page "
                                "size",
                                pages_key, text, word),
                    fmt::format("set {} to auto or to some of 4K,16K,64K", pages_key));
    sizes.push_back(*size);
    if (word.size() == rest.size()) break;
    rest.remove_prefix(word.size() + 1);
  }
  std::sort(sizes.begin(), sizes.end());
  return sizes;
}

Status refuse_pages(std::uint64_t wanted, std::string_view who,
                    const std::vector<std::uint64_t>& supported) {
  return refuse(fmt::format("arm64 image wants {} pages, {} {}", page_text(wanted), who,
                            list_pages(supported)),
                fmt::format("use a kernel built for {} pages", list_pages(supported)));
}

Status check_page_size(const ArchitectureQuestion& question, const Cpus& cpus, Record& record) {
  if (!question.kernel.page_size_bytes) {
    record.decide("page size", "not checked", "the image does not say which it was built for");
    return {};
  }
  const std::uint64_t wanted = *question.kernel.page_size_bytes;
  const std::string text = setting(question.settings, pages_key);
  if (text != "auto") {
    KXF_TRY(supported, parse_page_sizes(text));
    if (std::find(supported.begin(), supported.end(), wanted) == supported.end())
      return refuse_pages(wanted, "the profile says that this CPU supports", supported);
    record.decide("page size", page_text(wanted), fmt::format("setting {}", pages_key));
    return {};
  }
  const std::uint64_t running = question.machine.facts().page_size_bytes;
  if (wanted == running) {
    record.decide("page size", page_text(wanted), "the running kernel uses it");
    return {};
  }
  switch (
      answer_of(cpus, [&](const CpuAbilities* cpu) { return cpu->supports_pages_of(wanted); })) {
    case Answer::yes:
      record.decide("page size", page_text(wanted), fmt::format("supported by {}", cpus.names()));
      return {};
    case Answer::no: {
      std::vector<std::uint64_t> supported;
      for (const std::uint64_t size : all_page_sizes)
        if (size == running || answer_of(cpus, [&](const CpuAbilities* cpu) {
                                 return cpu->supports_pages_of(size);
                               }) != Answer::no)
          supported.push_back(size);
      return refuse_pages(wanted, fmt::format("this CPU ({}) supports", cpus.names()), supported);
    }
    case Answer::unknown: break;
  }
  record.warn(
      "page-size-unverified",
      fmt::format("the image wants {} pages, the running kernel has {}, and it is not known "
                  "whether this CPU ({}) supports them: a kernel that it does not support "
                  "stops without a word; set {} of the architecture arm64 when you know",
                  page_text(wanted), page_text(running), cpus.names(), pages_key));
  return {};
}

Status check_byte_order(const ArchitectureQuestion& question, const Cpus& cpus, Record& record) {
  const Endian wanted = question.kernel.endian;
  const std::string text = setting(question.settings, endian_key);
  if (text != "auto" && text != "yes" && text != "no")
    return refuse(fmt::format("setting {} of the architecture arm64 is \"{}\"", endian_key, text),
                  fmt::format("set {} to auto, yes or no", endian_key));
  if (wanted == question.machine.facts().endian) return {};  // as the running kernel
  const auto unfit = [&](std::string_view who) {
    return refuse(fmt::format("arm64 image is {}-endian, {} only {}-endian", name_of(wanted), who,
                              name_of(question.machine.facts().endian)),
                  fmt::format("use a {}-endian kernel", name_of(question.machine.facts().endian)));
  };
  if (text == "no") return unfit("the profile says that this CPU is");
  Answer answer = Answer::yes;
  if (text == "auto")
    answer = answer_of(cpus, [](const CpuAbilities* cpu) { return cpu->mixed_endian; });
  if (answer == Answer::no) return unfit(fmt::format("this CPU ({}) is", cpus.names()));
  if (answer == Answer::unknown)
    record.warn("byte-order-unverified",
                fmt::format("the image is {}-endian, and it is not known whether this CPU ({}) can "
                            "be; set {} of the architecture arm64 when you know",
                            name_of(wanted), cpus.names(), endian_key));
  else
    record.decide("byte order", std::string(name_of(wanted)),
                  text == "auto" ? fmt::format("supported by {}", cpus.names())
                                 : fmt::format("setting {}", endian_key));
  return {};
}

// ---- where things go ----------------------------------------------------------------------------

Result<PlacementRule> kernel_rule(const ArchitectureQuestion& question, std::uint64_t page,
                                  Record& record) {
  const KernelSpec& kernel = question.kernel;
  PlacementRule rule;
  rule.name = "kernel";
  rule.size_bytes = kernel.memory_size;
  rule.alignment = std::max(kernel.base_alignment, page);
  rule.offset = kernel.base_offset;
  rule.window = kernel.window.intersection(addressable);
  // High where the kernel can be there, and the initrd with it. After boot the running kernel takes
  // memory from below, also the pages that it copies segments to while they are loaded. A page that
  // lies where a segment will go is set aside, and what was set aside is searched for each further
  // page (kimage_alloc_page() in kernel/kexec_core.c): 96 MiB right above the running kernel took
  // ten times as long to load as anywhere else. A crash region is copied to at once; there the
  // kernel goes low, so that the initrd's window reaches over all of it.
  rule.preference = question.crash || kernel.placement == Placement::lowest
                        ? PlacementRule::Preference::lowest
                        : PlacementRule::Preference::highest;
  // kexec_load takes whole pages of the running kernel only.
  if (rule.offset % page != 0)
    return refuse(
        fmt::format("the kernel starts {} behind a boundary of {}, and the running kernel "
                    "places segments at multiples of its {} pages only",
                    hex(rule.offset), size_text(rule.alignment), page_text(page)),
        "use a kernel of 5.8 or later, or load it from a kernel with smaller pages");
  if (kernel.placement == Placement::lowest && !question.crash)
    record.decide("kernel placement", "as low as possible",
                  "its header asks for it (kernels before 4.6): memory below it is lost to it");
  return rule;
}

/// A profile may demand that all live interrupt tables are known (lpi_source.cpp reserves them).
Status check_lpi_tables(const ArchitectureQuestion& question) {
  const std::string text = setting(question.settings, lpi_key);
  if (text != "auto" && text != "required")
    return refuse(fmt::format("setting {} of the architecture arm64 is \"{}\"", lpi_key, text),
                  fmt::format("set {} to auto or required", lpi_key));
  if (text == "auto" || question.crash || question.bundle || !has_its_without_efi(question.machine))
    return {};
  const LpiTables tables = live_lpi_tables(question.machine);
  if (tables.missing.empty()) return {};
  return refuse(fmt::format("the GICv3 ITS keeps using LPI tables across the jump, and it is not "
                            "known where they are: {} (setting {} of the architecture arm64 is "
                            "required)",
                            fmt::join(tables.missing, ", "), lpi_key),
                std::string(lpi_remedy) + fmt::format(" and set {} to auto", lpi_key));
}

class Arm64 final : public Architecture {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "arm64"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "Arm's 64-bit architecture, by Linux' arm64 boot protocol";
  }
  [[nodiscard]] std::span<const SettingSpec> settings() const noexcept override {
    return setting_specs;
  }
  [[nodiscard]] bool handles(const MachineFacts& facts) const noexcept override {
    return facts.hardware == "aarch64" || facts.hardware == "aarch64_be";
  }
  /// The timer and spin-table exist in ARMv8 only. Older 32-bit boards have PSCI, too.
  [[nodiscard]] bool handles_tree(const DeviceTree& tree) const noexcept override {
    if (!tree.compatible_with("arm,armv8-timer").empty()) return true;
    const std::optional<Node> cpus = tree.find("/cpus");
    const std::vector<Node> nodes = cpus ? cpus->children() : std::vector<Node>{};
    return std::any_of(nodes.begin(), nodes.end(), [](const Node& node) {
      // The one ARMv8 board whose tree has the older timer's name only.
      return node.text("enable-method") == "spin-table" ||
             node.is_compatible("nvidia,tegra132-denver");
    });
  }
  [[nodiscard]] ArchitectureTraits traits() const noexcept override {
    ArchitectureTraits traits{elf_machine, command_line_bytes, 4 * kib};
    traits.must_stop_cpus = true;  // cpus_are_stuck_in_kernel() in arch/arm64/kernel/smp.c
    // One CPU, since each more costs memory that a small region does not have; and drivers that
    // reset devices which nobody shut down.
    traits.crash_command_line = "nr_cpus=1 reset_devices";
    traits.leaves_breadcrumb = true;
    return traits;
  }

  [[nodiscard]] Result<KernelSpec> adapt_kernel(const ArchitectureQuestion& question,
                                                Record& record) const noexcept override {
    if (question.kernel.machine != "aarch64")
      return refuse(fmt::format("the image is for {}, this machine is {}", question.kernel.machine,
                                question.machine.facts().hardware),
                    "use a kernel for arm64");
    const Cpus cpus = look_up_cpus(question.machine);
    KXF_CHECK(check_byte_order(question, cpus, record));
    KXF_CHECK(check_page_size(question, cpus, record));
    KXF_CHECK(check_lpi_tables(question));
    return question.kernel;
  }

  [[nodiscard]] Result<std::vector<PlacementRule>> placement_rules(
      const ArchitectureQuestion& question, const SegmentSizes& sizes,
      Record& record) const noexcept override {
    const std::uint64_t page =
        std::max(question.machine.facts().page_size_bytes, traits().segment_alignment);
    const std::uint64_t loose = std::max(page, largest_page_bytes);  // fits every next kernel
    const bool above = question.kernel.placement == Placement::lowest;
    if (sizes.tree > block_bytes)
      return refuse(fmt::format("the next device tree has {} bytes, and the arm64 boot protocol "
                                "allows 2 MiB",
                                sizes.tree),
                    "remove overlays or nodes from it");

    std::vector<PlacementRule> rules;
    KXF_TRY(kernel, kernel_rule(question, page, record));
    rules.push_back(kernel);
    if (sizes.initrd != 0)
      rules.push_back({.name = "initrd",
                       .size_bytes = sizes.initrd,
                       .alignment = loose,
                       .near = above ? initrd_above : initrd_window,
                       .preference = PlacementRule::Preference::highest});
    rules.push_back({.name = "dtb",
                     .size_bytes = sizes.tree,
                     .alignment = loose,
                     .near = above ? tree_above : initrd_window,
                     .no_crossing = block_bytes,
                     .preference = PlacementRule::Preference::highest});
    rules.push_back({.name = "purgatory",
                     .size_bytes = sizes.purgatory,
                     .alignment = loose,
                     .near = std::nullopt,
                     .preference = PlacementRule::Preference::highest});
    return rules;
  }

  [[nodiscard]] Status adjust_tree(TreeEditor& editor, const ArchitectureQuestion& /*question*/,
                                   Record& record) const noexcept override {
    KXF_TRY(tree, editor.tree());
    const auto chosen = tree.find("/chosen");
    if (!chosen || !chosen->has("linux,uefi-system-table") || chosen->has("linux,uefi-secure-boot"))
      return {};
    // Ubuntu's kernels take the EFI properties as a set: without this one they ignore all of them,
    // find no memory and stop before the console. 0 is "unset", as their EFI stub writes it when
    // the firmware does not tell.
    KXF_CHECK(editor.set_u32("/chosen", "linux,uefi-secure-boot", 0));
    record.decide("linux,uefi-secure-boot", "added, 0",
                  "some kernels ignore every EFI property of /chosen when this one is missing");
    return {};
  }

  [[nodiscard]] Result<CrashLayout> crash_layout(const ArchitectureQuestion& question,
                                                 Record& record) const noexcept override {
    return arm64::crash_layout(question, record);
  }

  [[nodiscard]] Status announce_crash(TreeEditor& editor,
                                      const CrashPlaces& places) const noexcept override {
    return arm64::announce_crash(editor, places);
  }

  [[nodiscard]] Result<PurgatoryImage> purgatory(
      const PurgatoryQuestion& question) const noexcept override {
    return make_purgatory(question);
  }

  [[nodiscard]] Result<ByteVector> bundle_head(
      const BundleQuestion& question) const noexcept override {
    return make_bundle_head(question);
  }
};

}  // namespace

const Architecture& architecture() {
  static const Arm64 arm64;
  return arm64;
}

}  // namespace kxf::arm64
