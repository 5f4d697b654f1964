// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "arm64/arm64.hpp"
#include "arm64/purgatory/params.h"
#include "purgatory/blob.hpp"

// The blob that kxf_purgatory_blob() made.
extern "C" const std::uint8_t kxf_arm64_purgatory_blob[];
extern "C" const std::size_t kxf_arm64_purgatory_blob_size;

namespace kxf::arm64 {
namespace {

constexpr purgatory::BlobFormat format{
    .architecture = "arm64",
    .endian = Endian::little,
    .magic = KXF_BLOB_MAGIC,
    .header_offset = KXF_BLOB_HEADER_OFFSET,
    .params_size = sizeof(kxf_params),
    .digest_count_offset = offsetof(kxf_params, digest_count),
    .digests_offset = offsetof(kxf_params, digests),
    .max_digests = KXF_MAX_DIGESTS,
};
static_assert(offsetof(kxf_params, console) == 0);

/// That registers are aligned is checked for every architecture: with the MMU off memory is Device,
/// and an unaligned access faults.
Status check_step(const SinkStep& step) {
  if (step.op != SinkOp::firmware) return {};
  return refuse("the console is behind a firmware call, which the arm64 purgatory cannot make",
                "choose a console sink with registers, or none");
}

Result<bool> icache_wanted(const Settings& settings) {
  const auto found = settings.find(icache_setting);
  if (found == settings.end() || found->second == "on") return true;
  if (found->second == "off") return false;
  return refuse(fmt::format("setting {} of the architecture arm64 is \"{}\", it takes on or off",
                            icache_setting, found->second),
                fmt::format("set {} to on or off", icache_setting));
}

}  // namespace

Result<PurgatoryImage> make_purgatory(const PurgatoryQuestion& question) {
  const ByteView blob(kxf_arm64_purgatory_blob, kxf_arm64_purgatory_blob_size);
  KXF_TRY(header, purgatory::read_header(format, blob));
  KXF_CHECK(purgatory::check_question(format, header, question));
  if (question.kernel_entry % 4 != 0)
    return refuse(fmt::format("the kernel's entry {} is no address of an arm64 instruction",
                              hex(question.kernel_entry)),
                  "check the kernel image");
  if (question.sink != nullptr)
    KXF_CHECK(purgatory::check_console(format, *question.sink, check_step));
  KXF_TRY(icache, icache_wanted(question.settings));

  purgatory::FilledBlob filled(format, header, blob);
  filled.put_console(question.sink);
  filled.put(offsetof(kxf_params, kernel_entry), question.kernel_entry);
  filled.put(offsetof(kxf_params, tree), question.tree_address);
  filled.put<std::uint32_t>(offsetof(kxf_params, flags), icache ? KXF_FLAG_ICACHE : 0);
  filled.put_digests(question.digests);
  return std::move(filled).take();
}

}  // namespace kxf::arm64
