// SPDX-License-Identifier: Apache-2.0
#include "load/load_record.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <nlohmann/json.hpp>
#include <system_error>

#include "machine/excerpt.hpp"
#include "machine/file.hpp"
#include "plan/seal.hpp"

namespace kxf {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr unsigned schema = 1;
constexpr std::uint64_t limit_bytes = 1U << 20U;
constexpr const char* reload = "load the kernel again with \"kxf load\"";

/// What /proc/iomem says of RAM now.
struct Memory {
  std::string sha256;  ///< of the whole text, 64 digits: the same text needs no closer look
  RangeSet ram;
};

/// The top-level `40000000-7fffffff : System RAM` lines; what is nested in them comes and goes with
/// drivers.
RangeSet system_ram(std::string_view iomem) {
  std::vector<Range> ranges;
  while (!iomem.empty()) {
    const std::string_view line = iomem.substr(0, iomem.find('\n'));
    iomem.remove_prefix(std::min(line.size() + 1, iomem.size()));
    if (line.starts_with(' ') || !line.ends_with(" : System RAM")) continue;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    const char* end = line.data() + line.size();
    const auto dash = std::from_chars(line.data(), end, first, 16);
    if (dash.ec != std::errc{} || dash.ptr == end || *dash.ptr != '-') continue;
    if (std::from_chars(dash.ptr + 1, end, last, 16).ec != std::errc{} || last < first) continue;
    ranges.push_back({first, last == UINT64_MAX ? last : last + 1});
  }
  return RangeSet(std::move(ranges));
}

/// Nothing when /proc/iomem is unreadable or hides its addresses.
Result<Memory> memory_of(const Machine& machine) {
  KXF_TRY(iomem, machine.read("/proc/iomem"));
  if (iomem_hidden(iomem)) return refuse("/proc/iomem hides its addresses", "run kxf as root");
  KXF_TRY(digest, sha256(iomem));
  return Memory{fmt::format("{:02x}", fmt::join(digest, "")), system_ram(text_of(iomem))};
}

/// The directory is made with mode 0700, or it must be ours already and closed to others' writing:
/// in it we follow names as root.
Status own_directory(const fs::path& directory) {
  std::error_code error;  // an initramfs may have no /run; what went wrong shows below
  fs::create_directories(directory.parent_path(), error);
  if (::mkdir(directory.c_str(), 0700) == 0) return {};
  if (errno != EEXIST)
    return refuse(
        fmt::format("\"{}\" cannot be made: {}", directory.native(), std::strerror(errno)),
        "mount a tmpfs at /run");
  struct stat status {};
  if (::lstat(directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) ||
      status.st_uid != ::geteuid() || (status.st_mode & 022U) != 0)
    return refuse(
        fmt::format("\"{}\" is no directory that only this user writes to", directory.native()),
        "remove it");
  return {};
}

/// Different after every boot; empty when the kernel does not say.
std::string boot_id(const Machine& machine) {
  return machine.read_text("/proc/sys/kernel/random/boot_id").value_or("");
}

Json json_of(const RangeSet& set) {
  Json list = Json::array();
  for (const Range& range : set) list.push_back({hex(range.start), hex(range.end)});
  return list;
}

std::optional<std::uint64_t> number(const Json& value) {
  if (!value.is_string()) return std::nullopt;
  const std::string text = value.get<std::string>();
  if (!text.starts_with("0x")) return std::nullopt;
  std::uint64_t parsed = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + 2, end, parsed, 16);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return parsed;
}

/// Nothing when it is not the shape that json_of() gives.
std::optional<RangeSet> ranges_of(const Json& list) {
  if (!list.is_array()) return std::nullopt;
  std::vector<Range> ranges;
  for (const Json& pair : list) {
    if (!pair.is_array() || pair.size() != 2) return std::nullopt;
    const auto start = number(pair[0]);
    const auto end = number(pair[1]);
    if (!start || !end) return std::nullopt;
    ranges.push_back({*start, *end});
  }
  return RangeSet(std::move(ranges));
}

std::string text_of(const RangeSet& set) {
  std::vector<std::string> texts;
  for (const Range& range : set) texts.push_back(to_text(range));
  return fmt::format("{}", fmt::join(texts, ", "));
}

fs::path file_in(const fs::path& directory) { return directory / "loaded.json"; }

}  // namespace

Status remember_load(const Machine& machine, const ReadyPlan& plan, const LoadOutcome& outcome,
                     const fs::path& directory) {
  // What was remembered is of another load from here on, whatever happens.
  forget_load(directory);
  KXF_TRY(memory, memory_of(machine));
  Json segments = Json::array();
  for (const ReadySegment& segment : plan.segments)
    segments.push_back({{"name", segment.name},
                        {"start", hex(segment.range.start)},
                        {"end", hex(segment.range.end)}});
  const Json object = {{"schema", schema},
                       {"kxf", KXF_VERSION},
                       {"boot_id", boot_id(machine)},
                       {"backend", name_of(outcome.backend)},
                       {"entry", hex(plan.entry)},
                       {"segments", std::move(segments)},
                       {"command_line", plan.command_line},
                       {"iomem_sha256", memory.sha256},
                       {"ram", json_of(memory.ram)}};
  KXF_CHECK(own_directory(directory));
  return write_file(file_in(directory),
                    bytes_of(object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"));
}

void forget_load(const fs::path& directory) {
  std::error_code ignored;  // there is none, or it is not ours to remove: then it is not trusted
  fs::remove(file_in(directory), ignored);
}

Status check_load_record(const Machine& machine, Record& record, const fs::path& directory) {
  const fs::path path = file_in(directory);
  const auto none = [&](std::string_view why) {
    record.warn("no-load-record",
                fmt::format("{}: whether memory has changed since the kernel was loaded cannot be "
                            "checked; load with \"kxf load\"",
                            why));
    return Status();
  };
  std::error_code error;
  if (!fs::exists(path, error)) return none(fmt::format("there is no \"{}\"", path.native()));
  KXF_CHECK(own_directory(directory));
  KXF_TRY(bytes, read_to_end(path, limit_bytes));
  const Json object = Json::parse(kxf::text_of(bytes), nullptr, false);
  const auto damaged = [&] {
    return refuse(fmt::format("\"{}\" is damaged", path.native()), reload);
  };
  if (!object.is_object() || !object.contains("ram") || !object.contains("iomem_sha256") ||
      object.value("schema", Json()) != Json(schema))
    return damaged();
  if (object.value("boot_id", Json()) != Json(boot_id(machine)))
    return none(fmt::format("\"{}\" is of an earlier boot", path.native()));
  const std::optional<RangeSet> before = ranges_of(object["ram"]);
  if (!before) return damaged();

  KXF_TRY(now, memory_of(machine));
  if (object["iomem_sha256"] == Json(now.sha256)) return {};
  const RangeSet gone = before->minus(now.ram);
  if (!gone.empty())
    return refuse(fmt::format("memory was removed after the kernel was loaded: {}", text_of(gone)),
                  reload);
  const RangeSet added = now.ram.minus(*before);
  if (!added.empty())
    record.warn("memory-added", fmt::format("memory was added after the kernel was loaded, and the "
                                            "next kernel may not see it: {}",
                                            text_of(added)));
  return {};
}

}  // namespace kxf
