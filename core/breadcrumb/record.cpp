// SPDX-License-Identifier: Apache-2.0
#include "breadcrumb/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "kxf/range.hpp"
#include "purgatory/layout.h"
#include "text/one_line.hpp"

namespace kxf {
namespace {

static_assert(sizeof(kxf_breadcrumb) == breadcrumb_bytes);
static_assert(KXF_BREADCRUMB_ALIGNMENT == breadcrumb_alignment);
static_assert(static_cast<int>(PurgatoryPhase::started) == KXF_PHASE_STARTED);
static_assert(static_cast<int>(PurgatoryPhase::mismatch) == KXF_PHASE_MISMATCH);
static_assert(static_cast<int>(PurgatoryPhase::entering) == KXF_PHASE_ENTERING);
static_assert(static_cast<int>(PurgatoryPhase::relocating) == KXF_PHASE_RELOCATING);

constexpr std::array<std::string_view, 8> phase_names{
    "started", "mmu", "verifying", "mismatch", "stopped", "verified", "entering", "relocating"};

/// A field of text up to its first zero.
Result<std::string> text_at(const Bytes& bytes, std::size_t offset, std::size_t size) {
  KXF_TRY(field, bytes.slice(offset, size));
  const std::string_view text = text_of(field);
  return one_line(text.substr(0, text.find('\0')));
}

/// By its magic number; nothing when it is no record.
std::optional<Endian> order_of(ByteView bytes) {
  for (const Endian order : {Endian::little, Endian::big}) {
    const auto magic = Bytes(bytes, order).read<std::uint64_t>(offsetof(kxf_breadcrumb, magic));
    if (magic && *magic == KXF_BREADCRUMB_MAGIC) return order;
  }
  return std::nullopt;
}

Status check_sum(const Bytes& bytes) {
  std::uint64_t sum = KXF_SUM_START;
  for (std::size_t at = 0; at < offsetof(kxf_breadcrumb, sum); at += 8) {
    KXF_TRY(word, bytes.read<std::uint64_t>(at));
    sum = (sum ^ word) * KXF_SUM_PRIME;
  }
  KXF_TRY(stored, bytes.read<std::uint64_t>(offsetof(kxf_breadcrumb, sum)));
  if (sum == stored) return {};
  return refuse(fmt::format("the breadcrumb's sum is {} instead of {}: the machine was reset while "
                            "it was written, or this memory does not outlive a reset",
                            hex(stored), hex(sum)),
                "choose memory that keeps its contents, and jump again");
}

std::string segment_text(const PurgatoryRecord& record) {
  if (record.index >= record.count) return fmt::format("all {} segments at once", record.count);
  return fmt::format("segment {} ({}) of {}", record.index, record.name, record.count);
}

/// Behind "the purgatory".
std::string doing(const PurgatoryRecord& record) {
  switch (record.phase) {
    case PurgatoryPhase::started: return "had started";
    case PurgatoryPhase::mmu: return "was turning the MMU on";
    case PurgatoryPhase::verifying: return "was verifying " + segment_text(record);
    case PurgatoryPhase::mismatch:
      return fmt::format("verified {} and did not find its SHA-256", segment_text(record));
    case PurgatoryPhase::stopped: return fmt::format("stopped: {}", record.name);
    case PurgatoryPhase::verified: return "had verified all segments";
    case PurgatoryPhase::entering:
      return record.exception.empty() ? "entered the kernel" : "was entering the kernel";
    case PurgatoryPhase::relocating: return "was bringing the segments to their places";
  }
  return "did what this kxf does not know";
}

}  // namespace

std::string_view name_of(PurgatoryPhase phase) {
  return phase_names.at(static_cast<std::size_t>(phase) - 1);
}

Result<PurgatoryRecord> read_purgatory_record(ByteView bytes) {
  if (bytes.size() < breadcrumb_bytes)
    return refuse(fmt::format("{} bytes where a breadcrumb has {}", bytes.size(), breadcrumb_bytes),
                  "read all of it");
  const auto order = order_of(bytes);
  if (!order) {
    KXF_TRY(magic, Bytes(bytes).read<std::uint64_t>(offsetof(kxf_breadcrumb, magic)));
    return refuse(
        fmt::format("no breadcrumb (magic {})", hex(magic)),
        "compare the address with the profile's purgatory.breadcrumb; memory that a reset "
        "clears keeps none");
  }
  const Bytes record(bytes, *order);
  KXF_TRY(version, record.read<std::uint32_t>(offsetof(kxf_breadcrumb, version)));
  KXF_TRY(size, record.read<std::uint32_t>(offsetof(kxf_breadcrumb, size_bytes)));
  if (version != KXF_BREADCRUMB_VERSION || size != sizeof(kxf_breadcrumb))
    return refuse(fmt::format("a breadcrumb of version {} and {} bytes: this kxf reads version {} "
                              "and {} bytes",
                              version, size, KXF_BREADCRUMB_VERSION, sizeof(kxf_breadcrumb)),
                  "use the kxf that loaded");
  KXF_CHECK(check_sum(record));
  PurgatoryRecord result;
  KXF_TRY(jumps, record.read<std::uint32_t>(offsetof(kxf_breadcrumb, jumps)));
  KXF_TRY(phase, record.read<std::uint32_t>(offsetof(kxf_breadcrumb, phase)));
  KXF_TRY(index, record.read<std::uint32_t>(offsetof(kxf_breadcrumb, index)));
  KXF_TRY(count, record.read<std::uint32_t>(offsetof(kxf_breadcrumb, count)));
  if (phase == 0 || phase > phase_names.size())
    return refuse(fmt::format("a breadcrumb of the unknown phase {}", phase),
                  "use the kxf that loaded");
  result.jumps = jumps;
  result.phase = static_cast<PurgatoryPhase>(phase);
  result.index = index;
  result.count = count;
  KXF_TRY(name, text_at(record, offsetof(kxf_breadcrumb, name), KXF_NAME_SIZE));
  KXF_TRY(exception, text_at(record, offsetof(kxf_breadcrumb, exception), KXF_NAME_SIZE));
  result.name = std::move(name);
  result.exception = std::move(exception);
  for (std::size_t i = 0; i < KXF_BREADCRUMB_REGISTERS; ++i) {
    const std::size_t at =
        offsetof(kxf_breadcrumb, registers) + i * sizeof(kxf_breadcrumb_register);
    KXF_TRY(register_name, text_at(record, at, sizeof(kxf_breadcrumb_register::name)));
    KXF_TRY(value, record.read<std::uint64_t>(at + offsetof(kxf_breadcrumb_register, value)));
    if (!register_name.empty()) result.registers.emplace_back(std::move(register_name), value);
  }
  return result;
}

std::string in_words(const PurgatoryRecord& record) {
  std::string text = "the purgatory " + doing(record);
  if (record.exception.empty()) return text;
  text += fmt::format(" and took an exception, {}", record.exception);
  for (std::size_t i = 0; i < record.registers.size(); ++i)
    text += fmt::format("{}{} {}", i == 0 ? ": " : ", ", record.registers[i].first,
                        hex(record.registers[i].second));
  return text;
}

std::vector<std::string> purgatory_lines(std::string_view log) {
  constexpr std::string_view own = "kxf: ";
  std::vector<std::string> lines;
  while (!log.empty()) {
    const std::string_view line = log.substr(0, log.find('\n'));
    log.remove_prefix(std::min(log.size(), line.size() + 1));
    if (!line.starts_with(own)) continue;
    // An earlier jump's come before it.
    if (line.starts_with("kxf: purgatory")) lines.clear();
    lines.push_back(one_line(line.substr(0, line.find('\r'))));
  }
  return lines;
}

}  // namespace kxf
