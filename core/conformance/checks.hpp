// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The function of each rule, by the file that it is in. rules.cpp says which rule is which.

#include "conformance/rule.hpp"

namespace kxf::conformance {

// file_checks.cpp: nothing of the plugin runs
RuleResult check_file(Subject& subject);
RuleResult check_note(Subject& subject);
RuleResult check_exports(Subject& subject);
RuleResult check_link_flags(Subject& subject);
// load_checks.cpp
RuleResult check_loads(Subject& subject);
RuleResult check_leaves_nothing(Subject& subject);
RuleResult check_descriptor(Subject& subject);
RuleResult check_registration(Subject& subject);
// declaration_checks.cpp
RuleResult check_texts(Subject& subject);
RuleResult check_settings(Subject& subject);
// recognition_checks.cpp
RuleResult check_own_samples(Subject& subject);
RuleResult check_foreign_bytes(Subject& subject);
// reading_checks.cpp
RuleResult check_returns(Subject& subject);
RuleResult check_contract(Subject& subject);
RuleResult check_refusals(Subject& subject);
RuleResult check_determinism(Subject& subject);
RuleResult check_touches(Subject& subject);
RuleResult check_memory(Subject& subject);
// machine_checks.cpp
RuleResult check_console_sinks(Subject& subject);
RuleResult check_cpu_methods(Subject& subject);
RuleResult check_memory_sources(Subject& subject);
RuleResult check_board_checks(Subject& subject);
RuleResult check_architectures(Subject& subject);

}  // namespace kxf::conformance
