// SPDX-License-Identifier: Apache-2.0
//
// The arm64 Image: Linux, Documentation/arch/arm64/booting.rst, section 4 ("Call the kernel
// image"). A header of 64 bytes in front of the kernel, everything in it little-endian whatever the
// kernel is:
//
//      0  u32 code0          with an EFI stub its bytes are "MZ" (an instruction without effect)
//      4  u32 code1
//      8  u64 text_offset    from a 2 MiB boundary to the image; 0 in kernels of today
//     16  u64 image_size     with BSS; 0 before 3.17
//     24  u64 flags          bit 0 byte order, bits 1-2 page size, bit 3 placement
//     56  u32 magic          "ARM\x64": it alone decides
//     60  u32 res5           with an EFI stub the offset of the PE header
//
// An Image does not say how long its file is, only how much memory it needs. With an EFI stub the
// PE header does (its sections end where the file ends), and so does a signature's certificate
// table behind them: that is how a truncated file is told from a whole one.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "arm64/arm64.hpp"

namespace kxf::arm64 {
namespace {

constexpr std::uint64_t header_bytes = 64;
constexpr std::uint64_t magic_offset = 56;
constexpr std::string_view magic = "ARM\x64";

constexpr std::uint64_t mib = std::uint64_t{1} << 20U;
constexpr std::uint64_t base_alignment = 2 * mib;
constexpr std::uint64_t smallest_page_bytes = 4096;
// Kernels before 3.17 (booting.rst: "Where image_size is zero, text_offset can be assumed to be").
constexpr std::uint64_t old_text_offset = 0x80000;
// The kernel reaches its own symbols with ADRP, which spans 4 GiB: no image can be larger.
constexpr std::uint64_t largest_image_bytes = std::uint64_t{4} << 30U;
// "within the 48-bit addressable range of physical memory" (booting.rst, flag bit 3).
constexpr Range addressable{0, std::uint64_t{1} << 48U};

constexpr std::string_view slack_key = "size-when-unknown";
constexpr std::string_view slack_default = "16";
constexpr SettingSpec setting_specs[] = {
    {slack_key, slack_default,
     "MiB of memory behind the file for an image that does not tell its size (kernels before "
     "3.17)"},
};

struct Header {
  std::uint64_t text_offset = 0;
  std::uint64_t image_size = 0;
  std::uint64_t flags = 0;
  bool has_pe = false;
  std::uint32_t pe_offset = 0;
};

Result<Header> read_header(const Bytes& image) {
  Header header;
  KXF_TRY(text_offset, image.read<std::uint64_t>(8));
  KXF_TRY(image_size, image.read<std::uint64_t>(16));
  KXF_TRY(flags, image.read<std::uint64_t>(24));
  KXF_TRY(pe_offset, image.read<std::uint32_t>(60));
  header.text_offset = text_offset;
  header.image_size = image_size;
  header.flags = flags;
  header.has_pe = image.has(0, "MZ") && pe_offset != 0;
  header.pe_offset = pe_offset;
  return header;
}

/// What the PE header tells of the file: PE format specification, "COFF file header", "Optional
/// header data directories", "Section table".
struct PeLayout {
  std::uint64_t sections_end = 0;  ///< where the last section's bytes end
  Range certificates;              ///< empty when there are none; file offsets
};

constexpr std::uint64_t coff_bytes = 24;  ///< with the signature
constexpr std::uint64_t section_bytes = 40;
constexpr std::uint16_t pe32_plus = 0x20b;
constexpr std::uint64_t certificate_directory = 4;
constexpr std::uint64_t directory_bytes = 8;
constexpr std::uint64_t directories_offset = 112;  ///< in the optional header of PE32+

Result<PeLayout> read_pe(const Bytes& image, std::uint64_t at) {
  PeLayout layout;
  if (!image.has(at, std::string_view("PE\0\0", 4)))
    return refuse(fmt::format("no PE header at offset {}, where the image says it is", hex(at)));
  KXF_TRY(section_count, image.read<std::uint16_t>(at + 6));
  KXF_TRY(optional_size, image.read<std::uint16_t>(at + 20));
  const std::uint64_t optional = at + coff_bytes;
  KXF_TRY(kind, image.read<std::uint16_t>(optional));
  if (kind == pe32_plus && optional_size >= directories_offset) {
    KXF_TRY(count, image.read<std::uint32_t>(optional + directories_offset - 4));
    const std::uint64_t entry = directories_offset + certificate_directory * directory_bytes;
    if (count > certificate_directory && optional_size >= entry + directory_bytes) {
      KXF_TRY(start, image.read<std::uint32_t>(optional + entry));
      KXF_TRY(size, image.read<std::uint32_t>(optional + entry + 4));
      if (start != 0 && size != 0) layout.certificates = Range::sized(start, size);
    }
  }
  for (std::uint64_t i = 0; i < section_count; ++i) {
    const std::uint64_t section = optional + optional_size + i * section_bytes;
    KXF_TRY(size, image.read<std::uint32_t>(section + 16));
    KXF_TRY(start, image.read<std::uint32_t>(section + 20));
    layout.sections_end = std::max(layout.sections_end, std::uint64_t{start} + size);
  }
  return layout;
}

/// The kernel's bytes: the file without a signature's certificates.
/// Errors: the PE header says that the file goes on where it does not.
Result<ByteView> kernel_bytes(ByteView file, const Header& header, Record& record) {
  if (!header.has_pe) return file;
  const Bytes bytes(file);
  auto pe = read_pe(bytes, header.pe_offset);
  if (!pe) return pass(std::move(pe), "arm64 image with an EFI stub");
  const std::uint64_t wanted = std::max(pe->sections_end, pe->certificates.end);
  if (wanted > file.size())
    return refuse(fmt::format("truncated arm64 image: its PE header describes {} bytes, the file "
                              "has {}",
                              wanted, file.size()),
                  "copy the image again");
  if (pe->certificates.empty()) return file;
  if (pe->certificates.start < std::max(pe->sections_end, header_bytes))
    return refuse(fmt::format("arm64 image: its certificates at offset {} lie inside the kernel",
                              hex(pe->certificates.start)),
                  "sign the image again");
  record.decide("kernel signature", "left out of memory",
                fmt::format("the {} bytes of certificates behind the kernel are for the firmware",
                            pe->certificates.size_bytes()));
  return file.first(pe->certificates.start);
}

Result<std::uint64_t> slack_setting(const Settings& settings) {
  const auto found = settings.find(slack_key);
  const std::string_view text = found == settings.end() ? slack_default : found->second;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > 1024)
    return refuse(
        fmt::format("setting {} of the image format arm64-image is \"{}\"", slack_key, text),
        fmt::format("set {} to a number of MiB from 0 to 1024", slack_key));
  return value * mib;
}

void describe_flags(std::uint64_t flags, KernelSpec& spec) {
  spec.endian = (flags & 1U) != 0 ? Endian::big : Endian::little;
  switch (flags >> 1U & 3U) {
    case 1: spec.page_size_bytes = 4096; break;
    case 2: spec.page_size_bytes = 16384; break;
    case 3: spec.page_size_bytes = 65536; break;
    default: break;  // unspecified
  }
  spec.placement = (flags & 8U) != 0 ? Placement::anywhere : Placement::lowest;
}

/// Zeros behind the memory that the kernel claims are padding; anything else belongs to it.
Result<ByteView> fit_into_memory(ByteView bytes, std::uint64_t image_size) {
  if (bytes.size() <= image_size) return bytes;
  const ByteView tail = bytes.subspan(image_size);
  const auto stray = std::find_if(tail.begin(), tail.end(), [](std::uint8_t b) { return b != 0; });
  if (stray == tail.end()) return bytes.first(image_size);
  return refuse(
      fmt::format("oversized arm64 image: its header gives it {} bytes of memory, and the file has "
                  "{} with content at offset {}",
                  image_size, bytes.size(),
                  hex(image_size + static_cast<std::uint64_t>(stray - tail.begin()))),
      "use the image as the kernel build made it, with nothing appended");
}

Status describe_sized(ByteView bytes, const Header& header, KernelSpec& spec) {
  if (header.text_offset >= base_alignment || header.text_offset % smallest_page_bytes != 0)
    return refuse(
        fmt::format("damaged arm64 image: text_offset {} is not a multiple of 4 KiB below "
                    "2 MiB",
                    hex(header.text_offset)),
        "copy the image again");
  if (header.image_size > largest_image_bytes)
    return refuse(
        fmt::format("damaged arm64 image: image_size {} is over 4 GiB", hex(header.image_size)),
        "copy the image again");
  if (header.image_size < header_bytes)
    return refuse(fmt::format("damaged arm64 image: image_size {} is less than its header",
                              header.image_size),
                  "copy the image again");
  KXF_TRY(kernel, fit_into_memory(bytes, header.image_size));
  describe_flags(header.flags, spec);
  spec.base_offset = header.text_offset;
  spec.memory_size = header.image_size;
  spec.parts = {{kernel, 0, header.image_size}};
  return {};
}

/// Kernels before 3.17. Their flags are reserved and zero, and text_offset is in the kernel's own
/// byte order: the constant that it has tells which.
Status describe_unsized(ByteView bytes, const Header& header, const Settings& settings,
                        KernelSpec& spec, Record& record) {
  KXF_TRY(slack, slack_setting(settings));
  constexpr std::uint64_t old_text_offset_swapped = std::uint64_t{0x0800} << 32U;
  spec.endian = header.text_offset == old_text_offset_swapped ? Endian::big : Endian::little;
  spec.placement = Placement::lowest;
  spec.base_offset = old_text_offset;
  spec.memory_size = bytes.size() + slack;
  spec.memory_size_is_guess = true;
  spec.parts = {{bytes, 0, spec.memory_size}};
  record.decide("kernel size", size_text(spec.memory_size),
                fmt::format("image_size is 0: the file and {}", size_text(slack)));
  record.warn(
      "image-size-unknown",
      fmt::format("the image does not tell how much memory it needs (kernels before 3.17 do "
                  "not): {} are set aside, {} more than the file; if its BSS is larger, set "
                  "{} of the image format arm64-image",
                  size_text(spec.memory_size), size_text(slack), slack_key));
  return {};
}

class Image final : public ImageFormat {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "arm64-image"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "the arm64 kernel's own Image, with or without an EFI stub";
  }
  [[nodiscard]] std::span<const SettingSpec> settings() const noexcept override {
    return setting_specs;
  }

