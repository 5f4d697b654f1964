// SPDX-License-Identifier: Apache-2.0
//
// Every UART that kxf ships, against a model of its registers. The facts about each are written
// here a second time, so that a slip in config/uarts shows.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "uart/uart_files.hpp"
#include "uart/uart_reader.hpp"
#include "uart_model.hpp"

namespace uart_entries_test {
namespace {

constexpr std::uint64_t base = 0x9000000;
constexpr std::size_t fifo_depth = 2;
constexpr unsigned reads_for_a_byte = 3;

std::uint32_t swapped(std::uint32_t value, unsigned width_bytes) {
  if (width_bytes == 4) return __builtin_bswap32(value);
  return width_bytes == 2 ? __builtin_bswap16(static_cast<std::uint16_t>(value)) : value;
}

/// Where a register is and how it is accessed.
struct Register {
  std::uint32_t offset = 0;
  unsigned width_bytes = 4;

  [[nodiscard]] bool is_at(std::uint64_t phys_address) const {
    return phys_address == base + offset;
  }
};

/// What all models have: a FIFO that empties while somebody reads registers, and a list of what a
/// real UART would not stand.
class Model : public kxf_test::Registers {
 public:
  std::string sent{};                 ///< over the wire
  std::vector<std::string> faults{};  ///< wrong accesses
  unsigned reads = 0;
  bool stuck = false;  ///< never ready

  /// All that was put, sent or not.
  [[nodiscard]] std::string taken() const { return sent + fifo_; }

 protected:
  void fault(std::string what) {
    if (faults.size() < 10) faults.push_back(std::move(what));
  }
  bool check(const Register& reg, unsigned width_bytes) {
    if (width_bytes == reg.width_bytes) return true;
    fault(fmt::format("{} bytes at {:#x}, which has {}", width_bytes, reg.offset, reg.width_bytes));
    return false;
  }
  void unknown(std::uint64_t phys_address) {
    fault(fmt::format("nothing is at {:#x}", phys_address - base));
  }
  void take(std::uint32_t value) {
    if (value > 0xff) fault(fmt::format("{:#x} is no byte", value));
    if (!stuck && fifo_.size() == fifo_depth) fault("overrun");
    fifo_ += static_cast<char>(value);
  }
  void pass_time() {
    ++reads;
    if (stuck || fifo_.empty() || ++waited_ < reads_for_a_byte) return;
    waited_ = 0;
    sent += fifo_.front();
    fifo_.erase(0, 1);
  }
  [[nodiscard]] std::size_t queued() const { return fifo_.size(); }

 private:
  std::string fifo_{};
  unsigned waited_ = 0;
};

/// The usual kind: one register that tells whether there is room, one that takes the byte.
struct Facts {
  std::string_view sink;
  std::string_view driver;  ///< what selects it: a compatible, or a name of earlycon
  Register data{};
  Register status{};
  std::uint32_t mask = 0;   ///< of the bits that tell; 0: it is always ready
  std::uint32_t ready = 0;  ///< their value when a byte can be taken
  bool when_empty = false;  ///< they tell that nothing is left, not that there is room
  bool big_endian = false;
  /// Their value when none can; nothing: all others than `ready`.
  std::optional<std::uint32_t> busy = std::nullopt;
  /// What else is written for every byte.
  std::optional<std::pair<Register, std::uint32_t>> then = std::nullopt;
  /// What the device tree or the access word says.
  std::optional<unsigned> access_bits = std::nullopt;
  std::optional<unsigned> shift = std::nullopt;
  bool said_big_endian = false;
};

class Plain final : public Model {
 public:
  explicit Plain(const Facts& facts) : facts_(facts) {}

  std::uint32_t read(std::uint64_t phys_address, unsigned width_bytes) override {
    pass_time();
    if (facts_.mask == 0 || !facts_.status.is_at(phys_address)) {
      unknown(phys_address);
      return 0;
    }
    if (!check(facts_.status, width_bytes)) return 0;
    const bool room = facts_.when_empty ? queued() == 0 : queued() < fifo_depth;
    const std::uint32_t bits =
        room && !stuck ? facts_.ready : facts_.busy.value_or(~facts_.ready & facts_.mask);
    const std::uint32_t noise = 0xa5a5a5a5 & ~facts_.mask & width_mask(width_bytes);
    return on_bus(bits | noise, width_bytes);
  }
  void write(std::uint64_t phys_address, unsigned width_bytes, std::uint32_t value) override {
    if (facts_.data.is_at(phys_address)) {
      if (check(facts_.data, width_bytes)) take(on_bus(value, width_bytes));
    } else if (facts_.then && facts_.then->first.is_at(phys_address)) {
      check(facts_.then->first, width_bytes);
      if (value != facts_.then->second) fault(fmt::format("{:#x} was written", value));
    } else {
      unknown(phys_address);
    }
  }

