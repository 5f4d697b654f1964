// SPDX-License-Identifier: Apache-2.0
#include "plugin/trust.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <deque>
#include <memory>

namespace kxf {
namespace {

constexpr unsigned follow_limit = 40;  // as the kernel's MAXSYMLINKS

struct CloseDirectory {
  void operator()(DIR* stream) const noexcept { closedir(stream); }
};

tl::unexpected<Error> cannot(std::string_view verb, int error) {
  return refuse(fmt::format("cannot {}: {}", verb, std::strerror(error)),
                "check that it is there and readable");
}

std::optional<std::string> ownership_problem(const struct stat& status, bool sticky_is_fine) {
  if (status.st_uid != 0) return fmt::format("is owned by user {}, not by root", status.st_uid);
  const bool excused = sticky_is_fine && (status.st_mode & S_ISVTX) != 0;
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !excused)
    return fmt::format("is writable by group or others (mode {:04o})", status.st_mode & 07777U);
  return std::nullopt;
}

tl::unexpected<Error> untrusted(std::string what) {
  return refuse(std::move(what),
                "make it root's and take write permission from group and others "
                "(chown root:root, chmod go-w); kxf runs as root here");
}

std::deque<std::string> components(const std::filesystem::path& path) {
  std::deque<std::string> names;
  for (const std::filesystem::path& part : path.relative_path())
    if (!part.empty() && part != ".") names.push_back(part.string());
  return names;
}

Result<std::filesystem::path> link_target(int link, const std::filesystem::path& shown) {
  std::array<char, PATH_MAX> target{};
  const ssize_t length = readlinkat(link, "", target.data(), target.size());
  if (length <= 0) return cannot(fmt::format("read the link {}", shown.string()), errno);
  return std::filesystem::path(std::string(target.data(), static_cast<std::size_t>(length)));
}

/// Walks down from the root directory, checking every directory by the descriptor that the next
/// step starts from. Nothing when a component is not there.
Result<std::optional<OpenFile>> open_trusted(const std::filesystem::path& directory) {
  constexpr int walk_flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  std::deque<std::string> pending = components(directory);
  pending.emplace_front(".");  // the root directory itself
  std::filesystem::path shown = "/";
  OpenFile at(::open("/", walk_flags | O_DIRECTORY));
  unsigned links = 0;
  while (!pending.empty()) {
    const std::string name = std::move(pending.front());
    pending.pop_front();
    OpenFile next(openat(at.get(), name.c_str(), walk_flags));
    const std::filesystem::path next_shown = name == "." ? shown : shown / name;
    struct stat status {};
    if (!next.open() && errno == ENOENT) return std::nullopt;
    if (!next.open() || fstat(next.get(), &status) != 0)
      return cannot(fmt::format("open {}", next_shown.string()), errno);

    const bool is_link = S_ISLNK(status.st_mode);
    if (is_link) status.st_mode &= ~static_cast<mode_t>(0777);  // a link has no permissions
    if (const auto problem = ownership_problem(status, true))
      return untrusted(fmt::format("{} {}", next_shown.string(), *problem));
    if (is_link) {
      if (++links > follow_limit) return cannot(fmt::format("open {}", directory.string()), ELOOP);
      KXF_TRY(target, link_target(next.get(), next_shown));
      const std::deque<std::string> names = components(target);
      pending.insert(pending.begin(), names.begin(), names.end());
      if (!target.is_absolute()) continue;
      next = OpenFile(::open("/", walk_flags | O_DIRECTORY));
      shown = "/";
    } else if (S_ISDIR(status.st_mode)) {
      shown = next_shown;
    } else {
      return cannot(fmt::format("open {}", next_shown.string()), ENOTDIR);
    }
    at = std::move(next);
  }
  OpenFile readable(openat(at.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!readable.open()) return cannot(fmt::format("open {}", directory.string()), errno);
  return readable;
}

}  // namespace

Trust required_trust() noexcept { return geteuid() == 0 ? Trust::root_only : Trust::any_owner; }

Result<std::optional<PluginDirectory>> PluginDirectory::open(const std::filesystem::path& directory,
                                                             Trust trust) {
  if (!directory.is_absolute())
    return tl::unexpected(
        Error{fmt::format("plugin directory \"{}\" is not an absolute path", directory.string()),
              "give the whole path, from /", Fault::usage});
  const std::string context = fmt::format("plugin directory {}", directory.string());
  if (trust == Trust::root_only) {
    auto walked = open_trusted(directory);
    if (!walked) return pass(std::move(walked), context);
    if (!*walked) return std::nullopt;
    return PluginDirectory(directory, std::move(**walked), trust);
  }
  OpenFile opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.open() && errno == ENOENT) return std::nullopt;
  if (!opened.open())
    return refuse(fmt::format("{}: cannot open it: {}", context, std::strerror(errno)),
                  "check that it is a directory and readable");
  return PluginDirectory(directory, std::move(opened), trust);
}

Result<std::vector<std::string>> PluginDirectory::plugin_names() const {
  // fdopendir() takes its descriptor over, and moves its position.
  OpenFile own(openat(directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::unique_ptr<DIR, CloseDirectory> stream(fdopendir(own.get()));
  if (!stream) return cannot(fmt::format("list {}", path_.string()), errno);
  own.release();
  constexpr std::string_view ending = ".so";
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name.size() > ending.size() && name.ends_with(ending)) names.emplace_back(name);
  }
  if (errno != 0) return cannot(fmt::format("list {}", path_.string()), errno);
  std::ranges::sort(names);
  return names;
}

Result<OpenFile> PluginDirectory::open_plugin(const std::string& name) const {
  // O_NONBLOCK: a pipe of that name must not make us wait.
  OpenFile file(
      openat(directory_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!file.open() && errno == ELOOP)
    return refuse("is a symbolic link, not a regular file", "put the file itself there");
  struct stat status {};
  if (!file.open() || fstat(file.get(), &status) != 0) return cannot("open it", errno);
  if (!S_ISREG(status.st_mode))
    return refuse(
        S_ISDIR(status.st_mode) ? "is a directory, not a regular file" : "is not a regular file",
        "remove it, or rename it so that it does not end in .so");
  if (trust_ == Trust::root_only)
    if (const auto problem = ownership_problem(status, false)) return untrusted(*problem);
  return file;
}

Result<OpenFile> open_plugin(const std::filesystem::path& file, Trust trust) {
  std::error_code ignored;
  const std::filesystem::path whole = std::filesystem::absolute(file, ignored);
  KXF_TRY(directory, PluginDirectory::open(whole.parent_path(), trust));
  if (!directory) return cannot("open it", ENOENT);
  return directory->open_plugin(whole.filename().string());
}

}  // namespace kxf
