// SPDX-License-Identifier: Apache-2.0
#include "machine/snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "machine/file.hpp"
#include "machine/path.hpp"
#include "machine/tar.hpp"

namespace kxf {
namespace {

namespace fs = std::filesystem;

/// Captures are a few MiB at most. Who points kxf at something else should learn it soon.
constexpr std::uint64_t snapshot_limit_bytes = 256U << 20U;

SnapshotEntry::Kind kind_of(TarEntry::Kind kind) {
  switch (kind) {
    case TarEntry::Kind::file: return SnapshotEntry::Kind::file;
    case TarEntry::Kind::directory: return SnapshotEntry::Kind::directory;
    case TarEntry::Kind::link: break;
  }
  return SnapshotEntry::Kind::link;
}

}  // namespace

Result<Snapshot> Snapshot::from_tar(ByteVector archive) {
  const Blob whole(std::move(archive));
  KXF_TRY(entries, read_tar(whole.view()));
  Snapshot snapshot;
  for (TarEntry& entry : entries) {
    SnapshotEntry kept{kind_of(entry.kind), whole.narrowed(entry.bytes), std::move(entry.link), ""};
    const bool directory = kept.kind == SnapshotEntry::Kind::directory;
    const auto [place, fresh] = snapshot.entries_.emplace("/" + entry.path, std::move(kept));
    if (!fresh && !(directory && place->second.kind == SnapshotEntry::Kind::directory))
      return refuse(fmt::format("tar archive: two entries for \"{}\"", entry.path),
                    "make the capture again");
  }
  return snapshot;
}

Result<Snapshot> Snapshot::from_directory(const fs::path& directory) {
  Snapshot snapshot;
  std::uint64_t total_bytes = 0;
  std::error_code error;
  fs::recursive_directory_iterator walk(directory, fs::directory_options::none, error);
  for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
    const fs::path& path = walk->path();
    SnapshotEntry entry;
    const fs::file_status status = walk->symlink_status(error);
    if (error) break;
    if (fs::is_symlink(status)) {
      entry.kind = SnapshotEntry::Kind::link;
      entry.link = fs::read_symlink(path, error).native();
      if (error) break;
    } else if (fs::is_directory(status)) {
      entry.kind = SnapshotEntry::Kind::directory;
    } else if (fs::is_regular_file(status)) {
      Result<ByteVector> bytes = read_to_end(path, snapshot_limit_bytes - total_bytes);
      if (bytes) {
        total_bytes += bytes->size();
        entry.bytes = Blob(std::move(*bytes));
      } else {
        entry.problem = bytes.error().message;
      }
    } else {
      return refuse(fmt::format("\"{}\" is neither file nor directory nor link", path.native()),
                    "take it out of the capture");
    }
    snapshot.entries_.emplace("/" + path.lexically_relative(directory).native(), std::move(entry));
  }
  if (error)
    return refuse(fmt::format("\"{}\" cannot be read: {}", directory.native(), error.message()),
                  "run as a user who may read it");
  return snapshot;
}

std::optional<std::string> Snapshot::resolve(std::string_view path, bool follow_last) const {
  const auto link = [this](const std::string& place) -> std::optional<std::string> {
    const SnapshotEntry* entry = find(place);
    if (entry == nullptr || entry->kind != SnapshotEntry::Kind::link) return std::nullopt;
    return entry->link;
  };
  return resolve_path(path, link, follow_last ? LastLink::follow : LastLink::keep);
}

const SnapshotEntry* Snapshot::find(const std::string& place) const {
  const auto found = entries_.find(place);
  return found == entries_.end() ? nullptr : &found->second;
}

bool Snapshot::has(const std::string& place) const {
  return find(place) != nullptr || !names_in(place).empty();
}

std::vector<std::string> Snapshot::names_in(const std::string& place) const {
  const std::string below = place == "/" ? place : place + "/";
  std::vector<std::string> names;
  for (auto at = entries_.lower_bound(below);
       at != entries_.end() && at->first.starts_with(below);) {
    const std::size_t end = at->first.find('/', below.size());
    std::string name = at->first.substr(below.size(), end - below.size());
    // past everything below this name: '0' is the character behind '/'
    at = end == std::string::npos ? std::next(at) : entries_.lower_bound(below + name + "0");
    names.push_back(std::move(name));
  }
  // "cpu0", "cpu0-old" and "cpu0/online" stand in this order
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace kxf
