// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "ppc64/ppc64.hpp"
#include "ppc64/purgatory/exceptions.h"
#include "ppc64/purgatory/params.h"
#include "purgatory/blob.hpp"

// The blob that kxf_purgatory_blob() made.
extern "C" const std::uint8_t kxf_ppc64_purgatory_blob[];
extern "C" const std::size_t kxf_ppc64_purgatory_blob_size;

namespace kxf::ppc64 {
namespace {

static_assert(head_bytes == KXF_FIRST_BYTES);
static_assert(own_head_bytes == KXF_OWN_FIRST_BYTES);
static_assert(offsetof(kxf_params, console) == 0);

constexpr purgatory::BlobFormat format{
    .architecture = "ppc64",
    .endian = Endian::big,
    .magic = KXF_BLOB_MAGIC,
    .header_offset = KXF_BLOB_HEADER_OFFSET,
    .params_size = sizeof(kxf_params),
    .digest_count_offset = offsetof(kxf_params, digest_count),
    .digests_offset = offsetof(kxf_params, digests),
    .max_digests = KXF_MAX_DIGESTS,
    .backup_offset = offsetof(kxf_params, backup),
    .relocation_offset = offsetof(kxf_params, relocation),
};

ByteView pristine_blob() { return {kxf_ppc64_purgatory_blob, kxf_ppc64_purgatory_blob_size}; }

/// Errors: these bytes do not begin as the blob does, which version they are, where they end.
Result<purgatory::BlobHeader> read_header(ByteView blob) {
  KXF_TRY(header, purgatory::read_header(format, blob));
  if (!std::ranges::equal(blob.first(own_head_bytes), pristine_blob().first(own_head_bytes)))
    return broken("ppc64 purgatory: its first two words are not the branches to its code");
  return header;
}

/// Who answers SinkOp::firmware, and what the next kernel finds in r8 and r9.
struct Firmware {
  bool hypervisor = false;
  std::uint64_t opal_base = 0;
  std::uint64_t opal_entry = 0;

