// SPDX-License-Identifier: Apache-2.0
// Descriptions of UARTs: what is accepted makes programs that stay within bounds, for whatever
// device.
#include <string>

#include "kxf/bytes.hpp"
#include "require.hpp"
#include "uart/uart_reader.hpp"
#include "uart/uart_sink.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto uart = kxf::parse_uart_file(kxf::text_of({data, size}), "/etc/kxf/uarts/acme-uart.toml");
  if (!uart) {
    kxf_fuzz::require(!uart.error().message.empty(), "a refusal has a message");
    return 0;
  }
  const kxf::UartSink sink(std::move(*uart), 100);
  kxf::ConsoleDevice device;
  device.phys_base = 0x9000000;
  device.size_bytes = 0x1000;
  for (const auto& names : {sink.earlycon_names(), sink.compatibles()}) {
    for (const std::string_view name : names) {
      device.driver = name;
      for (const unsigned bits : {0U, 8U, 16U, 32U}) {
        if (bits != 0) device.access_bits = bits;
        device.register_shift = bits / 8;
        device.big_endian_registers = !device.big_endian_registers;
        const auto program = sink.program(device);
        if (!program) continue;
        kxf_fuzz::require(
            !program->steps.empty() && program->steps.size() <= kxf::SinkProgram::max_steps,
            "a program has 1 to 8 steps");
        for (const kxf::SinkStep& step : program->steps)
          kxf_fuzz::require(
              std::uint64_t{step.offset} + step.width_bytes <= device.size_bytes &&
                  ((step.op != kxf::SinkOp::poll && step.op != kxf::SinkOp::poll_while) ||
                   step.count != 0),
              "steps stay inside the device and polls are bounded");
      }
    }
  }
  return 0;
}
