// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The live system or a capture as a Machine, and how a capture is made.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "kxf/machine.hpp"

namespace kxf {

/// `root` is `/` for the live system, or a capture: a directory or a tar file.
/// Errors: not there, not readable, no capture (no kxf-capture.json), a newer capture format.
[[nodiscard]] Result<std::unique_ptr<Machine>> open_machine(const std::filesystem::path& root);

/// Something that a capture should hold and does not.
struct CaptureGap {
  std::string path;
  std::string reason;
  std::string cost;  ///< what planning loses by it
};

struct CaptureReport {
  std::vector<std::string> recorded;  ///< paths
  std::vector<CaptureGap> gaps;
};

/// Record what planning reads into a tar file (ustar) that open_machine() takes. The file appears
/// whole or not at all (written beside it and renamed).
/// Errors: the output cannot be written.
[[nodiscard]] Result<CaptureReport> capture_machine(const Machine& machine,
                                                    const std::filesystem::path& output);

}  // namespace kxf
