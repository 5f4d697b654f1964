// SPDX-License-Identifier: Apache-2.0
#include "policy/profile.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "machine/file.hpp"
#include "policy/profile_reader.hpp"
#include "policy/text_checks.hpp"
#include "text/nearest.hpp"

namespace kxf {
namespace {

constexpr std::uint64_t max_profile_size_bytes = 1U << 20U;
constexpr std::string_view ending = ".toml";

std::string reason_of(int error) { return std::generic_category().message(error); }

/// Names of the profiles in a directory, in order.
std::vector<std::string> profiles_in(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error))
    if (entry->path().extension() == ending) names.push_back(entry->path().stem().string());
  std::ranges::sort(names);
  return names;
}

tl::unexpected<Error> misused(std::string message, std::string remedy) {
  return tl::unexpected(Error{std::move(message), std::move(remedy), Fault::usage});
}

/// A string that comes from a flag, held to what the profile's key wants.
Status check_text(std::string_view flag, KeyType type, const std::string& text) {
  const auto fault = text_fault(type, text);
  if (!fault) return {};
  return misused(fmt::format("{}: {}", flag, *fault), fmt::format("correct what {} gives", flag));
}

/// Set a choice that both a flag and the profile's key `path` can give.
template <class Choice>
Status set_choice(Setting<Choice>& setting, std::string_view path, std::string_view flag,
                  const std::optional<std::string>& name) {
  if (!name) return {};
  const auto index = choice_index(path, *name);
  if (!index) {
    const std::string meant = did_you_mean(*name, find_key(path)->members);
    return misused(fmt::format("{} {} is none of {}{}{}", flag, toml_quoted(*name),
                               members_of(*find_key(path)), meant.empty() ? "" : ": ", meant),
                   fmt::format("choose one of these for {}", flag));
  }
  setting = {static_cast<Choice>(*index), std::string(flag)};
  return {};
}

Status lay_command_line(Policy& policy, const PolicyFlags& flags) {
  if (flags.command_line && flags.reuse_command_line)
    return misused("--command-line and --reuse-cmdline contradict each other",
                   "give one of them; --append adds to either");
  if (flags.command_line) {
    KXF_CHECK(check_text("--command-line", KeyType::command_line, *flags.command_line));
    policy.command_line_mode = {CommandLineMode::replace, "--command-line"};
    policy.command_line = {*flags.command_line, "--command-line"};
    policy.command_line_append = {};
    policy.command_line_remove = {};
  }
  if (flags.reuse_command_line) {
    policy.command_line_mode = {CommandLineMode::reuse, "--reuse-cmdline"};
    policy.command_line = {};
  }
  for (const std::string& text : flags.append) {
    KXF_CHECK(check_text("--append", KeyType::command_line, text));
    Setting<std::string>& append = policy.command_line_append;
    if (!append.is_set())
      append.origin = "--append";
    else if (!append.origin.ends_with("--append"))
      append.origin += ", --append";
    if (!append.value.empty() && !text.empty()) append.value += ' ';
    append.value += text;
  }
  return {};
}

}  // namespace

Result<std::string> find_profile(const std::string& name) {
  return find_profile(name, KXF_PROFILE_DIR);
}

Result<std::string> find_profile(const std::string& name, const std::filesystem::path& directory) {
  if (name.empty()) return misused("the profile has no name", "name a profile or a file");
  if (name.find('/') != std::string::npos) return name;
  const std::filesystem::path path =
      directory / (name.ends_with(ending) ? name : name + std::string(ending));
  std::error_code error;
  if (std::filesystem::exists(path, error)) return path.string();
  const std::vector<std::string> names = profiles_in(directory);
  const std::string meant = nearest_name(name, names);
  return refuse(
      fmt::format("no profile \"{}\" in {}{}{}", name, directory.string(),
                  names.empty() ? ", which has none at all"
                                : fmt::format(": there are {}", fmt::join(names, ", ")),
                  meant.empty() ? "" : fmt::format("; did you mean \"{}\"?", meant)),
      fmt::format("name one that is there, or write ./{} for a file in this directory", name));
}

Result<std::string> profile_text(const std::string& path) {
  // What is no file is refused before it is read, and a pipe must not block.
  const OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.get() < 0)
    return refuse(fmt::format("profile \"{}\" cannot be opened: {}", path, reason_of(errno)),
                  errno == EACCES ? "make it readable for this user, or name another profile"
                                  : "name a profile that exists: \"--profile ./board.toml\" for a "
                                    "file, \"--profile NAME\" for an installed one");
  struct stat status {};
  if (::fstat(file.get(), &status) != 0)
    return refuse(fmt::format("profile \"{}\": {}", path, reason_of(errno)));
  if (!S_ISREG(status.st_mode))
    return refuse(fmt::format("profile \"{}\" is {}", path,
                              S_ISDIR(status.st_mode) ? "a directory" : "not a regular file"),
                  "name a TOML file");
  std::string text;
  std::array<char, 1U << 16U> chunk{};
  while (text.size() <= max_profile_size_bytes) {
    const ssize_t size = ::read(file.get(), chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0)
      return refuse(fmt::format("profile \"{}\" cannot be read: {}", path, reason_of(errno)));
    if (size == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(size));
  }
  return refuse(fmt::format("profile \"{}\" is larger than {} bytes", path, max_profile_size_bytes),
                "check that it is a profile and not an image");
}

Result<Policy> read_profile(const std::string& path) {
  KXF_TRY(text, profile_text(path));
  KXF_TRY(document, parse_toml(text, path));
  ProfileReader reader(path);
  Policy policy;
  policy.board_name = {std::filesystem::path(path).stem().string(), "file name"};
  reader.read(document, policy);
  KXF_CHECK(reader.verdict());
  return policy;
}

Result<Policy> with_flags(Policy policy, const PolicyFlags& flags) {
  if (flags.kernel) {
    KXF_CHECK(check_text("--kernel", KeyType::path, *flags.kernel));
    policy.kernel_image = {*flags.kernel, "--kernel"};
  }
  if (!flags.initrds.empty()) {
    for (const std::string& initrd : flags.initrds)
      KXF_CHECK(check_text("--initrd", KeyType::path, initrd));
    policy.initrds = {flags.initrds, "--initrd"};
  }
  if (flags.dtb) {
    KXF_CHECK(check_text("--dtb", KeyType::path, *flags.dtb));
    policy.tree_source = {*flags.dtb, "--dtb"};
  }
  KXF_CHECK(lay_command_line(policy, flags));
  KXF_CHECK(set_choice(policy.syscall, "load.syscall", "--syscall", flags.syscall));
  KXF_CHECK(set_choice(policy.digest, "digest.policy", "--digest", flags.digest));
  policy.crash = policy.crash || flags.crash;
  policy.sandbox = policy.sandbox && !flags.no_sandbox;
  return policy;
}

}  // namespace kxf
