// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What a purgatory left in memory that outlives a reset (struct kxf_breadcrumb in
/// plugins/purgatory/layout.h), read and put into words.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "kxf/bytes.hpp"

namespace kxf {

inline constexpr std::uint64_t breadcrumb_bytes = 168;
inline constexpr std::uint64_t breadcrumb_alignment = 8;

/// In the order of KXF_PHASE_*, from 1.
enum class PurgatoryPhase : std::uint8_t {
  started = 1,
  mmu,
  verifying,
  mismatch,
  stopped,
  verified,
  entering,
  relocating,
};

struct PurgatoryRecord {
  std::uint32_t jumps = 0;  ///< how many purgatories have started since there was no record
  PurgatoryPhase phase = PurgatoryPhase::started;
  std::uint32_t index = 0;  ///< of the segment that is verified, from 0; `count`: all at once
  std::uint32_t count = 0;  ///< of segments to verify
  std::string name;         ///< of that segment, or why it stopped
  std::string exception;    ///< which one ended the phase; empty: none
  std::vector<std::pair<std::string, std::uint64_t>> registers;  ///< at that exception
};

/// The record in `bytes`, of either byte order. Texts are made printable.
/// Errors: fewer than breadcrumb_bytes; no record (and which magic number is there); one of another
/// version; one whose sum is wrong, because its writer was reset or the memory did not keep it.
[[nodiscard]] Result<PurgatoryRecord> read_purgatory_record(ByteView bytes);

/// What the purgatory did last, in words: "the purgatory was verifying segment 1 (initrd) of 3".
[[nodiscard]] std::string in_words(const PurgatoryRecord& record);

/// Name of a phase for programs: "verifying".
[[nodiscard]] std::string_view name_of(PurgatoryPhase phase);

/// The lines that the last purgatory wrote into a log (ramoops), without their ends; empty when
/// there are none.
[[nodiscard]] std::vector<std::string> purgatory_lines(std::string_view log);

}  // namespace kxf
