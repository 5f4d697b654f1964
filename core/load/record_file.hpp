// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Files that one run of kxf leaves for the next: JSON below /run/kxf, for one boot, for their
/// owner alone. Addresses are hexadecimal strings, ranges pairs of them.

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "kxf/machine.hpp"
#include "kxf/range.hpp"

namespace kxf {

inline constexpr const char* record_directory = "/run/kxf";

/// Create or replace `path` with `members`, behind `schema` (1), the version of kxf and the boot.
/// The directory is made with mode 0700, the file has 0600.
/// Errors: it cannot be written, or the directory is not this user's alone.
[[nodiscard]] Status write_record(const Machine& machine, const std::filesystem::path& path,
                                  const nlohmann::ordered_json& members);

/// No such file is no error.
void remove_record(const std::filesystem::path& path);

/// Its text; nothing when there is none.
/// Errors: it is not readable, or the directory is not this user's alone.
[[nodiscard]] Result<std::optional<std::string>> read_record(const std::filesystem::path& path);

/// What write_record() wrote. `remedy` is for a damaged one.
/// Errors: no JSON object, of another schema, of no boot.
[[nodiscard]] Result<nlohmann::ordered_json> parse_record(std::string_view text,
                                                          const std::filesystem::path& path,
                                                          const std::string& remedy);
[[nodiscard]] tl::unexpected<Error> damaged_record(const std::filesystem::path& path,
                                                   const std::string& remedy);

/// Was it written in this boot? Yes where the machine does not tell, as a capture: it has the files
/// of its own boot only.
[[nodiscard]] bool is_of_this_boot(const nlohmann::ordered_json& record, const Machine& machine);

[[nodiscard]] nlohmann::ordered_json json_of(const Range& range);
[[nodiscard]] nlohmann::ordered_json json_of(const RangeSet& set);
/// Nothing when it is not the shape that json_of() gives, or a range ends before it starts.
[[nodiscard]] std::optional<Range> range_of(const nlohmann::ordered_json& pair);
[[nodiscard]] std::optional<RangeSet> ranges_of(const nlohmann::ordered_json& list);

/// `0x40000000-0x7fffffff, 0x90000000-0x9fffffff`.
[[nodiscard]] std::string to_text(const RangeSet& set);

/// What /proc/iomem says now.
struct ListedMemory {
  RangeSet ram;            ///< that firmware describes: what the next kernel will find
  RangeSet used_as_ram;    ///< with memory that drivers have added
  RangeSet crash_regions;  ///< empty on architectures that do not list them
};

/// Errors: /proc/iomem is unreadable, hides its addresses or is malformed.
[[nodiscard]] Result<ListedMemory> listed_memory(const Machine& machine);

}  // namespace kxf