 private:
  static std::uint32_t width_mask(unsigned width_bytes) {
    return width_bytes == 4 ? ~0U : (1U << (8 * width_bytes)) - 1;
  }
  [[nodiscard]] std::uint32_t on_bus(std::uint32_t value, unsigned width_bytes) const {
    return facts_.big_endian ? swapped(value, width_bytes) : value;
  }

  Facts facts_;
};

/// Qualcomm's serial engine: a byte is a command of length 1.
class Geni final : public Model {
 public:
  std::uint32_t read(std::uint64_t phys_address, unsigned width_bytes) override {
    pass_time();
    check({static_cast<std::uint32_t>(phys_address - base), 4}, width_bytes);
    if (active_ && put_ && queued() == 0) {
      active_ = put_ = false;
      raised_ |= done;
    }
    if (active_ && !stuck) raised_ |= watermark;
    switch (phys_address - base) {
      case 0x40: return active_ || stuck ? 1 : 0;
      case 0x610: return stuck ? 0 : raised_;
      default: unknown(phys_address); return 0;
    }
  }
  void write(std::uint64_t phys_address, unsigned width_bytes, std::uint32_t value) override {
    check({static_cast<std::uint32_t>(phys_address - base), 4}, width_bytes);
    switch (phys_address - base) {
      case 0x80c:
        if (value != 2) fault("watermark");
        return;
      case 0x270: length_ = value; return;
      case 0x600:
        if (active_ && !stuck) fault("a command while another one runs");
        if (value != 1U << 27U || length_ != 1) fault("another command");
        active_ = true;
        return;
      case 0x700:
        if (!active_) fault("data without a command");
        take(value);
        put_ = true;
        return;
      case 0x618: raised_ &= ~value; return;
      default: unknown(phys_address);
    }
  }

 private:
  static constexpr std::uint32_t done = 1;
  static constexpr std::uint32_t watermark = 1U << 30U;
  bool active_ = false;
  bool put_ = false;
  std::uint32_t length_ = 0;
  std::uint32_t raised_ = done;  // left over by whoever was here before
};

/// Qualcomm's UART with data mover: it has to be told how many bytes come.
class MsmDm final : public Model {
 public:
  std::uint32_t read(std::uint64_t phys_address, unsigned width_bytes) override {
    pass_time();
    check({static_cast<std::uint32_t>(phys_address - base), 4}, width_bytes);
    switch (phys_address - base) {
      case 0x08: return stuck ? 0 : (queued() == 0 ? 8U : 0U) | (expected_ != 0 ? 4U : 0U) | 0x10U;
      case 0x40: return expected_;
      default: unknown(phys_address); return 0;
    }
  }
  void write(std::uint64_t phys_address, unsigned width_bytes, std::uint32_t value) override {
    check({static_cast<std::uint32_t>(phys_address - base), 4}, width_bytes);
    switch (phys_address - base) {
      case 0x10:
        if (value != 0x300) fault("another command");
        return;
      case 0x40:
        if (queued() != 0 && !stuck) fault("a new transfer before the last one is over");
        expected_ = value;
        return;
      case 0x70:
        if (expected_ != 1) fault("more bytes than announced");
        expected_ = 0;
        take(value);
        return;
      default: unknown(phys_address);
    }
  }

