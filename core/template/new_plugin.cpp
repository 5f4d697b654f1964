// SPDX-License-Identifier: Apache-2.0
#include "template/new_plugin.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <system_error>

#include "plugin/builtin.hpp"
#include "plugin/metadata.hpp"
#include "template/files.hpp"
#include "uart/uart_files.hpp"

namespace kxf {
namespace {

namespace fs = std::filesystem;

/// Built-in plugins, and words that mean something else where a profile names an implementation
/// (`console.sink`, `memory.sources`) or an image a codec.
constexpr std::array reserved_names = {builtin_plugin_name, uart_plugin_name,
                                       std::string_view("auto"), std::string_view("none")};

std::string substituted(std::string_view text, std::string_view name) {
  std::string result;
  while (true) {
    const std::size_t at = text.find(template_placeholder);
    result += text.substr(0, at);
    if (at == std::string_view::npos) return result;
    result += name;
    text.remove_prefix(at + template_placeholder.size());
  }
}

tl::unexpected<Error> cannot_write(const fs::path& path, const std::string& why) {
  return refuse(fmt::format("cannot write {}: {}", path.string(), why),
                "choose another folder with -o, or make room and permission for this one");
}

Status write_text(const fs::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) return cannot_write(path, std::strerror(errno));
  if (!text.starts_with("#!")) return {};
  // A program: who may read it may run it.
  std::error_code error;
  const fs::perms given = fs::status(path, error).permissions();
  const auto readable = static_cast<unsigned>(given) & 0444U;
  fs::permissions(path, static_cast<fs::perms>(readable >> 2U), fs::perm_options::add, error);
  if (error) return cannot_write(path, error.message());
  return {};
}

Status write_files(std::string_view kind, std::string_view name, const fs::path& folder) {
  for (const TemplateFile& file : template_files()) {
    if (file.kind != kind) continue;
    const fs::path path = folder / substituted(file.path, name);
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    if (error) return cannot_write(path.parent_path(), error.message());
    KXF_CHECK(write_text(path, substituted(file.text, name)));
  }
  return {};
}

/// A directory of our own that goes with the object.
class Workshop {
 public:
  static Result<Workshop> beside(const fs::path& folder) {
    std::string pattern = (folder.parent_path() / ".kxf-plugin-new-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr)
      return cannot_write(
          folder, fmt::format("{}: {}", folder.parent_path().string(), std::strerror(errno)));
    return Workshop(pattern);
  }
  ~Workshop() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  Workshop(Workshop&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  Workshop& operator=(Workshop&&) = delete;
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;

  [[nodiscard]] const fs::path& path() const noexcept { return path_; }

 private:
  explicit Workshop(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

}  // namespace

std::vector<std::string_view> template_kinds() {
  std::vector<std::string_view> kinds;
  for (const TemplateFile& file : template_files())
    if (std::ranges::find(kinds, file.kind) == kinds.end()) kinds.push_back(file.kind);
  std::ranges::sort(kinds);
  return kinds;
}

Status check_template_kind(std::string_view kind) {
  const auto kinds = template_kinds();
  if (std::ranges::find(kinds, kind) != kinds.end()) return {};
  return refuse(fmt::format("there is no template for a plugin of the kind \"{}\", only for: {}",
                            shown(kind), fmt::join(kinds, ", ")),
                "take one of these; for other kinds begin with examples/acme-board and the "
                "plugin guide");
}

Status check_new_name(std::string_view name, const std::vector<PluginCandidate>& existing) {
  if (!is_well_formed_name(name))
    return refuse(fmt::format("the name \"{}\" is not made of lower case letters, digits and "
                              "dashes, at most 64, no dash first",
                              shown(name)),
                  "choose another name");
  if (std::ranges::find(reserved_names, name) != reserved_names.end())
    return refuse(fmt::format("the name \"{}\" is kxf's own", name), "choose another name");
  for (const PluginCandidate& plugin : existing) {
    std::vector<std::string> taken = {plugin.metadata.name};
    for (const std::string& provided : plugin.metadata.provides)
      taken.push_back(provided.substr(provided.find(':') + 1));
    if (std::ranges::find(taken, name) != taken.end())
      return refuse(
          fmt::format("the name \"{}\" is taken by the plugin {}", name, plugin.path.string()),
          "choose another name");
  }
  return {};
}

Status write_new_plugin(std::string_view kind, std::string_view name, const fs::path& folder) {
  std::error_code error;
  const fs::path target = fs::absolute(folder / "", error).lexically_normal().parent_path();
  if (error) return cannot_write(folder, error.message());
  const fs::file_status status = fs::symlink_status(target, error);
  if (fs::exists(status) && !(fs::is_directory(status) && fs::is_empty(target, error)))
    return refuse(fmt::format("{} is there already and no empty directory", target.string()),
                  "choose another folder with -o");
  // Beside its place, then renamed: it appears whole. The folder inside has the usual mode.
  KXF_TRY(workshop, Workshop::beside(target));
  const fs::path made = workshop.path() / "plugin";
  KXF_CHECK(write_files(kind, name, made));
  fs::rename(made, target, error);
  if (error) return cannot_write(target, error.message());
  return {};
}

}  // namespace kxf
