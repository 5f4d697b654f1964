// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <string>

#include "kxf/elf.hpp"
#include "kxf/range.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {
namespace {

constexpr std::uint64_t largest_kernel_bytes = std::uint64_t{4} << 30U;

// System V gABI, p_type
constexpr std::uint32_t segment_load = 1;
constexpr std::uint32_t segment_interpreter = 3;

constexpr std::string_view copy_again = "copy or build the kernel again";

tl::unexpected<Error> bad_segment(const ElfSegment& segment, std::string_view what) {
  return refuse(fmt::format("damaged ELF kernel: program header {} at offset {} {}", segment.index,
                            hex(segment.header_at), what),
                std::string(copy_again));
}

Status check_type(const ElfHeader& header) {
  if (header.type == elf_executable || header.type == elf_dynamic) return {};
  return refuse(fmt::format("an ELF file of type {}, which is {}, and no kernel", header.type,
                            header.type == 1   ? "a relocatable object (or a module)"
                            : header.type == 4 ? "a core dump"
                                               : "not an executable"),
                "use the kernel's vmlinux");
}

Status check_segment(const ElfSegment& segment, std::uint64_t file_bytes) {
  if (segment.file_bytes > segment.memory_bytes)
    return bad_segment(segment, fmt::format("has {} bytes in the file and only {} in memory",
                                            hex(segment.file_bytes), hex(segment.memory_bytes)));
  if (segment.physical_address > UINT64_MAX - segment.memory_bytes ||
      segment.virtual_address > UINT64_MAX - segment.memory_bytes)
    return bad_segment(segment,
                       fmt::format("wraps: {} bytes from physical address {}, virtual {}",
                                   hex(segment.memory_bytes), hex(segment.physical_address),
                                   hex(segment.virtual_address)));
  if (segment.alignment > 1 && !is_power_of_two(segment.alignment))
    return bad_segment(segment, fmt::format("has the alignment {}, which is not a power of two",
                                            hex(segment.alignment)));
  if (segment.offset > file_bytes || segment.file_bytes > file_bytes - segment.offset)
    return refuse(
        fmt::format("truncated ELF kernel: program header {} at offset {} describes {} bytes from "
                    "offset {}, and the file ends at {}",
                    segment.index, hex(segment.header_at), hex(segment.file_bytes),
                    hex(segment.offset), hex(file_bytes)),
        "copy the kernel again");
  return {};
}

}  // namespace

Result<std::vector<ElfSegment>> read_kernel_segments(ByteView file, const ElfHeader& header) {
  KXF_CHECK(check_type(header));
  KXF_TRY(all, read_segments(file, header));
  std::vector<ElfSegment> loaded;
  for (const ElfSegment& segment : all) {
    if (segment.type == segment_interpreter)
      return refuse("an ELF program for an operating system (it names an interpreter), no kernel",
                    "use the kernel's vmlinux");
    if (segment.type != segment_load || (segment.memory_bytes == 0 && segment.file_bytes == 0))
      continue;
    KXF_CHECK(check_segment(segment, file.size()));
    if (!loaded.empty()) {
      const ElfSegment& before = loaded.back();
      if (segment.physical_address < before.physical_address)
        return bad_segment(
            segment, fmt::format("is out of order: physical address {} behind {}",
                                 hex(segment.physical_address), hex(before.physical_address)));
      if (segment.physical_address < before.physical_address + before.memory_bytes)
        return bad_segment(
            segment, fmt::format("overlaps program header {}: it begins at {}, and that ends at {}",
                                 before.index, hex(segment.physical_address),
                                 hex(before.physical_address + before.memory_bytes)));
    }
    loaded.push_back(segment);
  }
  if (loaded.empty())
    return refuse("damaged ELF kernel: none of its program headers loads anything",
                  std::string(copy_again));
  const std::uint64_t size =
      loaded.back().physical_address + loaded.back().memory_bytes - loaded.front().physical_address;
  if (size > largest_kernel_bytes)
    return bad_segment(
        loaded.back(),
        fmt::format("makes the kernel larger than 4 GiB: it would need {} bytes", hex(size)));
  return loaded;
}

ByteView segment_bytes(ByteView file, const ElfSegment& segment) noexcept {
  return file.subspan(static_cast<std::size_t>(segment.offset),
                      static_cast<std::size_t>(segment.file_bytes));
}

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
