// SPDX-License-Identifier: Apache-2.0
//
// uImage, the legacy image of U-Boot (U-Boot, include/image.h; mkimage(1)): a header of 64 bytes,
// big-endian whatever the kernel is, and the data.
//
//      0  u32 magic 0x27051956
//      4  u32 CRC-32 of the header, with zeros here
//      8  u32 time
//     12  u32 size of the data
//     16  u32 load address
//     20  u32 entry point
//     24  u32 CRC-32 of the data
//     28  u8  operating system, architecture, type, compression
//     32  char name[32]
//
// A multi-file image begins its data with a list of sizes that a 0 ends, then has the files, each
// filled up to a multiple of 4: the kernel, its initrd, its device tree.
//
// The addresses are for a boot loader that copies the data to one and jumps to the other. The
// kernels that are read here say themselves where they can be and where they are entered, so the
// addresses are not used; one thing that they say is checked, that the entry is the first byte.
#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <kxf/range.hpp>

#include "formats/formats.hpp"

namespace kxf::formats {
namespace {

constexpr std::string_view uimage_magic = "\x27\x05\x19\x56";
constexpr std::size_t uimage_header_bytes = 64;
constexpr std::size_t header_crc_at = 4;
constexpr std::size_t name_at = 32;
constexpr std::uint8_t linux_system = 5;

constexpr std::uint8_t type_kernel = 2;
constexpr std::uint8_t type_multi = 4;
constexpr std::uint8_t type_kernel_noload = 14;

constexpr std::string_view copy_uimage_again = "copy the image again";

// The names are those of mkimage -l, by number.
constexpr std::array<std::string_view, 30> systems = {"no system",
                                                      "OpenBSD",
                                                      "NetBSD",
                                                      "FreeBSD",
                                                      "4.4BSD",
                                                      "Linux",
                                                      "SVR4",
                                                      "Esix",
                                                      "Solaris",
                                                      "Irix",
                                                      "SCO",
                                                      "Dell",
                                                      "NCR",
                                                      "LynxOS",
                                                      "VxWorks",
                                                      "pSOS",
                                                      "QNX",
                                                      "U-Boot",
                                                      "RTEMS",
                                                      "Artos",
                                                      "Unity",
                                                      "INTEGRITY",
                                                      "OSE",
                                                      "Plan 9",
                                                      "OpenRTOS",
                                                      "trusted firmware",
                                                      "a trusted execution environment",
                                                      "OpenSBI",
                                                      "EFI firmware",
                                                      "ELF"};
constexpr std::array<std::string_view, 23> types = {"no type",
                                                    "a standalone program",
                                                    "a kernel",
                                                    "an initrd",
                                                    "several files",
                                                    "firmware",
                                                    "a script",
                                                    "a filesystem",
                                                    "a device tree",
                                                    "a Kirkwood boot image",
                                                    "an i.MX boot image",
                                                    "a Davinci UBL image",
                                                    "an OMAP boot image",
                                                    "a Davinci AIS image",
                                                    "a kernel",
                                                    "a PBL boot image",
                                                    "an MXS boot image",
                                                    "a Keystone boot image",
                                                    "an Atmel boot image",
                                                    "a SoCFPGA preloader",
                                                    "x86 setup code",
                                                    "an LPC32xx boot image",
                                                    "a loadable"};

struct Architecture {
  std::string_view title;
  std::string_view machine;  ///< what KernelSpec::machine begins with; empty: not known
};
constexpr std::array<Architecture, 28> architectures = {{
    {"no architecture", ""},
    {"Alpha", "alpha"},
    {"ARM", "arm"},
    {"Intel x86", "i"},
    {"IA64", "ia64"},
    {"MIPS", "mips"},
    {"MIPS 64 Bit", "mips"},
    {"PowerPC", "ppc"},
    {"IBM S390", "s390"},
    {"SuperH", "sh"},
    {"SPARC", "sparc"},
    {"SPARC 64 Bit", "sparc64"},
    {"M68K", "m68k"},
    {"Nios", ""},
    {"MicroBlaze", "microblaze"},
    {"NIOS II", "nios2"},
    {"Blackfin", ""},
    {"AVR32", ""},
    {"ST200", ""},
    {"Sandbox", ""},
    {"NDS32", "nds32"},
    {"OpenRISC 1000", "openrisc"},
    {"AArch64", "aarch64"},
    {"ARC", "arc"},
    {"AMD x86_64", "x86_64"},
    {"Xtensa", "xtensa"},
    {"RISC-V", "riscv"},
    {"LoongArch", "loongarch"},
}};

// The names are those of the codecs.
constexpr std::array<std::string_view, 7> uimage_compressions = {"none", "gzip", "bzip2", "lzma",
                                                                 "lzo",  "lz4",  "zstd"};

template <class Table>
std::string name_of_id(const Table& names, std::uint8_t id, std::string_view what) {
  if (id < names.size()) return std::string(names[id]);
  return fmt::format("{} {}", what, id);
}

struct UimageHeader {
  std::uint32_t size = 0;
  std::uint32_t load = 0;
  std::uint32_t entry = 0;
  std::uint32_t data_crc = 0;
  std::uint8_t system = 0;
  std::uint8_t architecture = 0;
  std::uint8_t type = 0;
  std::uint8_t compression = 0;
  std::string name;  ///< without what cannot be printed

