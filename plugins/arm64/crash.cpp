// SPDX-License-Identifier: Apache-2.0
//
// A dump of an arm64 kernel has two kinds of addresses. RAM is mapped linearly: virtual address =
// physical address + one number, which KASLR draws anew at each boot. The kernel's image is mapped
// once more, elsewhere, with another number. Tools that read the dump need both, and a wrong entry
// is worse than none: Linux itself copies by the core header, and follows one that leads nowhere
// until it oopses. What tells the two numbers, best first:
//
//   /proc/kcore            its program headers are made from the maps themselves, one for each
//                          piece of RAM and one for the image (since 4.11 with physical addresses,
//                          proc_kcore_init() in fs/proc/kcore.c)
//   VMCOREINFO             in the notes of /proc/kcore since 4.19: PHYS_OFFSET and VA_BITS for the
//                          one, kimage_voffset and _stext for the other
//                          (Documentation/admin-guide/kdump/vmcoreinfo.rst)
//   /proc/kallsyms         with "Kernel code" of /proc/iomem, for the image only. Without
//                          CONFIG_KALLSYMS_ALL it lacks symbols outside of the text sections,
//                          _text among them, so what is there is measured against /proc/iomem
//                          before it is believed
#include "arm64/crash.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "arm64/arm64.hpp"

namespace kxf::arm64 {
namespace {

constexpr std::string_view topic = "crash";
constexpr std::string_view readable_remedy =
    "run as root, with CONFIG_PROC_KCORE in the running kernel";

/// `0x40000000` or `40000000`, as VMCOREINFO writes numbers of base 16.
std::optional<std::uint64_t> hex_number(std::optional<std::string_view> text) {
  if (!text) return std::nullopt;
  if (text->starts_with("0x")) text->remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value, 16);
  if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return value;
}

/// VMCOREINFO as far as it tells about the maps.
struct Vmcoreinfo {
  std::optional<std::uint64_t> stext;
  std::optional<std::uint64_t> image_offset;  ///< of the image: virtual - physical
  std::optional<std::uint64_t> phys_offset;   ///< physical address of the linear map's start
  std::optional<unsigned> address_bits;       ///< of kernel virtual addresses
};

Vmcoreinfo read_vmcoreinfo(const Machine& machine) {
  Vmcoreinfo found;
  const Result<std::string> text = vmcoreinfo(machine);
  if (!text) return found;
  found.stext = hex_number(vmcoreinfo_value(*text, "SYMBOL(_stext)"));
  found.image_offset = hex_number(vmcoreinfo_value(*text, "NUMBER(kimage_voffset)"));
  found.phys_offset = hex_number(vmcoreinfo_value(*text, "NUMBER(PHYS_OFFSET)"));
  if (const auto bits = vmcoreinfo_value(*text, "NUMBER(VA_BITS)")) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(bits->data(), bits->data() + bits->size(), value);
    if (error == std::errc{} && end == bits->data() + bits->size()) found.address_bits = value;
  }
  return found;
}

/// Virtual - physical, modulo 2^64.
std::uint64_t offset_of(const KcoreSegment& segment) {
  return segment.virtual_start - segment.physical.start;
}

bool maps(const KcoreSegment& segment, std::uint64_t virtual_address) {
  return virtual_address - segment.virtual_start < segment.physical.size_bytes();
}

/// All that was found out about the running kernel.
struct Sources {
  std::vector<KcoreSegment> ram;  ///< entries of /proc/kcore for System RAM, the image among them
  std::string kcore_problem;      ///< why there are none
  Vmcoreinfo info;
  std::optional<std::uint64_t> stext;
};

Sources read_sources(const ArchitectureQuestion& question) {
  Sources sources;
  if (auto segments = kcore_segments(question.machine)) {
    for (const KcoreSegment& segment : *segments)
      if (question.memory.ram().overlaps(segment.physical)) sources.ram.push_back(segment);
    if (sources.ram.empty()) sources.kcore_problem = "\"/proc/kcore\" has no entry for System RAM";
  } else {
    sources.kcore_problem = segments.error().message;
  }
  sources.info = read_vmcoreinfo(question.machine);
  sources.stext =
      sources.info.stext ? sources.info.stext : kernel_symbol(question.machine, "_stext");
  return sources;
}

/// Entries that no other one holds. The image lies inside of RAM, so its entry is none of them.
std::vector<KcoreSegment> outermost(const std::vector<KcoreSegment>& segments) {
  std::vector<KcoreSegment> sorted = segments;
  std::sort(sorted.begin(), sorted.end(), [](const KcoreSegment& a, const KcoreSegment& b) {
    return a.physical.start != b.physical.start ? a.physical.start < b.physical.start
                                                : a.physical.end > b.physical.end;
  });
  std::vector<KcoreSegment> kept;
  for (const KcoreSegment& segment : sorted)
    if (kept.empty() || !kept.back().physical.contains(segment.physical)) kept.push_back(segment);
  return kept;
}

