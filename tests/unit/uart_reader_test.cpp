// SPDX-License-Identifier: Apache-2.0
//
// Descriptions of UARTs: files, the directory that they are in, and those inside a profile.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "fake_registry.hpp"
#include "policy/profile.hpp"
#include "scratch.hpp"
#include "uart/uart_files.hpp"
#include "uart/uart_reader.hpp"

namespace uart_reader_test {
namespace {

using kxf_test::contains;

constexpr std::string_view good =
    R"(schema = 1
name = "acme-uart"
summary = "ACME serial port"
source = ["ACME A7 manual, 12.3"]
device = [{ earlycon = ["acme"], compatible = ["acme,uart"], access = [32, 16] }]
register = [{ name = "TX", offset = 0 }, { name = "STATUS", offset = 8, width = 16 }]
step = [
  { poll = "STATUS", mask = 0x3, value = 0x1, count = 50 },
  { put = "TX", shift = 4 },
]
)";

std::string replaced(std::string_view from, std::string_view to) {
  std::string text(good);
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string refusal(std::string_view text) {
  const auto uart = kxf::parse_uart_file(text, "/etc/kxf/uarts/acme-uart.toml");
  if (uart) return "";
  CHECK_FALSE(uart.error().remedy.empty());
  CHECK(uart.error().fault == kxf::Fault::refused);
  return uart.error().message;
}

std::string in_profile(std::string_view text) {
  std::string body(text);
  body.erase(0, body.find('\n') + 1);
  return fmt::format("schema = 1\n[[console.uart]]\n{}", body);
}

}  // namespace

TEST_CASE("uart file: what it says is what comes out") {
  const auto uart = kxf::parse_uart_file(good, "/etc/kxf/uarts/acme-uart.toml");
  REQUIRE(uart);
  CHECK(uart->name == "acme-uart");
  CHECK(uart->summary == "ACME serial port");
  CHECK(uart->origin == "acme-uart.toml");
  CHECK(uart->offsets == kxf::UartOffsets::bytes);
  REQUIRE(uart->devices.size() == 1);
  CHECK(uart->devices[0].earlycon == std::vector<std::string>{"acme"});
  CHECK(uart->devices[0].access_bits == std::vector<std::uint32_t>{32, 16});
  CHECK_FALSE(uart->devices[0].fixed);
  REQUIRE(uart->registers.size() == 2);
  CHECK(uart->registers[1].width_bits == 16);
  REQUIRE(uart->steps.size() == 2);
  CHECK(uart->steps[0].op == kxf::SinkOp::poll);
  CHECK(uart->steps[0].reg == 1);
  CHECK(uart->steps[0].mask == 3);
  CHECK(uart->steps[0].value == 1);
  CHECK(uart->steps[0].count == 50);
  CHECK(uart->steps[1].shift == 4);
}

TEST_CASE("uart file: a poll for anything but a value, and bits that are cleared") {
  const auto uart =
      kxf::parse_uart_file(replaced("value = 0x1, count = 50 },",
                                    "while = 0x2 },\n  { clear = \"STATUS\", mask = 0x6 },"),
                           "acme-uart.toml");
  REQUIRE(uart);
  REQUIRE(uart->steps.size() == 3);
  CHECK(uart->steps[0].op == kxf::SinkOp::poll_while);
  CHECK(uart->steps[0].mask == 3);
  CHECK(uart->steps[0].value == 2);
  CHECK(uart->steps[0].count == kxf::UartSpec::default_count);
  CHECK(uart->steps[1].op == kxf::SinkOp::clear);
  CHECK(uart->steps[1].reg == 1);
  CHECK(uart->steps[1].mask == 6);
  CHECK(uart->steps[1].count == 0);
}

TEST_CASE("uart file: each defect is refused where it stands") {
  struct Defect {
    const char* name;
    const char* from;
    const char* to;
    const char* message;
  };
  const Defect defects[] = {
      {"no schema", "schema = 1", "", "1:1: the schema is not named"},
      {"another schema", "schema = 1", "schema = 2", "1:10: schema 2 is unknown"},
      {"unknown key",
       "summary =", "sumary =", "3:1: unknown key \"sumary\": did you mean \"summary\"?"},
      {"key of a profile", "summary =", "kernel.image = \"x\"\nsummary =",
       "3:1: unknown key \"kernel\": known here: \"name\""},
      {"unknown key in a device", "access = [32, 16]", "access = [32], acces = [16]",
       "unknown key \"acces\" in [device]: did you mean \"access\"?"},
      {"unknown key in a step", "count = 50", "times = 50", "unknown key \"times\" in [step]"},
      {"no name", "name = \"acme-uart\"", "", "\"name\" is missing"},
      {"a name that is none", "acme-uart", "Acme UART", "name: \"Acme UART\" is no name"},
      {"another name than the file's", "acme-uart", "acme",
       "2:8: name: \"acme\" stands in a file that is called \"acme-uart.toml\""},
      {"no source", "[\"ACME A7 manual, 12.3\"]", "[]", "4:10: source: there is none"},
      {"rank too high", "summary =", "rank = 4000000000\nsummary =", "rank: wanted 0 to 1000000"},
      {"negative rank", "summary =", "rank = -1\nsummary =", "rank: wanted an integer"},
      {"no such kind of offsets", "summary =", "offsets = \"words\"\nsummary =",
       "offsets: \"words\" is none of \"bytes\", \"reg-shift\""},
      {"no device",
       "device = [{ earlycon = [\"acme\"], compatible = [\"acme,uart\"], access = [32, "
       "16] }]",
       "device = []", "5:10: device: there is none"},
      {"device without a name", "earlycon = [\"acme\"], compatible = [\"acme,uart\"], ", "",
       "device: wanted a name in \"earlycon\" or \"compatible\""},
      {"earlycon name with a comma", "[\"acme\"]", "[\"acme,mmio\"]",
       "device.earlycon: \"acme,mmio\" cannot be written behind earlycon="},
      {"name twice", "[\"acme\"]", "[\"acme\", \"acme\"]",
       "device.earlycon: \"acme\" is there twice"},
      {"name in two devices", "access = [32, 16] }]",
       "access = [32] }, { compatible = [\"acme,uart\"], access = [16] }]",
       "device: the compatible acme,uart is there twice"},
      {"no access", ", access = [32, 16]", "", "device: \"access\" is missing"},
      {"no width in access", "[32, 16]", "[]",
       "device.access: wanted a list with any of 8, 16 and 32, found an empty list"},
      {"64 bits", "[32, 16]", "[64]", "device.access: wanted a list with any of 8, 16 and 32"},
      {"width twice", "[32, 16]", "[32, 32]", "device.access: 32 is there twice"},
      {"shift of byte offsets", "access = [32, 16]", "access = [32], shift = 2",
       "device: \"shift\" needs offsets = \"reg-shift\""},
      {"absurd shift", "access = [32, 16]", "access = [32], shift = 40",
       "device.shift: no registers are over 256 bytes apart"},
      {"flag that is false", "access = [32, 16]", "access = [32], fixed = false",
       "device.fixed: wanted true"},
      {"register far away", "offset = 8", "offset = 0xf0000000",
       "register.offset: no UART has registers that far"},
      {"base far away", "access = [32, 16]", "access = [32], base = 0xfffffff0",
       "device.base: no UART has registers that far"},
      {"offset that is no number", "offset = 8", "offset = \"8\"",
       "register.offset: wanted an integer from 0 to 0xffffffff"},
      {"offset over 32 bits", "offset = 8", "offset = 0x100000000",
       "register.offset: wanted an integer from 0 to 0xffffffff"},
      {"width of a register", "width = 16", "width = 24", "register.width: wanted 8, 16 or 32"},
      {"register twice", "width = 16 }", "width = 16 }, { name = \"TX\", offset = 4 }",
       "register: \"TX\" is there twice"},
      {"register that no step uses", "width = 16 }", "width = 16 }, { name = \"RX\", offset = 4 }",
       "register: no step uses \"RX\""},
      {"step of an unknown register", "poll = \"STATUS\"", "poll = \"STATSU\"",
       "step.poll: there is no register \"STATSU\": did you mean \"STATUS\"?"},
      {"step without an operation", "poll = \"STATUS\", ", "",
       "step: wanted exactly one of \"poll\", \"write\", \"put\" and \"clear\", found 0"},
      {"step with two operations", "{ put = \"TX\"", "{ write = \"TX\", put = \"TX\"",
       "step: wanted exactly one of \"poll\", \"write\", \"put\" and \"clear\", found 2"},
      {"poll without a mask", "mask = 0x3, ", "",
       "step: \"mask\" is missing: a poll step needs it"},
      {"poll without a value", "value = 0x1, ", "",
       "step: \"value\" or \"while\" is missing: a poll step needs it"},
      {"poll with both values", "value = 0x1", "value = 0x1, while = 0x2",
       "step: a poll step waits for a \"value\" or \"while\" there is one, not both"},
      {"poll that does not wait", "value = 0x1", "while = 0x4",
       "step.while: 0x4 has bits outside of the mask 0x3: the poll would not wait"},
      {"poll while nothing", "mask = 0x3, value = 0x1", "mask = 0, while = 0",
       "step.mask: 0 waits for nothing"},
      {"clear without a mask", "poll = \"STATUS\", mask = 0x3, value = 0x1, count = 50",
       "clear = \"STATUS\"", "step: \"mask\" is missing: a clear step needs it"},
      {"clear of nothing", "poll = \"STATUS\", mask = 0x3, value = 0x1, count = 50",
       "clear = \"STATUS\", mask = 0", "step.mask: 0 clears nothing"},
      {"clear outside of the register", "poll = \"STATUS\", mask = 0x3, value = 0x1, count = 50",
       "clear = \"STATUS\", mask = 0x10000",
       "step: step 1: register STATUS can be 16 bits wide, which 0x10000 does not fit"},
      {"value of a clear", "poll = \"STATUS\", mask = 0x3, value = 0x1, count = 50",
       "clear = \"STATUS\", mask = 1, value = 0", "step.value: a clear step has none"},
      {"while of a write", "poll = \"STATUS\", mask = 0x3, value = 0x1, count = 50",
       "write = \"STATUS\", value = 1, while = 0", "step.while: a write step has none"},
      {"poll that never succeeds", "value = 0x1", "value = 0x4",
       "step.value: 0x4 has bits outside of the mask 0x3: the poll could never succeed"},
      {"poll that waits for nothing", "mask = 0x3, value = 0x1", "mask = 0, value = 0",
       "step.mask: 0 waits for nothing"},
      {"endless poll", "count = 50", "count = 0", "step.count: a poll reads 1 to 10000000 times"},
      {"poll without an end", "count = 50", "count = 0xffffffff", "step.count: a poll reads 1 to"},
      {"mask wider than the register", "mask = 0x3", "mask = 0x10001",
       "step: step 1: register STATUS can be 16 bits wide, which 0x10001 does not fit"},
      {"shift out of the register", "shift = 4", "shift = 9",
       "step: step 2: register TX can be 16 bits wide: a byte shifted by 9 does not fit"},
      {"shift that would wrap", "shift = 4", "shift = 0xffffffff",
       "step: step 2: register TX can be 16 bits wide: a byte shifted by 4294967295 does not fit"},
      {"mask of a put", "shift = 4", "mask = 4", "step.mask: a put step has none"},
      {"shift of a poll", "count = 50", "shift = 1", "step.shift: a poll step has none"},
      {"no put", "{ put = \"TX\", shift = 4 }", "{ write = \"TX\", value = 4 }",
       "step: wanted exactly one step that puts the byte"},
      {"two puts", "{ put = \"TX\", shift = 4 }", "{ put = \"TX\" }, { put = \"TX\" }",
       "step: wanted exactly one step that puts the byte"},
      {"too many steps", "{ put = \"TX\", shift = 4 }",
       "{ put = \"TX\" }, { write = \"TX\", value = 1 }, { write = \"TX\", value = 1 }, { write = "
       "\"TX\", value = 1 }, { write = \"TX\", value = 1 }, { write = \"TX\", value = 1 }, { write "
       "= "
       "\"TX\", value = 1 }, { write = \"TX\", value = 1 }",
       "step: wanted 1 to 8 steps, found 9"},
      {"a step that is no table", "{ put = \"TX\", shift = 4 }", "\"put\"", "step: wanted tables"},
      {"no TOML", "summary = ", "summary ", "3:"},
      {"not UTF-8", "ACME serial", "ACME \xff serial", "3:"},
  };
  for (const Defect& defect : defects) {
    CAPTURE(defect.name);
    const std::string message = refusal(replaced(defect.from, defect.to));
    CAPTURE(message);
    CHECK(message.starts_with("/etc/kxf/uarts/acme-uart.toml:"));
    CHECK(contains(message, defect.message));
  }
}

TEST_CASE("uart file: all complaints come at once, without the name of a profile's table") {
  const std::string message = refusal(replaced("access = [32, 16]", "access = [5], base = \"x\""));
  CHECK(std::ranges::count(message, '\n') == 1);
  CHECK_FALSE(contains(message, "console.uart"));
  const auto uart = kxf::parse_uart_file("schema = 1\n", "acme-uart.toml");
  REQUIRE_FALSE(uart);
  CHECK(contains(uart.error().remedy, "under [[console.uart]]"));
}

TEST_CASE("uart directory: a file adds a sink, and nothing is needed there") {
  const kxf_test::Scratch scratch;
  kxf::Record record;
  const auto shipped = kxf::load_uarts(scratch.path() / "none", {}, record);
  REQUIRE(shipped);
  CHECK(shipped->size() >= 20);
  scratch.write("acme-uart.toml", good);
  scratch.write("README", "not a UART");
  const auto more = kxf::load_uarts(scratch.path(), {}, record);
  REQUIRE(more);
  CHECK(more->size() == shipped->size() + 1);
  CHECK(record.decisions().empty());
  const auto added =
      std::ranges::find(*more, "acme-uart", [](const auto& sink) { return sink->name(); });
  REQUIRE(added != more->end());
  CHECK((*added)->rank() == 100);
  const auto metadata = kxf::uart_metadata(*more);
  CHECK(metadata.name == "uarts");
  CHECK(std::ranges::find(metadata.provides, "console-sink:acme-uart") != metadata.provides.end());
  CHECK(std::ranges::find(metadata.provides, "console-sink:pl011") != metadata.provides.end());
}

TEST_CASE(
    "uart directory: what kxf ships may lie there, and another file of its name replaces it") {
  const kxf_test::Scratch scratch;
  const auto shipped = kxf::shipped_uarts();
  const auto pl011 = std::ranges::find(shipped, "pl011", &kxf::ShippedUart::name);
  REQUIRE(pl011 != shipped.end());
  kxf::Record record;
  scratch.write("pl011.toml", pl011->text);
  REQUIRE(kxf::load_uarts(scratch.path(), {}, record));
  CHECK(record.decisions().empty());
  scratch.write("pl011.toml", std::string(pl011->text) + "rank = 7\n");
  const auto sinks = kxf::load_uarts(scratch.path(), {}, record);
  REQUIRE(sinks);
  CHECK(sinks->size() == shipped.size());
  CHECK(kxf_test::decided(record, "uart") == fmt::format("pl011 ({} hides the one that kxf ships)",
                                                         (scratch.path() / "pl011.toml").string()));
  const auto found =
      std::ranges::find(*sinks, "pl011", [](const auto& sink) { return sink->name(); });
  CHECK((*found)->rank() == 7);
}

TEST_CASE("uart directory: an unfit file is an error that names them all") {
  const kxf_test::Scratch scratch;
  kxf::Record record;
  scratch.write("acme-uart.toml", replaced("count = 50", "count = 0"));
  scratch.write("broken.toml", "schema = 1\nnmae = 4\n");
  const auto sinks = kxf::load_uarts(scratch.path(), {}, record);
  REQUIRE_FALSE(sinks);
  const std::string& message = sinks.error().message;
  CHECK(contains(message, (scratch.path() / "acme-uart.toml").string() + ":8:55: step.count"));
  CHECK(contains(message, (scratch.path() / "broken.toml").string() + ":2:1: unknown key"));
  CHECK(contains(sinks.error().remedy, "remove it from the UART directory"));
}

TEST_CASE("uart directory: no file that others could write, when root reads it; none without end") {
  const kxf_test::Scratch scratch;
  kxf::Record record;
  const auto refused = [&] {
    const auto sinks = kxf::load_uarts(scratch.path(), {}, record);
    return sinks ? std::string() : sinks.error().message;
  };
  const auto file = scratch.write("acme-uart.toml", good);
  if (geteuid() == 0) {
    std::filesystem::permissions(file, std::filesystem::perms::others_write,
                                 std::filesystem::perm_options::add);
    CHECK(contains(refused(), "is writable by group or others"));
  }
  std::filesystem::remove(file);
  scratch.link("acme-uart.toml", "/dev/zero");
  CHECK(contains(refused(), "is a symbolic link"));
  std::filesystem::remove(file);
  scratch.write("acme-uart.toml", std::string(good) + "#" + std::string(70'000, 'x'));
  CHECK(contains(refused(), "larger than 65536 bytes"));
}

TEST_CASE("profile: a UART inside it is one more sink, and is written as it was read") {
  const kxf_test::Scratch scratch;
  const auto policy = kxf::read_profile(scratch.write("board.toml", in_profile(good)).string());
  REQUIRE_MESSAGE(policy, (policy ? "" : policy.error().message));
  REQUIRE(policy->console_uarts.value.size() == 1);
  CHECK(policy->console_uarts.value[0].origin == "board.toml:2:1");

  const std::string text = kxf::effective_text(*policy);
  const auto again = kxf::read_profile(scratch.write("again.toml", text).string());
  REQUIRE_MESSAGE(again, (text + (again ? "" : again.error().message)));
  CHECK(again->console_uarts.value.size() == 1);
  const std::string twice = kxf::effective_text(*again);
  CHECK(twice.substr(twice.find("{ name = \"acme-uart\""), 300) ==
        text.substr(text.find("{ name = \"acme-uart\""), 300));

  kxf::Record record;
  const auto sinks = kxf::load_uarts(scratch.path() / "none", policy->console_uarts.value, record);
  REQUIRE(sinks);
  const auto found =
      std::ranges::find(*sinks, "acme-uart", [](const auto& sink) { return sink->name(); });
  REQUIRE(found != sinks->end());
  CHECK((*found)->rank() == 1000);
}

TEST_CASE("profile: complaints about a UART name the whole key") {
  const kxf_test::Scratch scratch;
  const auto policy = kxf::read_profile(
      scratch.write("board.toml", in_profile(replaced("count = 50", "count = 0"))).string());
  REQUIRE_FALSE(policy);
  CHECK(contains(policy.error().message, "board.toml:9:55: console.uart.step.count: a poll reads"));
  const auto twice = kxf::read_profile(
      scratch
          .write("board.toml", in_profile(good) +
                                   in_profile(good).substr(std::string_view("schema = 1\n").size()))
          .string());
  REQUIRE_FALSE(twice);
  CHECK(contains(twice.error().message, "console.uart: \"acme-uart\" is there twice"));
}

TEST_CASE("profile: its UART of a known name replaces that one, on record") {
  kxf::Record record;
  auto uart = kxf::parse_uart_file(good, "acme-uart.toml");
  REQUIRE(uart);
  uart->name = "pl011";
  uart->origin = "board.toml:2:1";
  const auto sinks = kxf::load_uarts("/nowhere/at/all", {*uart}, record);
  REQUIRE(sinks);
  CHECK(sinks->size() == kxf::shipped_uarts().size());
  CHECK(kxf_test::decided(record, "uart") == "pl011 (board.toml:2:1 hides the one that kxf ships)");
}

TEST_CASE("registry: UARTs are sinks of the plugin \"uarts\", ranked as all others") {
  const kxf_test::Scratch scratch;
  scratch.write("uarts/acme-uart.toml", good);
  scratch.write("plugins/README", "none");
  kxf::Record record;
  const auto registry = kxf::Registry::load({.directories = {scratch.path() / "plugins"},
                                             .sha256 = {},
                                             .required = {"uarts"},
                                             .uarts = {},
                                             .uart_files = scratch.path() / "uarts"},
                                            record);
  REQUIRE_MESSAGE(registry, (registry ? "" : registry.error().message));
  CHECK(registry->named<kxf::ConsoleSink>("acme-uart"));
  CHECK(registry->named<kxf::ConsoleSink>("uart8250"));
  for (const auto& sink : registry->all<kxf::ConsoleSink>()) CHECK(sink.plugin == "uarts");
}

}  // namespace uart_reader_test
