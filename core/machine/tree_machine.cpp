// SPDX-License-Identifier: Apache-2.0
#include "machine/tree_machine.hpp"

#include <utility>

#include "machine/file.hpp"

namespace kxf {
namespace {

/// Boot loaders leave room behind the tree; so much more than the largest tree is no such file.
constexpr std::uint64_t tree_limit_bytes = 8 * DeviceTree::max_size_bytes;

constexpr std::string_view name_a_tree = "name a flattened device tree (.dtb)";

class TreeMachine final : public Machine {
 public:
  explicit TreeMachine(DeviceTree tree) : tree_(std::move(tree)) {}

  const MachineFacts& facts() const noexcept override { return facts_; }
  Result<ByteVector> read(std::string_view /*path*/) const noexcept override {
    return refuse("of this machine only the device tree is known",
                  "look at the machine itself, or at a capture of it");
  }
  std::vector<std::string> list(std::string_view /*path*/) const noexcept override { return {}; }
  bool exists(std::string_view /*path*/) const noexcept override { return false; }
  std::optional<std::string> link_target(std::string_view /*path*/) const noexcept override {
    return std::nullopt;
  }
  const DeviceTree* device_tree() const noexcept override { return &tree_; }
  std::string device_tree_problem() const noexcept override { return {}; }

 private:
  DeviceTree tree_;
  MachineFacts facts_;
};

}  // namespace

std::unique_ptr<Machine> tree_machine(DeviceTree tree) {
  return std::make_unique<TreeMachine>(std::move(tree));
}

Result<std::unique_ptr<Machine>> open_tree(const std::filesystem::path& file) {
  auto bytes = read_to_end(file, tree_limit_bytes);
  if (!bytes) {
    Error error = std::move(bytes).error();
    if (error.remedy.empty()) error.remedy = name_a_tree;
    return tl::unexpected(std::move(error));
  }
  auto tree = DeviceTree::parse(*bytes, file.native());
  if (!tree) {
    Error error = std::move(tree).error();
    if (error.remedy.empty()) error.remedy = name_a_tree;
    return tl::unexpected(std::move(error));
  }
  return tree_machine(std::move(*tree));
}

}  // namespace kxf
