// SPDX-License-Identifier: Apache-2.0
//
// vmlinux for arm64, in either byte order.
//
// The kernel's Image is its vmlinux without the ELF file around it: the PT_LOADs at their distances
// from each other. So everything that an Image tells is told here by the same header, at e_entry,
// and the ELF file only says where the bytes are:
//
//   PT_LOAD      all of them move together. What lies in front of e_entry (the linker may put the
//                ELF header into memory) is no part of the kernel.
//   p_paddr      the same as p_vaddr, since the kernel is entered wherever it is. It only gives the
//                distances.
//   e_entry      the kernel's first byte: its header, where kexec enters it
//   p_memsz      with the BSS. image_size says the same; the larger one counts.
//
// Before Linux 3.17 image_size is 0. An Image then leaves the BSS to a guess; here p_memsz has it.
#include <fmt/format.h>

#include <algorithm>
#include <kxf/elf.hpp>
#include <kxf/range.hpp>

#include "arm64/arm64.hpp"
#include "arm64/image_header.hpp"

namespace kxf::arm64 {
namespace {

constexpr std::uint16_t machine_aarch64 = 183;  // EM_AARCH64
constexpr std::uint64_t elf_header_bytes = 64;
constexpr std::string_view copy_again = "copy or build the kernel again";
constexpr std::string_view use_vmlinux = "use the kernel's vmlinux or its Image";

/// The PT_LOADs from the kernel's first byte on: the first one begins there.
Result<std::vector<KernelPart>> parts_from_entry(ByteView file, const ElfHeader& header,
                                                 const std::vector<ElfSegment>& loaded) {
  const ElfSegment& first = loaded.front();
  if (header.entry < first.virtual_address ||
      header.entry - first.virtual_address >= first.file_bytes)
    return refuse(fmt::format("the entry point {} of this ELF file is not in its first segment, "
                              "which has {} bytes at {}",
                              hex(header.entry), hex(first.file_bytes), hex(first.virtual_address)),
                  std::string(use_vmlinux));
  const std::uint64_t skipped = header.entry - first.virtual_address;
  const std::uint64_t start = first.physical_address + skipped;
  std::vector<KernelPart> parts;
  for (const ElfSegment& segment : loaded) {
    const bool is_first = parts.empty();
    const ByteView bytes = segment_bytes(file, segment);
    parts.push_back({is_first ? bytes.subspan(static_cast<std::size_t>(skipped)) : bytes,
                     is_first ? 0 : segment.physical_address - start,
                     segment.memory_bytes - (is_first ? skipped : 0)});
  }
  return parts;
}

Status describe_header(ByteView first_bytes, Endian endian, KernelSpec& spec, Record& record) {
  if (!has_image_magic(first_bytes))
    return refuse(
        "no kernel that kexec can enter: there is no header of an arm64 kernel at its entry "
        "point (a stripped or relinked vmlinux keeps it, other programs have none)",
        std::string(use_vmlinux));
  KXF_TRY(header, read_image_header(first_bytes));
  const KernelPart& last = spec.parts.back();
  spec.memory_size = last.memory_offset + last.memory_size;
  if (header.image_size == 0) {
    spec.endian = old_image_endian(header);
    spec.placement = Placement::lowest;
    spec.base_offset = old_text_offset;
    record.decide("kernel size", size_text(spec.memory_size),
                  "image_size is 0; the ELF file says it with p_memsz");
  } else {
    KXF_CHECK(check_image_header(header));
    describe_flags(header, spec);
    spec.base_offset = header.text_offset;
    spec.memory_size = std::max(spec.memory_size, header.image_size);
  }
  if (spec.endian == endian) return {};
  return refuse(
      fmt::format("damaged ELF kernel: the file is {}-endian and the header of the kernel "
                  "in it says {}-endian",
                  name_of(endian), name_of(spec.endian)),
      std::string(copy_again));
}

class ElfImage final : public ImageFormat {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "arm64-elf"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "vmlinux for arm64, little- or big-endian";
  }

  [[nodiscard]] Probe probe(ByteView image) const noexcept override {
    const auto kind = elf_kind(image);
    if (!kind || kind->machine != machine_aarch64) return {};
    if (!kind->wide)
      return {ProbeVerdict::damaged, "an ELF file for arm64 whose header has 32-bit fields"};
    if (image.size() < elf_header_bytes)
      return {ProbeVerdict::damaged,
              fmt::format("truncated ELF kernel: it has {} bytes, its header alone has {}",
                          image.size(), elf_header_bytes)};
    return {ProbeVerdict::mine, {}};
  }

  [[nodiscard]] Result<ImageContents> parse(ByteView image, const ImageQuestion& /*question*/,
                                            Record& record) const noexcept override {
    KXF_TRY(header, read_elf_header(image));
    KXF_TRY(loaded, read_kernel_segments(image, header));
    KXF_TRY(parts, parts_from_entry(image, header, loaded));
    KernelSpec spec;
    describe_any(spec);
    spec.parts = std::move(parts);
    KXF_CHECK(describe_header(spec.parts.front().bytes, header.kind.endian, spec, record));
    spec.file_load_reason = "it is an ELF file, and the running kernel reads an Image only";
    ImageContents contents;
    contents.kernel = std::move(spec);
    return contents;
  }
};

}  // namespace

const ImageFormat& elf_image() {
  static const ElfImage format;
  return format;
}

}  // namespace kxf::arm64
