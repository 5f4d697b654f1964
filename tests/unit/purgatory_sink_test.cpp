// SPDX-License-Identifier: Apache-2.0
//
// The purgatory's interpreter of console programs, compiled for the machine that runs the tests.
// That it does the same on the architectures' own CPUs is proven in emulators (tests/purgatory/
// trace.sh).
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "purgatory/sink.h"
#include "uart_model.hpp"

namespace purgatory_sink_test {
namespace {

/// Answers reads from a list, of which the last stays, and keeps what is done.
class Log final : public kxf_test::Registers {
 public:
  explicit Log(std::vector<std::uint32_t> answers = {}) : answers_(std::move(answers)) {}
  std::uint32_t read(std::uint64_t phys_address, unsigned width_bytes) override {
    text += fmt::format("read {:x}/{}; ", phys_address, width_bytes);
    if (answers_.empty()) return 0;
    const std::uint32_t value = answers_.front();
    if (answers_.size() > 1) answers_.erase(answers_.begin());
    return value;
  }
  void write(std::uint64_t phys_address, unsigned width_bytes, std::uint32_t value) override {
    text += fmt::format("write {:x}/{} {:x}; ", phys_address, width_bytes, value);
  }
  std::string text{};

 private:
  std::vector<std::uint32_t> answers_;
};

std::string run(std::vector<kxf::SinkStep> steps, std::vector<std::uint32_t> answers = {}) {
  kxf::SinkProgram program;
  program.phys_base = 0x123456789000;
  program.steps = std::move(steps);
  Log log(std::move(answers));
  kxf_test::put(kxf_test::console_of(program), 'K', log);
  return log.text;
}

std::uint32_t ordered(unsigned width_bytes, bool register_big, bool cpu_big, std::uint32_t value) {
  kxf_sink_step step{};
  step.width_bytes = static_cast<std::uint8_t>(width_bytes);
  step.big_endian = register_big ? 1 : 0;
  return kxf_register_order(&step, cpu_big ? 1 : 0, value);
}

}  // namespace

TEST_CASE("a CPU of either byte order swaps the registers of the other, by their width") {
  for (const bool order : {false, true}) {
    CAPTURE(order);
    CHECK(ordered(1, order, order, 0xab) == 0xab);
    CHECK(ordered(2, order, order, 0xabcd) == 0xabcd);
    CHECK(ordered(4, order, order, 0x12345678) == 0x12345678);
    CHECK(ordered(1, order, !order, 0xab) == 0xab);
    CHECK(ordered(2, order, !order, 0xabcd) == 0xcdab);
    CHECK(ordered(4, order, !order, 0x12345678) == 0x78563412);
  }
}

TEST_CASE("a poll reads until the masked bits have the value, then the next step runs") {
  CHECK(run({{.op = kxf::SinkOp::poll,
              .width_bytes = 4,
              .offset = 0x18,
              .mask = 6,
              .value = 4,
              .count = 9},
             {.op = kxf::SinkOp::put, .width_bytes = 1}},
            {2, 6, 0xfffffffd}) ==
        "read 123456789018/4; read 123456789018/4; read 123456789018/4; write 123456789000/1 4b; ");
}

TEST_CASE("a poll that never succeeds ends at its bound, and what follows still runs") {
  CHECK(run({{.op = kxf::SinkOp::poll, .width_bytes = 2, .mask = 1, .value = 1, .count = 2},
             {.op = kxf::SinkOp::write, .width_bytes = 2, .offset = 2, .value = 0x102}}) ==
        "read 123456789000/2; read 123456789000/2; write 123456789002/2 102; ");
  CHECK(run({{.op = kxf::SinkOp::poll, .width_bytes = 2, .mask = 1, .value = 1}}).empty());
}

TEST_CASE("a poll may wait for anything but a value, too") {
  CHECK(run({{.op = kxf::SinkOp::poll_while, .width_bytes = 4, .mask = 0xff00, .count = 9},
             {.op = kxf::SinkOp::put, .width_bytes = 1}},
            {0xff, 0x10000, 0x300}) ==
        "read 123456789000/4; read 123456789000/4; read 123456789000/4; write 123456789000/1 4b; ");
  CHECK(run({{.op = kxf::SinkOp::poll_while, .width_bytes = 1, .mask = 3, .value = 2, .count = 2},
             {.op = kxf::SinkOp::put, .width_bytes = 1}},
            {2}) == "read 123456789000/1; read 123456789000/1; write 123456789000/1 4b; ");
}

TEST_CASE("bits are cleared among others that stay, in the register's byte order") {
  CHECK(run({{.op = kxf::SinkOp::clear, .width_bytes = 2, .offset = 4, .mask = 0x60}}, {0x0273}) ==
        "read 123456789004/2; write 123456789004/2 213; ");
  CHECK(run({{.op = kxf::SinkOp::clear,
              .width_bytes = 4,
              .big_endian = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              .mask = 0x12345678}},
            {0xffffffff}) == "read 123456789000/4; write 123456789000/4 87a9cbed; ");
}

TEST_CASE("the byte is shifted to its place in the register") {
  CHECK(run({{.op = kxf::SinkOp::put, .width_bytes = 4, .offset = 4, .count = 16}}) ==
        "write 123456789004/4 4b0000; ");
}

TEST_CASE("an operation that the interpreter does not know does nothing") {
  CHECK(run({{.op = static_cast<kxf::SinkOp>(9)}}).empty());
  CHECK(run({}).empty());
}

}  // namespace purgatory_sink_test