 private:
  std::uint32_t expected_ = 0;
};

/// LINFlexD in buffer mode: a flag that a byte is out, to be cleared by writing 1.
class Linflex final : public Model {
 public:
  std::uint32_t read(std::uint64_t phys_address, unsigned width_bytes) override {
    const std::size_t before = queued();
    pass_time();
    if (before != 0 && queued() == 0) out_ = true;
    if (phys_address != base + 0x14) unknown(phys_address);
    check({0x14, 4}, width_bytes);
    return out_ ? 2 : 0;
  }
  void write(std::uint64_t phys_address, unsigned width_bytes, std::uint32_t value) override {
    switch (phys_address - base) {
      case 0x14:
        check({0x14, 4}, width_bytes);
        if ((value & 2) != 0) out_ = false;
        return;
      case 0x38:
        check({0x38, 1}, width_bytes);
        if (queued() != 0 && !stuck) fault("the last byte is not out");
        if (out_) fault("the flag was not cleared");
        take(value);
        return;
      default: unknown(phys_address);
    }
  }

 private:
  bool out_ = false;
};

/// Renesas SCIFA and SCIFB: a flag that there is room, which comes back by itself and goes by
/// writing 0. What the receiver found is for the next kernel: its flags must stay.
class Scifa final : public Model {
 public:
  explicit Scifa(std::uint32_t data) : data_{data, 1} {}

  std::uint32_t read(std::uint64_t phys_address, unsigned width_bytes) override {
    pass_time();
    if (!status_.is_at(phys_address)) unknown(phys_address);
    if (!check(status_, width_bytes)) return 0;
    if (!stuck && queued() < fifo_depth) flags_ |= room;
    if (!stuck && queued() == 0) flags_ |= end;
    last_read_ = flags_;
    return flags_;
  }
  void write(std::uint64_t phys_address, unsigned width_bytes, std::uint32_t value) override {
    if (data_.is_at(phys_address)) {
      if (check(data_, width_bytes)) take(value);
      return;
    }
    if (!status_.is_at(phys_address)) return unknown(phys_address);
    if (!check(status_, width_bytes)) return;
    if ((value & ~last_read_) != 0) fault(fmt::format("{:#x} sets flags", value));
    if ((value & received) != received) fault(fmt::format("{:#x} clears the receiver's", value));
    if ((value & (room | end)) != 0) fault(fmt::format("{:#x} leaves flags", value));
    flags_ = value;
  }

