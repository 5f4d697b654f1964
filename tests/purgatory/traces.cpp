// SPDX-License-Identifier: Apache-2.0
//
// traces DIR little|big: writes DIR/script.bin, console programs for a CPU of that byte order
// (trace.h), and DIR/expected, what the host's interpreter does with them.
//
// The programs are those of every UART that kxf ships, for every part, access width and byte order
// in which it can be used, and two with all operations and widths; the registers behind them are
// ready at once, busy for a few reads, or never ready.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>

#include "kxf/bytes.hpp"
#include "trace.h"
#include "uart/uart_files.hpp"
#include "uart/uart_reader.hpp"
#include "uart/uart_sink.hpp"

namespace {

using kxf::ByteVector;
using kxf::Endian;
using kxf::SinkOp;
using kxf::SinkProgram;
using kxf::SinkStep;

constexpr std::uint64_t base = 0x123456789000;
constexpr std::string_view text("k\0\xff", 3);
constexpr std::uint32_t busy_reads = 3;
constexpr std::uint32_t never_reads =
    7;  ///< instead of the program's bound, which is for real time

enum class Registers { ready, busy, never };
constexpr std::string_view name_of(Registers registers) {
  return registers == Registers::ready ? "ready" : registers == Registers::busy ? "busy" : "never";
}

struct Named {
  std::string name;
  SinkProgram program;
};

[[noreturn]] void fail(std::string_view why) {
  fmt::print(stderr, "traces: {}\n", why);
  std::exit(1);
}

/// What can be said of a part beside its name.
std::vector<kxf::ConsoleDevice> devices_of(const kxf::UartDevice& row) {
  std::vector<kxf::ConsoleDevice> devices;
  for (const std::optional<unsigned> bits : {std::optional<unsigned>{}, {8U}, {16U}, {32U}})
    for (const std::optional<unsigned> shift : {std::optional<unsigned>{}, {2U}})
      for (const bool big : {false, true}) {
        kxf::ConsoleDevice device;
        device.driver = row.earlycon.empty() ? row.compatibles.at(0) : row.earlycon.at(0);
        device.phys_base = base;
        device.size_bytes = 0x1000;
        device.access_bits = bits;
        device.register_shift = shift;
        device.big_endian_registers = big;
        devices.push_back(std::move(device));
      }
  return devices;
}

/// Of each UART every program that it can have, once. A device that a UART refuses has none.
std::vector<Named> all_programs() {
  std::vector<Named> all;
  kxf::Record record;
  const auto sinks = kxf::load_uarts("/nowhere/at/all", {}, record);
  if (!sinks) fail(sinks.error().message);
  for (const kxf::ShippedUart& shipped : kxf::shipped_uarts()) {
    const auto uart = kxf::parse_uart_file(shipped.text, std::string(shipped.name) + ".toml");
    if (!uart) fail(uart.error().message);
    const auto& sink =
        *std::ranges::find(*sinks, shipped.name, [](const auto& s) { return s->name(); })->get();
    std::set<std::string> seen;
    for (const kxf::UartDevice& row : uart->devices)
      for (const kxf::ConsoleDevice& device : devices_of(row)) {
        auto program = sink.program(device);
        if (!program) continue;
        std::string steps;
        for (const SinkStep& s : program->steps)
          steps += fmt::format("{} {} {} {} {} {} {},", static_cast<unsigned>(s.op), s.width_bytes,
                               s.big_endian, s.offset, s.mask, s.value, s.count);
        if (!seen.insert(std::move(steps)).second) continue;
        all.push_back({fmt::format("{} {} {}", shipped.name, seen.size(), device.driver),
                       std::move(*program)});
      }
    if (seen.empty()) fail(fmt::format("{} has no program", shipped.name));
  }
  const auto poll = [](SinkOp op, std::uint8_t width, bool big, std::uint32_t mask) {
    return SinkStep{op, width, big, 4, mask, mask, 5};
  };
  const auto clear = [](std::uint8_t width, bool big, std::uint32_t mask) {
    return SinkStep{SinkOp::clear, width, big, 8, mask, 0, 0};
  };
  all.push_back({"all widths",
                 {base,
                  0x20,
                  {poll(SinkOp::poll, 1, false, 0x80), poll(SinkOp::poll, 2, false, 0x8001),
                   poll(SinkOp::poll, 2, true, 0x0180), poll(SinkOp::poll, 4, false, 0x80000001),
                   poll(SinkOp::poll, 4, true, 0x00800100), clear(1, false, 0x0f),
                   clear(2, false, 0x0ff0), clear(4, false, 0x00ffff00)}}});
  all.push_back({"all operations",
                 {base,
                  0x20,
                  {poll(SinkOp::poll, 2, true, 0x0180),
                   poll(SinkOp::poll_while, 1, false, 0x81),
                   poll(SinkOp::poll_while, 4, true, 0x00ffff00),
                   {SinkOp::write, 2, true, 8, 0, 0xff01, 0},
                   {SinkOp::put, 4, true, 12, 0, 0, 9},
                   clear(2, true, 0x0ff0),
                   clear(4, true, 0x00ffff00),
                   {SinkOp::firmware, 1, false, 0, 0, 0x71000001, 0}}}});
  return all;
}

bool is_poll(const SinkStep& step) {
  return step.op == SinkOp::poll || step.op == SinkOp::poll_while;
}

/// What is at a register's address for one read: the step's value or another one, among noise.
void append_answer(ByteVector& answers, const SinkStep& step, bool is_value) {
  const std::uint32_t other = is_value ? 0 : step.mask & (~step.mask + 1);
  const std::uint32_t value = (step.value ^ other) | (0xa5c3e197 & ~step.mask);
  ByteVector bytes(4, 0xee);  // nobody is to look behind the register
  const auto put = [&](auto narrow) {
    kxf::store(std::span(bytes), 0, narrow, step.big_endian ? Endian::big : Endian::little);
  };
  if (step.width_bytes == 1)
    put(static_cast<std::uint8_t>(value));
  else if (step.width_bytes == 2)
    put(static_cast<std::uint16_t>(value));
  else
    put(value);
  answers.insert(answers.end(), bytes.begin(), bytes.end());
}

/// One answer for every read that the program has to make.
ByteVector answers_of(const SinkProgram& program, Registers registers) {
  ByteVector answers;
  for (std::size_t i = 0; i < text.size(); ++i)
    for (const SinkStep& step : program.steps) {
      if (step.op == SinkOp::clear) append_answer(answers, step, registers == Registers::busy);
      if (!is_poll(step)) continue;
      const std::uint32_t busy = registers == Registers::ready  ? 0
                                 : registers == Registers::busy ? busy_reads
                                                                : step.count;
      for (std::uint32_t read = 0; read < step.count && read <= busy; ++read)
        append_answer(answers, step, (read == busy) == (step.op == SinkOp::poll));
    }
  return answers;
}

void append_case(ByteVector& script, Endian endian, std::string name, SinkProgram program,
                 Registers registers) {
  for (SinkStep& step : program.steps)
    if (is_poll(step)) step.count = std::min(step.count, never_reads);
  ByteVector answers = answers_of(program, registers);
  const std::size_t start = script.size();
  script.resize(start + sizeof(kxf_trace_case));
  const auto at = std::span(script).subspan(start);
  const auto put = [&](std::size_t offset, auto value) { kxf::store(at, offset, value, endian); };
  const auto put_text = [&](std::size_t offset, std::string_view value) {
    std::ranges::copy(value, at.subspan(offset).begin());
  };
  put(offsetof(kxf_trace_case, console.phys_base), program.phys_base);
  put(offsetof(kxf_trace_case, console.step_count),
      static_cast<std::uint32_t>(program.steps.size()));
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    const SinkStep& step = program.steps[i];
    const std::size_t to = offsetof(kxf_trace_case, console.steps) + i * sizeof(kxf_sink_step);
    put(to + offsetof(kxf_sink_step, operation), static_cast<std::uint8_t>(step.op));
    put(to + offsetof(kxf_sink_step, width_bytes), step.width_bytes);
    put(to + offsetof(kxf_sink_step, big_endian), static_cast<std::uint8_t>(step.big_endian));
    put(to + offsetof(kxf_sink_step, offset), step.offset);
    put(to + offsetof(kxf_sink_step, mask), step.mask);
    put(to + offsetof(kxf_sink_step, value), step.value);
    put(to + offsetof(kxf_sink_step, count), step.count);
  }
  put(offsetof(kxf_trace_case, answer_count), static_cast<std::uint32_t>(answers.size() / 4));
  put(offsetof(kxf_trace_case, text_size), static_cast<std::uint32_t>(text.size()));
  put_text(offsetof(kxf_trace_case, text), text);
  name += fmt::format(", {}", name_of(registers));
  put_text(offsetof(kxf_trace_case, name),
           std::string_view(name).substr(0, KXF_TRACE_NAME_SIZE - 1));
  answers.resize((answers.size() + 7) / 8 * 8);
  script.insert(script.end(), answers.begin(), answers.end());
}

