// SPDX-License-Identifier: Apache-2.0
#include "uart_model.hpp"

#include <doctest/doctest.h>

#include "purgatory/sink.h"
#include "uart/uart_files.hpp"

namespace kxf_test {
namespace {

Registers* registers = nullptr;

}  // namespace
}  // namespace kxf_test

extern "C" std::uint32_t kxf_mmio_read(std::uint64_t phys_address, unsigned width_bytes) {
  return kxf_test::registers->read(phys_address, width_bytes);
}
extern "C" void kxf_mmio_write(std::uint64_t phys_address, unsigned width_bytes,
                               std::uint32_t value) {
  kxf_test::registers->write(phys_address, width_bytes, value);
}

namespace kxf_test {

kxf_console console_of(const kxf::SinkProgram& program) {
  kxf_console console{};
  console.phys_base = program.phys_base;
  console.step_count = static_cast<std::uint32_t>(program.steps.size());
  REQUIRE(program.steps.size() <= KXF_MAX_STEPS);
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    const kxf::SinkStep& step = program.steps[i];
    console.steps[i] = {static_cast<std::uint8_t>(step.op),
                        step.width_bytes,
                        static_cast<std::uint8_t>(step.big_endian),
                        0,
                        step.offset,
                        step.mask,
                        step.value,
                        step.count};
  }
  return console;
}

void put(const kxf_console& console, char byte, Registers& behind) {
  registers = &behind;
  kxf_sink_put(&console, static_cast<std::uint8_t>(byte));
  registers = nullptr;
}

void print(const kxf::SinkProgram& program, std::string_view text, Registers& behind) {
  const kxf_console console = console_of(program);
  for (const char c : text) put(console, c, behind);
}

const kxf::ConsoleSink& shipped_sink(std::string_view name) {
  static const kxf::UartSinks sinks = [] {
    kxf::Record record;
    auto loaded = kxf::load_uarts("/nowhere/at/all", {}, record);
    REQUIRE_MESSAGE(loaded.has_value(), (loaded ? "" : loaded.error().message));
    return std::move(*loaded);
  }();
  for (const auto& sink : sinks)
    if (sink->name() == name) return *sink;
  FAIL("kxf ships no UART " << std::string(name));
  return *sinks.front();
}

kxf::SinkProgram program_of(std::string_view sink, const kxf::ConsoleDevice& device) {
  const auto program = shipped_sink(sink).program(device);
  REQUIRE_MESSAGE(program.has_value(), (program ? "" : program.error().message));
  return *program;
}

}  // namespace kxf_test
