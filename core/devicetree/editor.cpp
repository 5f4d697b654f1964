// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <libfdt.h>

#include <algorithm>
#include <array>
#include <utility>

#include "devicetree/blob_check.hpp"
#include "devicetree/overlay.hpp"
#include "kxf/device_tree.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

namespace {

/// Room for a few edits, so that most need no second blob.
constexpr std::size_t slack_bytes = 4096;
/// An editor may hold more than a tree may be (a node can be removed later), but not without end.
constexpr std::size_t max_editor_bytes = 8 * DeviceTree::max_size_bytes;

/// `blob` in a buffer with room for growth. The blob has been checked, so libfdt can only fail on
/// a buffer that is too small, which it is not.
ByteVector with_slack(ByteView blob, std::size_t slack) {
  ByteVector out(blob.size() + slack);
  if (fdt_open_into(blob.data(), out.data(), static_cast<int>(out.size())) != 0) out.clear();
  return out;
}

/// Characters of node and property names (Devicetree Specification v0.4, tables 2.1 and 2.2,
/// together with what dtc lets through); 31 characters is the specification's limit, which real
/// trees ignore.
bool is_name(std::string_view name) {
  constexpr std::string_view marks = ",._+*#?@-";
  return !name.empty() && std::ranges::all_of(name, [marks](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           marks.find(c) != std::string_view::npos;
  });
}

tl::unexpected<Error> bad_path(std::string_view path) {
  return refuse(fmt::format("\"{}\" is no absolute path of a device tree node", path),
                "write the full path, such as /chosen");
}

tl::unexpected<Error> failed(std::string_view path, std::string_view property, int error) {
  return refuse(fmt::format("setting {} of {}: {}", property, path, libfdt_text(error)),
                error == -FDT_ERR_NOSPACE ? "make the device tree smaller" : "");
}

/// The offset of a node by its full path; negative when there is none. Aliases are not followed:
/// libfdt follows one that names itself without end.
int node_offset(const ByteVector& blob, std::string_view path) {
  if (!path.starts_with('/') || path.size() > DeviceTree::max_size_bytes) return -FDT_ERR_BADPATH;
  return fdt_path_offset_namelen(blob.data(), path.data(), static_cast<int>(path.size()));
}

}  // namespace

TreeEditor::TreeEditor(const DeviceTree& tree) : blob_(with_slack(tree.blob(), slack_bytes)) {}

/// Run an edit, again in a larger blob for as long as libfdt runs out of space: its editing
/// functions change nothing when they do.
template <class Edit>
int TreeEditor::with_room(Edit&& edit) {
  while (true) {
    const int error = edit(blob_.data());
    if (error != -FDT_ERR_NOSPACE || blob_.size() >= max_editor_bytes) return error;
    blob_ = with_slack(blob_, blob_.size() / 2 + slack_bytes);
  }
}

Status TreeEditor::set(std::string_view path, std::string_view property, ByteView value) {
  if (!path.starts_with('/')) return bad_path(path);
  if (!is_name(property))
    return refuse(fmt::format("\"{}\" is no name of a device tree property", property),
                  "use letters, digits and ,._+?#-");
  if (value.size() > DeviceTree::max_size_bytes) return failed(path, property, -FDT_ERR_NOSPACE);

  // The names are checked before anything is changed.
  std::vector<std::string_view> names;
  for (std::string_view rest = path.substr(1); !rest.empty();) {
    names.push_back(rest.substr(0, rest.find('/')));
    if (!is_name(names.back())) return bad_path(path);
    rest.remove_prefix(std::min(rest.size(), names.back().size() + 1));
  }
  if (names.size() >= max_tree_depth) return bad_path(path);

  int node = 0;
  for (const std::string_view name : names) {
    const int parent = node;
    const auto length = static_cast<int>(name.size());
    node = fdt_subnode_offset_namelen(blob_.data(), parent, name.data(), length);
    if (node == -FDT_ERR_NOTFOUND)
      node = with_room(
          [&](void* blob) { return fdt_add_subnode_namelen(blob, parent, name.data(), length); });
    if (node < 0) return failed(path, property, node);
  }
  const std::string terminated(property);
  const int error = with_room([&](void* blob) {
    return fdt_setprop(blob, node, terminated.c_str(), value.data(),
                       static_cast<int>(value.size()));
  });
  if (error != 0) return failed(path, property, error);
  return {};
}