/// By PHYS_OFFSET and VA_BITS. Nothing where they do not settle it.
std::optional<std::uint64_t> linear_map_by_vmcoreinfo(const Vmcoreinfo& info) {
  // With 52 bits built in and 48 in the CPU, PHYS_OFFSET means something else in 5.4 to 5.8.
  constexpr unsigned most_bits = 48;
  if (!info.phys_offset || !info.address_bits || !info.stext || *info.address_bits < 32 ||
      *info.address_bits > most_bits)
    return std::nullopt;
  // Since 5.4 the linear map is the lower half of kernel addresses and the image in the upper one;
  // before it was the other way round (Documentation/arch/arm64/memory.rst).
  const std::uint64_t middle = 0 - (std::uint64_t{1} << (*info.address_bits - 1));
  const std::uint64_t start =
      *info.stext >= middle ? 0 - (std::uint64_t{1} << *info.address_bits) : middle;
  return start - *info.phys_offset;
}

Result<std::uint64_t> linear_map(const Sources& sources, Record& record) {
  const std::vector<KcoreSegment> pieces = outermost(sources.ram);
  if (!pieces.empty()) {
    const std::uint64_t offset = offset_of(pieces.front());
    for (const KcoreSegment& piece : pieces)
      if (offset_of(piece) != offset)
        return refuse(
            fmt::format("\"/proc/kcore\" contradicts itself: {} is mapped at {}, and {} at {}, "
                        "which is another distance",
                        to_text(pieces.front().physical), hex(pieces.front().virtual_start),
                        to_text(piece.physical), hex(piece.virtual_start)),
            "take the file from the running kernel as it is");
    record.decide(std::string(topic),
                  fmt::format("linear map at {} for {}", hex(pieces.front().virtual_start),
                              hex(pieces.front().physical.start)),
                  fmt::format("/proc/kcore ({} entries of RAM agree)", pieces.size()));
    return offset;
  }
  if (const auto offset = linear_map_by_vmcoreinfo(sources.info)) {
    record.decide(std::string(topic),
                  fmt::format("linear map at {} for {}", hex(*sources.info.phys_offset + *offset),
                              hex(*sources.info.phys_offset)),
                  fmt::format("PHYS_OFFSET and VA_BITS of VMCOREINFO; {}", sources.kcore_problem));
    return *offset;
  }
  return refuse(fmt::format("where the running kernel maps RAM is not known: {}, and VMCOREINFO "
                            "does not settle it",
                            sources.kcore_problem),
                std::string(readable_remedy));
}

/// Where /proc/iomem says that the running kernel lies, "Kernel code" alone and all of it.
struct ImageRanges {
  std::optional<Range> code;
  std::optional<Range> all;
};

ImageRanges image_ranges(const MemoryMap& memory) {
  ImageRanges found;
  for (const MemoryRange& each : memory.ranges()) {
    if (each.kind != MemoryKind::running_kernel) continue;
    if (each.label == "Kernel code") found.code = each.range;
    if (!found.all) found.all = each.range;
    found.all->start = std::min(found.all->start, each.range.start);
    found.all->end = std::max(found.all->end, each.range.end);
  }
  return found;
}

/// How the kernel's image is mapped, and who says so.
struct ImageFound {
  KernelMapping mapping;
  std::string source;
};

/// The entry of /proc/kcore that holds _stext; null when there is none.
const KcoreSegment* image_segment(const Sources& sources, const RangeSet& ram) {
  if (!sources.stext) return nullptr;
  // Of several entries that hold the address, the smallest is the image's own.
  const KcoreSegment* found = nullptr;
  for (const KcoreSegment& segment : sources.ram)
    if (maps(segment, *sources.stext) && ram.contains(segment.physical) &&
        (found == nullptr || segment.physical.size_bytes() < found->physical.size_bytes()))
      found = &segment;
  return found;
}

std::optional<ImageFound> image_by_vmcoreinfo(const Vmcoreinfo& info, const ImageRanges& image) {
  if (!info.stext || !info.image_offset || !image.all) return std::nullopt;
  if (!image.all->contains(*info.stext - *info.image_offset)) return std::nullopt;
  return ImageFound{{*image.all, image.all->start + *info.image_offset},
                    "kimage_voffset of VMCOREINFO, and /proc/iomem"};
}

/// "Kernel code" begins at _text in older kernels and at _stext in newer ones and always ends at
/// __init_begin: its length tells which.
std::optional<ImageFound> image_by_symbols(const Machine& machine, const ImageRanges& image) {
  const auto code_end = kernel_symbol(machine, "__init_begin");
  if (!image.code || !code_end) return std::nullopt;
  for (const std::string_view name : {"_stext", "_text"}) {
    const auto start = kernel_symbol(machine, name);
    if (start && *code_end - *start == image.code->size_bytes())
      return ImageFound{
          {{image.code->start, image.all->end}, *start},
          fmt::format("{} and __init_begin in /proc/kallsyms, and /proc/iomem", name)};
  }
  return std::nullopt;
}

