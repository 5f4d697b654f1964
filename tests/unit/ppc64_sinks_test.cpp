// SPDX-License-Identifier: Apache-2.0
//
// Firmware consoles, and what the purgatory's interpreter makes of them, against models of both
// kinds of firmware.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "ppc64/ppc64.hpp"
#include "ppc64/purgatory/firmware.h"
#include "purgatory/sink.h"
#include "uart_model.hpp"

namespace ppc64_sinks_test {
namespace {

/// What is behind the functions of purgatory/firmware.h while a test runs.
struct Model {
  std::string log{};                    ///< calls, one letter each and what they got
  std::vector<std::int64_t> answers{};  ///< of firmware in turn; then 0
  std::int64_t always = 0;              ///< what firmware answers when `answers` are used up
  std::size_t calls = 0;

  std::int64_t answer() {
    ++calls;
    if (answers.empty()) return always;
    const std::int64_t next = answers.front();
    answers.erase(answers.begin());
    return next;
  }
};
Model* model = nullptr;

std::string number(std::uint64_t value) { return std::to_string(value); }

}  // namespace

extern "C" {
std::int64_t kxf_ppc64_hypervisor_put(std::uint32_t terminal, std::uint8_t byte) {
  if (model->calls < 4) model->log += "hypervisor " + number(terminal) + " " + number(byte) + "; ";
  return model->answer();
}
void kxf_ppc64_hypervisor_byte_order(int) {}
std::int64_t kxf_ppc64_opal_put(const kxf_params*, std::uint32_t terminal, std::uint8_t byte) {
  if (model->calls < 4) model->log += "opal " + number(terminal) + " " + number(byte) + "; ";
  return model->answer();
}
void kxf_ppc64_opal_work(const kxf_params*, std::uint32_t, int until_empty) {
  if (model->calls < 4) model->log += until_empty != 0 ? "empty; " : "work; ";
}
}

namespace {

/// Run a program for one byte, as the purgatory does.
Model run(const kxf::SinkProgram& program, std::uint32_t flags, char byte, Model with = {}) {
  kxf_params params{};
  params.flags = flags;
  params.console = kxf_test::console_of(program);
  model = &with;
  kxf_sink_put(&params.console, static_cast<std::uint8_t>(byte));
  model = nullptr;
  return with;
}

kxf::ConsoleDevice terminal(std::string_view driver, std::optional<std::uint64_t> number) {
  kxf::ConsoleDevice device;
  device.driver = driver;
  device.terminal = number;
  device.origin = "stdout-path";
  return device;
}

kxf::SinkProgram program_of(const kxf::ConsoleSink& sink, const kxf::ConsoleDevice& device) {
  const auto program = sink.program(device);
  REQUIRE_MESSAGE(program.has_value(), (program ? "" : program.error().message));
  return *program;
}

bool knows(const kxf::ConsoleSink& sink, std::string_view compatible) {
  return std::ranges::find(sink.compatibles(), compatible) != sink.compatibles().end();
}

}  // namespace

TEST_CASE("a virtual terminal is written by the hypervisor, with the number from its node") {
  const auto program = program_of(kxf::ppc64::hvc(), terminal("hvterm1", 0x71000000));
  CHECK(run(program, KXF_FLAG_HYPERVISOR, 'K').log == "hypervisor 1895825408 75; ");
  CHECK(run(program_of(kxf::ppc64::hvc(), terminal("hvterm1", 0)), KXF_FLAG_HYPERVISOR, 'K').log ==
        "hypervisor 0 75; ");
}

TEST_CASE("a busy hypervisor is asked again, another answer ends it") {
  const auto program = program_of(kxf::ppc64::hvc(), terminal("hvterm1", 3));
  CHECK(run(program, KXF_FLAG_HYPERVISOR, 'K', {.answers = {1, 9900, 9905}}).calls == 4);
  CHECK(run(program, KXF_FLAG_HYPERVISOR, 'K', {.answers = {-4}}).calls == 1);
  CHECK(run(program, KXF_FLAG_HYPERVISOR, 'K', {.answers = {9906}}).calls == 1);
}

TEST_CASE("firmware that stays busy costs characters, not the boot") {
  const Model hypervisor = run(program_of(kxf::ppc64::hvc(), terminal("hvterm1", 3)),
                               KXF_FLAG_HYPERVISOR, 'K', {.always = 1});
  CHECK(hypervisor.calls > 1000);
  const Model opal = run(program_of(kxf::ppc64::opal(), terminal("ibm,opal-console-raw", 0)),
                         KXF_FLAG_OPAL, 'K', {.always = -12});
  CHECK(opal.calls > 1000);
}

TEST_CASE("an OPAL console is written by OPAL and emptied at the end of a line") {
  const auto program = program_of(kxf::ppc64::opal(), terminal("ibm,opal-console-raw", 1));
  CHECK(run(program, KXF_FLAG_OPAL, 'K').log == "opal 1 75; ");
  CHECK(run(program, KXF_FLAG_OPAL, '\n').log == "opal 1 10; empty; ");
  CHECK(run(program, KXF_FLAG_OPAL, 'K', {.answers = {-12, -2}}).log ==
        "opal 1 75; work; opal 1 75; work; opal 1 75; ");
}

TEST_CASE("no call is made to firmware that is not there") {
  const auto program = program_of(kxf::ppc64::hvc(), terminal("hvterm1", 3));
  CHECK(run(program, 0, 'K').log.empty());
}

TEST_CASE("sinks know the raw consoles only") {
  CHECK(knows(kxf::ppc64::hvc(), "hvterm1"));
  CHECK_FALSE(knows(kxf::ppc64::hvc(), "hvterm-protocol"));
  CHECK(knows(kxf::ppc64::opal(), "ibm,opal-console-raw"));
  CHECK_FALSE(knows(kxf::ppc64::opal(), "ibm,opal-console-hvsi"));
}

TEST_CASE("a firmware console without a usable number is refused") {
  const auto refusal = [](const kxf::ConsoleDevice& device) {
    const auto program = kxf::ppc64::hvc().program(device);
    REQUIRE_FALSE(program.has_value());
    CHECK_FALSE(program.error().remedy.empty());
    return program.error().message;
  };
  CHECK(refusal(terminal("hvterm1", std::nullopt)) ==
        "the virtual terminal (hvterm1) has no terminal number: its node has no reg");
  CHECK(refusal(terminal("hvterm1", 0x100000000)) ==
        "the virtual terminal (hvterm1) has the terminal number 0x100000000, which has more than "
        "32 bits");
  kxf::ConsoleDevice registers = terminal("hvterm1", std::nullopt);
  registers.phys_base = 0x9000000;
  registers.origin = "earlycon=";
  CHECK(refusal(registers) ==
        "the virtual terminal (hvterm1) has no terminal number: earlycon= names an address of "
        "registers, 0x9000000");
}

}  // namespace ppc64_sinks_test
