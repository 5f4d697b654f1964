// SPDX-License-Identifier: Apache-2.0
//
// The first bytes of a bundle. To OPAL's firmware it is an ELF file; what it does is told in
// purgatory/bundle_head.S.
#include <array>

#include "ppc64/platform.hpp"
#include "ppc64/ppc64.hpp"
#include "ppc64/purgatory/params.h"
#include "purgatory/blob.hpp"

namespace kxf::ppc64 {
namespace {

Status check_bundle_firmware(const Machine& machine) {
  const DeviceTree* tree = machine.device_tree();
  if (tree == nullptr || platform_of(*tree) == Platform::powernv) return {};
  return refuse(
      "this machine is a partition of a hypervisor, where Open Firmware starts a kernel, gives no "
      "device tree but calls to ask for one, and chooses the places of its own code anew each time",
      "make the bundle from a capture of a PowerNV machine, or load into the running partition");
}

}  // namespace

Result<ByteVector> make_bundle_head(const BundleQuestion& question) {
  KXF_CHECK(check_bundle_firmware(question.machine));
  KXF_TRY(start, bundle_start());
  KXF_TRY(head, purgatory::bundle_head(start, KXF_BUNDLE_PLACES, Endian::big, question));
  const std::uint64_t image_bytes = head.size() + question.payload_bytes;
  constexpr std::array<std::size_t, 3> sizes{KXF_BUNDLE_FILE_SIZE, KXF_BUNDLE_MEMORY_SIZE,
                                             KXF_BUNDLE_SECTION_SIZE};
  for (const std::size_t field : sizes) store(std::span(head), field, image_bytes, Endian::big);
  return std::move(head);
}

}  // namespace kxf::ppc64
