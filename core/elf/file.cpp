// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <string>

#include "kxf/elf.hpp"
#include "kxf/range.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {
namespace {

// System V gABI, "ELF Identification"
constexpr std::string_view magic =
    "\x7f"
    "ELF";
constexpr std::uint64_t class_at = 4;
constexpr std::uint64_t data_at = 5;
constexpr std::uint64_t ident_version_at = 6;
constexpr std::uint64_t machine_at = 18;
constexpr std::uint8_t current_version = 1;

// e_phnum and e_shstrndx with this value refer to section 0 ("extended numbering"): files with
// more than 65,279 sections, which no linked kernel is.
constexpr std::uint64_t extended = 0xffff;

constexpr std::uint32_t no_bits = 8;  // SHT_NOBITS

/// Field offsets and sizes of one ELF class.
struct Layout {
  bool wide;
  std::uint64_t header_bytes, entry, segments, sections, flags, sizes;
  std::uint64_t segment_bytes, section_bytes;
};
constexpr Layout layout32{false, 52, 24, 28, 32, 36, 40, 32, 40};
constexpr Layout layout64{true, 64, 24, 32, 40, 48, 52, 56, 64};

/// A reader of address-sized fields.
class Fields {
 public:
  Fields(ByteView file, const ElfKind& kind)
      : bytes_(file, kind.endian), layout_(kind.wide ? layout64 : layout32) {}

  [[nodiscard]] const Bytes& bytes() const { return bytes_; }
  [[nodiscard]] const Layout& layout() const { return layout_; }
  [[nodiscard]] Result<std::uint64_t> word(std::uint64_t offset) const {
    if (layout_.wide) return bytes_.read<std::uint64_t>(offset);
    KXF_TRY(value, bytes_.read<std::uint32_t>(offset));
    return value;
  }

 private:
  Bytes bytes_;
  const Layout& layout_;
};

Status check_table(const ElfTable& table, std::uint64_t expected_bytes, std::uint64_t file_bytes,
                   std::string_view what) {
  if (table.count == 0) return {};
  if (table.entry_bytes != expected_bytes)
    return refuse(fmt::format("damaged ELF file: it says that a {} header has {} bytes, and one "
                              "has {}",
                              what, table.entry_bytes, expected_bytes),
                  "copy the file again");
  // count is below 2^16 and entry_bytes at most 64: the product is small.
  const std::uint64_t size = table.count * table.entry_bytes;
  if (table.offset <= file_bytes && size <= file_bytes - table.offset) return {};
  return refuse(fmt::format("truncated ELF file: its {} {} headers are {} bytes at offset {}, and "
                            "the file ends at {}",
                            table.count, what, size, hex(table.offset), hex(file_bytes)),
                "copy the file again");
}

struct NamedSection {
  std::uint64_t name = 0;  ///< offset in the table of names
  ElfSection section;
};

Result<NamedSection> read_section(const Fields& fields, const ElfHeader& header,
                                  std::uint64_t index) {
  const std::uint64_t at = header.sections.offset + index * header.sections.entry_bytes;
  const bool wide = fields.layout().wide;
  KXF_TRY(name, fields.bytes().read<std::uint32_t>(at));
  KXF_TRY(type, fields.bytes().read<std::uint32_t>(at + 4));
  KXF_TRY(offset, fields.word(at + (wide ? 24 : 16)));
  KXF_TRY(size, fields.word(at + (wide ? 32 : 20)));
  return NamedSection{name, {type, offset, size}};
}

}  // namespace

std::optional<ElfKind> elf_kind(ByteView file) noexcept {
  if (file.size() < machine_at + 2 || !Bytes(file).has(0, magic)) return std::nullopt;
  const std::uint8_t width = file[class_at];
  const std::uint8_t data = file[data_at];
  if (width < 1 || width > 2 || data < 1 || data > 2) return std::nullopt;
  ElfKind kind;
  kind.wide = width == 2;
  kind.endian = data == 1 ? Endian::little : Endian::big;
  const auto low = file[machine_at + (data == 1 ? 0 : 1)];
  const auto high = file[machine_at + (data == 1 ? 1 : 0)];
  kind.machine = static_cast<std::uint16_t>(high << 8U | low);
  return kind;
}

