// SPDX-License-Identifier: Apache-2.0
#include "elf/object.hpp"

#include <doctest/doctest.h>
#include <elf.h>
#include <fcntl.h>
#include <rapidcheck.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "kxf/range.hpp"

namespace elf_files_test {
namespace {

using namespace kxf;

struct Shape {
  unsigned word_bits = 64;
  Endian endian = Endian::little;
  std::uint16_t machine = EM_AARCH64;
  std::uint16_t type = ET_DYN;
};

struct Note {
  std::string owner;
  std::uint32_t type = 1;
  std::string contents;
};

void put(ByteVector& out, std::uint64_t value, std::size_t width, Endian endian) {
  for (std::size_t i = 0; i < width; ++i)
    out.push_back(
        static_cast<std::uint8_t>(value >> 8 * (endian == Endian::little ? i : width - 1 - i)));
}

ByteVector note_segment(const std::vector<Note>& notes, Endian endian, std::size_t alignment) {
  ByteVector out;
  const auto pad = [&] { out.resize(*align_up(out.size(), alignment)); };
  for (const Note& note : notes) {
    put(out, note.owner.size() + 1, 4, endian);
    put(out, note.contents.size(), 4, endian);
    put(out, note.type, 4, endian);
    out.insert(out.end(), note.owner.begin(), note.owner.end());
    out.push_back(0);
    pad();
    out.insert(out.end(), note.contents.begin(), note.contents.end());
    pad();
  }
  return out;
}

/// An ELF file that has one PT_NOTE and nothing else (gABI chapter 4 and 5).
ByteVector elf_file(const Shape& shape, const ByteVector& notes, std::size_t alignment = 4) {
  const bool wide = shape.word_bits == 64;
  const std::size_t word = wide ? 8 : 4;
  const std::size_t header_size = wide ? 64 : 52;
  const std::size_t segment_size = wide ? 56 : 32;
  ByteVector out = {
      0x7f,
      'E',
      'L',
      'F',
      static_cast<std::uint8_t>(wide ? ELFCLASS64 : ELFCLASS32),
      static_cast<std::uint8_t>(shape.endian == Endian::big ? ELFDATA2MSB : ELFDATA2LSB),
      EV_CURRENT};
  out.resize(16);
  const auto add = [&](std::uint64_t value, std::size_t width) {
    put(out, value, width, shape.endian);
  };
  add(shape.type, 2), add(shape.machine, 2), add(EV_CURRENT, 4);
  add(0, word), add(header_size, word), add(0, word), add(0, 4);
  add(header_size, 2), add(segment_size, 2), add(1, 2), add(0, 2), add(0, 2), add(0, 2);
  const std::size_t at = header_size + segment_size;
  add(PT_NOTE, 4);
  if (wide) add(PF_R, 4);
  add(at, word), add(at, word), add(at, word), add(notes.size(), word), add(notes.size(), word);
  if (!wide) add(PF_R, 4);
  add(alignment, word);
  out.insert(out.end(), notes.begin(), notes.end());
  return out;
}

const std::vector<Note> two_notes = {{"GNU", 3, "build id"}, {"kxf", 1, "name=x\n"}};

}  // namespace

TEST_CASE("elf: notes are read in every class, byte order and alignment") {
  for (const unsigned word_bits : {32U, 64U})
    for (const Endian endian : {Endian::little, Endian::big})
      for (const std::size_t alignment : {4U, 8U}) {
        CAPTURE(word_bits);
        CAPTURE(alignment);
        CAPTURE(name_of(endian));
        const auto object =
            read_elf_object(elf_file({.word_bits = word_bits, .endian = endian},
                                     note_segment(two_notes, endian, alignment), alignment));
        REQUIRE(object);
        CHECK(object->shared_object);
        REQUIRE(object->notes.size() == 2);
        for (std::size_t i = 0; i < 2; ++i) {
          CHECK(object->notes[i].owner == two_notes[i].owner);
          CHECK(object->notes[i].type == two_notes[i].type);
          CHECK(text_of(object->notes[i].contents) == two_notes[i].contents);
        }
      }
}

TEST_CASE("elf: machines are named with byte order and class") {
  CHECK(elf_machine_name(EM_AARCH64, 64, Endian::little) == "aarch64");
  CHECK(elf_machine_name(EM_AARCH64, 64, Endian::big) == "aarch64_be");
  CHECK(elf_machine_name(EM_PPC64, 64, Endian::little) == "powerpc64le");
  CHECK(elf_machine_name(EM_PPC64, 64, Endian::big) == "powerpc64");
  CHECK(elf_machine_name(EM_X86_64, 64, Endian::little) == "x86-64");
  CHECK(elf_machine_name(EM_X86_64, 32, Endian::little) == "x32");
  CHECK(elf_machine_name(0x1234, 32, Endian::big) == "machine 4660, 32-bit, big-endian");
  const auto foreign = read_elf_object(elf_file(
      {.word_bits = 64, .endian = Endian::big, .machine = EM_S390, .type = ET_EXEC}, ByteVector()));
  REQUIRE(foreign);
  CHECK(foreign->machine == "s390x");
  CHECK_FALSE(foreign->shared_object);
}

TEST_CASE("elf: this program's own machine is that of its file") {
  const int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  REQUIRE(self >= 0);
  const auto object = read_elf_object(self);
  close(self);
  REQUIRE(object);
  CHECK(object->machine == own_elf_machine());
}

TEST_CASE("elf: what is not a complete ELF file is refused") {
  CHECK(read_elf_object(bytes_of("no such thing")).error().message == "not an ELF file");
  CHECK(read_elf_object(ByteView()).error().message.find("ELF") != std::string::npos);

  const ByteVector notes = note_segment(two_notes, Endian::little, 4);
  const ByteVector whole = elf_file({}, notes);
  CHECK(read_elf_object(ByteView(whole).first(whole.size() - 1)).error().message ==
        "damaged ELF file: segment 0 is " + std::to_string(notes.size()) +
            " bytes at offset 120, the file has " + std::to_string(whole.size() - 1));

  ByteVector owner_too_long = whole;
  owner_too_long[120] = 0xff;
  CHECK(read_elf_object(owner_too_long)
            .error()
            .message.starts_with("damaged ELF file: note segment at offset 120: "));
}

TEST_CASE("elf: every cut of a file is read or refused, never more") {
  const ByteVector whole = elf_file({}, note_segment(two_notes, Endian::little, 4));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(read_elf_object(ByteVector(whole.begin(), whole.begin() + std::ptrdiff_t(size))));
  }
}

TEST_CASE("elf: damaged bytes never read outside the file") {
  const ByteVector whole = elf_file({}, note_segment(two_notes, Endian::little, 4));
  CHECK(rc::check([&](const std::vector<std::pair<std::uint16_t, std::uint8_t>>& changes) {
    ByteVector bytes = whole;
    for (const auto& [at, value] : changes) bytes[at % bytes.size()] = value;
    if (const auto object = read_elf_object(bytes))
      for (const ElfNote& note : object->notes) RC_ASSERT(note.contents.size() <= bytes.size());
  }));
}

}  // namespace elf_files_test
