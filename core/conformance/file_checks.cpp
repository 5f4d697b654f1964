// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "conformance/checks.hpp"
#include "elf/dynamic.hpp"
#include "image/files.hpp"
#include "plugin/builtin.hpp"
#include "plugin/handshake.hpp"
#include "plugin/loader.hpp"
#include "plugin/trust.hpp"
#include "uart/uart_files.hpp"

namespace kxf::conformance {
namespace {

Result<ElfDynamic> dynamic_of(const Subject& subject) {
  KXF_TRY(file, read_file(subject.file.string()));
  return read_elf_dynamic(file.view());
}

}  // namespace

RuleResult check_file(Subject& subject) {
  auto opened = open_plugin(subject.file, required_trust());
  if (!opened) return RuleResult::failed(one_line(opened.error().message));
  auto metadata = read_plugin_metadata(opened->get(), subject.file);
  if (!metadata) return RuleResult::failed(one_line(metadata.error().message));
  subject.metadata = std::move(*metadata);
  return {};
}

RuleResult check_note(Subject& subject) {
  std::vector<std::string> problems = metadata_mismatches(subject.metadata);
  for (const std::string_view own : {builtin_plugin_name, uart_plugin_name})
    if (subject.metadata.name == own)
      problems.push_back(fmt::format("its name \"{}\" is that of a built-in plugin", own));
  for (std::string& problem : problems) problem = one_line(problem);
  return RuleResult::of(std::move(problems));
}

RuleResult check_exports(Subject& subject) {
  const auto dynamic = dynamic_of(subject);
  if (!dynamic) return RuleResult::failed(dynamic.error().message);
  std::vector<std::string> problems;
  for (const std::string& symbol : other_exports(*dynamic))
    problems.push_back("it exports " + symbol);
  if (std::ranges::find(dynamic->exported, descriptor_symbol) == dynamic->exported.end())
    problems.push_back(fmt::format("it does not export {}", descriptor_symbol));
  return RuleResult::of(std::move(problems));
}

RuleResult check_link_flags(Subject& subject) {
  const auto dynamic = dynamic_of(subject);
  if (!dynamic) return RuleResult::failed(dynamic.error().message);
  std::vector<std::string> problems;
  const auto want = [&](bool holds, std::string_view problem) {
    if (!holds) problems.emplace_back(problem);
  };
  want(dynamic->bound_at_load, "it is not bound when it is loaded (-Wl,-z,now)");
  want(dynamic->read_only_relocations, "its relocations stay writable (-Wl,-z,relro)");
  want(dynamic->never_unloaded, "it may be unloaded (-Wl,-z,nodelete)");
  want(!dynamic->text_relocations, "its code is written to when it is loaded (-fPIC)");
  want(!dynamic->executable_stack, "it wants an executable stack (-Wl,-z,noexecstack)");
  return RuleResult::of(std::move(problems));
}

}  // namespace kxf::conformance
