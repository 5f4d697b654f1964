// SPDX-License-Identifier: Apache-2.0
#include "policy/command_line.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <rapidcheck.h>

#include <algorithm>

namespace command_line_test {

using namespace kxf;

namespace {

using Words = std::vector<std::string>;

constexpr std::uint64_t limit_bytes = 2048;

struct Case {
  Policy policy{};
  std::string running;
  std::optional<std::string> image;
  CommandLineRules rules{limit_bytes, "nr_cpus=1 reset_devices"};
  Record record{};

  Case& reuse(std::string text) {
    policy.command_line_mode = {CommandLineMode::reuse, "test"};
    running = std::move(text);
    return *this;
  }
  Case& replace(std::string text) {
    policy.command_line = {std::move(text), "test"};
    return *this;
  }
  Case& append(std::string text) {
    policy.command_line_append = {std::move(text), "--append"};
    return *this;
  }
  Case& remove(Words entries) {
    policy.command_line_remove = {std::move(entries), "board.toml:3:10"};
    return *this;
  }
  Case& crash() {
    policy.crash = true;
    return *this;
  }
  Result<std::string> compose() {
    return compose_command_line(policy, running, image, rules, record);
  }
  std::string text() {
    auto result = compose();
    if (!result) FAIL(result.error().message);
    return *result;
  }
  [[nodiscard]] bool decided(std::string_view choice, std::string_view reason) const {
    return std::ranges::any_of(record.decisions(), [&](const Decision& decision) {
      return decision.topic == "command-line" && decision.choice == choice &&
             decision.reason == reason;
    });
  }
};

/// One parameter whose quotes are in pairs and protect all its white space.
rc::Gen<std::string> parameters() {
  return rc::gen::suchThat(rc::gen::map(rc::gen::container<std::string>(
                                            rc::gen::elementOf(std::string("ab=-_,.\" 1\xc3"))),
                                        [](const std::string& text) {
                                          bool quoted = false;
                                          std::string result;
                                          for (const char c : text) {
                                            if (c == '"') quoted = !quoted;
                                            if (c != ' ' || quoted) result += c;
                                          }
                                          return quoted ? result + '"' : result;
                                        }),
                           [](const std::string& text) { return !text.empty() && text != "--"; });
}

rc::Gen<Words> lists_of_parameters() { return rc::gen::container<Words>(parameters()); }

std::string joined(const Words& words) { return fmt::format("{}", fmt::join(words, " ")); }

}  // namespace

TEST_CASE("command line: white space separates, double quotes protect it and stay") {
  CHECK(split_command_line("").empty());
  CHECK(split_command_line(" \t\n\v\f\r ").empty());
  CHECK(split_command_line(" a  b=c\td\n") == Words{"a", "b=c", "d"});
  CHECK(split_command_line("dyndbg=\"file a.c +p; x\" quiet") ==
        Words{"dyndbg=\"file a.c +p; x\"", "quiet"});
  CHECK(split_command_line("\"a b=c d\" e") == Words{"\"a b=c d\"", "e"});
  CHECK(split_command_line("a=b\" \"c d") == Words{"a=b\" \"c", "d"});
  CHECK(split_command_line("a=\"never closed") == Words{"a=\"never closed"});
  CHECK(split_command_line("a='b c'") == Words{"a='b", "c'"});
  CHECK(split_command_line("who=\xc3\xa0 b") == Words{"who=\xc3\xa0", "b"});
}

TEST_CASE("command line: names are exact, but for dashes and underscores") {
  CHECK(has_parameter_name("crashkernel=256M", "crashkernel"));
  CHECK(has_parameter_name("log-buf_len=1M", "log_buf-len"));
  CHECK(has_parameter_name("quiet", "quiet"));
  CHECK(has_parameter_name("\"quiet\"", "quiet"));
  CHECK(has_parameter_name("\"a=b c\"", "a"));
  CHECK(has_parameter_name("=a=b", "=a"));
  CHECK(!has_parameter_name("crashkernel_test=1", "crashkernel"));
  CHECK(!has_parameter_name("foo.crashkernel=1", "crashkernel"));
  CHECK(!has_parameter_name("Quiet", "quiet"));
  CHECK(!has_parameter_name("quiet", "quie"));
}

TEST_CASE("command line: the last parameter of a name gives its value without quotes") {
  CHECK(last_parameter("a=1 b a=2", "a") == "2");
  CHECK(last_parameter("earlycon=pl011,0x9000000", "earlycon") == "pl011,0x9000000");
  CHECK(last_parameter("earlycon quiet", "earlycon") == "");
  CHECK(last_parameter("a=\"b c\" d", "a") == "b c");
  CHECK(last_parameter("\"a=b c\" d", "a") == "b c");
  CHECK(last_parameter("a=b=c", "a") == "b=c");
  CHECK(last_parameter("x.a=1 ab=2", "a") == std::nullopt);
  CHECK(last_parameter("a=1 -- a=2", "a") == "1");
  CHECK(last_parameter("\"a\" b", "a") == "");
}

TEST_CASE("command line: reuse drops what belongs to the boot of the running kernel") {
  Case test;
  test.reuse("BOOT_IMAGE=/boot/vmlinuz root=/dev/vda1 elfcorehdr=0x1000 crashkernel=256M quiet\n");
  CHECK(test.text() == "root=/dev/vda1 crashkernel=256M quiet");
  CHECK(test.decided("BOOT_IMAGE=/boot/vmlinuz removed", "it names the running kernel's file"));
  CHECK(test.decided("the running kernel's", "test"));
  CHECK(test.crash().text() == "root=/dev/vda1 quiet nr_cpus=1 reset_devices");
}

TEST_CASE("command line: a crash load drops every crashkernel, and nothing that looks like it") {
  Case test;
  test.reuse(
      "foo.crashkernel=1 crashkernel=1G,high crashkernel_test.x=1 crashkernel=64M,low "
      "note=\"a crashkernel=2 b\" -- crashkernel=3");
  test.rules.crash_parameters = "";
  test.crash();
  CHECK(test.text() ==
        "foo.crashkernel=1 crashkernel_test.x=1 note=\"a crashkernel=2 b\" -- crashkernel=3");
  test.policy.crash_command_line_remove = {{}, "board.toml:9:1"};
  CHECK_FALSE(has_parameter_name(test.text(), "crashkernel"));
}

TEST_CASE(
    "command line: a crash load drops what would use up its region, and a profile says else") {
  Case test;
  test.rules.crash_parameters = "";
  const std::string running =
      "root=/dev/vda1 hugepages=512 hugepagesz=2M cma=64M mem=4G log-buf-len=16M cmac=1 quiet";
  CHECK(test.reuse(running).text() == running);
  CHECK(test.crash().text() == "root=/dev/vda1 cmac=1 quiet");
  CHECK(test.decided("cma=64M removed", "a crash kernel has little memory, and all of it at once"));
  CHECK_FALSE(test.decided("no swiotlb to remove", "default"));

  test.policy.crash_command_line_remove = {{"quiet", "absent"}, "board.toml:9:1"};
  CHECK(test.text() ==
        "root=/dev/vda1 hugepages=512 hugepagesz=2M cma=64M mem=4G log-buf-len=16M cmac=1");
  CHECK(test.decided("no absent to remove", "board.toml:9:1"));

  Case own;
  own.rules.crash_parameters = "";
  CHECK(own.replace("hugepages=4 crashkernel=1M").crash().text() == "hugepages=4 crashkernel=1M");
  Case image;
  image.rules.crash_parameters = "";
  image.image = "hugepages=4 crashkernel=1M a";
  CHECK(image.crash().text() == "a");
}

TEST_CASE("command line: a crash load appends what the policy has not given itself") {
  const std::string reason = "what crash kernels of this architecture need";
  Case test;
  CHECK(test.reuse("a nr_cpus=64 -- b").append("c").crash().text() ==
        "a nr_cpus=64 nr_cpus=1 reset_devices c -- b");
  CHECK(test.decided("nr_cpus=1 reset_devices appended", reason));

  Case later;
  CHECK(later.reuse("a").append("nr-cpus=2").crash().text() == "a reset_devices nr-cpus=2");
  CHECK(later.decided("reset_devices appended", reason));

  Case own;
  CHECK(own.replace("a nr_cpus=4").crash().text() == "a nr_cpus=4 reset_devices");
  CHECK(Case{}.replace("a reset_devices nr_cpus=4").crash().text() == "a reset_devices nr_cpus=4");

  Case chosen;
  chosen.policy.crash_command_line_append = {"nr_cpus=2", "board.toml:9:1"};
  CHECK(chosen.replace("a nr_cpus=4").append("b").crash().text() == "a nr_cpus=4 nr_cpus=2 b");
  CHECK(chosen.decided("nr_cpus=2 appended", "board.toml:9:1"));
  chosen.policy.crash_command_line_append.value = "";
  CHECK(chosen.text() == "a nr_cpus=4 b");
  chosen.policy.crash = false;
  CHECK(chosen.text() == "a nr_cpus=4 b");
  CHECK(Case{}.reuse("a").text() == "a");
}

TEST_CASE(
    "command line: removal takes a name or one exact value, from what the policy did not give") {
  Case test;
  test.reuse("console=tty0 console=ttyAMA0 quiet x=\"a b\" x=c -- quiet");
  test.remove({"console=tty0", "quiet", "x=\"a b\"", "absent"}).append("quiet console=tty0");
  CHECK(test.text() == "console=ttyAMA0 x=c quiet console=tty0 -- quiet");
  CHECK(test.decided("console=tty0 removed", "board.toml:3:10"));
  CHECK(test.decided("no absent to remove", "board.toml:3:10"));
  CHECK(test.decided("quiet console=tty0 appended", "--append"));

  Case own;
  own.replace("a quiet").remove({"quiet"});
  CHECK(own.text() == "a quiet");
}

TEST_CASE("command line: what is appended stands before the arguments for init") {
  CHECK(Case{}.replace("root=/dev/vda1 -- single").append("quiet").text() ==
        "root=/dev/vda1 quiet -- single");
  CHECK(Case{}.replace("a -- b -- c").append("d -- e").text() == "a d -- b -- c e");
  CHECK(Case{}.replace("a --").append("b").text() == "a b");
  CHECK(Case{}.replace("a --x").append("b").text() == "a --x b");
}

TEST_CASE("command line: the image's own counts when the policy gives none") {
  Case test;
  test.image = std::string("root=/dev/vda2 quiet\n\0\0", 23);
  test.append("splash").remove({"quiet"});
  CHECK(test.text() == "root=/dev/vda2 splash");
  CHECK(test.decided("the image's own", "the policy has no text for it"));
  test.replace("");
  CHECK(test.text() == "splash");
  CHECK(test.decided("the policy's text", "test; the image's own is not used"));
  test.reuse("a");
  CHECK(test.text() == "a splash");
  CHECK(Case{}.text().empty());
}

TEST_CASE("command line: the limit counts the final zero, and the error says by how much") {
  Case test;
  test.replace(std::string(2047, 'x'));
  CHECK(test.text().size() == 2047);
  test.append("ab");
  const auto result = test.compose();
  REQUIRE(!result);
  CHECK(result.error().message ==
        "command line: 2051 bytes with its final zero are 3 more than the 2048 that the next "
        "kernel takes");
  CHECK(result.error().remedy.starts_with("shorten it by 3 bytes"));
  CHECK(result.error().fault == Fault::refused);
}

TEST_CASE("command line: zero bytes, line breaks and open quotes are refused") {
  const auto message = [](Case test) {
    const auto result = test.compose();
    REQUIRE(!result);
    CHECK(!result.error().remedy.empty());
    return result.error().message;
  };
  CHECK(message(Case{}.replace(std::string("a\0b", 3))) ==
        "command line: a zero byte at byte 1 of test");
  CHECK(message(Case{}.replace("ab\nc")) == "command line: a line break at byte 2 of test");
  CHECK(message(Case{}.append("a\nb")) == "command line: a line break at byte 1 of --append");
  CHECK(message(Case{}.reuse("a=\"b c").append("d"))
            .starts_with("command line: a double quote of the running kernel's command line"));
  CHECK(Case{}.reuse("a=\"b  c").text() == "a=\"b  c");
}

TEST_CASE("command line: splitting what was joined gives the same parameters") {
  CHECK(rc::check("split(join(words)) == words", [] {
    const Words words = *lists_of_parameters();
    RC_ASSERT(split_command_line(joined(words)) == words);
  }));
}

TEST_CASE("command line: composing keeps every parameter whole, in order") {
  CHECK(rc::check("reuse + append = the words of both", [] {
    Words running = *lists_of_parameters();
    const Words more = *lists_of_parameters();
    Record record;
    Policy policy;
    policy.command_line_mode = {CommandLineMode::reuse, "test"};
    policy.command_line_append = {joined(more), "test"};
    const auto result = compose_command_line(policy, joined(running), {}, {UINT64_MAX}, record);
    RC_ASSERT(result);
    running.insert(running.end(), more.begin(), more.end());
    RC_ASSERT(split_command_line(*result) == running);
    RC_ASSERT(*result == joined(running));
  }));
}

TEST_CASE("command line: removing a name takes exactly the parameters of that name") {
  CHECK(rc::check("what stays is what has another name", [] {
    const Words running = *lists_of_parameters();
    const std::string name = *rc::gen::element<std::string>("a", "b", "a-b", "ab", "1");
    Record record;
    Policy policy;
    policy.command_line_mode = {CommandLineMode::reuse, "test"};
    policy.command_line_remove = {{name}, "test"};
    const auto result = compose_command_line(policy, joined(running), {}, {UINT64_MAX}, record);
    RC_ASSERT(result);
    Words kept;
    for (const std::string& word : running)
      if (!has_parameter_name(word, name)) kept.push_back(word);
    RC_ASSERT(split_command_line(*result) == kept);
  }));
}

}  // namespace command_line_test
