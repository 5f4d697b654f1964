// SPDX-License-Identifier: Apache-2.0

// kxf status --breadcrumb: what the purgatory did before this system was booted.

#include <fmt/format.h>

#include "breadcrumb/device_memory.hpp"
#include "breadcrumb/record.hpp"
#include "cli/inputs.hpp"
#include "cli/report.hpp"
#include "cli/verbs.hpp"
#include "machine/open.hpp"
#include "policy/text_checks.hpp"
#include "text/json.hpp"

namespace kxf::cli {
namespace {

constexpr const char* ramoops_file = "/sys/fs/pstore/console-ramoops-0";

/// What names the place: the argument, or else the profile.
Result<std::string> breadcrumb_place(const PlanOptions& options, const std::string& argument) {
  if (!argument.empty()) {
    if (const auto fault = text_fault(KeyType::breadcrumb, argument))
      return tl::unexpected(Error{"--breadcrumb: " + *fault, "correct it", Fault::usage});
    return argument;
  }
  KXF_TRY(policy, read_policy(options));
  return policy.purgatory_breadcrumb.value;
}

Result<PurgatoryRecord> record_at(const CommonOptions& common, std::uint64_t start) {
  if (common.machine != "/")
    return refuse("a breadcrumb is in the machine's memory, which no capture has",
                  "run \"kxf status --breadcrumb\" on the machine itself");
  if (start % breadcrumb_alignment != 0 || start > UINT64_MAX - breadcrumb_bytes)
    return refuse(fmt::format("no breadcrumb can be at {}: it is no multiple of {}", hex(start),
                              breadcrumb_alignment),
                  "correct the address");
  KXF_TRY(bytes, read_device_memory(Range::sized(start, breadcrumb_bytes)));
  auto record = read_purgatory_record(bytes);
  if (!record) return pass(std::move(record), fmt::format("at {}", hex(start)));
  return record;
}

Result<std::vector<std::string>> lines_in_ramoops(const CommonOptions& common) {
  KXF_TRY(machine, open_machine(common.machine));
  auto log = machine->read_text(ramoops_file);
  if (!log) {
    Error error = std::move(log.error());
    if (error.remedy.empty())
      error.remedy =
          "mount pstore, and load the module ramoops; systemd-pstore.service moves the file to "
          "/var/lib/systemd/pstore";
    return tl::unexpected(std::move(error));
  }
  std::vector<std::string> lines = purgatory_lines(*log);
  if (lines.empty())
    return refuse(fmt::format("\"{}\" has no line of a purgatory", ramoops_file),
                  "load with purgatory.breadcrumb = \"ramoops\" in the profile");
  return lines;
}

Json record_json(const PurgatoryRecord& record) {
  Json registers = Json::object();
  for (const auto& [name, value] : record.registers) registers[name] = hex(value);
  return {{"schema", 1},
          {"jumps", record.jumps},
          {"phase", name_of(record.phase)},
          {"index", record.index},
          {"count", record.count},
          {"name", record.name},
          {"exception", record.exception},
          {"registers", std::move(registers)},
          {"words", in_words(record)}};
}

int print_record(const CommonOptions& common, std::uint64_t start) {
  const Result<PurgatoryRecord> record = record_at(common, start);
  if (!record) return report(record.error());
  if (common.json)
    fmt::print("{}", json_text(record_json(*record)));
  else
    fmt::print("jump {} since the memory was cleared: {}\n", record->jumps, in_words(*record));
  return exit_done;
}

int print_lines(const CommonOptions& common) {
  const Result<std::vector<std::string>> lines = lines_in_ramoops(common);
  if (!lines) return report(lines.error());
  if (common.json)
    fmt::print("{}", json_text({{"schema", 1}, {"lines", *lines}}));
  else
    for (const std::string& line : *lines) fmt::print("{}\n", line);
  return exit_done;
}

}  // namespace

int status_breadcrumb(const CommonOptions& common, const PlanOptions& options,
                      const std::string& place) {
  const Result<std::string> where = breadcrumb_place(options, place);
  if (!where) return report(where.error());
  if (*where == "none")
    return report(Error{"no breadcrumb is named",
                        "name the profile that says where it is (--profile), or the place itself "
                        "(--breadcrumb=0x7ff00000)",
                        Fault::refused});
  if (*where == "ramoops") return print_lines(common);
  return print_record(common, hexadecimal_from(*where).value_or(0));
}

}  // namespace kxf::cli
