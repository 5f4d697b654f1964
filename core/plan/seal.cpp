// SPDX-License-Identifier: Apache-2.0
#include "plan/seal.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace kxf {
namespace {

Status fill_random(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0)
      return refuse(
          std::string("no random bytes for the next kernel's seeds: ") + std::strerror(errno),
          "load when the random number generator is ready");
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

Segment* find(std::vector<Segment>& segments, std::string_view name) {
  const auto found = std::ranges::find(segments, name, &Segment::name);
  return found == segments.end() ? nullptr : &*found;
}

Result<Blob> with_random_seeds(const Blob& tree, const std::vector<SeedPlace>& places) {
  ByteVector bytes(tree.view().begin(), tree.view().end());
  for (const SeedPlace& place : places)
    KXF_CHECK(fill_random(std::span(bytes).subspan(place.offset, place.size)));
  return Blob(std::move(bytes));
}

/// Not worth splitting below this: the last lane would wait for the others.
constexpr std::uint64_t smallest_split = 1U << 20U;

/// Segments of which the purgatory verifies nothing.
std::vector<std::string_view> not_digested(const PlannedLoad& planned) {
  std::vector<std::string_view> names{"purgatory"};  // it cannot hold its own digest
  if (planned.crash && planned.crash->kernel_updates) {
    names.push_back(core_header_segment);
    if (planned.architecture->traits().hotplug_rewrites_tree) names.push_back("dtb");
  }
  return names;
}

/// The bytes of each entry, in up to `parts` runs of one length (the last may be shorter).
Result<std::vector<DigestEntry>> digests_of(const std::vector<Segment>& segments,
                                            const std::vector<std::string_view>& without,
                                            unsigned parts) {
  constexpr std::uint64_t block_bytes = 64;  // of SHA-256
  std::vector<DigestEntry> entries;
  std::vector<ByteView> views;
  for (const Segment& segment : segments) {
    if (segment.bytes.empty() || std::ranges::find(without, segment.name) != without.end())
      continue;
    const std::uint64_t size = segment.bytes.size_bytes();
    const std::uint64_t count = size < smallest_split ? 1 : std::max(parts, 1U);
    const std::uint64_t step = align_up((size + count - 1) / count, block_bytes).value_or(size);
    for (std::uint64_t at = 0; at < size; at += step) {
      const std::uint64_t length = std::min(step, size - at);
      entries.push_back(
          {count == 1 ? segment.name : fmt::format("{}#{}", segment.name, at / step + 1),
           Range::sized(segment.range.start + at, length),
           {}});
      views.push_back(segment.bytes.view().subspan(at, length));
    }
  }
  KXF_TRY(digests, sha256_each(views));
  for (std::size_t i = 0; i < entries.size(); ++i) entries[i].sha256 = digests[i];
  return entries;
}

/// The architecture's last look.
Status check_finished(const PlannedLoad& planned, const Machine& machine,
                      const std::vector<Segment>& segments,
                      const std::vector<DigestEntry>& digests) {
  const PlanParts& parts = planned.plan.parts();
  const ArchitectureQuestion question{machine, planned.image.kernel, parts.memory,
                                      planned.architecture_settings, parts.crash};
  auto checked = planned.architecture->check_finished({question, segments, parts.entry, digests});
  if (!checked) return pass(std::move(checked), "the finished plan");
  return {};
}

}  // namespace

Result<SealedPlan> seal(const PlannedLoad& planned, const Machine& machine, Seeds seeds) {
  const PlanParts& parts = planned.plan.parts();
  SealedPlan sealed{planned.plan, parts.segments, {}, planned.crash, planned.digest};
  if (seeds == Seeds::random && !planned.seeds.empty()) {
    Segment* dtb = find(sealed.segments, "dtb");
    KXF_TRY(seeded, with_random_seeds(dtb->bytes, planned.seeds));
    dtb->bytes = std::move(seeded);
  }
  Segment* purgatory = find(sealed.segments, "purgatory");
  std::vector<DigestEntry> digests;
  if (purgatory != nullptr && planned.digest) {
    const Segment* kernel = planned.plan.segment("kernel");
    const Segment* dtb = planned.plan.segment("dtb");
    KXF_TRY(computed, digests_of(sealed.segments, not_digested(planned),
                                 planned.architecture->traits().digest_parts));
    digests = std::move(computed);
    KXF_TRY(image, planned.architecture->purgatory(
                       {planned.image.kernel, purgatory->range.start,
                        kernel->range.start + planned.image.kernel.entry_offset, dtb->range.start,
                        planned.sink ? &*planned.sink : nullptr, digests, machine,
                        planned.architecture_settings, planned.backup}));
    purgatory->bytes = Blob(std::move(image.bytes));
  }
  if (purgatory != nullptr) KXF_CHECK(check_finished(planned, machine, sealed.segments, digests));

  ReadyPlan& ready = sealed.ready;
  ready.backend = parts.backend;
  ready.crash = parts.crash;
  ready.crash_hotplug = planned.crash && planned.crash->kernel_updates;
  ready.kexec_arch = parts.kexec_arch;
  ready.entry = parts.entry;
  ready.command_line = parts.command_line;
  if (parts.backend == Backend::kexec_load) {
    for (const Segment& segment : sealed.segments)
      ready.segments.push_back({segment.bytes.view(), segment.range, segment.name});
  } else {
    ready.kernel_image = planned.image.bytes.view();
    ready.initrd_image = planned.initrd.view();
  }
  return sealed;
}

}  // namespace kxf
