// SPDX-License-Identifier: Apache-2.0
//
// The first bytes of a bundle. To firmware, and to kexec, it is a kernel image; what it does is
// told in purgatory/bundle_head.S.
#include <fmt/format.h>

#include "arm64/arm64.hpp"
#include "arm64/image_header.hpp"
#include "arm64/purgatory/params.h"

namespace kxf::arm64 {
namespace {

static_assert(move_alignment == KXF_BUNDLE_BLOCK);
static_assert(KXF_BUNDLE_PLACES == image_header_bytes);

/// A tree that a bundle brings along speaks of the boot that it was captured in. What EFI hands to
/// a kernel (memory map, ACPI tables, runtime services) is somewhere else after each reset.
Status check_firmware(const Machine& machine) {
  const DeviceTree* tree = machine.device_tree();
  const auto chosen = tree == nullptr ? std::nullopt : tree->find("/chosen");
  if (!chosen || !chosen->has("linux,uefi-system-table")) return {};
  return refuse(
      "this machine was started by EFI, whose tables are at another place after each reset, and a "
      "bundle has a device tree of its own that would name the present one",
      "make the bundle from a capture of a machine that firmware starts with a device tree");
}

Status check_place(const BundlePurgatory& purgatory) {
  if (purgatory.address % KXF_BLOB_ALIGNMENT == 0 && !purgatory.bytes.empty() &&
      purgatory.bytes.size() <= purgatory.memory_size)
    return {};
  return broken(
      fmt::format("a bundle's purgatory of {} bytes goes to {}, which is no page or has "
                  "{} bytes only",
                  purgatory.bytes.size(), hex(purgatory.address), purgatory.memory_size));
}

void append_whole_blocks(ByteVector& head, ByteView bytes) {
  head.insert(head.end(), bytes.begin(), bytes.end());
  head.resize(align_up(head.size(), KXF_BUNDLE_BLOCK).value_or(head.size()));
}

}  // namespace

Result<ByteVector> make_bundle_head(const BundleQuestion& question) {
  KXF_CHECK(check_firmware(question.machine));
  KXF_TRY(start, bundle_start());
  ByteVector head;
  append_whole_blocks(head, start);
  const auto put = [&](std::size_t at, std::uint64_t value) {
    store(std::span(head), at, value, Endian::little);
  };
  std::size_t place = KXF_BUNDLE_PLACES;
  for (const BundlePurgatory& purgatory : question.purgatories) {
    KXF_CHECK(check_place(purgatory));
    const std::size_t offset = head.size();
    append_whole_blocks(head, purgatory.bytes);
    put(place + offsetof(kxf_bundle_place, address), purgatory.address);
    put(place + offsetof(kxf_bundle_place, memory_size), purgatory.memory_size);
    put(place + offsetof(kxf_bundle_place, offset), offset);
    put(place + offsetof(kxf_bundle_place, size_bytes), head.size() - offset);
    put(place + offsetof(kxf_bundle_place, entry), purgatory.address + purgatory.entry_offset);
    place += sizeof(kxf_bundle_place);
  }
  put(KXF_BUNDLE_IMAGE_SIZE, head.size() + question.payload_bytes);
  return head;
}

}  // namespace kxf::arm64
