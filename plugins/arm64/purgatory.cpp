// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "arm64/arm64.hpp"
#include "arm64/identity_map.hpp"
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
    .relocation_offset = offsetof(kxf_params, relocation),
};
static_assert(offsetof(kxf_params, console) == 0);

/// That registers are aligned is checked for every architecture: with the MMU off memory is Device,
/// and an unaligned access faults.
Status check_step(const SinkStep& step) {
  if (step.op != SinkOp::firmware) return {};
  return refuse("the console is behind a firmware call, which the arm64 purgatory cannot make",
                "choose a console sink with registers, or none");
}

/// What the purgatory reads of its tables, into the parameters.
void put_map(purgatory::FilledBlob& filled, const IdentityMap& map, std::uint64_t tables_at) {
  const PageTables& tables = *map.tables;
  const TranslationRegisters registers = registers_for(*map.granule, tables_at, tables);
  const auto put = [&](std::size_t field, auto value) {
    filled.put(offsetof(kxf_params, mmu) + field, value);
  };
  put(offsetof(kxf_mmu, tables), tables_at);
  put(offsetof(kxf_mmu, tables_size), std::uint64_t{tables.bytes.size()});
  put(offsetof(kxf_mmu, tables_sum), sum_of(tables.bytes));
  put(offsetof(kxf_mmu, ttbr0), registers.ttbr0);
  put(offsetof(kxf_mmu, mair), registers.mair);
  put(offsetof(kxf_mmu, tcr_two_ranges), registers.tcr_two_ranges);
  put(offsetof(kxf_mmu, tcr_one_range), registers.tcr_one_range);
  put(offsetof(kxf_mmu, granule_bits), std::uint32_t{map.granule->bits()});
  put(offsetof(kxf_mmu, first_level), std::uint32_t{map.granule->first_level(tables.va_bits)});
  put(offsetof(kxf_mmu, va_bits), std::uint32_t{tables.va_bits});
  put(offsetof(kxf_mmu, output_bits), std::uint32_t{tables.output_bits});
  static_assert(KXF_OWN_MAPPINGS == 4, "code, data, console, breadcrumb");
  for (std::size_t i = 0; i < map.own.size(); ++i) {
    const std::size_t at = offsetof(kxf_mmu, own) + i * sizeof(kxf_mapping);
    put(at + offsetof(kxf_mapping, start), map.own[i].range.start);
    put(at + offsetof(kxf_mapping, end), map.own[i].range.end);
    put(at + offsetof(kxf_mapping, attributes), attributes_of(map.own[i].access));
  }
}

ByteView pristine_purgatory() { return {kxf_arm64_purgatory_blob, kxf_arm64_purgatory_blob_size}; }

}  // namespace

Result<ByteView> bundle_start() {
  const ByteView blob = pristine_purgatory();
  KXF_TRY(header, purgatory::read_header(format, blob));
  return blob.subspan(header.bundle_offset);
}

Result<PurgatoryImage> make_purgatory(const PurgatoryQuestion& question) {
  const ByteView blob = pristine_purgatory();
  KXF_TRY(header, purgatory::read_header(format, blob));
  KXF_CHECK(purgatory::check_question(format, header, question));
  if (question.kernel_entry % 4 != 0)
    return refuse(fmt::format("the kernel's entry {} is no address of an arm64 instruction",
                              hex(question.kernel_entry)),
                  "check the kernel image");
  if (question.sink != nullptr)
    KXF_CHECK(purgatory::check_console(format, *question.sink, check_step));
  KXF_TRY(no_icache, purgatory::is_second(format, question.settings, icache_setting, "on", "off"));
  KXF_TRY(portable_sha, purgatory::wants_portable_sha256(format, question.settings));
  KXF_TRY(map,
          plan_identity_map(question, {{0, blob.size()}, {KXF_DATA_OFFSET, header.memory_size}}));

  purgatory::FilledBlob filled(format, header, blob);
  filled.put_console(question.sink);
  filled.put_breadcrumb(question.breadcrumb);
  filled.put(offsetof(kxf_params, kernel_entry), question.kernel_entry);
  filled.put(offsetof(kxf_params, tree), question.tree_address);
  filled.put<std::uint32_t>(
      offsetof(kxf_params, flags),
      (no_icache ? 0U : KXF_FLAG_ICACHE) | (portable_sha ? KXF_FLAG_PORTABLE_SHA : 0U));
  filled.put_digests(question.digests);
  filled.put_relocation(question.relocation);
  if (map.tables) put_map(filled, map, question.own_address + map.tables_offset);
  PurgatoryImage image = std::move(filled).take();
  image.decisions = map.decisions;
  if (!map.granule) return image;
  // Room for tables wherever everything will be; the old kernel zeroes what they do not fill.
  image.memory_size = map.tables_offset + map.room_bytes;
  image.alignment = std::max(image.alignment, map.granule->bytes());
  if (map.tables) {
    image.bytes.resize(map.tables_offset);
    image.bytes.insert(image.bytes.end(), map.tables->bytes.begin(), map.tables->bytes.end());
  }
  return image;
}

}  // namespace kxf::arm64
