// SPDX-License-Identifier: Apache-2.0
#include "machine/excerpt.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "crash/elf_core.hpp"
#include "kxf/range.hpp"
#include "machine/file.hpp"

namespace kxf {
namespace {

/// Headers and notes are a few KiB; a kcore that claims more is not one.
constexpr std::uint64_t kcore_limit_bytes = 4U << 20U;

constexpr std::array<std::string_view, 14> symbols{
    "_text",           "_stext",         "_etext",           "_sinittext",    "_einittext",
    "__init_begin",    "__init_end",     "_sdata",           "_edata",        "_end",
    "vmcoreinfo_note", "kimage_voffset", "page_offset_base", "kernstart_addr"};

/// Calls `take` with each line, with its newline.
template <class Take>
void for_each_line(std::string_view text, Take&& take) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    take(text.substr(0, end));
    text.remove_prefix(end);
  }
}

/// The text is about addresses, and has only zeros in their places.
bool hidden(std::string_view text, std::string_view address_characters) {
  bool any = false;
  bool zero = true;
  for_each_line(text, [&](std::string_view line) {
    const std::size_t start = std::min(line.find_first_not_of(' '), line.size());
    const std::size_t end =
        std::min(line.find_first_not_of(address_characters, start), line.size());
    if (start == end) return;
    any = true;
    zero =
        zero && line.substr(start, end - start).find_first_not_of("0-") == std::string_view::npos;
  });
  return any && zero;
}

/// How many bytes the headers and notes take, as far as `bytes` tell: more than they are, when
/// they do not reach that far.
Result<std::uint64_t> size_of_notes(ByteView bytes, const std::filesystem::path& path) {
  const auto no_core = [&](auto&& failed) {
    return pass(std::forward<decltype(failed)>(failed),
                fmt::format("\"{}\" is no ELF64 core file", path.native()));
  };
  Result<ElfCoreStart> start = elf_core_start(bytes);
  if (!start) return no_core(std::move(start));
  if (start->table.end > bytes.size()) return start->table.end;
  Result<std::vector<Elf64_Phdr>> entries = elf_core_entries(bytes, *start);
  if (!entries) return no_core(std::move(entries));
  std::uint64_t end = start->table.end;
  for (const Elf64_Phdr& entry : *entries)
    if (entry.p_type == PT_NOTE)
      end = std::max(end, Range::sized(entry.p_offset, entry.p_filesz).end);
  return end;
}

}  // namespace

Result<ByteVector> kcore_excerpt(const std::filesystem::path& path) {
  // Never one byte more than headers and notes: behind them is memory.
  std::uint64_t size = sizeof(Elf64_Ehdr);
  for (;;) {
    KXF_TRY(bytes, read_prefix(path, size));
    if (bytes.size() < size)
      return refuse(fmt::format("\"{}\" ends at byte {}, its headers and notes at {}",
                                path.native(), bytes.size(), size));
    KXF_TRY(needed, size_of_notes(bytes, path));
    if (needed <= size) return std::move(bytes);
    if (needed > kcore_limit_bytes)
      return refuse(
          fmt::format("\"{}\" claims {} of headers and notes", path.native(), size_text(needed)));
    size = needed;
  }
}

ByteVector kallsyms_excerpt(ByteView kallsyms) {
  ByteVector kept;
  for_each_line(text_of(kallsyms), [&](std::string_view line) {
    // "ffff800008000000 T _text"; a symbol of a module has "\t[module]" behind it
    const std::size_t space = line.rfind(' ');
    if (space == std::string_view::npos) return;
    std::string_view symbol = line.substr(space + 1);
    if (symbol.ends_with('\n')) symbol.remove_suffix(1);
    if (std::find(symbols.begin(), symbols.end(), symbol) != symbols.end())
      kept.insert(kept.end(), line.begin(), line.end());
  });
  return kept;
}

bool kallsyms_hidden(ByteView kallsyms) { return hidden(text_of(kallsyms), "0123456789abcdef"); }
bool iomem_hidden(ByteView iomem) { return hidden(text_of(iomem), "-0123456789abcdef"); }

}  // namespace kxf