ByteVector script_for(Endian endian) {
  ByteVector script(sizeof(std::uint64_t));
  std::uint64_t count = 0;
  for (const Named& one : all_programs())
    for (const Registers registers : {Registers::ready, Registers::busy, Registers::never}) {
      append_case(script, endian, one.name, one.program, registers);
      ++count;
    }
  kxf::store(std::span(script), 0, count, endian);
  return script;
}

std::FILE* trace = nullptr;

}  // namespace

extern "C" void kxf_trace_put(char character) { std::fputc(character, trace); }

int main(int argc, char** argv) {
  const std::string_view order = argc == 3 ? argv[2] : "";
  if (order != "little" && order != "big") {
    fmt::print(stderr, "usage: traces DIR little|big\n");
    return 2;
  }
  const std::filesystem::path dir = argv[1];
  const ByteVector script = script_for(order == "big" ? Endian::big : Endian::little);
  std::ofstream(dir / "script.bin", std::ios::binary)
      .write(reinterpret_cast<const char*>(script.data()),
             static_cast<std::streamsize>(script.size()));

  trace = std::fopen((dir / "expected").c_str(), "w");
  if (trace == nullptr) return 1;
  const ByteVector own =
      script_for(std::endian::native == std::endian::big ? Endian::big : Endian::little);
  const std::vector<std::uint64_t> aligned = [&] {
    std::vector<std::uint64_t> words(own.size() / 8);
    std::ranges::copy(own, reinterpret_cast<std::uint8_t*>(words.data()));
    return words;
  }();
  kxf_trace_run(aligned.data());
  return std::fclose(trace) == 0 ? 0 : 1;
}
