// SPDX-License-Identifier: Apache-2.0
//
// The names that the shipped UARTs are known by, against lists of those that are used.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "uart/uart_files.hpp"

namespace uart_names_test {
namespace {

bool known_by(const kxf::UartSinks& sinks,
              std::span<const std::string_view> (kxf::ConsoleSink::*names)() const noexcept,
              std::string_view name) {
  return std::ranges::any_of(sinks, [&](const auto& sink) {
    const auto known = (*sink.*names)();
    return std::ranges::find(known, name) != known.end();
  });
}
bool is_compatible(const kxf::UartSinks& sinks, std::string_view name) {
  return known_by(sinks, &kxf::ConsoleSink::compatibles, name);
}
bool is_earlycon(const kxf::UartSinks& sinks, std::string_view name) {
  return known_by(sinks, &kxf::ConsoleSink::earlycon_names, name);
}

}  // namespace

TEST_CASE("every UART behind stdout-path in Debian's arm64 device trees is known") {
  // The `compatible` lists in linux-image-6.1.0-*-arm64, read with fdtget.
  const std::vector<std::vector<std::string_view>> nodes = {
      {"qcom,geni-debug-uart"},
      {"qcom,geni-uart"},
      {"amlogic,meson-gx-uart", "amlogic,meson-ao-uart"},
      {"snps,dw-apb-uart"},
      {"rockchip,rk3399-uart", "snps,dw-apb-uart"},
      {"fsl,imx8mm-uart", "fsl,imx6q-uart"},
      {"fsl,imx8mq-uart", "fsl,imx6q-uart"},
      {"qcom,msm-uartdm-v1.4", "qcom,msm-uartdm"},
      {"fsl,ns16550", "ns16550a"},
      {"xlnx,zynqmp-uart", "cdns,uart-r1p12"},
      {"arm,pl011", "arm,primecell"},
      {"arm,sbsa-uart", "arm,pl011"},
      {"arm,sbsa-uart"},
      {"marvell,armada-3700-uart"},
      {"renesas,scif-r8a774a1", "renesas,rcar-gen3-scif", "renesas,scif"},
      {"brcm,bcm2835-aux-uart"},
      {"nvidia,tegra210-uart", "nvidia,tegra20-uart"},
      {"ti,am64-uart", "ti,am654-uart"},
      {"fsl,imx8qxp-lpuart"},
      {"fsl,imx8qxp-lpuart", "fsl,imx7ulp-lpuart"},
      {"fsl,imx93-lpuart", "fsl,imx7ulp-lpuart"},
      {"samsung,exynos5433-uart"},
      {"fsl,ls1021a-lpuart"},
      {"mediatek,mt8173-uart", "mediatek,mt6577-uart"},
  };
  kxf::Record record;
  const auto sinks = kxf::load_uarts("/nowhere/at/all", {}, record);
  REQUIRE(sinks);
  for (const auto& names : nodes) {
    CAPTURE(std::string(names.front()));
    CHECK(std::ranges::any_of(names,
                              [&](std::string_view name) { return is_compatible(*sinks, name); }));
  }
}

TEST_CASE("every UART in the earlycon table of Debian's arm64 kernel is known by both its names") {
  // __earlycon_table of linux-image-6.1.0-56-arm64, without efifb and xenboot, which are no UARTs.
  const std::vector<std::pair<std::string_view, std::string_view>> table = {
      {"ar3700_uart", ""},
      {"ar3700_uart", "marvell,armada-3700-uart"},
      {"bcm2835aux", "brcm,bcm2835-aux-uart"},
      {"cdns", "cdns,uart-r1p12"},
      {"cdns", "cdns,uart-r1p8"},
      {"cdns", "xlnx,xuartps"},
      {"cdns", "xlnx,zynqmp-uart"},
      {"ec_imx21", "fsl,imx21-uart"},
      {"ec_imx6q", "fsl,imx6q-uart"},
      {"hscif", "renesas,hscif"},
      {"lpuart", ""},
      {"lpuart", "fsl,vf610-lpuart"},
      {"lpuart32", ""},
      {"lpuart32", "fsl,imx7ulp-lpuart"},
      {"lpuart32", "fsl,imx8qxp-lpuart"},
      {"lpuart32", "fsl,imx8ulp-lpuart"},
      {"lpuart32", "fsl,imxrt1050-lpuart"},
      {"lpuart32", "fsl,ls1021a-lpuart"},
      {"lpuart32", "fsl,ls1028a-lpuart"},
      {"meson", "amlogic,meson-ao-uart"},
      {"msm_serial", "qcom,msm-uart"},
      {"msm_serial_dm", "qcom,msm-uartdm"},
      {"ns16550", "ns16550"},
      {"ns16550a", "ns16550a"},
      {"omap8250", "ti,am654-uart"},
      {"omap8250", "ti,omap2-uart"},
      {"omap8250", "ti,omap3-uart"},
      {"omap8250", "ti,omap4-uart"},
      {"pl011", "arm,pl011"},
      {"pl011", "arm,sbsa-uart"},
      {"qcom_geni", "qcom,geni-debug-uart"},
      {"qdf2400_e44", ""},
      {"sci", "renesas,sci"},
      {"scif", "renesas,scif"},
      {"scif", "renesas,scif-r7s9210"},
      {"scif", "renesas,scif-r9a07g044"},
      {"scifa", "renesas,scifa"},
      {"scifb", "renesas,scifb"},
      {"uart", ""},
      {"uart", "nvidia,tegra20-uart"},
      {"uart", "snps,dw-apb-uart"},
      {"uart8250", ""},
  };
  kxf::Record record;
  const auto sinks = kxf::load_uarts("/nowhere/at/all", {}, record);
  REQUIRE(sinks);
  for (const auto& [earlycon, compatible] : table) {
    CAPTURE(std::string(earlycon));
    CAPTURE(std::string(compatible));
    CHECK(is_earlycon(*sinks, earlycon));
    CHECK((compatible.empty() || is_compatible(*sinks, compatible)));
  }
}

TEST_CASE("no two shipped UARTs claim the same name, and none claims every PrimeCell") {
  kxf::Record record;
  const auto sinks = kxf::load_uarts("/nowhere/at/all", {}, record);
  REQUIRE(sinks);
  std::set<std::string> earlycon;
  std::set<std::string> compatibles;
  for (const auto& sink : *sinks) {
    CHECK(sink->rank() == 100);
    for (const std::string_view name : sink->earlycon_names()) {
      CAPTURE(std::string(name));
      CHECK(earlycon.emplace(name).second);
    }
    for (const std::string_view name : sink->compatibles()) {
      CAPTURE(std::string(name));
      CHECK(compatibles.emplace(name).second);
    }
  }
  CHECK_FALSE(compatibles.contains("arm,primecell"));
  for (const char* name :
       {"pl011", "uart8250",    "uart",          "ns16550",     "qcom_geni", "meson",
        "cdns",  "ec_imx6q",    "msm_serial_dm", "ar3700_uart", "lpuart32",  "scif",
        "hscif", "exynos4210",  "omap8250",      "bcm2835aux",  "mtk8250",   "stm32",
        "owl",   "sprd_serial", "linflex",       "uniphier",    "uartlite",  "liteuart",
        "s5l",   "sci",         "scifa",         "scifb",       "rsci",      "juart",
        "rda",   "tegra_utc"}) {
    CAPTURE(name);
    CHECK(earlycon.contains(name));
  }
}

}  // namespace uart_names_test
