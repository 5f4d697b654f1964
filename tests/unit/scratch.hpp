// SPDX-License-Identifier: Apache-2.0
#pragma once

/// A directory of a test's own, gone at its end.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

namespace kxf_test {

class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "kxf-test-XXXXXX").native();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp " + name);
    path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  /// Write a file below the directory, with the directories on the way.
  std::filesystem::path write(std::string_view name, std::string_view content) const {
    std::filesystem::path file = place(name);
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }
  void link(std::string_view name, std::string_view target) const {
    std::filesystem::create_symlink(target, place(name));
  }
  [[nodiscard]] std::string read(std::string_view name) const {
    std::ifstream file(path_ / std::filesystem::path(name).relative_path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  [[nodiscard]] std::filesystem::path place(std::string_view name) const {
    std::filesystem::path file = path_ / std::filesystem::path(name).relative_path();
    std::filesystem::create_directories(file.parent_path());
    return file;
  }

  std::filesystem::path path_;
};

}  // namespace kxf_test
