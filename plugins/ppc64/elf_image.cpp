// SPDX-License-Identifier: Apache-2.0
//
// vmlinux for 64-bit Power, in either byte order and with either ABI.
//
// What the ELF file says and what is done with it:
//
//   PT_LOAD      all of them move together: the lowest physical address becomes the kernel's start.
//                Memory is counted by p_memsz, which has the BSS, not by p_filesz.
//   p_paddr      where the kernel was linked for. It only matters to a kernel that cannot move.
//   e_entry      has to be the kernel's first byte, because that is where kexec enters: the old
//                kernel copies the first 0x100 bytes of what it enters to address 0 and sends the
//                other CPUs to 0x60 there. With the ABI ELFv1 e_entry may also be the address of a
//                function descriptor, whose first word is the entry (64-bit PowerPC ELF ABI
//                Supplement 1.9, section 3.2.5).
//   e_flags      bits 0 and 1: the ABI (OpenPOWER ELF V2 ABI Specification, section 4.1); 0 says
//                nothing and stands for ELFv1
//
// The other CPUs always arrive in big-endian mode. A little-endian kernel can take them only
// because its code at 0x60 begins with the bytes 48 00 00 08: in big-endian mode a branch to code
// that turns the CPU round, in the other an instruction without effect (tdi 0,0,0x48). So does the
// code at 0; and big-endian kernels have the same the other way round. A file with other code there
// would hang after the jump.
#include <fmt/format.h>

#include <algorithm>

#include "ppc64/power_elf.hpp"
#include "ppc64/ppc64.hpp"
#include "ppc64/zimage.hpp"

