// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "conformance/checks.hpp"
#include "conformance/child.hpp"
#include "plugin/kinds.hpp"

namespace kxf::conformance {
namespace {

/// A line of a listing on a usual terminal, with the name in front.
constexpr std::size_t longest_text = 200;

/// Calls `visit(kind:name, implementation)` for all.
template <class Visit>
void for_each(const Implementations& all, Visit visit) {
  std::apply(
      [&]<class... Interface>(const std::vector<Registered<Interface>>&... lists) {
        const auto one_list = [&]<class One>(const std::vector<Registered<One>>& list) {
          for (const auto& item : list)
            visit(fmt::format("{}:{}", kind_name<One>, item.implementation->name()),
                  static_cast<const Extension&>(*item.implementation));
        };
        (one_list(lists), ...);
      },
      all);
}

void check_text(std::string_view what, std::string_view text, std::vector<std::string>& problems) {
  if (text.empty()) problems.push_back(fmt::format("{} is empty", what));
  if (one_line(text) != text)
    problems.push_back(fmt::format("{} is not one line of printable ASCII", what));
  if (text.size() > longest_text)
    problems.push_back(
        fmt::format("{} has {} bytes, {} are the most", what, text.size(), longest_text));
}

void check_spec(const std::string& who, const SettingSpec& spec,
                std::vector<std::string>& problems) {
  const std::string what = fmt::format("{}: setting \"{}\"", who, one_line(spec.key));
  if (!is_well_formed_name(spec.key))
    problems.push_back(what + " is not made of lower case letters, digits and dashes");
  check_text(what + ": its summary", spec.summary, problems);
  if (one_line(spec.default_value) != spec.default_value)
    problems.push_back(what + ": its default is not one line of printable ASCII");
}

}  // namespace

RuleResult check_texts(Subject& subject) {
  std::vector<std::string> problems;
  check_text("the note's version", subject.metadata.version, problems);
  check_text("the note's vendor", subject.metadata.vendor, problems);
  check_text("the note's summary", subject.metadata.summary, problems);
  const auto answer = with_registered(subject, [](const Implementations& all, Doing& doing) {
    std::vector<std::string> found;
    for_each(all, [&](const std::string& who, const Extension& implementation) {
      doing.now(who + ": summary()");
      check_text(who + ": its summary", implementation.summary(), found);
    });
    return Report{RuleResult::of(std::move(found)), {}};
  });
  problems.insert(problems.end(), answer.report.result.reasons.begin(),
                  answer.report.result.reasons.end());
  return RuleResult::of(std::move(problems));
}

RuleResult check_settings(Subject& subject) {
  return with_registered(
             subject,
             [](const Implementations& all, Doing& doing) {
               std::vector<std::string> found;
               bool any = false;
               for_each(all, [&](const std::string& who, const Extension& implementation) {
                 doing.now(who + ": settings()");
                 std::vector<std::string_view> keys;
                 for (const SettingSpec& spec : implementation.settings()) {
                   any = true;
                   check_spec(who, spec, found);
                   if (std::ranges::find(keys, spec.key) != keys.end())
                     found.push_back(
                         fmt::format("{}: setting \"{}\" twice", who, one_line(spec.key)));
                   keys.push_back(spec.key);
                 }
               });
               if (!any) return Report{RuleResult::not_applicable("it declares none"), {}};
               return Report{RuleResult::of(std::move(found)), {}};
             })
      .report.result;
}

}  // namespace kxf::conformance
