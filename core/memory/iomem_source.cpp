// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "memory/discovery.hpp"

namespace kxf {

namespace {

constexpr std::string_view path = "/proc/iomem";

/// One line of /proc/iomem, which kernel/resource.c prints as `<indent><start>-<end> : <name>`
/// with hexadecimal numbers and an inclusive end.
struct Line {
  std::size_t indent = 0;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::string_view label;
};

std::optional<std::uint64_t> take_hex(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

std::optional<Line> parse_line(std::string_view text) {
  Line line;
  line.indent = std::min(text.find_first_not_of(' '), text.size());
  text.remove_prefix(line.indent);
  const auto first = take_hex(text);
  if (!first || !take(text, "-")) return std::nullopt;
  const auto last = take_hex(text);
  if (!last || !take(text, " :") || *first > *last) return std::nullopt;
  (void)take(text, " ");
  line.first = *first;
  line.last = *last;
  line.label = text;
  return line;
}

/// What a line means, given whether it lies inside RAM. Nothing: it is not about memory.
std::optional<MemoryKind> kind_of(std::string_view label, bool inside_ram, bool top_level) {
  if (label == "System RAM") return MemoryKind::ram;
  // Memory that a driver has added (dax/kmem, virtio-mem): firmware does not tell the next kernel
  // of it, so nothing that this kernel must find may lie there (add_memory_driver_managed() in
  // mm/memory_hotplug.c).
  if (label.starts_with("System RAM (")) return MemoryKind::reserved;
  if (inside_ram) {
    constexpr std::array<std::string_view, 4> parts{"Kernel code", "Kernel rodata", "Kernel data",
                                                    "Kernel bss"};
    if (label == "Crash kernel") return MemoryKind::crash_kernel;
    if (std::ranges::find(parts, label) != parts.end()) return MemoryKind::running_kernel;
    return MemoryKind::reserved;
  }
  // Memory outside the kernel's linear map is shown like this at the top level.
  if (top_level && label == "reserved") return MemoryKind::no_map;
  return std::nullopt;
}

/// Takes the lines in order and knows which ones lie inside which.
class Parser {
 public:
  void take_line(const Line& line) {
    while (!open_.empty() && open_.back().indent >= line.indent) open_.pop_back();
    const bool inside_ram = !open_.empty() && open_.back().is_ram;
    const auto kind = kind_of(line.label, inside_ram, open_.empty());
    open_.push_back({line.indent, inside_ram || kind == MemoryKind::ram});
    all_zero_ = all_zero_ && line.first == 0 && line.last == 0;
    if (!kind) return;
    const Range range{line.first, line.last == UINT64_MAX ? UINT64_MAX : line.last + 1};
    ranges_.push_back({range, *kind, std::string(line.label), {}});
    ranges_.back().running_ram =
        line.label == "System RAM" || line.label.starts_with("System RAM (");
    lists_ram_ = lists_ram_ || kind == MemoryKind::ram;
  }

  MemoryFindings findings(bool any_line) && {
    if (!any_line) return {{}, fmt::format("{} is empty", path)};
    if (all_zero_)
      return {{}, fmt::format("the addresses in {} are hidden from this user: run as root", path)};
    return {std::move(ranges_), lists_ram_ ? "" : fmt::format("{} has no System RAM", path)};
  }

 private:
  struct Open {
    std::size_t indent;
    bool is_ram;
  };
  std::vector<Open> open_;
  std::vector<MemoryRange> ranges_;
  bool all_zero_ = true;
  bool lists_ram_ = false;
};

Result<MemoryFindings> parse_iomem(std::string_view text) {
  Parser parser;
  bool any_line = false;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t length = std::min(text.find('\n'), text.size());
    const std::string_view content = text.substr(0, length);
    text.remove_prefix(std::min(text.size(), length + 1));
    if (content.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto line = parse_line(content);
    if (!line)
      return refuse(fmt::format("{} line {}: \"{}\" is no \"start-end : name\"", path, number,
                                content.substr(0, 80)),
                    "take the file from the running kernel as it is");
    parser.take_line(*line);
    any_line = true;
  }
  return std::move(parser).findings(any_line);
}

class IomemSource final : public MemorySource {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "iomem"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "System RAM and what is reserved in it by /proc/iomem; needs root";
  }

  [[nodiscard]] Result<MemoryFindings> discover(const Machine& machine,
                                                Record& /*record*/) const noexcept override {
    const auto bytes = machine.read(path);
    if (!bytes) return MemoryFindings{{}, bytes.error().message};
    return parse_iomem(text_of(*bytes));
  }
};

}  // namespace

const MemorySource& iomem_memory_source() {
  static const IomemSource source;
  return source;
}

}  // namespace kxf
