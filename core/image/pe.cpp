// SPDX-License-Identifier: Apache-2.0
#include "kxf/pe.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {
namespace {

constexpr std::uint64_t coff_bytes = 24;  ///< with the signature
constexpr std::uint64_t section_bytes = 40;
constexpr std::uint64_t name_bytes = 8;
constexpr std::uint16_t pe32_plus = 0x20b;
constexpr std::uint64_t certificate_directory = 4;
constexpr std::uint64_t directory_bytes = 8;
constexpr std::uint64_t directories_offset = 112;  ///< in the optional header of PE32+

/// "Optional header data directories": entry 4, whose address is a file offset.
Result<Range> read_certificates(const Bytes& image, std::uint64_t optional,
                                std::uint16_t optional_size) {
  KXF_TRY(kind, image.read<std::uint16_t>(optional));
  if (kind != pe32_plus || optional_size < directories_offset) return Range{};
  KXF_TRY(count, image.read<std::uint32_t>(optional + directories_offset - 4));
  const std::uint64_t entry = directories_offset + certificate_directory * directory_bytes;
  if (count <= certificate_directory || optional_size < entry + directory_bytes) return Range{};
  KXF_TRY(start, image.read<std::uint32_t>(optional + entry));
  KXF_TRY(size, image.read<std::uint32_t>(optional + entry + 4));
  if (start == 0 || size == 0) return Range{};
  return Range::sized(start, size);
}

Result<PeSection> read_section(const Bytes& image, std::uint64_t at) {
  KXF_TRY(name, image.slice(at, name_bytes));
  KXF_TRY(memory_bytes, image.read<std::uint32_t>(at + 8));
  KXF_TRY(address, image.read<std::uint32_t>(at + 12));
  KXF_TRY(size, image.read<std::uint32_t>(at + 16));
  KXF_TRY(start, image.read<std::uint32_t>(at + 20));
  const std::string_view text = text_of(name);
  return PeSection{std::string(text.substr(0, text.find('\0'))), memory_bytes, address,
                   Range::sized(start, size)};
}

}  // namespace

Result<PeLayout> read_pe(ByteView file, std::uint64_t at) {
  const Bytes image(file);
  PeLayout layout;
  if (!image.has(at, std::string_view("PE\0\0", 4)))
    return refuse(fmt::format("no PE header at offset {}, where the image says it is", hex(at)),
                  "copy the image again");
  KXF_TRY(machine, image.read<std::uint16_t>(at + 4));
  KXF_TRY(section_count, image.read<std::uint16_t>(at + 6));
  KXF_TRY(optional_size, image.read<std::uint16_t>(at + 20));
  const std::uint64_t optional = at + coff_bytes;
  KXF_TRY(certificates, read_certificates(image, optional, optional_size));
  layout.machine = machine;
  layout.certificates = certificates;
  for (std::uint64_t i = 0; i < section_count; ++i) {
    KXF_TRY(section, read_section(image, optional + optional_size + i * section_bytes));
    layout.sections_end = std::max(layout.sections_end, section.file.end);
    layout.sections.push_back(std::move(section));
  }
  return layout;
}

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
