// SPDX-License-Identifier: Apache-2.0
// What tests/conformance/run.py cannot see from outside: the document, inputs, results that are
// joined.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "conformance/asking.hpp"
#include "conformance/inputs.hpp"
#include "conformance/rule.hpp"
#include "machine/file.hpp"

namespace conformance_test {
namespace {

using namespace kxf;
using namespace kxf::conformance;

std::string document() {
  const auto text = read_to_end(std::string(KXF_SOURCE_DIR) + "/docs/plugin-rules.md", 1U << 20U);
  REQUIRE(text);
  return std::string(text_of(*text));
}

TEST_CASE("the document has a section for each rule, with its title, and for no other") {
  std::string headings;
  std::string_view text;
  const std::string all = document();
  text = all;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (line.starts_with("### ")) headings += fmt::format("{}\n", line.substr(4));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  std::string expected;
  for (const Rule& rule : rules()) expected += fmt::format("KXP-{}: {}\n", rule.number, rule.title);
  CHECK(headings == expected);
}

TEST_CASE("rules have ascending numbers, and need rules before them") {
  unsigned last = 0;
  for (const Rule& rule : rules()) {
    CHECK(rule.number == last + 1);
    CHECK(rule.needs < rule.number);
    last = rule.number;
  }
}

TEST_CASE("hostile inputs are the same each time, and each has a name of its own") {
  const std::string sample(300, 'x');
  const std::vector<NamedBytes> samples = {{"one", bytes_of(sample)}};
  const auto first = hostile(samples);
  const auto again = hostile(samples);
  REQUIRE(first.size() == again.size());
  std::set<std::string> names;
  for (std::size_t i = 0; i < first.size(); ++i) {
    CHECK(first[i].bytes == again[i].bytes);
    names.insert(first[i].what);
  }
  const auto is = [&](const std::string& what) {
    return std::ranges::find(first, what, &Input::what) != first.end();
  };
  CHECK(is("sample one"));
  CHECK(is("sample one, cut to 299 bytes"));
  CHECK(is("sample one, cut to 1 bytes"));
  CHECK(is("no bytes at all"));
  CHECK(std::ranges::any_of(
      first, [](const Input& input) { return input.what.ends_with("of byte 0 flipped"); }));
}

TEST_CASE("a large sample is cut at its head only") {
  const std::string sample((1U << 20U) + 1, 'x');
  const std::vector<NamedBytes> samples = {{"large", bytes_of(sample)}};
  std::uint64_t all_bytes = 0;
  for (const Input& input : hostile(samples)) all_bytes += input.bytes.size();
  CHECK(all_bytes < 3 * sample.size());
}

TEST_CASE("an empty sample is an input like others") {
  CHECK(hostile(std::vector<NamedBytes>{{"empty", {}}}).size() == hostile({}).size() + 1);
}

TEST_CASE(
    "results of several implementations: one failure is a failure, none at all is not applicable") {
  Joined joined;
  joined.add("codec:a", {});
  joined.add("codec:b", RuleResult::failed("it is wrong"));
  joined.add("codec:c", RuleResult::not_applicable("nobody asked"));
  const RuleResult result = std::move(joined).done("there are none");
  CHECK(result.outcome == Outcome::failed);
  CHECK(result.reasons ==
        std::vector<std::string>{"codec:b: it is wrong", "codec:c: not applicable: nobody asked"});
  CHECK(Joined().done("there are none").outcome == Outcome::not_applicable);
  CHECK(Joined().done("there are none").reasons.front() == "there are none");
}

TEST_CASE("an error without a remedy has bad manners, unless it comes from kxf::Bytes") {
  CHECK(bad_manners({"wrong", "do right", Fault::refused}).empty());
  CHECK(bad_manners({"wrong", "", Fault::refused}).size() == 1);
  CHECK(bad_manners({"", "do right", Fault::refused}).size() == 1);
  CHECK(bad_manners({"two\nlines", "do right", Fault::refused}).size() == 1);
  const auto past_the_end = Bytes(ByteView()).slice(0, 4);
  REQUIRE_FALSE(past_the_end);
  CHECK(bad_manners(past_the_end.error()).empty());
}

TEST_CASE("guarded bytes are a copy") {
  const ByteVector bytes = {1, 2, 3};
  for (const bool writable : {false, true}) {
    const GuardedBytes guarded(bytes, writable);
    REQUIRE(guarded.there());
    CHECK(std::ranges::equal(guarded.view(), bytes));
    CHECK(guarded.view().data() != bytes.data());
  }
  CHECK(GuardedBytes({}, false).view().empty());
}

}  // namespace

}  // namespace conformance_test
