// SPDX-License-Identifier: Apache-2.0
#include "load/record_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "machine/file.hpp"
#include "memory/discovery.hpp"
#include "text/json.hpp"
#include "text/number.hpp"

namespace kxf {
namespace {

namespace fs = std::filesystem;
constexpr unsigned schema = 1;

/// 65,536 ranges take 3 MiB.
constexpr std::uint64_t limit_bytes = 64U << 20U;

/// In it we follow names as root.
Status check_own(const fs::path& directory) {
  struct stat status {};
  if (::lstat(directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) ||
      status.st_uid != ::geteuid() || (status.st_mode & 022U) != 0)
    return refuse(
        fmt::format("\"{}\" is no directory that only this user writes to", directory.native()),
        "remove it");
  return {};
}

/// The directory is made with mode 0700, or it must be ours already and closed to others' writing.
Status own_directory(const fs::path& directory) {
  std::error_code error;  // an initramfs may have no /run; what went wrong shows below
  fs::create_directories(directory.parent_path(), error);
  if (::mkdir(directory.c_str(), 0700) == 0) return {};
  if (errno != EEXIST)
    return refuse(
        fmt::format("\"{}\" cannot be made: {}", directory.native(), std::strerror(errno)),
        "mount a tmpfs at /run");
  return check_own(directory);
}

/// Different after every boot; empty when the kernel does not say.
std::string boot_id(const Machine& machine) {
  return machine.read_text("/proc/sys/kernel/random/boot_id").value_or("");
}

std::optional<std::uint64_t> address_of(const Json& value) {
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  if (!text.starts_with("0x")) return std::nullopt;
  return whole_number<std::uint64_t>(std::string_view(text).substr(2), 16);
}

}  // namespace

Status write_record(const Machine& machine, const fs::path& path, const Json& members) {
  Json object = {{"schema", schema}, {"kxf", KXF_VERSION}, {"boot_id", boot_id(machine)}};
  object.update(members);
  KXF_CHECK(own_directory(path.parent_path()));
  return write_file(path,
                    bytes_of(object.dump(1, ' ', false, Json::error_handler_t::replace) + "\n"));
}

void remove_record(const fs::path& path) {
  std::error_code ignored;  // there is none, or it is not ours to remove: then it is not trusted
  fs::remove(path, ignored);
}

Result<std::optional<std::string>> read_record(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    return refuse(
        fmt::format("\"{}\" cannot be looked at: {}", path.native(), std::strerror(errno)),
        "run kxf as root");
  }
  KXF_CHECK(check_own(path.parent_path()));
  KXF_TRY(bytes, read_to_end(path, limit_bytes));
  return std::string(text_of(bytes));
}

tl::unexpected<Error> damaged_record(const fs::path& path, const std::string& remedy) {
  return refuse(fmt::format("\"{}\" is damaged", path.native()), remedy);
}

Result<Json> parse_record(std::string_view text, const fs::path& path, const std::string& remedy) {
  Json object = Json::parse(text, nullptr, false);
  if (!object.is_object() || object.value("schema", Json()) != Json(schema) ||
      !object.value("boot_id", Json()).is_string())
    return damaged_record(path, remedy);
  return object;
}

bool is_of_this_boot(const Json& record, const Machine& machine) {
  const std::string now = boot_id(machine);
  return now.empty() || record.value("boot_id", Json()) == Json(now);
}

Json json_of(const Range& range) { return Json::array({hex(range.start), hex(range.end)}); }

Json json_of(const RangeSet& set) {
  Json list = Json::array();
  for (const Range& range : set) list.push_back(json_of(range));
  return list;
}

std::optional<Range> range_of(const Json& pair) {
  if (!pair.is_array() || pair.size() != 2) return std::nullopt;
  const auto start = address_of(pair[0]);
  const auto end = address_of(pair[1]);
  if (!start || !end || *end < *start) return std::nullopt;
  return Range{*start, *end};
}

std::optional<RangeSet> ranges_of(const Json& list) {
  if (!list.is_array()) return std::nullopt;
  std::vector<Range> ranges;
  for (const Json& pair : list) {
    const auto range = range_of(pair);
    if (!range) return std::nullopt;
    ranges.push_back(*range);
  }
  return RangeSet(std::move(ranges));
}

std::string to_text(const RangeSet& set) {
  std::vector<std::string> texts;
  for (const Range& range : set) texts.push_back(to_text(range));
  return fmt::format("{}", fmt::join(texts, ", "));
}

Result<ListedMemory> listed_memory(const Machine& machine) {
  Record unused;  // this source makes no choices
  KXF_TRY(found, iomem_memory_source().discover(machine, unused));
  if (found.ranges.empty()) return refuse(found.silence, "run kxf as root");
  std::vector<Range> ram;
  std::vector<Range> used;
  std::vector<Range> crash;
  for (const MemoryRange& range : found.ranges) {
    if (range.kind == MemoryKind::ram) ram.push_back(range.range);
    if (range.running_ram) used.push_back(range.range);
    if (range.kind == MemoryKind::crash_kernel) crash.push_back(range.range);
  }
  return ListedMemory{RangeSet(std::move(ram)), RangeSet(std::move(used)),
                      RangeSet(std::move(crash))};
}

}  // namespace kxf
