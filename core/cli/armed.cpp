// SPDX-License-Identifier: Apache-2.0
#include "cli/armed.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

namespace kxf::cli {

namespace {

std::string initrd_text(const ArmedKernel& kernel) {
  if (!kernel.initrds.empty()) return fmt::format("{}", fmt::join(kernel.initrds, " + "));
  return kernel.plan.capacity.initrd_bytes == 0 ? "none" : "the image's own";
}

}  // namespace

Result<std::optional<ArmedCrash>> armed_on(const CommonOptions& common, const Machine& machine) {
  return common.machine == "/" ? remembered_armed(machine) : captured_armed(machine);
}

std::string armed_text(const ArmedCrash& armed) {
  const ArmedKernel& kernel = armed.kernel;
  return fmt::format(
      "  kernel   {}\n"
      "  initrd   {}\n"
      "  loaded   by {}, {}\n"
      "  regions  {} ({})\n"
      "  command  {}\n",
      kernel.kernel, initrd_text(kernel), name_of(kernel.backend),
      kernel.digest ? "its digest is verified before it starts" : "without a digest",
      to_text(kernel.plan.regions), size_text(kernel.plan.regions.size_bytes()),
      kernel.command_line);
}

nlohmann::ordered_json armed_json(const std::optional<ArmedCrash>& armed) {
  if (!armed) return nullptr;
  const ArmedKernel& kernel = armed->kernel;
  nlohmann::ordered_json segments = nlohmann::ordered_json::array();
  for (const ArmedSegment& segment : kernel.segments)
    segments.push_back({{"name", segment.name},
                        {"start", hex(segment.range.start)},
                        {"size", segment.range.size_bytes()}});
  return {{"kernel", kernel.kernel},
          {"initrds", kernel.initrds},
          {"backend", name_of(kernel.backend)},
          {"digest", kernel.digest},
          {"command_line", kernel.command_line},
          {"regions", json_of(kernel.plan.regions)},
          {"segments", std::move(segments)}};
}

}  // namespace kxf::cli
