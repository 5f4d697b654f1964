// SPDX-License-Identifier: Apache-2.0
#include "elf/object.hpp"

#include <elf.h>
#include <fmt/format.h>
#include <gelf.h>
#include <libelf.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <utility>

#include "kxf/range.hpp"

// The linker's name for the first byte of this program: its own ELF header.
extern "C" const ElfW(Ehdr) __ehdr_start [[gnu::visibility("hidden")]];  // NOLINT: its name

namespace kxf {
namespace {

// Far more than a linker puts there; keeps a forged size from costing memory.
constexpr std::uint64_t note_segment_limit_bytes = 1U << 20U;

using ElfHandle = std::unique_ptr<Elf, decltype(&elf_end)>;

struct MachineName {
  std::uint16_t machine;
  unsigned word_bits;
  std::string_view little;  ///< empty: there is no such machine
  std::string_view big;
};

/// Numbers of the System V ABI's registry, names as compilers give them in their triplets.
constexpr std::array machine_names = {
    MachineName{183, 64, "aarch64", "aarch64_be"},
    MachineName{40, 32, "arm", "armeb"},
    MachineName{3, 32, "i386", ""},
    MachineName{62, 64, "x86-64", ""},
    MachineName{62, 32, "x32", ""},
    MachineName{21, 64, "powerpc64le", "powerpc64"},
    MachineName{20, 32, "powerpcle", "powerpc"},
    MachineName{243, 64, "riscv64", ""},
    MachineName{243, 32, "riscv32", ""},
    MachineName{22, 64, "", "s390x"},
    MachineName{8, 64, "mips64el", "mips64"},
    MachineName{8, 32, "mipsel", "mips"},
    MachineName{258, 64, "loongarch64", ""},
};

tl::unexpected<Error> damaged(std::string what) {
  return refuse("damaged ELF file: " + std::move(what),
                "build or copy the file again, it is not complete");
}

tl::unexpected<Error> libelf_error() {
  const char* text = elf_errmsg(-1);
  return damaged(text != nullptr ? text : "unknown error");
}

/// The notes of one segment; `alignment` is that of the segment, 8 or else 4 (gABI chapter 5,
/// "Note Section", as GNU tools read it).
Status add_notes(ByteView segment, Endian endian, std::uint64_t alignment,
                 std::vector<ElfNote>& notes) {
  constexpr std::uint64_t header_bytes = 12;
  const Bytes bytes(segment, endian);
  std::uint64_t at = 0;
  while (at + header_bytes <= bytes.size_bytes()) {
    KXF_TRY(owner_size, bytes.read<std::uint32_t>(at));
    KXF_TRY(contents_size, bytes.read<std::uint32_t>(at + 4));
    KXF_TRY(type, bytes.read<std::uint32_t>(at + 8));
    const std::uint64_t owner_at = at + header_bytes;
    // 32-bit sizes on top of a bounded offset: these sums cannot wrap.
    const std::uint64_t contents_at = *align_up(owner_at + owner_size, alignment);
    KXF_TRY(owner, bytes.slice(owner_at, owner_size));
    KXF_TRY(contents, bytes.slice(contents_at, contents_size));
    std::string_view name = text_of(owner);
    if (name.ends_with('\0')) name.remove_suffix(1);
    notes.push_back({std::string(name), type, ByteVector(contents.begin(), contents.end())});
    at = *align_up(contents_at + contents_size, alignment);
  }
  return {};
}

/// libelf leaves out in silence what lies behind the end of the file.
Status check_complete(const GElf_Ehdr& header, std::size_t segments,
                      std::uint64_t file_size_bytes) {
  if (header.e_phnum != PN_XNUM && header.e_phnum != segments)
    return damaged(fmt::format("{} program headers at offset {}, the file has {} bytes",
                               header.e_phnum, header.e_phoff, file_size_bytes));
  // The section headers usually end the file: it was cut when they do not fit.
  const std::uint64_t sections_bytes = std::uint64_t{header.e_shnum} * header.e_shentsize;
  if (header.e_shoff > file_size_bytes || sections_bytes > file_size_bytes - header.e_shoff)
    return damaged(fmt::format("{} section headers at offset {}, the file has {} bytes",
                               header.e_shnum, header.e_shoff, file_size_bytes));
  return {};
}

Result<ElfObject> read_object(Elf* elf, std::uint64_t file_size_bytes) {
  GElf_Ehdr header{};
  if (elf_kind(elf) != ELF_K_ELF)
    return refuse("not an ELF file", "give a shared object that was built for this machine");
  if (gelf_getehdr(elf, &header) == nullptr) return libelf_error();

  const Endian endian = header.e_ident[EI_DATA] == ELFDATA2MSB ? Endian::big : Endian::little;
  const unsigned word_bits = header.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
  ElfObject object;
  object.machine = elf_machine_name(header.e_machine, word_bits, endian);
  object.shared_object = header.e_type == ET_DYN;

  std::size_t count = 0;
  if (elf_getphdrnum(elf, &count) != 0) return libelf_error();
  KXF_CHECK(check_complete(header, count, file_size_bytes));
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr segment{};
    if (gelf_getphdr(elf, static_cast<int>(i), &segment) == nullptr) return libelf_error();
    if (segment.p_offset > file_size_bytes || segment.p_filesz > file_size_bytes - segment.p_offset)
      return damaged(fmt::format("segment {} is {} bytes at offset {}, the file has {}", i,
                                 segment.p_filesz, segment.p_offset, file_size_bytes));
    if (segment.p_type != PT_NOTE || segment.p_filesz == 0) continue;
    const std::string where = fmt::format("note segment at offset {}", segment.p_offset);
    if (segment.p_filesz > note_segment_limit_bytes)
      return damaged(where + ": larger than " + size_text(note_segment_limit_bytes));
    const Elf_Data* data = elf_getdata_rawchunk(elf, static_cast<std::int64_t>(segment.p_offset),
                                                segment.p_filesz, ELF_T_BYTE);
    if (data == nullptr) return libelf_error();
    const ByteView view(static_cast<const std::uint8_t*>(data->d_buf), data->d_size);
    if (auto added = add_notes(view, endian, segment.p_align == 8 ? 8 : 4, object.notes); !added)
      return damaged(where + ": " + added.error().message);
  }
  return object;
}

}  // namespace

