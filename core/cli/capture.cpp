// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "cli/report.hpp"
#include "cli/verbs.hpp"
#include "machine/open.hpp"
#include "text/json.hpp"

namespace kxf::cli {
namespace {

std::string capture_json(const CaptureReport& done, const std::string& output) {
  Json left_out = Json::array();
  for (const CaptureGap& gap : done.gaps)
    left_out.push_back({{"path", gap.path}, {"reason", gap.reason}, {"cost", gap.cost}});
  const Json object = {{"schema", 1},
                       {"output", output},
                       {"recorded", done.recorded},
                       {"left_out", std::move(left_out)}};
  return json_text(object);
}

std::string capture_text(const CaptureReport& done, const std::string& output, bool verbose) {
  std::string text = fmt::format("{}: {} entries recorded, {} left out\n", output,
                                 done.recorded.size(), done.gaps.size());
  if (verbose)
    for (const std::string& path : done.recorded) text += fmt::format("  recorded {}\n", path);
  for (const CaptureGap& gap : done.gaps)
    text += fmt::format("  left out {}: {}\n    cost: {}\n", gap.path, gap.reason, gap.cost);
  return text;
}

}  // namespace

int capture(const CommonOptions& common, const std::string& output) {
  const Result<std::unique_ptr<Machine>> machine = open_machine(common.machine);
  if (!machine) return report(machine.error());
  const Result<CaptureReport> done = capture_machine(**machine, output);
  if (!done) return report(done.error());
  fmt::print("{}", common.json ? capture_json(*done, output)
                               : capture_text(*done, output, common.verbose));
  return exit_done;
}

}  // namespace kxf::cli
