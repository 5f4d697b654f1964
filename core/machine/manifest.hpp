// SPDX-License-Identifier: Apache-2.0
#pragma once

/// /kxf-capture.json: what makes a directory or an archive a capture.

#include <string>
#include <vector>

#include "kxf/machine.hpp"
#include "machine/open.hpp"

namespace kxf {

inline constexpr std::string_view manifest_path = "/kxf-capture.json";

/// The reason of a gap that is none of the capture: the machine has nothing at this path. Other
/// reasons are the messages that reading gave.
inline constexpr std::string_view not_there = "not there";

struct CaptureManifest {
  static constexpr unsigned schema = 1;

  std::string kxf_version;
  MachineFacts facts;
  std::string device_tree;              ///< `firmware` (/sys/firmware/fdt), `flattened`, `none`
  std::vector<std::string> shortened;   ///< paths whose content is an excerpt, see excerpt.hpp
  std::vector<std::string> names_only;  ///< paths of which only the name was kept
  std::vector<CaptureGap> left_out;
};

/// The same manifest gives the same bytes.
[[nodiscard]] std::string manifest_text(const CaptureManifest& manifest);

/// Errors: no JSON, a schema that this kxf does not know, a fact that is missing or of a wrong
/// type.
[[nodiscard]] Result<CaptureManifest> parse_manifest(std::string_view text);

}  // namespace kxf
