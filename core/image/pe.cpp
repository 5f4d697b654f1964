// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "kxf/pe.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {
namespace {

constexpr std::string_view dos_magic = "MZ";
constexpr std::uint64_t pe_offset_at = 0x3c;
constexpr std::string_view pe_magic("PE\0\0", 4);
constexpr std::uint64_t coff_bytes = 24;  // with the magic
constexpr std::uint64_t section_bytes = 40;
constexpr std::string_view copy_pe_again = "copy the file again";

// The optional header's data directories begin behind its fields, whose number depends on the kind.
constexpr std::uint16_t pe32 = 0x10b;
constexpr std::uint16_t pe32_plus = 0x20b;
constexpr std::uint64_t pe32_directories = 96;
constexpr std::uint64_t pe32_plus_directories = 112;
constexpr std::uint64_t certificate_entry = 4;
constexpr std::uint64_t entry_bytes = 8;

/// What leads to the section table.
struct Headers {
  std::uint16_t machine = 0;
  std::uint64_t optional = 0;  ///< offset of the optional header
  std::uint16_t optional_size = 0;
  std::uint16_t section_count = 0;

  [[nodiscard]] std::uint64_t section(std::uint64_t index) const {
    return optional + optional_size + index * section_bytes;
  }
};

Result<Headers> read_headers(const Bytes& bytes) {
  if (!bytes.has(0, dos_magic)) return refuse("no PE file", "use an EFI program");
  KXF_TRY(at, bytes.read<std::uint32_t>(pe_offset_at));
  if (!bytes.has(at, pe_magic))
    return refuse(fmt::format("no PE header at offset {}, where the file says it is", hex(at)),
                  std::string(copy_pe_again));
  KXF_TRY(machine, bytes.read<std::uint16_t>(std::uint64_t{at} + 4));
  KXF_TRY(count, bytes.read<std::uint16_t>(std::uint64_t{at} + 6));
  KXF_TRY(optional_size, bytes.read<std::uint16_t>(std::uint64_t{at} + 20));
  return Headers{machine, at + coff_bytes, optional_size, count};
}

std::string_view name_in(ByteView field) {
  return text_of(field).substr(0, text_of(field).find('\0'));
}

/// The directory entry of the certificate table, whose address is an offset in the file.
Result<Range> certificates_of(const Bytes& bytes, std::uint64_t optional, std::uint64_t size) {
  if (size < 2) return Range{};
  KXF_TRY(kind, bytes.read<std::uint16_t>(optional));
  if (kind != pe32 && kind != pe32_plus)
    return refuse(fmt::format("an optional header of the unknown kind {:#x}", kind),
                  std::string(copy_pe_again));
  const std::uint64_t directories = kind == pe32 ? pe32_directories : pe32_plus_directories;
  const std::uint64_t entry = directories + certificate_entry * entry_bytes;
  if (size < entry + entry_bytes) return Range{};
  KXF_TRY(count, bytes.read<std::uint32_t>(optional + directories - 4));
  if (count <= certificate_entry) return Range{};
  KXF_TRY(start, bytes.read<std::uint32_t>(optional + entry));
  KXF_TRY(length, bytes.read<std::uint32_t>(optional + entry + 4));
  if (start == 0 || length == 0) return Range{};
  if (!bytes.slice(start, length))
    return refuse(fmt::format("truncated: its certificates are {} bytes at offset {}, and the file "
                              "has {}",
                              length, hex(start), bytes.size_bytes()),
                  std::string(copy_pe_again));
  return Range::sized(start, length);
}

Result<PeSection> section_at(const Bytes& bytes, std::uint64_t header) {
  PeSection section;
  KXF_TRY(name, bytes.slice(header, 8));
  section.name = name_in(name);
  KXF_TRY(memory_size, bytes.read<std::uint32_t>(header + 8));
  KXF_TRY(file_size, bytes.read<std::uint32_t>(header + 16));
  KXF_TRY(offset, bytes.read<std::uint32_t>(header + 20));
  const std::uint32_t size = memory_size == 0 ? file_size : std::min(memory_size, file_size);
  if (size == 0) return section;
  auto contents = bytes.slice(offset, size);
  if (!contents)
    return refuse(
        fmt::format("truncated: its section {} is {} bytes at offset {}, and the file has "
                    "{}",
                    shown(section.name), size, hex(offset), bytes.size_bytes()),
        std::string(copy_pe_again));
  section.bytes = *contents;
  section.memory_bytes = memory_size;
  return section;
}

}  // namespace

bool has_pe_section(ByteView file, std::string_view name) noexcept {
  const Bytes bytes(file);
  const auto headers = read_headers(bytes);
  for (std::uint64_t i = 0; headers && i < headers->section_count; ++i) {
    const auto field = bytes.slice(headers->section(i), 8);
    if (!field) return false;
    if (name_in(*field) == name) return true;
  }
  return false;
}

Result<PeFile> read_pe(ByteView file) {
  const Bytes bytes(file);
  KXF_TRY(headers, read_headers(bytes));
  PeFile pe;
  pe.machine = headers.machine;
  KXF_TRY(certificates, certificates_of(bytes, headers.optional, headers.optional_size));
  pe.certificates = certificates;
  for (std::uint64_t i = 0; i < headers.section_count; ++i) {
    KXF_TRY(section, section_at(bytes, headers.section(i)));
    if (!section.bytes.empty())
      pe.sections_end =
          std::max(pe.sections_end, static_cast<std::uint64_t>(section.bytes.data() - file.data()) +
                                        section.bytes.size());
    pe.sections.push_back(section);
  }
  return pe;
}

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