Status TreeEditor::set_text(std::string_view path, std::string_view property,
                            std::string_view value) {
  ByteVector bytes(value.begin(), value.end());
  bytes.push_back(0);
  return set(path, property, bytes);
}

Status TreeEditor::set_u32(std::string_view path, std::string_view property, std::uint32_t value) {
  std::array<std::uint8_t, 4> bytes{};
  store(std::span<std::uint8_t>(bytes), 0, value, Endian::big);
  return set(path, property, bytes);
}

Status TreeEditor::set_u64(std::string_view path, std::string_view property, std::uint64_t value) {
  std::array<std::uint8_t, 8> bytes{};
  store(std::span<std::uint8_t>(bytes), 0, value, Endian::big);
  return set(path, property, bytes);
}

bool TreeEditor::remove_property(std::string_view path, std::string_view property) {
  const int node = node_offset(blob_, path);
  if (node < 0) return false;
  return fdt_delprop(blob_.data(), node, std::string(property).c_str()) == 0;
}

bool TreeEditor::remove_node(std::string_view path) {
  const int node = node_offset(blob_, path);
  // Offset 0 is the root, without which there is no tree.
  return node > 0 && fdt_del_node(blob_.data(), node) == 0;
}

Status TreeEditor::reserve(const Range& range) {
  // An entry of zeros would end the block.
  if (range.empty()) return broken(fmt::format("reserving memory: {}", to_text(range)));
  const int error =
      with_room([&](void* blob) { return fdt_add_mem_rsv(blob, range.start, range.size_bytes()); });
  if (error != 0)
    return refuse(fmt::format("reserving {}: {}", to_text(range), libfdt_text(error)),
                  "make the device tree smaller");
  return {};
}

unsigned TreeEditor::unreserve(const Range& range) {
  unsigned dropped = 0;
  // From the last to the first: deleting moves the later ones.
  for (int i = fdt_num_mem_rsv(blob_.data()) - 1; i >= 0; --i) {
    std::uint64_t start = 0;
    std::uint64_t size = 0;
    if (fdt_get_mem_rsv(blob_.data(), i, &start, &size) != 0) continue;
    if (Range::sized(start, size) == range && fdt_del_mem_rsv(blob_.data(), i) == 0) ++dropped;
  }
  return dropped;
}

void TreeEditor::unreserve_all() {
  for (int i = fdt_num_mem_rsv(blob_.data()) - 1; i >= 0; --i)
    (void)fdt_del_mem_rsv(blob_.data(), i);  // fails for no index below the count
}

Status TreeEditor::apply_overlay(ByteView overlay, std::string_view origin) {
  auto parsed = DeviceTree::parse(overlay, origin);
  if (!parsed) return tl::unexpected(std::move(parsed).error());
  KXF_TRY(base, tree());
  const std::string context = fmt::format("overlay {}", origin);
  if (auto status = check_overlay(base, *parsed); !status) return pass(std::move(status), context);

  // fdt_overlay_apply leaves both of its blobs in ruins when it fails, so each try works on fresh
  // copies and this tree changes only when one has succeeded.
  ByteVector merged;
  int error = -FDT_ERR_NOSPACE;
  for (std::size_t slack = parsed->blob().size() + slack_bytes;
       error == -FDT_ERR_NOSPACE && slack <= max_editor_bytes; slack *= 2) {
    merged = with_slack(base.blob(), slack);
    ByteVector scratch(parsed->blob().begin(), parsed->blob().end());
    error = fdt_overlay_apply(merged.data(), scratch.data());
  }
  if (error != 0)
    return refuse(fmt::format("{}: {}", context, explain_overlay_failure(base, *parsed, error)),
                  "use an overlay that was made for this board");
  auto result = DeviceTree::parse(merged, context);
  if (!result) return tl::unexpected(std::move(result).error());
  if (auto status = check_phandles(base, *result); !status) return pass(std::move(status), context);
  blob_ = with_slack(result->blob(), slack_bytes);
  return {};
}

void TreeEditor::set_boot_cpu(std::uint32_t hardware_id) {
  fdt_set_boot_cpuid_phys(blob_.data(), hardware_id);
}

Result<DeviceTree> TreeEditor::tree() const {
  return DeviceTree::parse(blob_, "the edited device tree");
}

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