 private:
  static constexpr std::uint32_t room = 0x20;
  static constexpr std::uint32_t end = 0x40;
  static constexpr std::uint32_t received = 0x0203;  // overrun, data
  Register data_{};
  Register status_{0x14, 2};
  std::uint32_t flags_ = received;
  std::uint32_t last_read_ = 0;
};

const std::pair<Register, std::uint32_t> clear_sci{{0x04, 1}, 0x78};
const std::pair<Register, std::uint32_t> clear_rsci{{0x68, 4}, 1U << 29U};
const std::pair<Register, std::uint32_t> clear_scif{{0x10, 2}, 0xff93};
const std::pair<Register, std::uint32_t> clear_rz_scif{{0x08, 2}, 0xff93};

const Facts all_facts[] = {
    {"pl011", "arm,pl011", {0x00, 2}, {0x18, 2}, 0x20, 0},
    {"pl011", "arm,sbsa-uart", {0x00, 4}, {0x18, 4}, 0x20, 0},
    {"pl011", "qdf2400_e44", {0x00, 4}, {0x18, 4}, 0x20, 0},
    {"uart8250", "ns16550a", {0, 1}, {5, 1}, 0x20, 0x20},
    {"uart8250", "uart8250-8bit", {0, 1}, {5, 1}, 0x20, 0x20},
    {"uart8250", "uart8250-32bit", {0, 4}, {0x14, 4}, 0x20, 0x20},
    {"uart8250", "ti,am654-uart", {0, 1}, {0x14, 1}, 0x20, 0x20},
    {"uart8250", "mrvl,pxa-uart", {0, 1}, {0x14, 1}, 0x20, 0x20},
    {"uart8250", "brcm,bcm2835-aux-uart", {0, 4}, {0x14, 4}, 0x20, 0x20},
    {.sink = "uart8250",
     .driver = "snps,dw-apb-uart",
     .data = {0, 4},
     .status = {0x14, 4},
     .mask = 0x20,
     .ready = 0x20,
     .access_bits = 32,
     .shift = 2},
    {.sink = "uart8250",
     .driver = "uart8250",
     .data = {0, 4},
     .status = {0x14, 4},
     .mask = 0x20,
     .ready = 0x20,
     .big_endian = true,
     .access_bits = 32,
     .shift = 2,
     .said_big_endian = true},
    {"imx-uart", "fsl,imx6q-uart", {0x40, 4}, {0xb4, 4}, 0x10, 0},
    {"lpuart", "fsl,vf610-lpuart", {0x07, 1}, {0x04, 1}, 0x80, 0x80},
    {.sink = "lpuart32",
     .driver = "fsl,ls1021a-lpuart",
     .data = {0x0c, 4},
     .status = {0x04, 4},
     .mask = 0x800000,
     .ready = 0x800000,
     .big_endian = true},
    {.sink = "lpuart32",
     .driver = "lpuart32",
     .data = {0x0c, 4},
     .status = {0x04, 4},
     .mask = 0x800000,
     .ready = 0x800000,
     .access_bits = 32,
     .shift = 2},
    {"lpuart32", "fsl,ls1028a-lpuart", {0x0c, 4}, {0x04, 4}, 0x800000, 0x800000},
    {"lpuart32", "fsl,imx8qxp-lpuart", {0x1c, 4}, {0x14, 4}, 0x800000, 0x800000},
    {"meson-uart", "amlogic,meson-ao-uart", {0x00, 4}, {0x0c, 4}, 1U << 21U, 0},
    {"cdns-uart", "cdns,uart-r1p12", {0x30, 4}, {0x2c, 4}, 0x10, 0},
    {"armada-3700-uart", "marvell,armada-3700-uart", {0x04, 4}, {0x0c, 4}, 1U << 11U, 0},
    {"armada-3700-uart-ext", "marvell,armada-3700-uart-ext", {0x1c, 4}, {0x0c, 4}, 1U << 11U, 0},
    {"msm-serial", "qcom,msm-uart", {0x0c, 4}, {0x08, 4}, 0x04, 0x04},
    {.sink = "scif",
     .driver = "renesas,scif",
     .data = {0x0c, 1},
     .status = {0x10, 2},
     .mask = 0x20,
     .ready = 0x20,
     .then = clear_scif},
    {.sink = "rz-scif",
     .driver = "renesas,scif-r9a07g044",
     .data = {0x06, 1},
     .status = {0x08, 2},
     .mask = 0x20,
     .ready = 0x20,
     .then = clear_rz_scif},
    {"samsung-uart", "samsung,exynos4210-uart", {0x20, 1}, {0x10, 4}, 0x04, 0x04, true},
    {.sink = "samsung-uart",
     .driver = "exynos4210",
     .data = {0x20, 4},
     .status = {0x10, 4},
     .mask = 0x04,
     .ready = 0x04,
     .when_empty = true,
     .access_bits = 32,
     .shift = 2},
    {"samsung-uart", "apple,s5l-uart", {0x20, 4}, {0x10, 4}, 0x04, 0x04, true},
    {"samsung-uart", "google,gs101-uart", {0x20, 4}, {0x10, 4}, 0x04, 0x04, true},
    {"sprd-serial", "sprd,sc9836-uart", {0x00, 1}, {0x08, 4}, 0x8000, 0x8000, true},
    {"owl-uart", "actions,s900-uart", {0x08, 4}, {0x0c, 4}, 0x40, 0},
    {"stm32-usart", "st,stm32h7-uart", {0x28, 4}, {0x1c, 4}, 0x80, 0x80},
    {"bcm63xx-uart", "brcm,bcm6345-uart", {0x14, 4}, {0x10, 4}, 0x20, 0x20, true},
    {"uartlite", "xlnx,xps-uartlite-1.00.a", {0x04, 4}, {0x08, 4}, 0x08, 0},
    {.sink = "uartlite",
     .driver = "uartlite",
     .data = {0x04, 4},
     .status = {0x08, 4},
     .mask = 0x08,
     .ready = 0,
     .big_endian = true,
     .access_bits = 32,
     .shift = 2,
     .said_big_endian = true},
    {"liteuart", "litex,liteuart", {0x00, 4}, {0x04, 4}, 0xff, 0},
    {"atmel-usart", "atmel,at91sam9260-usart", {0x1c, 1}, {0x14, 4}, 0x02, 0x02},
    {"altera-uart", "altr,uart-1.0", {0x04, 4}, {0x08, 4}, 0x40, 0x40},
    {.sink = "altera-jtag-uart",
     .driver = "altr,juart-1.0",
     .data = {0x00, 4},
     .status = {0x04, 4},
     .mask = 0xffff0000,
     .ready = 0x00400000,
     .busy = 0},
    {.sink = "rda-uart",
     .driver = "rda,8810pl-uart",
     .data = {0x08, 4},
     .status = {0x04, 4},
     .mask = 0x1f00,
     .ready = 0x0100,
     .busy = 0},
    {"ma35d1-uart", "nuvoton,ma35d1-uart", {0x00, 4}, {0x18, 4}, 1U << 23U, 0},
    {"tegra-utc", "nvidia,tegra264-utc", {0x20, 4}, {0x100, 4}, 0x02, 0},
    {.sink = "sci",
     .driver = "renesas,sci",
     .data = {0x03, 1},
     .status = {0x04, 1},
     .mask = 0x80,
     .ready = 0x80,
     .then = clear_sci},
    {.sink = "rsci",
     .driver = "renesas,r9a09g077-rsci",
     .data = {0x04, 4},
     .status = {0x48, 4},
     .mask = 1U << 29U,
     .ready = 1U << 29U,
     .then = clear_rsci},
    {"goldfish-tty", "google,goldfish-tty", {0x00, 4}},
};

/// One way to use one UART, and a maker of what is behind.
struct Case {
  std::string_view sink;
  kxf::ConsoleDevice device;
  std::function<std::unique_ptr<Model>()> model;
  bool waits = true;
};

kxf::ConsoleDevice device_named(std::string_view driver) {
  kxf::ConsoleDevice device;
  device.driver = driver;
  device.phys_base = base;
  device.size_bytes = 0x1000;
  return device;
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const Facts& facts : all_facts) {
    kxf::ConsoleDevice device = device_named(facts.driver);
    device.access_bits = facts.access_bits;
    device.register_shift = facts.shift;
    device.big_endian_registers = facts.said_big_endian;
    cases.push_back({facts.sink, std::move(device), [&] { return std::make_unique<Plain>(facts); },
                     facts.mask != 0});
  }
  cases.push_back(
      {"qcom-geni", device_named("qcom,geni-debug-uart"), [] { return std::make_unique<Geni>(); }});
  cases.push_back(
      {"msm-serial-dm", device_named("qcom,msm-uartdm"), [] { return std::make_unique<MsmDm>(); }});
  cases.push_back(
      {"scifa", device_named("renesas,scifa"), [] { return std::make_unique<Scifa>(0x20); }});
  cases.push_back(
      {"scifb", device_named("renesas,scifb"), [] { return std::make_unique<Scifa>(0x40); }});
  cases.push_back({"linflex", device_named("fsl,s32v234-linflexuart"),
                   [] { return std::make_unique<Linflex>(); }});
  return cases;
}

/// What the shipped files say, parsed.
std::vector<kxf::UartSpec> all_descriptions() {
  std::vector<kxf::UartSpec> all;
  for (const kxf::ShippedUart& shipped : kxf::shipped_uarts()) {
    auto uart = kxf::parse_uart_file(shipped.text, std::string(shipped.name) + ".toml");
    REQUIRE_MESSAGE(uart.has_value(), (uart ? "" : uart.error().message));
    all.push_back(std::move(*uart));
  }
  return all;
}

}  // namespace