std::optional<ImageFound> find_image(const Sources& sources, const ArchitectureQuestion& question) {
  if (const KcoreSegment* const segment = image_segment(sources, question.memory.ram())) {
    const std::uint64_t offset = offset_of(*segment);
    // Two of the kernel's own words differ: neither is believed.
    if (sources.info.image_offset.value_or(offset) != offset) return std::nullopt;
    return ImageFound{{segment->physical, segment->virtual_start},
                      fmt::format("the entry of /proc/kcore that holds _stext ({})",
                                  sources.info.stext ? "VMCOREINFO" : "/proc/kallsyms")};
  }
  const ImageRanges image = image_ranges(question.memory);
  if (auto found = image_by_vmcoreinfo(sources.info, image)) return found;
  return image_by_symbols(question.machine, image);
}

Result<bool> may_omit_text(const Settings& settings) {
  const auto found = settings.find(kernel_text_key);
  const std::string_view text =
      found == settings.end() ? kernel_text_setting.default_value : std::string_view(found->second);
  if (text != "require" && text != "omit")
    return refuse(
        fmt::format("setting {} of the architecture arm64 is \"{}\"", kernel_text_key, text),
        fmt::format("set {} to require or omit", kernel_text_key));
  return text == "omit";
}

/// The home first: it is what a kernel before 5.19 takes, and what every kernel boots in. Linux
/// reads two ranges at most and takes the last for low memory, below 4 GiB
/// (early_init_dt_check_for_usable_mem_range() in drivers/of/fdt.c); of more than two the others
/// are listed all the same, for a kernel that reads them.
std::vector<Range> usable_ranges(const CrashPlaces& places) {
  std::vector<Range> ranges = places.regions.ranges();
  std::reverse(ranges.begin(), ranges.end());
  const auto home = std::find(ranges.begin(), ranges.end(), places.home);
  if (home == ranges.end())
    ranges.insert(ranges.begin(), places.home);
  else
    std::rotate(ranges.begin(), home, home + 1);
  return ranges;
}

}  // namespace

Result<CrashLayout> crash_layout(const ArchitectureQuestion& question, Record& record) {
  KXF_TRY(may_omit, may_omit_text(question.settings));
  const Sources sources = read_sources(question);
  CrashLayout layout;
  layout.elf_machine = elf_machine;
  KXF_TRY(linear_map_offset, linear_map(sources, record));
  layout.linear_map_offset = linear_map_offset;

  if (const auto found = find_image(sources, question)) {
    const bool linear = found->mapping.physical.start + linear_map_offset ==  //
                        found->mapping.virtual_start;
    record.decide(std::string(topic),
                  fmt::format("kernel text {} at {}", to_text(found->mapping.physical),
                              hex(found->mapping.virtual_start)),
                  linear ? found->source + "; the linear map holds it" : found->source);
    // Before 4.6 the linear map was the kernel's only one.
    if (!linear) layout.kernel_text = found->mapping;
    return layout;
  }
  const std::string unknown =
      "where the running kernel's image is mapped is not known: neither /proc/kcore, nor "
      "VMCOREINFO, nor /proc/kallsyms with /proc/iomem tells it";
  if (!may_omit)
    return refuse(unknown, fmt::format("run as root, or set {} to omit: the dump then has no entry "
                                       "for the kernel's image",
                                       kernel_text_key));
  record.warn("crash-kernel-text",
              fmt::format("{}; the core header has no entry for it ({} is omit): tools that do not "
                          "read VMCOREINFO cannot look up the kernel's own addresses in the dump",
                          unknown, kernel_text_key));
  return layout;
}

Status announce_crash(TreeEditor& editor, const CrashPlaces& places) {
  KXF_TRY(tree, editor.tree());
  const Node root = tree.root();
  const unsigned address_cells = root.address_cells();
  const unsigned size_cells = root.size_cells();
  // By the Devicetree Specification (v0.4, section 2.3.5) counts that are missing are 2 and 1,
  // Linux takes 1 and 1. What is written down has one meaning.
  if (!root.has("#address-cells")) KXF_CHECK(editor.set_u32("/", "#address-cells", address_cells));
  if (!root.has("#size-cells")) KXF_CHECK(editor.set_u32("/", "#size-cells", size_cells));

  const auto announce = [&](std::string_view property, std::span<const Range> ranges) -> Status {
    auto value = encode_ranges(ranges, address_cells, size_cells);
    if (!value) return pass(std::move(value), fmt::format("/chosen/{}", property));
    return editor.set("/chosen", property, *value);
  };
  KXF_CHECK(announce("linux,elfcorehdr", {&places.core_header, 1}));
  return announce("linux,usable-memory-range", usable_ranges(places));
}

}  // namespace kxf::arm64
