// SPDX-License-Identifier: Apache-2.0
//
// The first bytes of a bundle. To firmware, and to kexec, it is a kernel image; what it does is
// told in purgatory/bundle_head.S.
#include "arm64/arm64.hpp"
#include "arm64/image_header.hpp"
#include "arm64/purgatory/params.h"
#include "purgatory/blob.hpp"

namespace kxf::arm64 {
namespace {

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

}  // namespace

Result<ByteVector> make_bundle_head(const BundleQuestion& question) {
  KXF_CHECK(check_firmware(question.machine));
  KXF_TRY(start, bundle_start());
  KXF_TRY(head, purgatory::bundle_head(start, KXF_BUNDLE_PLACES, Endian::little, question));
  store(std::span(head), KXF_BUNDLE_IMAGE_SIZE, head.size() + question.payload_bytes,
        Endian::little);
  return head;
}

}  // namespace kxf::arm64