  [[nodiscard]] bool is_opal() const { return opal_entry != 0; }
};

/// Errors: OPAL without its addresses.
Result<Firmware> firmware_of(const Machine& machine) {
  Firmware firmware;
  const DeviceTree* tree = machine.device_tree();
  if (tree == nullptr) return firmware;
  // skiboot, doc/device-tree/ibm,opal.rst
  if (const auto opal = tree->find("/ibm,opal")) {
    const auto base = opal->number("opal-base-address");
    const auto entry = opal->number("opal-entry-address");
    if (!base || !entry || *entry == 0)
      return refuse(
          "the device tree's /ibm,opal does not say where OPAL is (opal-base-address and "
          "opal-entry-address)",
          "use the device tree of the running system");
    firmware.opal_base = *base;
    firmware.opal_entry = *entry;
    return firmware;
  }
  // Power Architecture Platform Reference, "RTAS Node Properties": what a partition has.
  const auto rtas = tree->find("/rtas");
  firmware.hypervisor = rtas && rtas->has("ibm,hypertas-functions");
  return firmware;
}

/// That registers are aligned is checked for every architecture: caching-inhibited accesses must be
/// (Power ISA, Book III).
Status check_step(const SinkStep& step, const Firmware& firmware) {
  if (step.op == SinkOp::firmware) {
    if (firmware.is_opal() || firmware.hypervisor) return {};
    return refuse(
        "the console is behind firmware, and the device tree shows neither OPAL "
        "(/ibm,opal) nor a hypervisor (/rtas with ibm,hypertas-functions)",
        "choose a console sink with registers, or none");
  }
  // In real mode only a hypervisor reaches registers: Power ISA, Book III, "Load and Store Caching
  // Inhibited Instructions".
  if (firmware.is_opal()) return {};
  return refuse(
      "the console has registers, which the ppc64 purgatory reaches on machines "
      "with OPAL only, and the device tree shows no /ibm,opal",
      "choose a console behind the hypervisor, or none");
}

constexpr Range vectors{KXF_VECTORS, KXF_VECTORS_END};

/// The purgatory has vectors of its own there while it works, and the old kernel's in its memory
/// (purgatory/exceptions.h).
Status check_vectors(const PurgatoryQuestion& question) {
  if (question.own_address == 0) return {};  // placeholders
  for (const DigestEntry& digest : question.digests)
    if (digest.range.overlaps(vectors))
      return broken(
          fmt::format("segment {} ({}) is to be verified, and the ppc64 purgatory has its "
                      "exception vectors in {}",
                      digest.name, to_text(digest.range), to_text(vectors)));
  if (question.relocation != nullptr)
    for (const BundleMove& move : question.relocation->moves)
      if (move.destination.overlaps(vectors))
        return broken(
            fmt::format("a segment is to be brought to {}, and the ppc64 purgatory has its "
                        "exception vectors in {}",
                        to_text(move.destination), to_text(vectors)));
  if (question.backup && question.backup->source.overlaps(vectors) &&
      !question.backup->source.contains(vectors))
    return broken(fmt::format("{} is to be saved, which is a part of the exception vectors in {}",
                              to_text(question.backup->source), to_text(vectors)));
  return {};
}

/// The purgatory is big-endian whatever the kernels are, and ramoops has the kernels' byte order.
/// Real mode reaches all of memory on a machine with OPAL; a partition reaches the beginning of its
/// own, and that does not outlive its reset.
Status check_breadcrumb(const Breadcrumb& breadcrumb, const Firmware& firmware) {
  if (breadcrumb.form != Breadcrumb::Form::record)
    return refuse("the ppc64 purgatory writes no ramoops: its byte order is not the kernels'",
                  "give purgatory.breadcrumb an address");
  if (firmware.is_opal()) return {};
  return refuse(
      "the ppc64 purgatory leaves a breadcrumb on machines with OPAL only: the memory of a "
      "partition does not outlive its reset",
      "set purgatory.breadcrumb to none");
}

}  // namespace

Result<ByteView> bundle_start() {
  KXF_TRY(header, read_header(pristine_blob()));
  return pristine_blob().subspan(header.bundle_offset);
}

Result<PurgatoryImage> make_purgatory(const PurgatoryQuestion& question) {
  KXF_TRY(header, read_header(pristine_blob()));
  KXF_CHECK(purgatory::check_question(format, header, question));
  if (question.kernel_entry % 4 != 0)
    return refuse(fmt::format("the kernel's entry {} is no address of a Power instruction",
                              hex(question.kernel_entry)),
                  "check the kernel image");
  KXF_CHECK(check_vectors(question));
  KXF_TRY(firmware, firmware_of(question.machine));
  if (question.sink != nullptr)
    KXF_CHECK(purgatory::check_console(
        format, *question.sink, [&](const SinkStep& step) { return check_step(step, firmware); }));
  KXF_TRY(portable_sha, purgatory::wants_portable_sha256(format, question.settings));
  if (question.breadcrumb) KXF_CHECK(check_breadcrumb(*question.breadcrumb, firmware));
  KXF_TRY(head, kernel_head(question.kernel));
  if (head.size() != head_bytes)
    return broken(
        fmt::format("{} bytes of the kernel's head instead of {}", head.size(), head_bytes));

  std::uint32_t flags = 0;
  if (question.kernel.endian == Endian::little) flags |= KXF_FLAG_KERNEL_LITTLE;
  if (firmware.is_opal()) flags |= KXF_FLAG_OPAL;
  if (firmware.hypervisor) flags |= KXF_FLAG_HYPERVISOR;
  if (portable_sha) flags |= KXF_FLAG_PORTABLE_SHA;
  purgatory::FilledBlob filled(format, header, pristine_blob());
  std::copy(head.begin() + own_head_bytes, head.end(), filled.bytes().begin() + own_head_bytes);
  filled.put_console(question.sink);
  filled.put_breadcrumb(question.breadcrumb);
  filled.put(offsetof(kxf_params, kernel), question.kernel_entry);
  filled.put(offsetof(kxf_params, tree), question.tree_address);
  filled.put(offsetof(kxf_params, opal_base), firmware.opal_base);
  filled.put(offsetof(kxf_params, opal_entry), firmware.opal_entry);
  filled.put(offsetof(kxf_params, flags), flags);
  filled.put_digests(question.digests);
  filled.put_backup(question.backup);
  filled.put_relocation(question.relocation);
  return std::move(filled).take();
}

Result<PurgatoryContents> read_purgatory(ByteView purgatory) {
  KXF_TRY(header, read_header(purgatory));
  KXF_TRY(block, Bytes(purgatory).slice(header.params_offset, sizeof(kxf_params)));
  const Bytes params(block, format.endian);
  KXF_TRY(kernel, params.read<std::uint64_t>(offsetof(kxf_params, kernel)));
  KXF_TRY(tree, params.read<std::uint64_t>(offsetof(kxf_params, tree)));
  KXF_TRY(opal_base, params.read<std::uint64_t>(offsetof(kxf_params, opal_base)));
  KXF_TRY(opal_entry, params.read<std::uint64_t>(offsetof(kxf_params, opal_entry)));
  KXF_TRY(flags, params.read<std::uint32_t>(offsetof(kxf_params, flags)));
  PurgatoryContents contents;
  contents.kernel_address = kernel;
  contents.tree_address = tree;
  contents.opal_base = opal_base;
  contents.opal_entry = opal_entry;
  contents.kernel_little_endian = (flags & KXF_FLAG_KERNEL_LITTLE) != 0;
  KXF_TRY(digests, kxf::purgatory::read_digests(format, params));
  contents.digests = std::move(digests);
  KXF_TRY(backup, kxf::purgatory::read_backup(format, params));
  contents.backup = backup;
  return contents;
}

}  // namespace kxf::ppc64
