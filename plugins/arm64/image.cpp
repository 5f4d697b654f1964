// SPDX-License-Identifier: Apache-2.0
//
// The arm64 Image: Linux, Documentation/arch/arm64/booting.rst, section 4 ("Call the kernel
// image"). A header (image_header.hpp) in front of the kernel, and the kernel.
//
// An Image does not say how long its file is, only how much memory it needs. With an EFI stub the
// PE header does (its sections end where the file ends), and so does a signature's certificate
// table behind them: that is how a truncated file is told from a whole one.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <kxf/pe.hpp>

#include "arm64/arm64.hpp"
#include "arm64/image_header.hpp"

namespace kxf::arm64 {
namespace {

constexpr std::uint64_t image_mib = std::uint64_t{1} << 20U;

constexpr std::string_view slack_key = "size-when-unknown";
constexpr std::string_view slack_default = "16";
constexpr SettingSpec image_settings[] = {
    {slack_key, slack_default,
     "MiB of memory behind the file for an image that does not tell its size (kernels before "
     "3.17)"},
};

/// The kernel's bytes: the file without a signature's certificates.
/// Errors: the PE header says that the file goes on where it does not.
Result<ByteView> kernel_bytes(ByteView file, const ImageHeader& header, Record& record) {
  if (!header.has_pe) return file;
  auto pe = read_pe(file);
  if (!pe) return pass(std::move(pe), "arm64 image with an EFI stub");
  if (pe->certificates.empty()) return file;
  if (pe->certificates.start < std::max(pe->sections_end, image_header_bytes))
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
  return value * image_mib;
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

Status describe_sized(ByteView bytes, const ImageHeader& header, KernelSpec& spec) {
  KXF_CHECK(check_image_header(header));
  KXF_TRY(kernel, fit_into_memory(bytes, header.image_size));
  describe_flags(header, spec);
  spec.base_offset = header.text_offset;
  spec.memory_size = header.image_size;
  spec.parts = {{kernel, 0, header.image_size}};
  return {};
}

/// Kernels before 3.17. Their flags are reserved and zero, and text_offset is in the kernel's own
/// byte order: the constant that it has tells which.
Status describe_unsized(ByteView bytes, const ImageHeader& header, const Settings& settings,
                        KernelSpec& spec, Record& record) {
  KXF_TRY(slack, slack_setting(settings));
  spec.endian = old_image_endian(header);
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
    return image_settings;
  }

  [[nodiscard]] Probe probe(ByteView image) const noexcept override {
    if (!has_image_magic(image)) return {};
    if (image.size() < image_header_bytes)
      return {ProbeVerdict::damaged,
              fmt::format("truncated arm64 image: it has {} bytes, its header alone has {}",
                          image.size(), image_header_bytes)};
    return {ProbeVerdict::mine, {}};
  }

  [[nodiscard]] Result<ImageContents> parse(ByteView image, const ImageQuestion& question,
                                            Record& record) const noexcept override {
    KXF_TRY(header, read_image_header(image));
    KXF_TRY(kernel, kernel_bytes(image, header, record));
    KernelSpec spec;
    describe_any(spec);
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
