// SPDX-License-Identifier: Apache-2.0
#include "machine/open.hpp"

#include <fmt/format.h>

#include <system_error>

#include "machine/captured.hpp"
#include "machine/file.hpp"
#include "machine/live.hpp"
#include "machine/manifest.hpp"
#include "machine/snapshot.hpp"

namespace kxf {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t archive_limit_bytes = 256U << 20U;

Result<Snapshot> snapshot_of(const fs::path& root) {
  std::error_code error;
  if (!fs::is_directory(root, error)) {
    KXF_TRY(archive, read_to_end(root, archive_limit_bytes));
    return Snapshot::from_tar(std::move(archive));
  }
  // Before the whole directory is read: it may be a whole root file system.
  const fs::path manifest = root / fs::path(manifest_path).relative_path();
  if (!fs::exists(manifest, error))
    return refuse("it is no capture: it has no kxf-capture.json",
                  "name \"/\" or what \"kxf capture\" made");
  return Snapshot::from_directory(root);
}

}  // namespace

Result<std::unique_ptr<Machine>> open_machine(const fs::path& root) {
  if (root.lexically_normal() == "/") return live_machine();
  Result<Snapshot> snapshot = snapshot_of(root);
  if (!snapshot) {
    Error error = std::move(snapshot).error().within(fmt::format("machine \"{}\"", root.native()));
    if (error.remedy.empty()) error.remedy = "name \"/\" or what \"kxf capture\" made";
    return tl::unexpected(std::move(error));
  }
  return captured_machine(std::move(*snapshot), root.native());
}

}  // namespace kxf
