// SPDX-License-Identifier: Apache-2.0
#pragma once

/// A Machine made of a map of files, and device trees made by hand.

#include <libfdt.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

#include "kxf/machine.hpp"

namespace kxf_test {

class MapMachine final : public kxf::Machine {
 public:
  MapMachine() = default;
  explicit MapMachine(kxf::DeviceTree with) : tree(std::move(with)) {}
  MapMachine(const std::string& path, std::string text) { files.emplace(path, std::move(text)); }

  std::map<std::string, std::string, std::less<>> files;
  std::map<std::string, std::string, std::less<>> links;  ///< that nothing is read through
  std::set<std::string, std::less<>> unreadable;
  std::optional<kxf::DeviceTree> tree;
  std::string tree_problem;
  kxf::MachineFacts own_facts{"aarch64", "6.1.0", 4096, kxf::Endian::little};

  [[nodiscard]] const kxf::MachineFacts& facts() const noexcept override { return own_facts; }

  [[nodiscard]] kxf::Result<kxf::ByteVector> read(std::string_view path) const noexcept override {
    if (unreadable.contains(path))
      return kxf::refuse(std::string(path) + ": permission denied", "run as root");
    const auto found = files.find(path);
    if (found == files.end()) return kxf::refuse(std::string(path) + ": not there");
    return kxf::ByteVector(found->second.begin(), found->second.end());
  }
  [[nodiscard]] std::vector<std::string> list(std::string_view path) const noexcept override {
    const std::string prefix = std::string(path) + "/";
    std::set<std::string> names;
    for (auto file = files.lower_bound(prefix); file != files.end(); ++file) {
      if (!file->first.starts_with(prefix)) break;
      const std::string_view rest = std::string_view(file->first).substr(prefix.size());
      names.emplace(rest.substr(0, rest.find('/')));
    }
    return {names.begin(), names.end()};
  }
  [[nodiscard]] bool exists(std::string_view path) const noexcept override {
    return files.contains(path) || !list(path).empty();
  }
  [[nodiscard]] std::optional<std::string> link_target(
      std::string_view path) const noexcept override {
    const auto found = links.find(path);
    return found == links.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] const kxf::DeviceTree* device_tree() const noexcept override {
    return tree ? &*tree : nullptr;
  }
  [[nodiscard]] std::string device_tree_problem() const noexcept override { return tree_problem; }
};

/// Just a root without properties.
inline kxf::DeviceTree empty_tree() {
  kxf::ByteVector blob(1024);
  if (fdt_create_empty_tree(blob.data(), static_cast<int>(blob.size())) != 0)
    throw std::logic_error("fdt_create_empty_tree");
  return kxf::DeviceTree::parse(blob, "an empty tree").value();
}

/// Big-endian cells.
inline kxf::ByteVector cells(const std::vector<std::uint32_t>& values) {
  kxf::ByteVector bytes(4 * values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    kxf::store(std::span<std::uint8_t>(bytes), 4 * i, values[i], kxf::Endian::big);
  return bytes;
}

/// Builds a tree property by property; throws when the editor refuses, which fails the test.
class TreeMaker {
 public:
  explicit TreeMaker(const kxf::DeviceTree& base = empty_tree()) : editor_(base) {}

  TreeMaker& cells(std::string_view path, std::string_view property,
                   const std::vector<std::uint32_t>& values) {
    must(editor_.set(path, property, kxf_test::cells(values)));
    return *this;
  }
  TreeMaker& text(std::string_view path, std::string_view property, std::string_view value) {
    must(editor_.set_text(path, property, value));
    return *this;
  }
  TreeMaker& u64(std::string_view path, std::string_view property, std::uint64_t value) {
    must(editor_.set_u64(path, property, value));
    return *this;
  }
  TreeMaker& flag(std::string_view path, std::string_view property) {
    must(editor_.set(path, property, {}));
    return *this;
  }
  TreeMaker& reserve(const kxf::Range& range) {
    must(editor_.reserve(range));
    return *this;
  }
  [[nodiscard]] kxf::DeviceTree done() const { return editor_.tree().value(); }

 private:
  static void must(const kxf::Status& status) {
    if (!status) throw std::logic_error(status.error().message);
  }
  kxf::TreeEditor editor_;
};

/// A small board: a root with two cells each, /chosen, an aliased UART on a bus, a reservation.
inline kxf::DeviceTree sample_tree() {
  return TreeMaker()
      .text("/", "compatible", "acme,board")
      .cells("/", "#address-cells", {2})
      .cells("/", "#size-cells", {2})
      .text("/chosen", "bootargs", "quiet")
      .cells("/soc/serial@9000000", "reg", {0x9000000, 0x1000})
      .text("/soc/serial@9000000", "compatible", "arm,pl011")
      .cells("/soc", "#address-cells", {1})
      .cells("/soc", "#size-cells", {1})
      .flag("/soc", "ranges")
      .text("/aliases", "serial0", "/soc/serial@9000000")
      .reserve({0x1000, 0x3000})
      .done();
}

inline kxf::ByteVector bytes_of_tree(const kxf::DeviceTree& tree) {
  return {tree.blob().begin(), tree.blob().end()};
}

}  // namespace kxf_test
