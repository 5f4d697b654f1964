// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What the programs share that write a purgatory, as its plugin makes it, for an emulator.

#include <array>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

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

/// What a writer is told.
using Words = std::set<std::string, std::less<>>;
/// The value of `key=value`; empty when there is none.
[[nodiscard]] std::string value_of(const Words& words, std::string_view key);
[[nodiscard]] std::uint64_t number_of(const Words& words, std::string_view key,
                                      std::uint64_t otherwise);

/// Print the error and end the program.
[[noreturn]] void fail(const kxf::Error& error);

[[nodiscard]] kxf::ByteVector read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, kxf::ByteView bytes);

/// Bytes that will be at `at`, with their SHA-256.
[[nodiscard]] kxf::DigestEntry entry_of(const char* name, std::uint64_t at, kxf::ByteView bytes);

/// What DIR/purgatory.bin is to hold: the image and, behind its bytes, garbage as in RAM.
[[nodiscard]] kxf::ByteVector memory_of(const kxf::PurgatoryImage& image);

/// As the architecture makes it.
[[nodiscard]] kxf::PurgatoryImage purgatory_of(const kxf::Architecture& architecture,
                                               const kxf::PurgatoryQuestion& question);

/// A file in a bundle.
struct BundlePart {
  kxf::ByteVector bytes;
  kxf::Range destination;  ///< what the bytes do not fill becomes zeros
};

struct BundleSpec {
  std::vector<BundlePart> parts;
  std::array<std::uint64_t, 2> places;  ///< of the purgatories
  std::uint64_t staging = 0;
  kxf::RangeSet memory;
  /// May spoil each purgatory, which is for that address.
  std::function<void(kxf::PurgatoryImage&, std::uint64_t)> spoil = {};
};

/// The whole file.
[[nodiscard]] kxf::ByteVector bundle_of(const kxf::Architecture& architecture,
                                        kxf::PurgatoryQuestion question, const BundleSpec& spec);

}  // namespace kxf_test