  [[nodiscard]] Probe probe(ByteView image) const noexcept override {
    if (!Bytes(image).has(magic_offset, magic)) return {};
    if (image.size() < header_bytes)
      return {ProbeVerdict::damaged,
              fmt::format("truncated arm64 image: it has {} bytes, its header alone has {}",
                          image.size(), header_bytes)};
    return {ProbeVerdict::mine, {}};
  }

  [[nodiscard]] Result<ImageContents> parse(ByteView image, const ImageQuestion& question,
                                            Record& record) const noexcept override {
    const Bytes bytes(image);
    KXF_TRY(header, read_header(bytes));
    KXF_TRY(kernel, kernel_bytes(image, header, record));
    KernelSpec spec;
    spec.machine = "aarch64";
    spec.base_alignment = base_alignment;
    spec.window = addressable;
    spec.entry_offset = 0;
    if (header.image_size == 0)
      KXF_CHECK(describe_unsized(kernel, header, question.settings, spec, record));
    else
      KXF_CHECK(describe_sized(kernel, header, spec));

    // kexec_file_load gets the file as it is (arch/arm64/kernel/kexec_image.c).
    if (spec.memory_size_is_guess)
      spec.file_load_reason = "its header has no image_size, which the running kernel insists on";
    else if (image.size() > spec.memory_size)
      spec.file_load_reason = "the file is larger than the memory that its header asks for";
    else
      spec.file_load = true;
    ImageContents contents;
    contents.kernel = std::move(spec);
    return contents;
  }
};

}  // namespace

const ImageFormat& image_format() {
  static const Image format;
  return format;
}

}  // namespace kxf::arm64