Result<ElfHeader> read_elf_header(ByteView file) {
  const auto kind = elf_kind(file);
  if (!kind) return broken("read_elf_header() was given no ELF file");
  const Fields fields(file, *kind);
  const Layout& layout = fields.layout();
  if (file.size() < layout.header_bytes)
    return refuse(fmt::format("truncated ELF file: it has {} bytes, its header alone has {}",
                              file.size(), layout.header_bytes),
                  "copy the file again");
  const Bytes& bytes = fields.bytes();
  ElfHeader header;
  header.kind = *kind;
  KXF_TRY(type, bytes.read<std::uint16_t>(16));
  KXF_TRY(version, bytes.read<std::uint32_t>(20));
  KXF_TRY(entry, fields.word(layout.entry));
  KXF_TRY(segments, fields.word(layout.segments));
  KXF_TRY(sections, fields.word(layout.sections));
  KXF_TRY(flags, bytes.read<std::uint32_t>(layout.flags));
  KXF_TRY(header_bytes, bytes.read<std::uint16_t>(layout.sizes));
  KXF_TRY(segment_bytes, bytes.read<std::uint16_t>(layout.sizes + 2));
  KXF_TRY(segment_count, bytes.read<std::uint16_t>(layout.sizes + 4));
  KXF_TRY(section_bytes, bytes.read<std::uint16_t>(layout.sizes + 6));
  KXF_TRY(section_count, bytes.read<std::uint16_t>(layout.sizes + 8));
  KXF_TRY(names, bytes.read<std::uint16_t>(layout.sizes + 10));
  if (version != current_version || file[ident_version_at] != current_version ||
      header_bytes != layout.header_bytes)
    return refuse(fmt::format("damaged ELF file: version {} with a header of {} bytes, instead of "
                              "version 1 with {}",
                              version, header_bytes, layout.header_bytes),
                  "copy the file again");
  if (segment_count == extended)
    return refuse("damaged ELF file: 65535 or more program headers", "copy the file again");
  header.type = type;
  header.entry = entry;
  header.flags = flags;
  header.names = names;
  header.segments = {segments, segment_bytes, segment_count};
  header.sections = {sections, section_bytes, section_count};
  KXF_CHECK(check_table(header.segments, layout.segment_bytes, file.size(), "program"));
  KXF_CHECK(check_table(header.sections, layout.section_bytes, file.size(), "section"));
  return header;
}

Result<std::vector<ElfSegment>> read_segments(ByteView file, const ElfHeader& header) {
  if (!header.kind.wide) return broken("read_segments() was given a 32-bit ELF file");
  const Bytes bytes(file, header.kind.endian);
  std::vector<ElfSegment> segments;
  segments.reserve(header.segments.count);
  for (std::uint64_t i = 0; i < header.segments.count; ++i) {
    const std::uint64_t at = header.segments.offset + i * header.segments.entry_bytes;
    KXF_TRY(type, bytes.read<std::uint32_t>(at));
    KXF_TRY(offset, bytes.read<std::uint64_t>(at + 8));
    KXF_TRY(virtual_address, bytes.read<std::uint64_t>(at + 16));
    KXF_TRY(physical_address, bytes.read<std::uint64_t>(at + 24));
    KXF_TRY(file_bytes, bytes.read<std::uint64_t>(at + 32));
    KXF_TRY(memory_bytes, bytes.read<std::uint64_t>(at + 40));
    KXF_TRY(alignment, bytes.read<std::uint64_t>(at + 48));
    segments.push_back({i, at, type, offset, virtual_address, physical_address, file_bytes,
                        memory_bytes, alignment});
  }
  return segments;
}

Result<std::optional<ElfSection>> find_section(ByteView file, const ElfHeader& header,
                                               std::string_view name) {
  if (header.sections.count == 0) return std::nullopt;
  if (header.names >= header.sections.count)
    return refuse(fmt::format("damaged ELF file: the names of its {} sections are in section {}",
                              header.sections.count, header.names),
                  "copy the file again");
  const Fields fields(file, header.kind);
  KXF_TRY(table, read_section(fields, header, header.names));
  KXF_TRY(names_view, section_bytes(file, table.section, "the table of section names"));
  const Bytes names(names_view);
  std::string wanted(name);
  wanted.push_back('\0');
  for (std::uint64_t i = 0; i < header.sections.count; ++i) {
    KXF_TRY(found, read_section(fields, header, i));
    if (names.has(found.name, wanted)) return found.section;
  }
  return std::nullopt;
}

Result<ByteView> section_bytes(ByteView file, const ElfSection& section, std::string_view name) {
  if (section.type == no_bits)
    return refuse(fmt::format("damaged ELF file: {} has no bytes in the file", name),
                  "copy the file again");
  const std::uint64_t size = file.size();
  if (section.offset > size || section.file_bytes > size - section.offset)
    return refuse(fmt::format("damaged ELF file: {} has {} bytes from offset {}, and the file ends "
                              "at {}",
                              name, hex(section.file_bytes), hex(section.offset), hex(size)),
                  "copy the file again");
  return file.subspan(static_cast<std::size_t>(section.offset),
                      static_cast<std::size_t>(section.file_bytes));
}

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