TEST_CASE("the names that are compiled in beside each description are those in it") {
  const auto shipped = kxf::shipped_uarts();
  const std::vector<kxf::UartSpec> all = all_descriptions();
  REQUIRE(all.size() >= 20);
  for (std::size_t i = 0; i < all.size(); ++i) {
    CAPTURE(all[i].name);
    std::vector<std::string_view> earlycon;
    std::vector<std::string_view> compatibles;
    for (const kxf::UartDevice& device : all[i].devices) {
      earlycon.insert(earlycon.end(), device.earlycon.begin(), device.earlycon.end());
      compatibles.insert(compatibles.end(), device.compatibles.begin(), device.compatibles.end());
    }
    CHECK(shipped[i].name == all[i].name);
    CHECK(shipped[i].summary == all[i].summary);
    CHECK(std::ranges::equal(shipped[i].earlycon, earlycon));
    CHECK(std::ranges::equal(shipped[i].compatibles, compatibles));
    CHECK_FALSE(all[i].rank.has_value());
  }
}

TEST_CASE("every shipped UART, in every way in which it is built in, has a model here") {
  const std::vector<Case> cases = all_cases();
  for (const kxf::UartSpec& uart : all_descriptions()) {
    CAPTURE(uart.name);
    for (const kxf::UartDevice& device : uart.devices) {
      std::vector<std::string> names = device.earlycon;
      names.insert(names.end(), device.compatibles.begin(), device.compatibles.end());
      CAPTURE(names.front());
      CHECK(std::ranges::any_of(cases, [&](const Case& one) {
        return one.sink == uart.name && std::ranges::find(names, one.device.driver) != names.end();
      }));
    }
  }
}

