// SPDX-License-Identifier: Apache-2.0
#include "elf/dynamic.hpp"

#include <elf.h>
#include <fmt/format.h>
#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <memory>

namespace kxf {
namespace {

using ElfHandle = std::unique_ptr<Elf, decltype(&elf_end)>;

constexpr std::string_view remedy = "build it with kxf_add_plugin() and do not take it apart";

/// The text at `offset` of a string table; empty when it is not in there.
std::string text_at(Elf* elf, GElf_Shdr const& section, std::uint64_t offset) {
  const char* const text = elf_strptr(elf, section.sh_link, offset);
  return text == nullptr ? std::string() : std::string(text);
}

void add_symbols(Elf* elf, Elf_Scn* section, const GElf_Shdr& header, ElfDynamic& dynamic) {
  Elf_Data* const data = elf_getdata(section, nullptr);
  const std::uint64_t count =
      data == nullptr || header.sh_entsize == 0 ? 0 : header.sh_size / header.sh_entsize;
  for (std::uint64_t i = 0; i < count; ++i) {
    GElf_Sym symbol{};
    if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) return;
    const auto binding = GELF_ST_BIND(symbol.st_info);
    const auto visibility = GELF_ST_VISIBILITY(symbol.st_other);
    if (symbol.st_shndx == SHN_UNDEF || binding == STB_LOCAL || visibility == STV_HIDDEN ||
        visibility == STV_INTERNAL)
      continue;
    dynamic.exported.push_back(text_at(elf, header, symbol.st_name));
  }
}

void add_tags(Elf* elf, Elf_Scn* section, const GElf_Shdr& header, ElfDynamic& dynamic) {
  Elf_Data* const data = elf_getdata(section, nullptr);
  const std::uint64_t count =
      data == nullptr || header.sh_entsize == 0 ? 0 : header.sh_size / header.sh_entsize;
  for (std::uint64_t i = 0; i < count; ++i) {
    GElf_Dyn tag{};
    if (gelf_getdyn(data, static_cast<int>(i), &tag) == nullptr || tag.d_tag == DT_NULL) return;
    const std::uint64_t value = tag.d_un.d_val;
    switch (tag.d_tag) {
      case DT_NEEDED: dynamic.needed.push_back(text_at(elf, header, value)); break;
      case DT_TEXTREL: dynamic.text_relocations = true; break;
      case DT_BIND_NOW: dynamic.bound_at_load = true; break;
      case DT_FLAGS:
        dynamic.bound_at_load = dynamic.bound_at_load || (value & DF_BIND_NOW) != 0;
        dynamic.text_relocations = dynamic.text_relocations || (value & DF_TEXTREL) != 0;
        break;
      case DT_FLAGS_1:
        dynamic.bound_at_load = dynamic.bound_at_load || (value & DF_1_NOW) != 0;
        dynamic.never_unloaded = (value & DF_1_NODELETE) != 0;
        break;
      default: break;
    }
  }
}

void add_segments(Elf* elf, ElfDynamic& dynamic) {
  std::size_t count = 0;
  dynamic.executable_stack = true;
  if (elf_getphdrnum(elf, &count) != 0) return;
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr segment{};
    if (gelf_getphdr(elf, static_cast<int>(i), &segment) == nullptr) return;
    if (segment.p_type == PT_GNU_RELRO) dynamic.read_only_relocations = true;
    if (segment.p_type == PT_GNU_STACK) dynamic.executable_stack = (segment.p_flags & PF_X) != 0;
  }
}

}  // namespace

Result<ElfDynamic> read_elf_dynamic(ByteView file) {
  elf_version(EV_CURRENT);
  // libelf reads from the buffer only; its signature is older than const.
  const ElfHandle elf(elf_memory(const_cast<char*>(text_of(file).data()), file.size()),  // NOLINT
                      &elf_end);
  if (!elf || elf_kind(elf.get()) != ELF_K_ELF)
    return refuse("not an ELF file", std::string(remedy));
  ElfDynamic dynamic;
  bool has_symbols = false;
  bool has_tags = false;
  Elf_Scn* section = nullptr;
  while ((section = elf_nextscn(elf.get(), section)) != nullptr) {
    GElf_Shdr header{};
    if (gelf_getshdr(section, &header) == nullptr) continue;
    if (header.sh_type == SHT_DYNSYM) {
      has_symbols = true;
      add_symbols(elf.get(), section, header, dynamic);
    }
    if (header.sh_type == SHT_DYNAMIC) {
      has_tags = true;
      add_tags(elf.get(), section, header, dynamic);
    }
  }
  if (!has_symbols || !has_tags)
    return refuse("it has no section with dynamic symbols or none with dynamic tags",
                  std::string(remedy));
  add_segments(elf.get(), dynamic);
  std::ranges::sort(dynamic.exported);
  return dynamic;
}

}  // namespace kxf