namespace kxf::ppc64 {
namespace {

constexpr std::uint64_t header_bytes = 64;
// How code begins that takes CPUs of either byte order, read as a big-endian number: in a
// little-endian kernel "b .+8" for a big-endian CPU, in a big-endian one "b .+8" for the other.
constexpr std::uint32_t turn_round = 0x48000008;
constexpr std::uint32_t turn_round_big = 0x08000048;
constexpr std::uint32_t opcode_branch = 18;  // Power ISA v3.0B, Book I, section 2.4
constexpr std::uint64_t secondary_entry = 0x60;
constexpr std::uint64_t copied_to_zero = 0x100;
// The page size of the running kernel may be 64 KiB, and a relocated kernel moves in such steps.
constexpr std::uint64_t base_alignment = 64 * 1024;
// Real mode ignores the top bits of an address (Power ISA v3.0B, Book III, section 5.7.3), so
// 0xc000000000000000 is the same place as 0.
constexpr std::uint64_t real_address_mask = (std::uint64_t{1} << 60U) - 1;

constexpr std::uint32_t abi_mask = 3;
constexpr std::uint32_t abi_v2 = 2;

constexpr std::string_view copy_again = "copy or build the kernel again";

/// What the function descriptor at `address` points to; nothing when no segment has its bytes.
std::optional<std::uint64_t> descriptor_at(ByteView file, Endian endian,
                                           const std::vector<ElfSegment>& loaded,
                                           std::uint64_t address) {
  for (const ElfSegment& segment : loaded) {
    if (address < segment.virtual_address) continue;
    const Bytes bytes(segment_bytes(file, segment), endian);
    if (const auto target = bytes.read<std::uint64_t>(address - segment.virtual_address))
      return *target;
  }
  return std::nullopt;
}

/// Does the file's own entry point say the same as the entry contract: the first byte?
Status check_entry_point(ByteView file, const ElfHeader& header,
                         const std::vector<ElfSegment>& loaded, Record& record) {
  const std::uint64_t first = loaded.front().virtual_address;
  if (header.entry == first) return {};
  const std::uint32_t abi = header.flags & abi_mask;
  const auto elsewhere = [first](std::string_view what) {
    return refuse(fmt::format("the entry point of this ELF file is not the kernel's first byte {}, "
                              "where kexec enters it: {}",
                              hex(first), what),
                  "use the kernel's vmlinux");
  };
  if (abi == abi_v2) return elsewhere(fmt::format("it is {}", hex(header.entry)));
  const auto target = descriptor_at(file, header.kind.endian, loaded, header.entry);
  if (!target)
    return elsewhere(
        fmt::format("it is {}, and no function descriptor is there", hex(header.entry)));
  if (*target == first) {
    record.decide("kernel entry", "its first byte",
                  fmt::format("the function descriptor at {} says the same", hex(header.entry)));
    return {};
  }
  if (*target == 0 && header.type == elf_dynamic) {
    record.decide(
        "kernel entry", "its first byte",
        fmt::format("the function descriptor at {} is still to be relocated", hex(header.entry)));
    return {};
  }
  return elsewhere(
      fmt::format("its function descriptor at {} says {}", hex(header.entry), hex(*target)));
}

/// Can CPUs enter this code in big-endian mode? `at_start` and `at_hold` are the words at 0 and
/// 0x60 as big-endian numbers.
bool takes_big_endian_cpus(Endian endian, std::uint32_t at_start, std::uint32_t at_hold) {
  if (endian == Endian::little) return at_start == turn_round && at_hold == turn_round;
  if (at_start == turn_round_big) return at_hold == turn_round_big;
  // Before Linux 3.13 a big-endian kernel did not turn anything round: it begins with a branch.
  return at_start >> 26U == opcode_branch && at_hold != 0;
}

/// Has the kernel the code at its beginning that CPUs run when they arrive?
Status check_first_bytes(ByteView head, Endian endian) {
  if (head.size() < copied_to_zero)
    return refuse(fmt::format("damaged ELF kernel: its first program header has {} bytes in the "
                              "file, and the first {} are what the CPUs run first",
                              head.size(), copied_to_zero),
                  std::string(copy_again));
  const Bytes bytes(head, Endian::big);
  KXF_TRY(at_start, bytes.read<std::uint32_t>(0));
  KXF_TRY(at_hold, bytes.read<std::uint32_t>(secondary_entry));
  if (takes_big_endian_cpus(endian, at_start, at_hold)) return {};
  return refuse(
      fmt::format("no kernel that kexec can enter: it begins with the bytes {:08x} and has {:08x} "
                  "at {}; a {}-endian vmlinux has {:08x} in both places, for CPUs that arrive in "
                  "big-endian mode (a boot wrapper without its section headers has not)",
                  at_start, at_hold, hex(secondary_entry), name_of(endian),
                  endian == Endian::little ? turn_round : turn_round_big),
      "use the kernel's vmlinux");
}

/// Would kexec_file_load of Linux 6.1 put this kernel together as it has to be? The reason why not
/// (kernel/kexec_elf.c: each PT_LOAD gets the first hole above its p_paddr).
std::string file_load_problem(const std::vector<ElfSegment>& loaded) {
  const ElfSegment& first = loaded.front();
  if (loaded.size() > 1)
    return fmt::format(
        "it has {} loadable segments, and the running kernel would place each on "
        "its own instead of all together",
        loaded.size());
  if (first.physical_address > real_address_mask)
    return fmt::format(
        "its physical address {} is a virtual one, and the running kernel looks for "
        "memory above it",
        hex(first.physical_address));
  if (first.alignment < base_alignment)
    return fmt::format(
        "its alignment is {} bytes, and the running kernel would put it there "
        "instead of at a multiple of 64 KiB",
        first.alignment);
  return {};
}

KernelSpec describe_kernel(ByteView file, const ElfHeader& header,
                           const std::vector<ElfSegment>& loaded) {
  const std::uint64_t start = loaded.front().physical_address;
  KernelSpec spec;
  spec.machine = "ppc64";
  spec.endian = header.kind.endian;
  spec.base_alignment = base_alignment;
  spec.placement = Placement::anywhere;
  for (const ElfSegment& segment : loaded)
    spec.parts.push_back(
        {segment_bytes(file, segment), segment.physical_address - start, segment.memory_bytes});
  spec.memory_size = spec.parts.back().memory_offset + spec.parts.back().memory_size;
  // Linkers make relocatable little-endian kernels ET_EXEC, too. Whether this is one, the kernel
  // says in its first bytes, and the architecture reads it there.
  if (header.type == elf_executable)
    spec.window = Range::sized(start & real_address_mask, spec.memory_size);
  spec.file_load_reason = file_load_problem(loaded);
  spec.file_load = spec.file_load_reason.empty();
  return spec;
}

class ElfImage final : public ImageFormat {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "ppc64-elf"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "vmlinux for 64-bit Power, little- or big-endian, ABI ELFv1 or ELFv2";
  }

  [[nodiscard]] Probe probe(ByteView image) const noexcept override {
    const auto kind = power_elf(image);
    if (!kind || kind->machine != machine_power64 || wraps_kernel(image)) return {};
    if (!kind->wide)
      return {ProbeVerdict::damaged, "an ELF file for 64-bit Power whose header has 32-bit fields"};
    if (image.size() < header_bytes)
      return {ProbeVerdict::damaged,
              fmt::format("truncated ELF kernel: it has {} bytes, its header alone has {}",
                          image.size(), header_bytes)};
    return {ProbeVerdict::mine, {}};
  }

  [[nodiscard]] Result<ImageContents> parse(ByteView image, const ImageQuestion& /*question*/,
                                            Record& record) const noexcept override {
    KXF_TRY(header, read_elf_header(image));
    if ((header.flags & abi_mask) == abi_mask)
      return refuse(
          fmt::format("e_flags {:#x} names an ABI that 64-bit Power does not have", header.flags),
          std::string(copy_again));
    KXF_TRY(loaded, read_kernel_segments(image, header));
    KXF_CHECK(check_first_bytes(segment_bytes(image, loaded.front()), header.kind.endian));
    KXF_CHECK(check_entry_point(image, header, loaded, record));
    ImageContents contents;
    contents.kernel = describe_kernel(image, header, loaded);
    return contents;
  }
};

}  // namespace

const ImageFormat& elf_image() {
  static const ElfImage format;
  return format;
}

}  // namespace kxf::ppc64
