// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "conformance/checks.hpp"
#include "conformance/rule.hpp"

namespace kxf::conformance {
namespace {

constexpr std::array all_rules = {
    Rule{1, "the file is a plugin that kxf may open", 0, check_file},
    Rule{2, "its note fits this kxf", 1, check_note},
    Rule{3, "it exports kxf_plugin_v1 and nothing else", 1, check_exports},
    Rule{4, "it is linked as kxf_add_plugin() links", 1, check_link_flags},
    Rule{5, "it loads: all symbols are there, constructors return", 2, check_loads},
    Rule{6, "loading it leaves nothing behind", 5, check_leaves_nothing},
    Rule{7, "its descriptor fits this kxf and its note", 5, check_descriptor},
    Rule{8, "it registers what it announces, once, and returns", 7, check_registration},
    Rule{9, "what listings show of it can be shown", 8, check_texts},
    Rule{10, "its settings are well formed", 8, check_settings},
    Rule{11, "formats and codecs return from every input", 8, check_returns},
    Rule{12, "formats and codecs touch their arguments and memory only", 8, check_touches},
    Rule{13, "formats and codecs know their own samples", 8, check_own_samples},
    Rule{14, "formats and codecs leave the bytes of others alone", 8, check_foreign_bytes},
    Rule{15, "what formats and codecs give keeps the contract", 8, check_contract},
    Rule{16, "refusals say why and what to do", 8, check_refusals},
    Rule{17, "the same question gets the same answer", 8, check_determinism},
    Rule{18, "formats and codecs keep no memory", 8, check_memory},
    Rule{19, "console sinks give programs that fit their devices", 8, check_console_sinks},
    Rule{20, "CPU enable methods judge with a reason", 8, check_cpu_methods},
    Rule{21, "memory sources are silent where they know nothing", 8, check_memory_sources},
    Rule{22, "board checks say what is wrong and what to do", 8, check_board_checks},
    Rule{23, "architectures know what is not theirs", 8, check_architectures},
};

}  // namespace

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::ok: return "ok";
    case Outcome::failed: return "FAILED";
    default: return "not applicable";
  }
}

std::span<const Rule> rules() { return all_rules; }

std::vector<CheckedRule> check_plugin(Subject& subject) {
  std::vector<CheckedRule> checked;
  std::vector<unsigned>
      unfit;  ///< rules that do not hold, or could not be asked for one that does not
  for (const Rule& rule : rules()) {
    if (std::ranges::find(unfit, rule.needs) != unfit.end()) {
      unfit.push_back(rule.number);
      checked.push_back(
          {&rule, RuleResult::not_applicable(fmt::format("KXP-{} does not hold", rule.needs))});
      continue;
    }
    checked.push_back({&rule, rule.check(subject)});
    if (checked.back().result.outcome == Outcome::failed) unfit.push_back(rule.number);
  }
  return checked;
}

}  // namespace kxf::conformance
