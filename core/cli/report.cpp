// SPDX-License-Identifier: Apache-2.0
#include "cli/report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>

namespace kxf::cli {

int exit_status(Fault fault) noexcept {
  switch (fault) {
    case Fault::refused: return exit_refused;
    case Fault::usage: return exit_usage;
    case Fault::internal: break;
  }
  return exit_internal;
}

int report(const Error& error) {
  fmt::print(stderr, "kxf: {}\n", error.message);
  if (!error.remedy.empty()) fmt::print(stderr, "  remedy: {}\n", error.remedy);
  return exit_status(error.fault);
}

void report(const Warning& warning) {
  fmt::print(stderr, "kxf: warning: {} [{}]\n", warning.text, warning.id);
}

void report_not_confined(const std::vector<std::string>& not_confined) {
  if (not_confined.empty()) return;
  note(
      fmt::format("this kernel cannot confine the plugins that read images ({}); use images that "
                  "you trust, or a kernel with seccomp filters and Landlock",
                  fmt::join(not_confined, "; ")));
}

void note(std::string_view text) { fmt::print(stderr, "kxf: {}\n", text); }

}  // namespace kxf::cli
