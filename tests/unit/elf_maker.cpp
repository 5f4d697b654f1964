// SPDX-License-Identifier: Apache-2.0
#include "elf_maker.hpp"

namespace elf_test {
namespace {

using kxf::ByteVector;
using kxf::Endian;

/// Grows by fields in the file's byte order.
class Writer {
 public:
  Writer(Endian endian, bool wide) : endian_(endian), wide_(wide) {}

  template <std::unsigned_integral T>
  void put(T value) {
    const std::size_t at = bytes.size();
    bytes.resize(at + sizeof(T));
    kxf::store(std::span<std::uint8_t>(bytes), at, value, endian_);
  }
  void word(std::uint64_t value) {
    if (wide_)
      put(value);
    else
      put(static_cast<std::uint32_t>(value));
  }
  void half(std::uint64_t value) { put(static_cast<std::uint16_t>(value)); }
  void append(const ByteVector& more) { bytes.insert(bytes.end(), more.begin(), more.end()); }

  ByteVector bytes;

 private:
  Endian endian_;
  bool wide_;
};

void put_segment(Writer& out, const ElfFile& elf, const Segment& segment, std::uint64_t offset) {
  constexpr std::uint32_t flags = 7;
  out.put(segment.type);
  if (elf.wide) out.put(flags);
  out.word(segment.offset.value_or(offset));
  out.word(segment.virtual_address.value_or(segment.physical + elf.virtual_base));
  out.word(segment.physical);
  out.word(segment.file_bytes.value_or(segment.contents.size()));
  out.word(segment.memory_bytes);
  if (!elf.wide) out.put(flags);
  out.word(segment.alignment);
}

void put_section(Writer& out, std::uint32_t name, const Section& section, std::uint64_t offset) {
  out.put(name);
  out.put(section.type);
  out.word(2);  // SHF_ALLOC
  out.word(0);
  out.word(section.offset.value_or(offset));
  out.word(section.size.value_or(section.contents.size()));
  out.put(std::uint32_t{0});
  out.put(std::uint32_t{0});
  out.word(1);
  out.word(0);
}

}  // namespace

ByteVector bytes_of(const ElfFile& elf) {
  std::vector<Section> sections = elf.sections;
  std::string names("\0", 1);
  std::vector<std::uint32_t> name_offsets;
  if (!sections.empty()) {
    sections.insert(sections.begin(), Section{.name = "", .contents = {}, .type = 0});
    sections.push_back({.name = ".shstrtab", .contents = {}, .type = 3});
    for (const Section& section : sections) {
      name_offsets.push_back(section.name.empty() ? 0U : static_cast<std::uint32_t>(names.size()));
      if (!section.name.empty()) names += section.name + '\0';
    }
    sections.back().contents.assign(names.begin(), names.end());
  }
  std::uint64_t at = program_header(elf.wide, elf.segments.size());
  std::vector<std::uint64_t> offsets;
  for (const Segment& segment : elf.segments) {
    offsets.push_back(at);
    at += segment.contents.size();
  }
  for (const Section& section : sections) {
    offsets.push_back(at);
    at += section.contents.size();
  }

  Writer out(elf.endian, elf.wide);
  out.append({0x7f, 'E', 'L', 'F', static_cast<std::uint8_t>(elf.wide ? 2 : 1),
              static_cast<std::uint8_t>(elf.endian == Endian::little ? 1 : 2), 1});
  out.bytes.resize(16);
  out.half(elf.type);
  out.half(elf.machine);
  out.put(std::uint32_t{1});
  out.word(elf.entry);
  out.word(header_bytes(elf.wide));
  out.word(sections.empty() ? 0 : at);
  out.put(elf.flags);
  out.half(header_bytes(elf.wide));
  out.half(elf.wide ? 56 : 32);
  out.half(elf.segments.size());
  out.half(elf.wide ? 64 : 40);
  out.half(sections.size());
  out.half(sections.empty() ? 0 : sections.size() - 1);
  for (std::size_t i = 0; i < elf.segments.size(); ++i)
    put_segment(out, elf, elf.segments[i], offsets[i]);
  for (const Segment& segment : elf.segments) out.append(segment.contents);
  for (const Section& section : sections) out.append(section.contents);
  for (std::size_t i = 0; i < sections.size(); ++i)
    put_section(out, name_offsets[i], sections[i], offsets[elf.segments.size() + i]);
  return out.bytes;
}

}  // namespace elf_test
