// SPDX-License-Identifier: Apache-2.0
#include "machine/captured.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "machine/manifest.hpp"

namespace kxf {
namespace {

class CapturedMachine final : public Machine {
 public:
  CapturedMachine(Snapshot snapshot, CaptureManifest manifest)
      : snapshot_(std::move(snapshot)), manifest_(std::move(manifest)) {
    find_tree();
  }

  const MachineFacts& facts() const noexcept override { return manifest_.facts; }

  Result<ByteVector> read(std::string_view path) const noexcept override {
    const std::optional<std::string> place = snapshot_.resolve(path, true);
    if (!place) return refuse(fmt::format("\"{}\" is a loop of links", path));
    const SnapshotEntry* entry = snapshot_.find(*place);
    const bool name_only =
        std::ranges::find(manifest_.names_only, *place) != manifest_.names_only.end();
    if (entry == nullptr || name_only) return missing(path, *place, name_only);
    if (entry->kind != SnapshotEntry::Kind::file)
      return refuse(fmt::format("\"{}\" is not a regular file", path));
    if (!entry->problem.empty()) return refuse(entry->problem, "run as a user who may read it");
    const ByteView bytes = entry->bytes.view();
    return ByteVector(bytes.begin(), bytes.end());
  }

  std::vector<std::string> list(std::string_view path) const noexcept override {
    const std::optional<std::string> place = snapshot_.resolve(path, true);
    return place ? snapshot_.names_in(*place) : std::vector<std::string>{};
  }

  bool exists(std::string_view path) const noexcept override {
    const std::optional<std::string> place = snapshot_.resolve(path, true);
    // As in path_resolution(7): what is before the last slash has to be a directory.
    if (place && (path.ends_with('/') || path.ends_with("/."))) return is_directory(*place);
    // A capture keeps links whose targets it does not: only those that led somewhere are in it.
    return (place && snapshot_.has(*place)) || link_target(path).has_value() ||
           (place && unreadable(*place));
  }

  std::optional<std::string> link_target(std::string_view path) const noexcept override {
    const std::optional<std::string> place = snapshot_.resolve(path, false);
    const SnapshotEntry* entry = place ? snapshot_.find(*place) : nullptr;
    if (entry == nullptr || entry->kind != SnapshotEntry::Kind::link) return std::nullopt;
    return entry->link;
  }

  const DeviceTree* device_tree() const noexcept override { return tree_ ? &*tree_ : nullptr; }
  std::string device_tree_problem() const noexcept override { return tree_problem_; }

 private:
  bool is_directory(const std::string& place) const {
    const SnapshotEntry* entry = snapshot_.find(place);
    return entry != nullptr ? entry->kind == SnapshotEntry::Kind::directory : snapshot_.has(place);
  }

  const CaptureGap* gap(std::string_view place) const {
    const auto found = std::ranges::find(manifest_.left_out, place, &CaptureGap::path);
    return found == manifest_.left_out.end() ? nullptr : &*found;
  }

  /// Was it there, and could not be recorded?
  bool unreadable(std::string_view place) const {
    const CaptureGap* found = gap(place);
    return found != nullptr && found->reason != not_there;
  }

  tl::unexpected<Error> missing(std::string_view path, std::string_view place,
                                bool name_only) const {
    if (name_only)
      return refuse(
          fmt::format("\"{}\" was left out of the capture: of files of its kind only "
                      "the names are kept",
                      path));
    // In the words of the machine itself: they may end up in the record of decisions, and a plan
    // from a capture is the plan of the machine.
    if (unreadable(place))
      return refuse(gap(place)->reason,
                    "it was left out of the capture: make the capture again as root");
    return refuse(fmt::format("\"{}\" is not there", path));
  }

  void find_tree() {
    constexpr std::string_view place = "/sys/firmware/fdt";
    if (!exists(place)) {
      tree_problem_ = no_device_tree;
      return;
    }
    const Result<ByteVector> blob = read(place);
    if (!blob) {
      tree_problem_ = blob.error().message;
      return;
    }
    Result<DeviceTree> tree = DeviceTree::parse(*blob, place);
    if (tree) {
      tree_ = std::move(*tree);
    } else {
      tree_problem_ = tree.error().message;
    }
  }

  Snapshot snapshot_;
  CaptureManifest manifest_;
  std::optional<DeviceTree> tree_;
  std::string tree_problem_;
};

}  // namespace

Result<std::unique_ptr<Machine>> captured_machine(Snapshot snapshot, std::string_view origin) {
  const SnapshotEntry* entry = snapshot.find(std::string(manifest_path));
  if (entry == nullptr || entry->kind != SnapshotEntry::Kind::file)
    return refuse(fmt::format("\"{}\" is no capture: it has no kxf-capture.json", origin),
                  "name \"/\" or what \"kxf capture\" made");
  if (!entry->problem.empty()) return refuse(entry->problem, "run as a user who may read it");
  Result<CaptureManifest> manifest = parse_manifest(text_of(entry->bytes.view()));
  if (!manifest) return pass(std::move(manifest), fmt::format("capture \"{}\"", origin));
  return std::make_unique<CapturedMachine>(std::move(snapshot), std::move(*manifest));
}

}  // namespace kxf
