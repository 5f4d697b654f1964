// SPDX-License-Identifier: Apache-2.0
#include "cli/report.hpp"

#include <fmt/format.h>

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

void note(std::string_view text) { fmt::print(stderr, "kxf: {}\n", text); }

}  // namespace kxf::cli
