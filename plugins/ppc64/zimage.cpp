// SPDX-License-Identifier: Apache-2.0
//
// zImage.pseries, zImage.epapr and their kind: Linux's boot wrapper for Power (Linux,
// Documentation/powerpc/bootwrapper.rst), an ELF program for firmware with a kernel packed inside.
// The wrapper is 32-bit big-endian or 64-bit in either byte order, whatever the kernel is.
//
// kexec cannot enter a wrapper: it sends the other CPUs to 0x60, where a wrapper has code that is
// not for them, and it needs the boot firmware, which is gone. So the kernel is taken out. It is in
// a section of its own, as are the initrd and the device tree that may have been packed with it:
//
//   .kernel:vmlinux.strip   the kernel, as a rule compressed
//   .kernel:initrd          its initrd
//   .kernel:dtb             its device tree
//   .kernel:esm_blob        what only an ultravisor reads
#include "ppc64/zimage.hpp"

#include <fmt/format.h>

#include "ppc64/power_elf.hpp"
#include "ppc64/ppc64.hpp"

namespace kxf::ppc64 {
namespace {

constexpr std::string_view kernel_section = ".kernel:vmlinux.strip";
constexpr std::string_view initrd_section = ".kernel:initrd";
constexpr std::string_view tree_section = ".kernel:dtb";
constexpr std::string_view secure_section = ".kernel:esm_blob";

constexpr std::string_view use_vmlinux = "use the kernel's vmlinux";

Result<std::optional<ElfSection>> section_of(ByteView file, std::string_view name) {
  KXF_TRY(header, read_elf_header(file));
  return find_section(file, header, name);
}

/// The bytes of a section that has any. The linker keeps empty ones.
Result<std::optional<ByteView>> filled_section(ByteView file, const ElfHeader& header,
                                               std::string_view name) {
  KXF_TRY(section, find_section(file, header, name));
  if (!section || section->file_bytes == 0) return std::nullopt;
  KXF_TRY(bytes, section_bytes(file, *section, fmt::format("section {}", name)));
  return bytes;
}

class ZImage final : public ImageFormat {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "ppc64-zimage"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "the boot wrapper of Linux for Power (zImage.pseries, zImage.epapr): unwrapped";
  }

  [[nodiscard]] Probe probe(ByteView image) const noexcept override {
    const auto kind = power_elf(image);
    if (!kind) return {};
    const auto kernel = section_of(image, kernel_section);
    if (kernel && *kernel) return {ProbeVerdict::mine, {}};
    // A 64-bit file may be a plain kernel, and that format says what is wrong with it.
    if (kind->machine != machine_power) return {};
    if (!kernel) return {ProbeVerdict::damaged, kernel.error().message};
    return {ProbeVerdict::damaged,
            fmt::format("an ELF file for 32-bit Power without a section {}: no wrapper of a "
                        "kernel, or one that lost its section headers",
                        kernel_section)};
  }

  [[nodiscard]] Result<ImageContents> parse(ByteView image, const ImageQuestion& /*question*/,
                                            Record& record) const noexcept override {
    KXF_TRY(header, read_elf_header(image));
    KXF_TRY(kernel, filled_section(image, header, kernel_section));
    if (!kernel)
      return refuse(fmt::format("damaged zImage: its section {} is empty", kernel_section),
                    std::string(use_vmlinux));
    KXF_TRY(initrd, filled_section(image, header, initrd_section));
    KXF_TRY(tree, filled_section(image, header, tree_section));
    KXF_TRY(secure, filled_section(image, header, secure_section));
    std::string found = fmt::format("a kernel ({} bytes)", kernel->size());
    if (initrd) found += fmt::format(", an initrd ({} bytes)", initrd->size());
    if (tree) found += fmt::format(", a device tree ({} bytes)", tree->size());
    record.decide(
        "boot wrapper", "taken off",
        fmt::format("kexec cannot enter it: it has no code for the other CPUs; in it: {}", found));
    if (secure)
      record.warn("zimage-secure-blob",
                  fmt::format("{} of the zImage ({} bytes) is left out: after kexec no ultravisor "
                              "reads it, and the kernel will not run as a secure guest",
                              secure_section, secure->size()));
    ImageContents contents;
    contents.payload = *kernel;
    contents.initrd = initrd;
    contents.device_tree = tree;
    return contents;
  }
};

}  // namespace

bool wraps_kernel(ByteView file) noexcept {
  if (!power_elf(file)) return false;
  const auto kernel = section_of(file, kernel_section);
  return kernel && kernel->has_value();
}

const ImageFormat& zimage() {
  static const ZImage format;
  return format;
}

}  // namespace kxf::ppc64
