// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "machine/file.hpp"
#include "scratch.hpp"
#include "template/files.hpp"
#include "template/new_plugin.hpp"

namespace new_plugin_test {
namespace {

using namespace kxf;
namespace fs = std::filesystem;

std::string contents(const fs::path& file) {
  const auto bytes = read_to_end(file, 1U << 20U);
  REQUIRE(bytes);
  return std::string(text_of(*bytes));
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder))
    names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

TEST_CASE("each template has what a plugin's folder needs") {
  CHECK(template_kinds() == std::vector<std::string_view>{"codec", "format"});
  for (const std::string_view kind : template_kinds())
    for (const std::string_view path :
         {"README.md", "CMakeLists.txt", "ci.sh", "template-name.toml", "src/plugin.cpp"})
      CHECK(std::ranges::any_of(template_files(), [&](const TemplateFile& file) {
        return file.kind == kind && file.path == path;
      }));
}

TEST_CASE("the embedded text is that of the file") {
  for (const TemplateFile& file : template_files()) {
    const fs::path path =
        fs::path(KXF_SOURCE_DIR) / "examples" / ("template-" + std::string(file.kind)) / file.path;
    CHECK(contents(path) == file.text);
  }
}

TEST_CASE("a new plugin has its name everywhere, and its programs can be run") {
  const kxf_test::Scratch scratch;
  const fs::path folder = scratch.path() / "made";
  REQUIRE(write_new_plugin("format", "acme-wrap", folder));
  CHECK(names_in(folder) == std::vector<std::string>{"CMakeLists.txt", "README.md",
                                                     "acme-wrap.toml", "ci.sh", "src", "tests",
                                                     "wrap.py"});
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const std::string text = contents(entry.path());
    CHECK(text.find(template_placeholder) == std::string::npos);
    const bool program = (entry.status().permissions() & fs::perms::owner_exec) != fs::perms::none;
    CHECK(program == text.starts_with("#!"));
  }
  CHECK(contents(folder / "src/plugin.cpp").find("\"image-format:acme-wrap\"") !=
        std::string::npos);
  CHECK(names_in(scratch.path()) == std::vector<std::string>{"made"});
}

TEST_CASE("an empty directory is filled, one that holds something is left alone") {
  const kxf_test::Scratch scratch;
  fs::create_directory(scratch.path() / "empty");
  CHECK(write_new_plugin("codec", "acme-pack", scratch.path() / "empty/"));
  CHECK(fs::exists(scratch.path() / "empty/pack.py"));

  fs::create_directory(scratch.path() / "full");
  std::ofstream(scratch.path() / "full/mine") << "mine";
  const auto refused = write_new_plugin("codec", "acme-pack", scratch.path() / "full");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.ends_with("full is there already and no empty directory"));
  CHECK(names_in(scratch.path() / "full") == std::vector<std::string>{"mine"});
  CHECK_FALSE(write_new_plugin("codec", "acme-pack", scratch.path() / "full/mine"));
  CHECK(names_in(scratch.path()) == std::vector<std::string>{"empty", "full"});
}

TEST_CASE("where it cannot be written nothing is left") {
  const kxf_test::Scratch scratch;
  CHECK_FALSE(write_new_plugin("format", "acme-wrap", scratch.path() / "nowhere/made"));
  CHECK(names_in(scratch.path()).empty());
}

TEST_CASE("names of new plugins") {
  PluginCandidate other;
  other.path = "/plugins/other.so";
  other.metadata.name = "other";
  other.metadata.provides = {"codec:squeeze"};
  std::vector<PluginCandidate> existing;
  existing.push_back(std::move(other));
  CHECK(check_new_name("acme-wrap", existing));
  CHECK(check_new_name(std::string(64, 'a'), existing));
  for (const std::string& malformed :
       {std::string(), std::string("Acme"), std::string("-a"), std::string("a b"),
        std::string("a/b"), std::string(65, 'a')})
    CHECK_FALSE(check_new_name(malformed, existing));
  for (const std::string_view own : {"core", "uarts", "none", "auto"})
    CHECK_FALSE(check_new_name(own, existing));
  const auto taken = check_new_name("squeeze", existing);
  REQUIRE_FALSE(taken);
  CHECK(taken.error().message == "the name \"squeeze\" is taken by the plugin /plugins/other.so");
  CHECK_FALSE(check_new_name("other", existing));
  CHECK_FALSE(check_template_kind("console-sink"));
}

}  // namespace

}  // namespace new_plugin_test
