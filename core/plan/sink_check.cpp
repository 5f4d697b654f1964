// SPDX-License-Identifier: Apache-2.0
#include "plan/sink_check.hpp"

#include <fmt/format.h>

#include "kxf/range.hpp"
#include "uart/uart.hpp"

namespace kxf {
namespace {

/// What one byte may cost when the console never gets ready: a read of a device register takes
/// 100 ns or more, so this is seconds.
constexpr std::uint64_t max_reads = SinkProgram::max_steps * UartSpec::max_count;

/// The operations that access a register.
bool is_known(SinkOp op) {
  switch (op) {
    case SinkOp::poll:
    case SinkOp::poll_while:
    case SinkOp::write:
    case SinkOp::put:
    case SinkOp::clear: return true;
    default: return false;
  }
}

}  // namespace

Status check_sink_program(const SinkProgram& program, const ConsoleDevice& device,
                          std::string_view sink) {
  const std::uint64_t size = device.size_bytes != 0 ? device.size_bytes : assumed_device_size;
  if (program.steps.empty() || program.steps.size() > SinkProgram::max_steps)
    return broken(fmt::format("console sink {} gives {} steps, 1 to {} are possible", sink,
                              program.steps.size(), SinkProgram::max_steps));
  std::uint64_t reads = 0;
  for (const SinkStep& step : program.steps) {
    if (step.op == SinkOp::firmware) continue;
    if (!is_known(step.op))
      return broken(fmt::format("console sink {} has a step of the unknown operation {}", sink,
                                static_cast<unsigned>(step.op)));
    if (step.width_bytes != 1 && step.width_bytes != 2 && step.width_bytes != 4)
      return broken(
          fmt::format("console sink {} accesses {} bytes at once", sink, step.width_bytes));
    if (step.offset % step.width_bytes != 0 || step.offset > size ||
        size - step.offset < step.width_bytes)
      return refuse(fmt::format("console sink {} wants {} bytes at offset {}, outside the {} of "
                                "registers at {}",
                                sink, step.width_bytes, hex(step.offset), size_text(size),
                                hex(device.phys_base)),
                    "correct the register width or shift of the console, or choose another sink");
    if (step.op == SinkOp::put && step.count > step.width_bytes * 8U - 8)
      return broken(
          fmt::format("console sink {} shifts the byte by {} bits out of a register of {}", sink,
                      step.count, step.width_bytes * 8U));
    if (step.op != SinkOp::poll && step.op != SinkOp::poll_while) continue;
    if (step.count == 0) return broken(fmt::format("console sink {} polls without a bound", sink));
    if ((step.value & ~step.mask) != 0)
      return broken(fmt::format(
          "console sink {} polls {} {:#x} under the mask {:#x}, which never "
          "comes",
          sink, step.op == SinkOp::poll ? "for" : "while it is", step.value, step.mask));
    reads += step.count;
  }
  if (reads > max_reads)
    return broken(
        fmt::format("console sink {} may read {} times for one byte, at most {} are "
                    "reasonable",
                    sink, reads, max_reads));
  return {};
}

}  // namespace kxf
