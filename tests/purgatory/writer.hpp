// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What the programs share that write a purgatory, as its plugin makes it, for an emulator.

#include <filesystem>
#include <optional>

#include "kxf/architecture.hpp"

namespace kxf_test {

/// A machine with a device tree, or none, and nothing else.
class TreeMachine final : public kxf::Machine {
 public:
  explicit TreeMachine(std::optional<kxf::DeviceTree> tree = std::nullopt)
      : tree_(std::move(tree)) {}
  [[nodiscard]] const kxf::MachineFacts& facts() const noexcept override { return facts_; }
  [[nodiscard]] kxf::Result<kxf::ByteVector> read(std::string_view) const noexcept override {
    return kxf::refuse("no files here");
  }
  [[nodiscard]] std::vector<std::string> list(std::string_view) const noexcept override {
    return {};
  }
  [[nodiscard]] bool exists(std::string_view) const noexcept override { return false; }
  [[nodiscard]] std::optional<std::string> link_target(std::string_view) const noexcept override {
    return std::nullopt;
  }
  [[nodiscard]] const kxf::DeviceTree* device_tree() const noexcept override {
    return tree_ ? &*tree_ : nullptr;
  }
  [[nodiscard]] std::string device_tree_problem() const noexcept override { return {}; }

 private:
  kxf::MachineFacts facts_{};
  std::optional<kxf::DeviceTree> tree_;
};

/// Print the error and end the program.
[[noreturn]] void fail(const kxf::Error& error);

[[nodiscard]] kxf::ByteVector read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, kxf::ByteView bytes);

/// Bytes that will be at `at`, with their SHA-256.
[[nodiscard]] kxf::DigestEntry entry_of(const char* name, std::uint64_t at, kxf::ByteView bytes);

/// What DIR/purgatory.bin is to hold: the image and, behind its bytes, garbage as in RAM.
[[nodiscard]] kxf::ByteVector memory_of(const kxf::PurgatoryImage& image);

}  // namespace kxf_test
