// SPDX-License-Identifier: Apache-2.0
#include "ppc64/finished.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ppc64/crash.hpp"
#include "ppc64/ppc64.hpp"
#include "ppc64/run_at_load.hpp"

namespace kxf::ppc64 {
namespace {

constexpr std::uint64_t hold_offset = 0x60;  // where secondary CPUs enter what is at 0
constexpr std::uint64_t tree_segment_bytes = 64 * 1024;
constexpr std::string_view load_tree_again = "load the kernel again";

/// Physical memory as the segments will fill it.
class Loaded {
 public:
  explicit Loaded(std::span<const Segment> segments) : segments_(segments) {}

  [[nodiscard]] const Segment* named(std::string_view name) const {
    const auto found =
        std::find_if(segments_.begin(), segments_.end(),
                     [name](const Segment& segment) { return segment.name == name; });
    return found == segments_.end() ? nullptr : &*found;
  }
  [[nodiscard]] const Segment* holding(std::uint64_t address) const {
    const auto found =
        std::find_if(segments_.begin(), segments_.end(),
                     [address](const Segment& segment) { return segment.range.contains(address); });
    return found == segments_.end() ? nullptr : &*found;
  }

  /// With the zeros behind a segment's bytes.
  /// Errors: no segment covers all of it.
  [[nodiscard]] Result<ByteVector> read(std::uint64_t address, std::uint64_t size) const {
    ByteVector bytes;
    while (bytes.size() < size) {
      const std::uint64_t at = address + bytes.size();
      const Segment* const segment = holding(at);
      if (segment == nullptr)
        return refuse(fmt::format("no segment covers {}", hex(at)), std::string(load_tree_again));
      const std::uint64_t offset = at - segment->range.start;
      const ByteView held = segment->bytes.view();
      bytes.push_back(offset < held.size() ? held[offset] : std::uint8_t{0});
    }
    return bytes;
  }

