// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "conformance/asking.hpp"
#include "conformance/checks.hpp"
#include "conformance/inputs.hpp"

namespace kxf::conformance {

RuleResult check_own_samples(Subject& subject) {
  if (announced(subject, reading_kinds()).empty())
    return RuleResult::not_applicable("it has neither formats nor codecs");
  if (subject.samples.empty())
    return RuleResult::not_applicable("no samples were given (--samples DIR)");
  return for_each_reader(
      subject, subject.silent, [&](const Question& question, Doing& doing) -> Report {
        std::vector<std::string> refusals;
        for (const NamedBytes& sample : subject.samples) {
          doing.now("sample " + sample.name);
          const Asked asked = question(sample.bytes);
          if (asked.usable) return {};
          if (asked.claimed)
            refusals.push_back(fmt::format("sample {}: {}", sample.name, asked.refusal));
        }
        if (refusals.empty())
          refusals.push_back(
              fmt::format("it knows none of the {} samples", subject.samples.size()));
        return {RuleResult::of(std::move(refusals)), {}};
      });
}

RuleResult check_foreign_bytes(Subject& subject) {
  return for_each_reader(
      subject, subject.silent, [](const Question& question, Doing& doing) -> Report {
        std::vector<std::string> problems;
        for (const Input& input : nobodys()) {
          doing.now(input.what);
          if (question(input.bytes).claimed) problems.push_back("it claims " + input.what);
        }
        // Which of the known kinds is its own nobody says. That two are does not happen.
        std::vector<std::string_view> families;
        for (const KnownSample& known : known_samples()) {
          doing.now(known.family);
          if (question(known.bytes).claimed &&
              std::ranges::find(families, known.family) == families.end())
            families.push_back(known.family);
        }
        if (families.size() > 1)
          problems.push_back(fmt::format("it claims files of {} kinds, one can be its own: {}",
                                         families.size(), fmt::join(families, ", ")));
        return {RuleResult::of(std::move(problems)), {}};
      });
}

}  // namespace kxf::conformance
