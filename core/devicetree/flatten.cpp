// SPDX-License-Identifier: Apache-2.0
#include "devicetree/flatten.hpp"

#include <fmt/format.h>
#include <libfdt.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "devicetree/blob_check.hpp"

namespace kxf {

namespace {

constexpr std::string_view root_path = "/proc/device-tree";

/// libfdt's sequential writer in a buffer that grows.
class Writer {
 public:
  Writer() : blob_(64U << 10U), error_(fdt_create(blob_.data(), static_cast<int>(blob_.size()))) {
    if (error_ == 0) error_ = fdt_finish_reservemap(blob_.data());
  }

  Status begin_node(const std::string& name) {
    return run([&](void* blob) { return fdt_begin_node(blob, name.c_str()); });
  }
  Status property(const std::string& name, ByteView value) {
    return run([&](void* blob) {
      return fdt_property(blob, name.c_str(), value.data(), static_cast<int>(value.size()));
    });
  }
  Status end_node() {
    return run([](void* blob) { return fdt_end_node(blob); });
  }
  Result<ByteVector> finish() && {
    KXF_CHECK(run([](void* blob) { return fdt_finish(blob); }));
    return std::move(blob_);
  }

 private:
  /// Run one step, again in a larger buffer for as long as libfdt runs out of space.
  template <class Step>
  Status run(Step&& step) {
    while (error_ == 0) {
      error_ = step(blob_.data());
      if (error_ == 0) return {};
      if (error_ != -FDT_ERR_NOSPACE) break;
      if (blob_.size() >= 2 * DeviceTree::max_size_bytes)
        return refuse(fmt::format("{} does not fit a device tree of {}", root_path,
                                  size_text(DeviceTree::max_size_bytes)),
                      "give a device tree file in the profile");
      ByteVector larger(2 * blob_.size());
      error_ = fdt_resize(blob_.data(), larger.data(), static_cast<int>(larger.size()));
      blob_ = std::move(larger);
    }
    return broken(fmt::format("flattening {}: {}", root_path, fdt_strerror(error_)));
  }

  ByteVector blob_;
  int error_;
};

/// `memory@80000000`: the part before the @, then the numbers of the unit address. Nodes of one
/// name are in the order of these, not in that of their digits.
struct SortKey {
  std::string_view base;
  std::vector<std::uint64_t> unit;
  std::string_view name;

  explicit SortKey(std::string_view full) : name(full) {
    const std::size_t at = full.find('@');
    base = full.substr(0, at);
    if (at == std::string_view::npos) return;
    std::string_view rest = full.substr(at + 1);
    while (!rest.empty()) {
      std::uint64_t number = 0;
      const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number, 16);
      if (error != std::errc{}) return;  // what is no number sorts by its characters
      unit.push_back(number);
      rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
      if (!rest.starts_with(',')) return;
      rest.remove_prefix(1);
    }
  }
  auto operator<=>(const SortKey&) const = default;
};

class Flattener {
 public:
  explicit Flattener(const Machine& machine) : machine_(machine) {}

  Result<ByteVector> run() {
    if (!is_node(std::string(root_path)))
      return refuse(fmt::format("{} is not there", root_path),
                    "give a device tree file in the profile");
    KXF_CHECK(add_node(std::string(root_path), "", 0));
    return std::move(writer_).finish();
  }

 private:
  /// Every node directory has a file `name`, but for some that the kernel made at run time; those
  /// are not empty.
  [[nodiscard]] bool is_node(const std::string& path) const {
    return machine_.exists(path + "/name") || !machine_.list(path).empty();
  }

  Status add_node(const std::string& path, const std::string& name, unsigned depth) {
    if (depth >= max_tree_depth)
      return refuse(fmt::format("{} is nested deeper than {}", path, max_tree_depth));
    KXF_CHECK(writer_.begin_node(name));
    std::vector<std::string> properties;
    std::vector<std::string> children;
    for (std::string& entry : machine_.list(path)) {
      // The kernel makes `name` up from the node's name.
      if (entry == "name") continue;
      (is_node(fmt::format("{}/{}", path, entry)) ? children : properties)
          .push_back(std::move(entry));
    }
    std::ranges::sort(properties);
    std::ranges::sort(children, [](const std::string& a, const std::string& b) {
      return SortKey(a) < SortKey(b);
    });
    for (const std::string& property : properties) {
      KXF_TRY(value, machine_.read(fmt::format("{}/{}", path, property)));
      KXF_CHECK(writer_.property(property, value));
    }
    for (const std::string& child : children)
      KXF_CHECK(add_node(fmt::format("{}/{}", path, child), child, depth + 1));
    return writer_.end_node();
  }

  const Machine& machine_;
  Writer writer_;
};

}  // namespace

// The reservation block and boot_cpuid_phys of the blob that the system was booted with are not
// below /proc/device-tree; the result has none and 0.
Result<ByteVector> flatten_device_tree(const Machine& machine) { return Flattener(machine).run(); }

}  // namespace kxf