std::string elf_machine_name(std::uint16_t machine, unsigned word_bits, Endian endian) {
  for (const MachineName& known : machine_names) {
    const std::string_view name = endian == Endian::little ? known.little : known.big;
    if (known.machine == machine && known.word_bits == word_bits && !name.empty())
      return std::string(name);
  }
  return fmt::format("machine {}, {}-bit, {}-endian", machine, word_bits, name_of(endian));
}

std::string own_elf_machine() {
  return elf_machine_name(
      __ehdr_start.e_machine, __ehdr_start.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32,
      __ehdr_start.e_ident[EI_DATA] == ELFDATA2MSB ? Endian::big : Endian::little);
}

Result<ElfObject> read_elf_object(int descriptor) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
    return refuse("not a regular file", "give the path of a shared object");
  elf_version(EV_CURRENT);
  // Not mapped: a file that shrinks while it is read gives an error, not a signal.
  const ElfHandle elf(elf_begin(descriptor, ELF_C_READ, nullptr), &elf_end);
  if (!elf) return libelf_error();
  return read_object(elf.get(), static_cast<std::uint64_t>(status.st_size));
}

Result<ElfObject> read_elf_object(ByteView bytes) {
  elf_version(EV_CURRENT);
  // libelf reads from the buffer only; its signature is older than const.
  const ElfHandle elf(elf_memory(const_cast<char*>(text_of(bytes).data()), bytes.size()),  // NOLINT
                      &elf_end);
  if (!elf) return libelf_error();
  return read_object(elf.get(), bytes.size());
}

}  // namespace kxf