 private:
  std::span<const Segment> segments_;
};

bool all_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

/// What the running kernel copies to 0 is what the kernel's CPUs are going to run and to read.
Status check_entry_bytes(ByteView entry, ByteView kernel) {
  const ByteView hold = entry.subspan(hold_offset);
  if (std::equal(hold.begin(), hold.end(), kernel.begin() + hold_offset)) {
    const auto own = static_cast<std::ptrdiff_t>(own_head_bytes);
    if (std::equal(entry.begin() + own, entry.end(), kernel.begin() + own)) return {};
    return refuse(fmt::format("the first {} bytes of the entry segment differ from the kernel's "
                              "between {} and {}, and other CPUs read there what to do",
                              hex(head_bytes), hex(own_head_bytes), hex(hold_offset)),
                  std::string(load_tree_again));
  }
  return refuse(
      fmt::format(
          "{} at {} of the entry segment, where the other CPUs will be sent: they "
          "would run wild",
          all_zero(hold) ? "there is no code" : "there is not the kernel's code for other CPUs",
          hex(hold_offset)),
      std::string(load_tree_again));
}

/// The kernel as the plan wants it, worked out from its file and the policy once more.
Result<KernelSpec> kernel_as_wanted(const ArchitectureQuestion& question) {
  KXF_TRY(policy, run_at_load_policy(question.settings));
  KernelSpec kernel = question.kernel;
  kernel.patches.clear();
  Record unused;
  return with_run_at_load(kernel, policy, question.crash, unused);
}

bool same_digests(std::span<const DigestEntry> wanted, const std::vector<DigestEntry>& held) {
  return std::equal(wanted.begin(), wanted.end(), held.begin(), held.end(),
                    [](const DigestEntry& a, const DigestEntry& b) {
                      return a.range == b.range && a.sha256 == b.sha256;
                    });
}

/// The first entry that the purgatory has otherwise.
Status check_digests(std::span<const DigestEntry> wanted, const std::vector<DigestEntry>& held) {
  if (same_digests(wanted, held)) return {};
  if (wanted.size() != held.size())
    return refuse(fmt::format("the purgatory would verify {} ranges, the plan has digests of {}",
                              held.size(), wanted.size()),
                  std::string(load_tree_again));
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (held[i].range != wanted[i].range)
      return refuse(fmt::format("the purgatory would verify {} for segment {}, which is at {}",
                                to_text(held[i].range), wanted[i].name, to_text(wanted[i].range)),
                    std::string(load_tree_again));
    else if (held[i].sha256 != wanted[i].sha256)
      return refuse(fmt::format("the purgatory has a stale digest of segment {}: it would stop "
                                "there and never enter the kernel",
                                wanted[i].name),
                    std::string(load_tree_again));
  return {};
}

Status check_addresses(const PurgatoryContents& contents, std::uint64_t kernel, std::uint64_t tree,
                       Endian endian) {
  if (contents.kernel_address != kernel)
    return refuse(fmt::format("the purgatory would enter the kernel at {}, and it is at {}",
                              hex(contents.kernel_address), hex(kernel)),
                  std::string(load_tree_again));
  if (contents.tree_address != tree)
    return refuse(fmt::format("the purgatory would pass on a device tree at {}, and it is at {}",
                              hex(contents.tree_address), hex(tree)),
                  std::string(load_tree_again));
  if (contents.kernel_little_endian != (endian == Endian::little))
    return refuse(fmt::format("the purgatory would enter the kernel in the wrong byte order: it is "
                              "{}-endian",
                              name_of(endian)),
                  std::string(load_tree_again));
  return {};
}

/// r8 and r9 of the next kernel.
Status check_opal(const PurgatoryContents& contents, const DeviceTree* running) {
  const auto opal = running == nullptr ? std::nullopt : running->find("/ibm,opal");
  const std::uint64_t base = opal ? opal->number("opal-base-address").value_or(0) : 0;
  const std::uint64_t entry = opal ? opal->number("opal-entry-address").value_or(0) : 0;
  if (contents.opal_base == base && contents.opal_entry == entry) return {};
  return refuse(
      fmt::format("the purgatory would say that OPAL is at {} and entered at {}, and it is "
                  "at {} and entered at {}",
                  hex(contents.opal_base), hex(contents.opal_entry), hex(base), hex(entry)),
      std::string(load_tree_again));
}

/// What a crash kernel overwrites must have been saved where the core header says.
Status check_backup(const Loaded& loaded, const std::optional<BackupCopy>& copy) {
  const Segment* const backup = loaded.named("backup");
  if (backup == nullptr || backup->range.size_bytes() < backed_up.size_bytes())
    return refuse(fmt::format("the crash load has no segment backup of {}",
                              size_text(backed_up.size_bytes())),
                  std::string(load_tree_again));
  if (copy && copy->source == backed_up && copy->destination == backup->range.start) return {};
  return refuse(
      fmt::format(
          "the purgatory would save {}, and {} belongs at {}",
          copy ? fmt::format("{} at {}", to_text(copy->source), hex(copy->destination)) : "nothing",
          to_text(backed_up), hex(backup->range.start)),
      std::string(load_tree_again));
}

/// A crash kernel keeps to its region and finds the core header.
Status check_crash(const FinishedQuestion& finished, const Loaded& loaded, const DeviceTree& tree,
                   const Segment& kernel) {
  const RangeSet& regions = finished.question.memory.crash_regions();
  const auto home = std::find_if(regions.begin(), regions.end(), [&](const Range& region) {
    return region.contains(kernel.range);
  });
  if (home == regions.end())
    return refuse(fmt::format("the crash kernel ({}) is in no crash region", to_text(kernel.range)),
                  std::string(load_tree_again));
  KXF_CHECK(check_crash_tree(tree, regions, *home));

  const Segment* const header = loaded.named("elfcorehdr");
  if (header == nullptr)
    return refuse("the crash load has no segment elfcorehdr", std::string(load_tree_again));
  const auto chosen = tree.find("/chosen");
  const std::string_view command_line = chosen ? chosen->text("bootargs").value_or("") : "";
  const std::string wanted = fmt::format("elfcorehdr={:#018x}", header->range.start);
  if (command_line.find(wanted) == std::string_view::npos)
    return refuse(fmt::format("the crash kernel's command line lacks {}: it would find no core "
                              "header",
                              wanted),
                  std::string(load_tree_again));
  return {};
}

/// Linux takes all memory that its tree does not reserve, the tree's own too.
Status check_tree(const Segment& segment, const DeviceTree& tree) {
  const Range own = Range::sized(segment.range.start, tree.blob().size());
  for (const Range& range : tree.memory_reservations())
    if (range.contains(own)) return {};
  return refuse(fmt::format("the next device tree does not reserve its own place {}", to_text(own)),
                std::string(load_tree_again));
}

Status check_alignment(std::span<const Segment> segments) {
  for (const Segment& segment : segments)
    if (segment.range.start % tree_segment_bytes != 0)
      return refuse(fmt::format("segment {} is at {}, no multiple of 64 KiB", segment.name,
                                hex(segment.range.start)),
                    std::string(load_tree_again));
  return {};
}

}  // namespace

Status check_finished_plan(const FinishedQuestion& finished) {
  const Loaded loaded(finished.segments);
  const Segment* const kernel = loaded.named("kernel");
  const Segment* const tree = loaded.named("dtb");
  const Segment* const purgatory = loaded.holding(finished.entry);
  if (kernel == nullptr || tree == nullptr || purgatory == nullptr)
    return broken("the plan lacks a kernel, a device tree or a segment at its entry");
  if (purgatory->range.start != finished.entry)
    return refuse(
        fmt::format("the entry {} is not the first byte of its segment {}, from which the "
                    "running kernel copies {} bytes to 0",
                    hex(finished.entry), purgatory->name, hex(head_bytes)),
        std::string(load_tree_again));
  KXF_CHECK(check_alignment(finished.segments));

  KXF_TRY(wanted, kernel_as_wanted(finished.question));
  const std::uint64_t kernel_entry = kernel->range.start + wanted.entry_offset;
  KXF_TRY(kernel_bytes, loaded.read(kernel_entry, head_bytes));
  KXF_CHECK(check_run_at_load(wanted, kernel_bytes));
  KXF_TRY(file_bytes, kernel_head(wanted));
  if (kernel_bytes != file_bytes)
    return refuse(
        fmt::format("the first {} bytes of the kernel's segment are not those of its file",
                    hex(head_bytes)),
        std::string(load_tree_again));
  KXF_TRY(entry_bytes, loaded.read(finished.entry, head_bytes));
  KXF_CHECK(check_entry_bytes(entry_bytes, kernel_bytes));

  KXF_TRY(contents, read_purgatory(purgatory->bytes.view()));
  KXF_CHECK(check_addresses(contents, kernel_entry, tree->range.start, wanted.endian));
  KXF_CHECK(check_opal(contents, finished.question.machine.device_tree()));
  KXF_CHECK(check_digests(finished.digests, contents.digests));
  KXF_TRY(next, DeviceTree::parse(tree->bytes.view(), "the next device tree"));
  KXF_CHECK(check_tree(*tree, next));
  if (finished.question.crash) {
    KXF_CHECK(check_backup(loaded, contents.backup));
    return check_crash(finished, loaded, next, *kernel);
  }
  if (contents.backup)
    return refuse(fmt::format("the purgatory would overwrite {}, as for a crash kernel",
                              to_text(Range::sized(contents.backup->destination,
                                                   contents.backup->source.size_bytes()))),
                  std::string(load_tree_again));
  return {};
}

}  // namespace kxf::ppc64
