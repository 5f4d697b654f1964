// SPDX-License-Identifier: Apache-2.0
#include "plan/seal.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "plan/verified.hpp"

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

/// What is to be verified, with the digests of the bytes.
Result<std::vector<DigestEntry>> digests_of(const PlannedLoad& planned,
                                            const std::vector<Segment>& segments) {
  std::vector<DigestEntry> entries = entries_to_verify(
      segments, planned.architecture->traits(), planned.crash && planned.crash->kernel_updates);
  std::vector<ByteView> views;
  for (const DigestEntry& entry : entries)
    for (const Segment& segment : segments)
      if (segment.range.contains(entry.range))
        views.push_back(segment.bytes.view().subspan(entry.range.start - segment.range.start,
                                                     entry.range.size_bytes()));
  KXF_TRY(digests, sha256_each(views));
  for (std::size_t i = 0; i < entries.size(); ++i) entries[i].sha256 = digests[i];
  return entries;
}

}  // namespace

Result<PurgatoryImage> final_purgatory(const PlannedLoad& planned, const Machine& machine,
                                       std::uint64_t address,
                                       const std::vector<DigestEntry>& digests) {
  const Segment* kernel = planned.plan.segment("kernel");
  const Segment* dtb = planned.plan.segment("dtb");
  return planned.architecture->purgatory(
      {planned.image.kernel, address, kernel->range.start + planned.image.kernel.entry_offset,
       dtb->range.start, planned.sink ? &*planned.sink : nullptr, digests, machine,
       planned.architecture_settings, planned.backup, planned.may_use_mmu,
       planned.bundle ? &planned.bundle->relocation : nullptr, planned.breadcrumb});
}

Status check_finished(const PlannedLoad& planned, const Machine& machine,
                      const std::vector<Segment>& segments, std::uint64_t entry,
                      const std::vector<DigestEntry>& digests) {
  const PlanParts& parts = planned.plan.parts();
  const ArchitectureQuestion question{machine,      planned.image.kernel,
                                      parts.memory, planned.architecture_settings,
                                      parts.crash,  parts.bundle};
  auto checked = planned.architecture->check_finished({question, segments, entry, digests});
  if (!checked) return pass(std::move(checked), "the finished plan");
  return {};
}

Result<SealedPlan> seal(const PlannedLoad& planned, const Machine& machine, Seeds seeds) {
  const PlanParts& parts = planned.plan.parts();
  SealedPlan sealed{planned.plan, parts.segments, {}, planned.crash, planned.digest,
                    {},           planned.bundle};
  if (seeds == Seeds::random && !planned.seeds.empty()) {
    Segment* dtb = find(sealed.segments, "dtb");
    KXF_TRY(seeded, with_random_seeds(dtb->bytes, planned.seeds));
    dtb->bytes = std::move(seeded);
  }
  Segment* purgatory = find(sealed.segments, "purgatory");
  if (purgatory != nullptr && planned.digest) {
    KXF_TRY(computed, digests_of(planned, sealed.segments));
    sealed.digests = std::move(computed);
    KXF_TRY(image, final_purgatory(planned, machine, purgatory->range.start, sealed.digests));
    purgatory->bytes = Blob(std::move(image.bytes));
  }
  if (purgatory != nullptr)
    KXF_CHECK(check_finished(planned, machine, sealed.segments, parts.entry, sealed.digests));

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
