// SPDX-License-Identifier: Apache-2.0
#include "uart/uart_sink.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "kxf/range.hpp"

namespace kxf {
namespace {

constexpr unsigned bits_per_byte = 8;

/// How one device is accessed.
struct Access {
  std::uint32_t bits = 0;
  std::uint32_t shift = 0;
  std::uint32_t base = 0;
  bool big_endian = false;
};

/// `8, 16 or 32`.
std::string listed(const std::vector<std::uint32_t>& widths) {
  std::vector<std::uint32_t> sorted = widths;
  std::ranges::sort(sorted);
  std::string text;
  for (std::size_t i = 0; i < sorted.size(); ++i)
    text += fmt::format("{}{}", i == 0 ? "" : i + 1 == sorted.size() ? " or " : ", ", sorted[i]);
  return text;
}

/// The names among which the device's is; the first ones when a profile forces the sink on it.
const UartDevice& row_of(const UartSpec& uart, std::string_view driver) {
  for (const UartDevice& row : uart.devices)
    for (const auto* names : {&row.earlycon, &row.compatibles})
      if (std::ranges::find(*names, driver) != names->end()) return row;
  return uart.devices.front();
}

Result<bool> byte_order_of(const UartDevice& row, const ConsoleDevice& device, std::uint32_t bits) {
  switch (row.byte_order) {
    case UartByteOrder::little:
      if (!device.big_endian_registers) return false;
      return refuse(fmt::format("{} at {} is said to have big-endian registers; it has none",
                                device.driver, hex(device.phys_base)),
                    "drop big-endian or mmio32be from the console");
    case UartByteOrder::big: return true;
    case UartByteOrder::device_else_big:
      return device.big_endian_registers || device.access_bits != 32U;
    case UartByteOrder::device: break;
  }
  // Neither earlycon nor the kernel's drivers know big-endian registers of another width.
  if (device.big_endian_registers && bits == 16)
    return refuse(fmt::format("{} at {} is said to have big-endian registers of 16 bits, which no "
                              "such UART has",
                              device.driver, hex(device.phys_base)),
                  "correct reg-io-width or big-endian of the console");
  return device.big_endian_registers && bits == 32;
}

Result<Access> access_of(const UartSpec& uart, const ConsoleDevice& device) {
  const UartDevice& row = row_of(uart, device.driver);
  Access access{.bits = row.access_bits.front(), .shift = row.register_shift, .base = row.base};
  if (!row.fixed) {
    access.bits = device.access_bits.value_or(access.bits);
    if (uart.offsets == UartOffsets::numbers)
      access.shift = device.register_shift.value_or(access.shift);
  }
  if (std::ranges::find(row.access_bits, access.bits) == row.access_bits.end())
    return refuse(
        fmt::format("{} at {} cannot be accessed {} bits at a time, only {}", device.driver,
                    hex(device.phys_base), access.bits, listed(row.access_bits)),
        "correct reg-io-width or the access word of the console");
  if (uart.offsets == UartOffsets::numbers &&
      (access.shift > 8 || (1U << access.shift) < access.bits / bits_per_byte))
    return refuse(fmt::format("{} at {} has registers {} bytes apart: an access of {} bits would "
                              "touch {}",
                              device.driver, hex(device.phys_base),
                              std::uint64_t{1} << std::min(access.shift, 63U), access.bits,
                              access.shift > 8 ? "nothing that a UART has" : "several of them"),
                  "correct reg-shift or reg-io-width of the console");
  KXF_TRY(big_endian, byte_order_of(row, device, access.bits));
  access.big_endian = big_endian;
  return access;
}

}  // namespace

UartSink::UartSink(UartSpec uart, int rank)
    : uart_(std::move(uart)), rank_(uart_.rank ? static_cast<int>(*uart_.rank) : rank) {
  for (const UartDevice& device : uart_.devices) {
    earlycon_names_.insert(earlycon_names_.end(), device.earlycon.begin(), device.earlycon.end());
    compatibles_.insert(compatibles_.end(), device.compatibles.begin(), device.compatibles.end());
  }
}

Result<SinkProgram> UartSink::program(const ConsoleDevice& device) const noexcept {
  KXF_TRY(access, access_of(uart_, device));
  SinkProgram program;
  program.phys_base = device.phys_base;
  for (const UartStep& step : uart_.steps) {
    const UartRegister& reg = uart_.registers[step.reg];
    const std::uint32_t width = reg.width_bits.value_or(access.bits) / bits_per_byte;
    // Offsets and shifts are small: the reader and access_of() saw to that.
    const std::uint32_t offset =
        access.base +
        (uart_.offsets == UartOffsets::numbers ? reg.offset << access.shift : reg.offset);
    program.steps.push_back({.op = step.op,
                             .width_bytes = static_cast<std::uint8_t>(width),
                             .big_endian = access.big_endian && width > 1,
                             .offset = offset,
                             .mask = step.mask,
                             .value = step.value,
                             .count = step.op == SinkOp::put ? step.shift : step.count});
    program.size_bytes = std::max(program.size_bytes, std::uint64_t{offset} + width);
  }
  if (device.size_bytes != 0 && program.size_bytes > device.size_bytes)
    return refuse(
        fmt::format("{} at {} needs {} bytes of registers, the device has {}", device.driver,
                    hex(device.phys_base), program.size_bytes, device.size_bytes),
        "correct reg, reg-shift or reg-io-width of the console in the device tree");
  return program;
}

}  // namespace kxf