TEST_CASE("every shipped UART prints a text byte by byte and waits while its FIFO is full") {
  const std::string text("kxf: \xff\x80\x01 ok\r\n\0end", 17);
  for (const Case& one : all_cases()) {
    CAPTURE(one.device.driver);
    const auto model = one.model();
    kxf_test::print(kxf_test::program_of(one.sink, one.device),
                    text.substr(0, one.waits ? text.size() : 2), *model);
    CHECK(model->faults == std::vector<std::string>{});
    CHECK(model->taken() == text.substr(0, one.waits ? text.size() : 2));
    if (one.waits) CHECK(model->reads >= reads_for_a_byte * (text.size() - fifo_depth));
  }
}

TEST_CASE("a shipped UART that never gets ready costs a bounded number of reads, not the boot") {
  for (const Case& one : all_cases()) {
    CAPTURE(one.device.driver);
    kxf::SinkProgram program = kxf_test::program_of(one.sink, one.device);
    unsigned bound = 0;
    for (kxf::SinkStep& step : program.steps) {
      if (step.op != kxf::SinkOp::poll && step.op != kxf::SinkOp::poll_while) {
        if (step.op == kxf::SinkOp::clear) ++bound;  // one read
        continue;
      }
      CHECK(step.count >= 1);
      CHECK(step.count <= 100'000);
      step.count = std::min(step.count, 7U);
      bound += step.count;
    }
    const auto model = one.model();
    model->stuck = true;
    kxf_test::print(program, "x", *model);
    CHECK(model->faults == std::vector<std::string>{});
    CHECK(model->reads <= bound);
    if (one.waits) CHECK(model->reads >= 7);
    // It goes on: the byte is given to the UART all the same.
    CHECK(model->taken() == "x");
  }
}

TEST_CASE("the models notice an access of the wrong width or place, and so check the programs") {
  for (const Case& one : all_cases()) {
    CAPTURE(one.device.driver);
    const kxf::SinkProgram right = kxf_test::program_of(one.sink, one.device);
    for (std::size_t i = 0; i < right.steps.size(); ++i) {
      CAPTURE(i);
      kxf::SinkProgram wrong = right;
      for (kxf::SinkStep& step : wrong.steps) step.count = std::min(step.count, 20U);
      const std::uint8_t width = right.steps[i].width_bytes;
      for (const unsigned other : {1U, 2U, 4U}) {
        if (other == width) continue;
        wrong.steps[i].width_bytes = static_cast<std::uint8_t>(other);
        const auto model = one.model();
        kxf_test::print(wrong, "x", *model);
        CHECK_FALSE(model->faults.empty());
      }
      wrong.steps[i].width_bytes = width;
      wrong.steps[i].offset += 0x100;
      const auto model = one.model();
      kxf_test::print(wrong, "x", *model);
      CHECK_FALSE(model->faults.empty());
    }
  }
}

TEST_CASE("a width that a UART does not have is refused, unless the part decides it anyway") {
  for (const kxf::UartSpec& uart : all_descriptions()) {
    const kxf::ConsoleSink& sink = kxf_test::shipped_sink(uart.name);
    for (const kxf::UartDevice& row : uart.devices) {
      for (const unsigned bits : {8U, 16U, 32U, 64U}) {
        kxf::ConsoleDevice device =
            device_named(row.compatibles.empty() ? row.earlycon[0] : row.compatibles[0]);
        CAPTURE(device.driver);
        CAPTURE(bits);
        device.access_bits = bits;
        device.register_shift = 2;
        const bool known = std::ranges::find(row.access_bits, bits) != row.access_bits.end();
        CHECK(sink.program(device).has_value() == (row.fixed || known));
      }
    }
  }
}

}  // namespace uart_entries_test
