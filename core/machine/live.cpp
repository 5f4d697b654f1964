// SPDX-License-Identifier: Apache-2.0
#include "machine/live.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <system_error>

#include "devicetree/running_tree.hpp"
#include "machine/boot_log.hpp"
#include "machine/captured.hpp"
#include "machine/excerpt.hpp"
#include "machine/facts.hpp"
#include "machine/file.hpp"

namespace kxf {
namespace {

namespace fs = std::filesystem;

/// The largest file that planning reads is /proc/kallsyms: up to some 20 MiB.
constexpr std::uint64_t file_limit_bytes = 64U << 20U;

class LiveMachine final : public Machine {
 public:
  const MachineFacts& facts() const noexcept override { return facts_; }

  Result<ByteVector> read(std::string_view path) const noexcept override {
    if (path == boot_log_path) {
      KXF_TRY(lines, live_boot_log());
      return ByteVector(lines.begin(), lines.end());
    }
    if (path == "/proc/kcore") return kcore_excerpt(path);
    KXF_TRY(bytes, read_to_end(path, file_limit_bytes));
    if (path == "/proc/kallsyms") return kallsyms_excerpt(bytes);
    return std::move(bytes);
  }

  std::vector<std::string> list(std::string_view path) const noexcept override {
    std::vector<std::string> names;
    std::error_code error;
    fs::directory_iterator walk(path, fs::directory_options::none, error);
    for (; !error && walk != fs::directory_iterator(); walk.increment(error))
      names.push_back(walk->path().filename().native());
    std::ranges::sort(names);
    return names;
  }

  bool exists(std::string_view path) const noexcept override {
    if (path == boot_log_path) return true;
    return ::access(std::string(path).c_str(), F_OK) == 0;
  }

  std::optional<std::string> link_target(std::string_view path) const noexcept override {
    std::error_code error;
    fs::path target = fs::read_symlink(path, error);
    if (error) return std::nullopt;
    return target.native();
  }

  const DeviceTree* device_tree() const noexcept override {
    find_tree();
    return tree_ ? &*tree_ : nullptr;
  }
  std::string device_tree_problem() const noexcept override {
    find_tree();
    return tree_problem_;
  }

 private:
  void find_tree() const {
    std::call_once(tree_sought_, [this] {
      if (!exists("/sys/firmware/fdt") && !exists("/proc/device-tree")) {
        tree_problem_ = no_device_tree;
        return;
      }
      Result<DeviceTree> tree = running_tree(*this);
      if (tree) {
        tree_ = std::move(*tree);
      } else {
        tree_problem_ = tree.error().message;
      }
    });
  }

  MachineFacts facts_ = live_facts();
  mutable std::once_flag tree_sought_;
  mutable std::optional<DeviceTree> tree_;
  mutable std::string tree_problem_;
};

}  // namespace

std::unique_ptr<Machine> live_machine() { return std::make_unique<LiveMachine>(); }

}  // namespace kxf
