// SPDX-License-Identifier: Apache-2.0
#include "arm64/identity_map.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "arm64/arm64.hpp"
#include "arm64/cpu_table.hpp"

namespace kxf::arm64 {
namespace {

constexpr std::string_view map_topic = "purgatory MMU";

/// A granule and why it is this one.
struct Choice {
  std::optional<Granule> granule;
  std::string reason;
};

Result<Choice> choose_granule(const PurgatoryQuestion& question) {
  const auto found = question.settings.find(granule_setting);
  const std::string text = found == question.settings.end() ? "auto" : found->second;
  if (text == "auto") {
    const std::uint64_t page = question.machine.facts().page_size_bytes;
    return Choice{Granule::of(page),
                  fmt::format("the running kernel's pages have {}", size_text(page))};
  }
  for (const std::uint64_t kib : {4U, 16U, 64U}) {
    if (text != fmt::format("{}K", kib)) continue;
    for (const CpuId& id : cpu_ids(question.machine)) {
      const CpuAbilities* cpu = find_cpu(id.implementer, id.part);
      if (cpu != nullptr && !cpu->supports_pages_of(kib * 1024))
        return refuse(fmt::format("setting {} of the architecture arm64 is {}, and this CPU ({}) "
                                  "has no pages of {} KiB",
                                  granule_setting, text, cpu->name, kib),
                      fmt::format("set {} to auto", granule_setting));
    }
    return Choice{Granule::of(kib * 1024), fmt::format("setting {}", granule_setting)};
  }
  return refuse(
      fmt::format("setting {} of the architecture arm64 is \"{}\", it takes auto, 4K, 16K "
                  "or 64K",
                  granule_setting, text),
      fmt::format("set {} to auto", granule_setting));
}

Range moved(const Range& range, std::uint64_t by) { return {range.start + by, range.end + by}; }

/// All registers that the console's program touches.
Range registers_of(const SinkProgram& sink) {
  std::uint64_t size = std::max<std::uint64_t>(sink.size_bytes, 1);
  for (const SinkStep& step : sink.steps)
    size = std::max<std::uint64_t>(size, std::uint64_t{step.offset} + step.width_bytes);
  return Range::sized(sink.phys_base, size);
}

/// All RAM but the purgatory, since nobody knows where firmware will put the image. Whole pages of
/// RAM only, so that nothing of another kind is mapped with it, but for those that a segment has
/// bytes on.
std::vector<Mapping> mappings_of(const Relocation& relocation,
                                 const std::vector<DigestEntry>& digests, const Granule& granule,
                                 const Range& own) {
  const RangeSet memory = relocation.memory.trimmed_to(granule.bytes()).minus({own});
  std::vector<Mapping> mappings;
  const auto map = [&](const Range& range) { mappings.push_back({range, Access::data}); };
  const auto map_rest = [&](const Range& range) {
    if (!memory.contains(range)) map(range);
  };
  std::ranges::for_each(memory, map);
  for (const BundleMove& move : relocation.moves) map_rest(move.destination);
  for (const DigestEntry& digest : digests) map_rest(digest.range);
  map_rest(relocation.staging);
  return mappings;
}

/// Where segments are: read where they are verified, written where a bundle brings them there.
std::vector<Mapping> segments_of(const PurgatoryQuestion& question, const Granule& granule,
                                 const Range& own) {
  if (question.relocation != nullptr)
    return mappings_of(*question.relocation, question.digests, granule, own);
  std::vector<Mapping> mappings;
  for (const DigestEntry& digest : question.digests)
    mappings.push_back({digest.range, Access::constant});
  return mappings;
}

/// The sizes of ranges that have as many tables as those at most.
std::vector<std::uint64_t> sizes_of_segments(const PurgatoryQuestion& question) {
  std::vector<std::uint64_t> sizes;
  if (question.relocation == nullptr) {
    for (const DigestEntry& digest : question.digests) sizes.push_back(digest.range.size_bytes());
    return sizes;
  }
  // All segments and staging lie in it, and the purgatory may divide one of its ranges.
  for (const Range& range : question.relocation->memory) sizes.push_back(range.size_bytes());
  sizes.push_back(0);
  return sizes;
}

/// What the MMU is on for.
std::string_view work_of(const PurgatoryQuestion& question) {
  if (question.relocation == nullptr) return "on while it verifies";
  return question.digests.empty() ? "on while it moves segments"
                                  : "on while it moves and verifies segments";
}

/// The breadcrumb is a device to the CPU, so that stores reach memory; nothing that is cached may
/// be on its page.
Status check_breadcrumb_page(const Granule& granule, const Breadcrumb& breadcrumb,
                             const std::vector<Mapping>& others) {
  const auto pages_of = [&](const Range& range) {
    return Range{align_down(range.start, granule.bytes()),
                 align_up(range.end, granule.bytes()).value_or(range.end)};
  };
  for (const Mapping& other : others)
    if (pages_of(other.range).overlaps(pages_of(breadcrumb.range)))
      return refuse(
          fmt::format("the breadcrumb ({}) shares a page of {} with {}, which the purgatory maps, "
                      "too",
                      to_text(breadcrumb.range), size_text(granule.bytes()), to_text(other.range)),
          fmt::format("reserve whole pages of {} for the breadcrumb, or set purgatory.mmu to off",
                      size_text(granule.bytes())));
  return {};
}

Decision decision_of(std::string_view work, const Granule& granule, const PageTables& tables,
                     std::size_t ranges, std::uint64_t room_bytes, std::string_view why) {
  const std::uint64_t largest = tables.leaves.empty() ? 0 : tables.leaves.rbegin()->first;
  return {
      std::string(map_topic),
      fmt::format("{}, {} page tables of {}", work, tables.count, size_text(granule.bytes())),
      fmt::format("{}; {} ranges below 2^{} in blocks of up to {}; room for {} tables, as places "
                  "are chosen later",
                  why, ranges, tables.va_bits, size_text(largest), room_bytes / granule.bytes())};
}

}  // namespace

Result<IdentityMap> plan_identity_map(const PurgatoryQuestion& question,
                                      const PurgatoryParts& parts) {
  KXF_TRY(choice, choose_granule(question));
  IdentityMap map;
  // A few lines of text need no cache.
  if (question.digests.empty() && question.relocation == nullptr) return map;
  const auto stays_off = [&](std::string reason) {
    map.decisions = {{std::string(map_topic), "off", std::move(reason)}};
    return map;
  };
  if (!question.may_use_mmu) return stays_off("purgatory.mmu");
  if (!choice.granule) return stays_off(choice.reason + ", which no arm64 CPU has");

  const Granule& granule = *choice.granule;
  map.granule = granule;
  map.tables_offset = align_up(parts.data.end, granule.bytes()).value_or(0);
  std::vector<std::uint64_t> sizes = sizes_of_segments(question);
  if (question.sink != nullptr) sizes.push_back(registers_of(*question.sink).size_bytes());
  if (question.breadcrumb) sizes.push_back(question.breadcrumb->range.size_bytes());
  // The purgatory is one range to count tables of, with its tables: far less than what any of them
  // maps.
  sizes.push_back(map.tables_offset);
  map.room_bytes = most_table_bytes(granule, sizes);
  if (question.own_address == 0) return map;

  const std::uint64_t at = question.own_address + map.tables_offset;
  map.own = {{moved(parts.code, question.own_address), Access::code},
             {moved(parts.data, question.own_address), Access::data}};
  if (question.sink != nullptr) map.own.push_back({registers_of(*question.sink), Access::device});
  std::vector<Mapping> mappings = map.own;
  const Range own = Range::sized(question.own_address, map.tables_offset + map.room_bytes);
  std::ranges::copy(segments_of(question, granule, own), std::back_inserter(mappings));
  if (question.breadcrumb) {
    KXF_CHECK(check_breadcrumb_page(granule, *question.breadcrumb, mappings));
    map.own.push_back({question.breadcrumb->range, Access::device});
    mappings.push_back(map.own.back());
  }
  const std::size_t ranges = mappings.size() + 1;
  // The tables themselves, to be verified. How many there are does not depend on their own mapping
  // being exact, so all of the room is mapped.
  mappings.push_back({Range::sized(at, map.room_bytes), Access::constant});
  auto tables = make_page_tables(granule, at, mappings);
  if (!tables) {
    if (tables.error().fault != Fault::refused) return pass(std::move(tables), "the purgatory");
    return stays_off(tables.error().message);
  }
  if (tables->bytes.size() > map.room_bytes)
    return broken(fmt::format("{} page tables, and room for {}", tables->count,
                              map.room_bytes / granule.bytes()));
  map.decisions = {
      decision_of(work_of(question), granule, *tables, ranges, map.room_bytes, choice.reason)};
  map.tables = std::move(*tables);
  return map;
}

}  // namespace kxf::arm64
