// SPDX-License-Identifier: Apache-2.0
#include "image/confined_image.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "image/findings_bytes.hpp"
#include "image/output_memory.hpp"

namespace kxf {
namespace {

/// Working memory of codecs: the dictionaries of xz and zstd are the largest of it.
constexpr std::uint64_t working_memory_bytes = 512ULL << 20U;

/// Room for everything that is unpacked from one file. Address space alone; what is more is an
/// error that says so.
std::uint64_t output_room(std::uint64_t limit_bytes) {
  constexpr std::uint64_t for_small_parts = 128ULL << 20U;
  constexpr std::uint64_t most = 1ULL << 40U;
  return 2 * std::min(limit_bytes, most) + for_small_parts;
}

/// A plugin's word: only what is registered can have found the kernel.
Status check_format(const ImageFindings& findings, const Registry& registry) {
  if (!findings.image) return {};
  for (const auto& format : registry.all<ImageFormat>())
    if (format.implementation->name() == findings.image->format) return {};
  return refuse(fmt::format("the answer of the confined child names the format \"{}\", which is "
                            "not there",
                            shown(findings.image->format)),
                "use another file, or remove or replace the plugin that reads it");
}

}  // namespace

Result<ConfinedFindings> unwrap_as_policy_says(const ImageFile& file, const Registry& registry,
                                               const Policy& policy, Record& record, bool digests) {
  UnwrapOptions options{.output = nullptr, .doing = nullptr, .digests = digests};
  if (!policy.sandbox) {
    record.decide("sandbox", "none: formats and codecs run in kxf itself", "--no-sandbox");
    return ConfinedFindings{unwrap_image(file, registry, policy, record, options), {}};
  }
  const std::string who = fmt::format("kernel \"{}\"", file.path);
  KXF_TRY(output, OutputMemory::create(output_room(policy.unpack_limit.value)));
  ChildLimits limits;
  limits.memory_bytes = working_memory_bytes;
  limits.time = std::chrono::seconds(policy.unpack_seconds.value);
  std::optional<ImageFindings> alive;  // in the child: what is dropped takes its pages with it
  auto done = run_confined(who, limits, [&](Doing& doing) {
    Record written;
    options.output = output;
    options.doing = &doing;
    alive = unwrap_image(file, registry, policy, written, options);
    return findings_to_bytes(*alive, written, {file.bytes, Blob(nullptr, output->range())});
  });
  if (!done) return tl::unexpected(std::move(done).error());
  KXF_TRY(unpacked, OutputMemory::seal(std::move(output)));
  auto findings = findings_from_bytes(done->answer, {file.bytes, unpacked}, record);
  if (!findings) return pass(std::move(findings), who);
  if (auto known = check_format(*findings, registry); !known) return pass(std::move(known), who);
  return ConfinedFindings{std::move(*findings), std::move(done->not_confined)};
}

}  // namespace kxf
