// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "kxf/export.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

/// A choice that was made and why: `{"console", "pl011 at 0x9000000", "stdout-path names it"}`.
struct Decision {
  std::string topic;
  std::string choice;
  std::string reason;
};

/// Something that a person should know before the jump. `id` is stable, lower case, with dashes
/// (`gic-its-without-efi`); tools match on it. `text` says cause and remedy.
struct Warning {
  std::string id;
  std::string text;
};

/// The record of decisions: nothing is guessed silently. Every function that chooses gets one and
/// writes into it; `kxf plan --json` prints it whole, in the order in which things were decided.
/// The text must depend on the input alone (no times, no random values, no pointer values).
class Record {
 public:
  void decide(std::string topic, std::string choice, std::string reason) {
    decisions_.push_back({std::move(topic), std::move(choice), std::move(reason)});
  }
  /// The same warning (id and text) is kept once.
  void warn(std::string id, std::string text) {
    for (const Warning& seen : warnings_)
      if (seen.id == id && seen.text == text) return;
    warnings_.push_back({std::move(id), std::move(text)});
  }

  [[nodiscard]] const std::vector<Decision>& decisions() const noexcept { return decisions_; }
  [[nodiscard]] const std::vector<Warning>& warnings() const noexcept { return warnings_; }

 private:
  std::vector<Decision> decisions_;
  std::vector<Warning> warnings_;
};

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