  [[nodiscard]] Architecture target() const {
    return architecture < architectures.size() ? architectures[architecture] : Architecture{};
  }
  /// "AArch64", "architecture 99".
  [[nodiscard]] std::string target_title() const {
    return architecture < architectures.size() ? std::string(architectures[architecture].title)
                                               : fmt::format("architecture {}", architecture);
  }
  /// Name of the codec. A boot loader that is told "none" jumps to what is there; that says nothing
  /// of a kernel that another wrapping has packed.
  [[nodiscard]] std::string codec() const {
    return compression == 0 ? "" : name_of_id(uimage_compressions, compression, "method");
  }
};

std::uint32_t crc_of(ByteView bytes, std::uint32_t before = 0) {
  return libdeflate_crc32(before, bytes.data(), bytes.size());
}

/// Does the header say the truth about itself?
bool is_header_sound(ByteView image) {
  constexpr std::array<std::uint8_t, 4> zeros{};
  std::uint32_t crc = crc_of(image.first(header_crc_at));
  crc = crc_of(zeros, crc);
  crc = crc_of(image.subspan(header_crc_at + 4, uimage_header_bytes - header_crc_at - 4), crc);
  return Bytes(image, Endian::big).read<std::uint32_t>(header_crc_at) == crc;
}

Result<UimageHeader> read_uimage_header(ByteView image) {
  const Bytes bytes(image, Endian::big);
  KXF_TRY(size, bytes.read<std::uint32_t>(12));
  KXF_TRY(load, bytes.read<std::uint32_t>(16));
  KXF_TRY(entry, bytes.read<std::uint32_t>(20));
  KXF_TRY(data_crc, bytes.read<std::uint32_t>(24));
  KXF_TRY(kinds, bytes.slice(28, 4));
  KXF_TRY(name, bytes.slice(name_at, uimage_header_bytes - name_at));
  const std::string_view text = text_of(name);
  return UimageHeader{size,     load,     entry,
                      data_crc, kinds[0], kinds[1],
                      kinds[2], kinds[3], shown(text.substr(0, text.find('\0')))};
}

/// The data, whose CRC is right. Behind them is nothing, or what flash memory is filled with.
Result<ByteView> checked_data(ByteView image, const UimageHeader& header) {
  KXF_TRY(data, Bytes(image).slice(uimage_header_bytes, header.size));
  if (const std::uint32_t crc = crc_of(data); crc != header.data_crc)
    return refuse(fmt::format("damaged uImage: the CRC-32 of its {} bytes of data is {:#010x}, the "
                              "header says {:#010x}",
                              data.size(), crc, header.data_crc),
                  std::string(copy_uimage_again));
  if (data.empty()) return refuse("damaged uImage: it has no data", std::string(copy_uimage_again));
  const ByteView rest = image.subspan(uimage_header_bytes + data.size());
  const auto is_filling = [](std::uint8_t byte) { return byte == 0 || byte == 0xff; };
  const auto stray = std::ranges::find_if_not(rest, is_filling);
  if (stray == rest.end()) return data;
  return refuse(fmt::format("the uImage ends at byte {} and something else follows at byte {}",
                            uimage_header_bytes + data.size(),
                            uimage_header_bytes + data.size() +
                                static_cast<std::size_t>(stray - rest.begin())),
                "remove what was appended to the file");
}

/// Is there a Linux kernel in it?
Status check_kind(const UimageHeader& header) {
  if (header.system != linux_system)
    return refuse(fmt::format("a uImage for {}, and not for Linux",
                              name_of_id(systems, header.system, "operating system")),
                  "use a Linux kernel");
  if (header.type == type_kernel || header.type == type_kernel_noload || header.type == type_multi)
    return {};
  return refuse(
      fmt::format("a uImage of {}, and no kernel", name_of_id(types, header.type, "type")),
      "use the uImage of a kernel");
}

/// The files of a multi-file image.
Result<std::vector<ByteView>> read_files(ByteView data) {
  const Bytes bytes(data, Endian::big);
  std::vector<std::uint32_t> sizes;
  for (;;) {
    const auto size = bytes.read<std::uint32_t>(sizes.size() * 4);
    if (!size)
      return refuse("damaged uImage: the list of its files has no end",
                    std::string(copy_uimage_again));
    if (*size == 0) break;
    sizes.push_back(*size);
  }
  std::vector<ByteView> files;
  std::uint64_t at = (sizes.size() + 1) * 4;
  for (const std::uint32_t size : sizes) {
    const auto file = bytes.slice(at, size);
    if (!file)
      return refuse(fmt::format("damaged uImage: its file {} has {} bytes at byte {} of its data, "
                                "which are {}",
                                files.size(), size, at, data.size()),
                    std::string(copy_uimage_again));
    files.push_back(*file);
    at = *align_up(at + size, 4);  // 32-bit sizes: no wrap
  }
  if (!files.empty()) return files;
  return refuse("damaged uImage: a multi-file image without a file",
                std::string(copy_uimage_again));
}

Status take_files(ByteView data, const UimageHeader& header, ImageContents& contents,
                  Record& record) {
  KXF_TRY(files, read_files(data));
  constexpr std::string_view tree_magic = "\xd0\x0d\xfe\xed";
  contents.payload = CarriedBytes(files[0], header.codec());
  if (files.size() > 1) {
    // U-Boot takes the second file for an initrd and would not find the tree either.
    if (text_of(files[1]).starts_with(tree_magic))
      return refuse("the second file of the uImage, where its initrd has to be, is a device tree",
                    "put an initrd between kernel and tree, or give the tree as a file of its own");
    contents.initrd = files[1];
  }
  if (files.size() > 2) contents.device_tree = files[2];
  if (files.size() > 3)
    record.warn("uimage-files-left-out",
                fmt::format("the uImage has {} files; those behind kernel, initrd and device tree "
                            "are for its boot loader and are left out",
                            files.size()));
  return {};
}

void describe_uimage(const UimageHeader& header, const ImageContents& contents, Record& record) {
  std::string found = fmt::format(
      "{}, {}, \"{}\"", contents.payload_summary,
      header.compression == 0 ? "not packed" : "packed with " + header.codec(), header.name);
  if (contents.initrd) found += fmt::format(", an initrd ({} bytes)", contents.initrd->size());
  if (contents.device_tree) found += ", a device tree";
  record.decide("uImage", "taken off", found);
  record.decide("uImage addresses", "not used",
                fmt::format("load address {} and entry point {} are for a boot loader; the kernel "
                            "says itself where it can be",
                            hex(header.load), hex(header.entry)));
  // An image that is not to be moved has its entry as an offset, or does not tell.
  const bool first_byte =
      header.entry == header.load || (header.type == type_kernel_noload && header.entry == 0);
  if (!first_byte)
    record.warn("uimage-entry",
                fmt::format("the uImage says that its kernel is entered at {}, {} bytes behind its "
                            "start {}; kxf enters it where its own header says",
                            hex(header.entry),
                            static_cast<std::int64_t>(header.entry) -
                                static_cast<std::int64_t>(header.load),
                            hex(header.load)));
}

class UImage final : public ImageFormat {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "uimage"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "U-Boot's legacy image: a kernel, or a kernel with initrd and device tree";
  }

