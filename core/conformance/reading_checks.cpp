// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>

#include "conformance/asking.hpp"
#include "conformance/checks.hpp"
#include "conformance/inputs.hpp"

namespace kxf::conformance {
namespace {

/// More of the same would hide what is different.
constexpr std::size_t most_reasons = 5;

/// Calls `look(input, answer)` for every hostile input, in read-only memory.
template <class Look>
void ask_all(const Subject& subject, const Question& question, Doing& doing, Look look) {
  for (const Input& input : hostile(subject.samples)) {
    const GuardedBytes bytes(input.bytes, false);
    doing.now(input.what);
    look(input, question(bytes.view()));
  }
  doing.now("");
}

/// Gathers one list of each answer: KXP-15 and KXP-16.
RuleResult check_list(Subject& subject, std::vector<std::string> Asked::*list) {
  return for_each_reader(
      subject, subject.silent, [&](const Question& question, Doing& doing) -> Report {
        std::vector<std::string> found;
        std::size_t more = 0;
        ask_all(subject, question, doing, [&](const Input& input, const Asked& asked) {
          for (const std::string& problem : asked.*list) {
            if (found.size() < most_reasons)
              found.push_back(fmt::format("{}: {}", input.what, problem));
            else
              ++more;
          }
        });
        if (more != 0) found.push_back(fmt::format("and {} times more", more));
        return {RuleResult::of(std::move(found)), {}};
      });
}

/// Bytes that the C library has given out.
std::size_t allocated_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

Report digests(const Subject& subject, const Question& question, Doing& doing) {
  Report report;
  std::vector<std::string> problems;
  for (const Input& input : hostile(subject.samples)) {
    doing.now(input.what);
    const std::uint64_t first = question(input.bytes).digest;
    if (question(input.bytes).digest != first && problems.size() < most_reasons)
      problems.push_back(input.what + ": asked twice, it answers differently");
    report.values.push_back(fmt::format("{:016x} {}", first, input.what));
  }
  report.result = RuleResult::of(std::move(problems));
  return report;
}

}  // namespace

RuleResult check_returns(Subject& subject) {
  return for_each_reader(
      subject, {},
      [&](const Question& question, Doing& doing) -> Report {
        for (const Input& input : hostile(subject.samples)) {
          const GuardedBytes bytes(input.bytes, true);  // who writes to it breaks KXP-12
          doing.now(input.what);
          (void)question(bytes.view());
        }
        return {};
      },
      [&](const std::string& item, const ChildAnswer& answer) {
        if (answer.answered) return answer.report.result;
        const bool forbidden = answer.end == ChildEnd::forbidden_call;
        const std::string_view rule = forbidden ? "KXP-12" : "KXP-11";
        RuleResult silent =
            RuleResult::not_applicable(fmt::format("its calls do not return ({})", rule));
        subject.silent.emplace(item, silent);
        if (!forbidden) return answer.report.result;
        subject.curious.emplace(item, answer.report.result);
        return silent;
      });
}

RuleResult check_contract(Subject& subject) { return check_list(subject, &Asked::contract); }

RuleResult check_refusals(Subject& subject) { return check_list(subject, &Asked::manners); }

RuleResult check_determinism(Subject& subject) {
  const OneCheck ask = [&](const Question& question, Doing& doing) {
    return digests(subject, question, doing);
  };
  return for_each_reader(
      subject, subject.silent, ask, [&](const std::string& item, const ChildAnswer& one) {
        const ChildAnswer other =
            with_registered(subject, [&](const Implementations& all, Doing& doing) {
              return ask(question_of(all, item), doing);
            });
        RuleResult result = one.report.result;
        if (!one.answered || !other.answered) return result;
        for (std::size_t i = 0; i < one.report.values.size(); ++i) {
          if (i < other.report.values.size() && other.report.values[i] == one.report.values[i])
            continue;
          constexpr std::size_t digest_and_space = 17;
          result.outcome = Outcome::failed;
          result.reasons.push_back(one.report.values[i].substr(digest_and_space) +
                                   ": another process gets another answer");
          if (result.reasons.size() > most_reasons) break;
        }
        return result;
      });
}

RuleResult check_touches(Subject& subject) {
  std::map<std::string, RuleResult> known = subject.curious;
  known.insert(subject.silent.begin(), subject.silent.end());
  return for_each_reader(
      subject, known,
      [&](const Question& question, Doing& doing) -> Report {
        ask_all(subject, question, doing, [](const Input&, const Asked&) {});
        if (!sanitized) return {};
        return {RuleResult::not_applicable("a sanitizer's build cannot confine system calls"), {}};
      },
      [&](const std::string& item, const ChildAnswer& answer) {
        // KXP-11 asked the same, of bytes that can be written to.
        if (answer.answered) return answer.report.result;
        subject.silent.emplace(item,
                               RuleResult::not_applicable("its calls do not return (KXP-12)"));
        return RuleResult::failed("it writes to its input: " +
                                  answer.report.result.reasons.front());
      });
}

RuleResult check_memory(Subject& subject) {
  if (sanitized) return RuleResult::not_applicable("a sanitizer's build counts memory differently");
  return for_each_reader(
      subject, subject.silent, [&](const Question& question, Doing& doing) -> Report {
        constexpr int repetitions = 4;
        constexpr std::size_t largest_repeated_bytes = 64U << 10U;
        constexpr std::size_t slack_bytes = 4096;  // what a library may keep for next time
        const std::vector<Input> inputs = hostile(subject.samples);
        const auto ask_once = [&] {
          for (const Input& input : inputs) {
            if (input.bytes.size() > largest_repeated_bytes) continue;
            doing.now(input.what);
            (void)question(input.bytes);
          }
        };
        ask_once();
        ask_once();
        const std::size_t before = allocated_bytes();
        for (int i = 0; i < repetitions; ++i) ask_once();
        const std::size_t after = allocated_bytes();
        if (after <= before + slack_bytes) return {};
        return {RuleResult::failed(fmt::format("it keeps {} bytes of {} calls", after - before,
                                               repetitions * inputs.size())),
                {}};
      });
}

}  // namespace kxf::conformance
