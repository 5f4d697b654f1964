// SPDX-License-Identifier: Apache-2.0
//
// EFI zboot, vmlinuz.efi (Linux, drivers/firmware/efi/libstub/zboot-header.S and Makefile.zboot): a
// PE program for UEFI that unpacks the kernel in it. kexec cannot run a PE program, so the kernel
// is taken out. The header, little-endian:
//
//      0  "MZ\0\0"
//      4  "zimg"
//      8  u32 offset of the packed kernel in the file
//     12  u32 its size; behind it, but for gzip, the build appends the unpacked size
//     24  char compression[]: as Linux's build calls it, ends with a zero
//     56  u32 0x818223cd, which tells a kernel from other programs; since 6.2
//     60  u32 offset of the PE header
//
// A signature is a certificate table behind the program. It covers the program with the packed
// kernel in it, for UEFI; the kernel that is taken out has none of its own as a rule.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <kxf/pe.hpp>
#include <kxf/range.hpp>

#include "formats/formats.hpp"

namespace kxf::formats {
namespace {

constexpr std::string_view program_magic = "MZ";
constexpr std::string_view zboot_magic = "zimg";
constexpr std::size_t zboot_magic_at = 4;
constexpr std::size_t zboot_header_bytes = 64;
constexpr std::size_t compression_at = 24;
constexpr std::size_t compression_end = 56;
constexpr std::string_view copy_zboot_again = "copy the image again";

/// What Linux's build calls them, and what they are.
struct Compression {
  std::string_view name;
  std::string_view codec;
};
constexpr std::array zboot_compressions = {
    Compression{"gzip", "gzip"}, Compression{"lz4", "lz4"},     Compression{"lzma", "lzma"},
    Compression{"lzo", "lzo"},   Compression{"xzkern", "xz"},   Compression{"xz", "xz"},
    Compression{"zstd", "zstd"}, Compression{"zstd22", "zstd"},
};

/// The machine of a PE file, as far as Linux's zboot knows it (PE Format, "Machine Types").
struct Machine {
  std::uint16_t number;
  std::string_view name;  ///< what KernelSpec::machine begins with
};
constexpr std::array machines = {
    Machine{0xaa64, "aarch64"},   Machine{0x5064, "riscv"},  Machine{0x5032, "riscv"},
    Machine{0x6264, "loongarch"}, Machine{0x8664, "x86_64"}, Machine{0x014c, "i"},
};

struct ZbootHeader {
  std::uint32_t payload_offset = 0;
  std::uint32_t payload_size = 0;
  std::string_view compression;
};

Result<ZbootHeader> read_zboot_header(ByteView image) {
  const Bytes bytes(image);
  KXF_TRY(payload_offset, bytes.read<std::uint32_t>(8));
  KXF_TRY(payload_size, bytes.read<std::uint32_t>(12));
  KXF_TRY(name, bytes.slice(compression_at, compression_end - compression_at));
  const std::string_view text = text_of(name);
  return ZbootHeader{payload_offset, payload_size, text.substr(0, text.find('\0'))};
}

/// The packed kernel: inside the program and not in its header or its signature.
Result<ByteView> payload_of(ByteView image, const ZbootHeader& header, const PeFile& pe) {
  const std::uint64_t end = std::uint64_t{header.payload_offset} + header.payload_size;
  const std::uint64_t program_end = pe.certificates.empty() ? image.size() : pe.certificates.start;
  if (header.payload_offset < zboot_header_bytes || header.payload_size == 0 || end > program_end)
    return refuse(
        fmt::format("damaged EFI zboot image: its kernel is {} bytes at offset {}, and the "
                    "program has {}",
                    header.payload_size, hex(header.payload_offset), program_end),
        std::string(copy_zboot_again));
  return image.subspan(header.payload_offset, header.payload_size);
}

/// The name of the compression, as it is fit to print.
Result<std::string> compression_of(const ZbootHeader& header) {
  const auto printable = [](char letter) { return letter > ' ' && letter <= '~'; };
  if (header.compression.empty() || !std::ranges::all_of(header.compression, printable))
    return refuse("damaged EFI zboot image: it has no name of a compression at offset 24",
                  std::string(copy_zboot_again));
  for (const Compression& known : zboot_compressions)
    if (known.name == header.compression) return std::string(known.codec);
  return std::string(header.compression);
}

/// What KernelSpec::machine begins with.
Result<std::string> machine_of(const PeFile& pe) {
  const auto found = std::ranges::find(machines, pe.machine, &Machine::number);
  if (found != machines.end()) return std::string(found->name);
  return refuse(
      fmt::format("an EFI zboot image for the PE machine {:#06x}, for which Linux has none",
                  pe.machine),
      "use the kernel of this machine");
}

class ZBoot final : public ImageFormat {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "efi-zboot"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "a kernel that unpacks itself under UEFI (vmlinuz.efi): unwrapped";
  }

  [[nodiscard]] Probe probe(ByteView image) const noexcept override {
    const Bytes bytes(image);
    if (!bytes.has(0, program_magic) || !bytes.has(zboot_magic_at, zboot_magic)) return {};
    if (image.size() < zboot_header_bytes)
      return {ProbeVerdict::damaged,
              fmt::format("truncated EFI zboot image: it has {} bytes, its header alone has {}",
                          image.size(), zboot_header_bytes)};
    return {ProbeVerdict::mine, {}};
  }

  [[nodiscard]] Result<ImageContents> parse(ByteView image, const ImageQuestion& /*question*/,
                                            Record& record) const noexcept override {
    KXF_TRY(header, read_zboot_header(image));
    KXF_TRY(pe, read_pe(image));
    KXF_TRY(payload, payload_of(image, header, pe));
    KXF_TRY(compression, compression_of(header));
    KXF_TRY(machine, machine_of(pe));
    ImageContents contents;
    contents.payload = CarriedBytes(payload, compression);
    contents.payload_machine = machine;
    contents.payload_summary = "a Linux kernel for " + machine;
    record.decide(
        "EFI zboot", "taken off",
        fmt::format("kexec cannot run a program for UEFI; in it: a kernel, packed with {} "
                    "({} bytes)",
                    compression, payload.size()));
    if (!pe.certificates.empty())
      record.decide("EFI zboot signature", "not used",
                    fmt::format("its {} bytes are for UEFI and cover the whole program, not the "
                                "kernel that is taken out",
                                pe.certificates.size_bytes()));
    return contents;
  }
};

}  // namespace

const ImageFormat& zboot() {
  static const ZBoot format;
  return format;
}

}  // namespace kxf::formats