  [[nodiscard]] Probe probe(ByteView image) const noexcept override {
    if (!text_of(image).starts_with(uimage_magic)) return {};
    if (image.size() < uimage_header_bytes)
      return {ProbeVerdict::damaged,
              fmt::format("truncated uImage: it has {} bytes, its header alone has {}",
                          image.size(), uimage_header_bytes)};
    if (!is_header_sound(image))
      return {ProbeVerdict::damaged, "the CRC-32 of the uImage's header is not what it says"};
    const auto header = read_uimage_header(image);
    if (header && header->size > image.size() - uimage_header_bytes)
      return {ProbeVerdict::damaged,
              fmt::format("truncated uImage: its header says {} bytes of data, and {} are there",
                          header->size, image.size() - uimage_header_bytes)};
    return {ProbeVerdict::mine, {}};
  }

  [[nodiscard]] Result<ImageContents> parse(ByteView image, const ImageQuestion& /*question*/,
                                            Record& record) const noexcept override {
    KXF_TRY(header, read_uimage_header(image));
    KXF_CHECK(check_kind(header));
    KXF_TRY(data, checked_data(image, header));
    ImageContents contents;
    if (header.type == type_multi)
      KXF_CHECK(take_files(data, header, contents, record));
    else
      contents.payload = CarriedBytes(data, header.codec());
    contents.payload_machine = header.target().machine;
    contents.payload_summary = fmt::format("a Linux kernel for {}", header.target_title());
    describe_uimage(header, contents, record);
    return contents;
  }
};

}  // namespace

const ImageFormat& uimage() {
  static const UImage format;
  return format;
}

}  // namespace kxf::formats
