// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The rules that `kxf plugin check` holds a plugin against. docs/plugin-rules.md explains each.

#include <chrono>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kxf/image_format.hpp"
#include "plugin/metadata.hpp"
#include "text/one_line.hpp"

namespace kxf::conformance {

enum class Outcome : std::uint8_t { ok, failed, not_applicable };

/// `ok`, `FAILED`, `not applicable`.
[[nodiscard]] std::string_view name_of(Outcome outcome);

struct RuleResult {
  Outcome outcome = Outcome::ok;
  /// What was found, a line each; for `not_applicable` why; for `ok` what was left out. The text
  /// comes from the plugin in part and is printable.
  std::vector<std::string> reasons;

  [[nodiscard]] static RuleResult failed(std::string reason) {
    return {Outcome::failed, {std::move(reason)}};
  }
  [[nodiscard]] static RuleResult not_applicable(std::string reason) {
    return {Outcome::not_applicable, {std::move(reason)}};
  }
  /// Failed with these reasons, ok without any.
  [[nodiscard]] static RuleResult of(std::vector<std::string> reasons) {
    return {reasons.empty() ? Outcome::ok : Outcome::failed, std::move(reasons)};
  }
};

/// The plugin that is checked, and what rules found out about it for those behind them.
struct Subject {
  std::filesystem::path file;
  std::vector<NamedBytes> samples;   ///< of the plugin's own formats and codecs
  std::chrono::milliseconds time{};  ///< that a child may take
  PluginMetadata metadata = {};      ///< once KXP-1 holds
  /// What rules say of implementations (`codec:gzip`) whose calls do not all return.
  std::map<std::string, RuleResult> silent = {};
  /// The same for those that made a system call that they may not: which.
  std::map<std::string, RuleResult> curious = {};
};

struct Rule {
  unsigned number = 0;  ///< KXP-<number>; never given to another rule
  std::string_view title;
  unsigned needs = 0;  ///< the rule without which this one cannot be asked; 0: none
  RuleResult (*check)(Subject& subject);
};

/// All rules, by number.
[[nodiscard]] std::span<const Rule> rules();

struct CheckedRule {
  const Rule* rule = nullptr;
  RuleResult result;
};

/// Hold the plugin against every rule, in order. What runs of the plugin runs in children.
[[nodiscard]] std::vector<CheckedRule> check_plugin(Subject& subject);

}  // namespace kxf::conformance
