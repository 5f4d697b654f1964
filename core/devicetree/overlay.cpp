// SPDX-License-Identifier: Apache-2.0
#include "devicetree/overlay.hpp"

#include <fmt/format.h>
#include <libfdt.h>

#include <charconv>
#include <map>
#include <optional>

#include "devicetree/blob_check.hpp"

namespace kxf {

namespace {

constexpr std::string_view build_with_symbols =
    "build the base tree with dtc -@, or use an overlay with target-path";

/// A reference to a phandle of four bytes inside a property: `/node:property:offset`.
struct Fixup {
  std::string_view path;
  std::string_view property;
  std::uint32_t offset_bytes = 0;
};

std::optional<Fixup> parse_fixup(std::string_view text) {
  const std::size_t first = text.find(':');
  const std::size_t last = text.rfind(':');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  Fixup fixup{text.substr(0, first), text.substr(first + 1, last - first - 1)};
  const std::string_view number = text.substr(last + 1);
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), fixup.offset_bytes);
  if (error != std::errc{} || end != number.data() + number.size()) return std::nullopt;
  if (!fixup.path.starts_with('/') || fixup.property.empty()) return std::nullopt;
  return fixup;
}

/// Does the property hold four bytes at the offset?
bool holds_phandle(const Node& node, std::string_view property, std::uint32_t offset_bytes) {
  const auto value = node.property(property);
  return value && value->size() >= 4 && offset_bytes <= value->size() - 4;
}

Status check_fragments(const DeviceTree& overlay) {
  bool any = false;
  for (const Node& fragment : overlay.root().children()) {
    if (!fragment.child("__overlay__")) continue;
    any = true;
    if (!fragment.has("target-path")) continue;
    const auto path = fragment.text("target-path");
    if (!path || !path->starts_with('/'))
      return refuse(fmt::format("target-path of {} is not an absolute path", fragment.path()),
                    "give the full path of the target node");
  }
  if (any) return {};
  return refuse("not an overlay: no node with an __overlay__ in it",
                "give a .dtbo that dtc made from a source with /plugin/");
}

/// `__fixups__`: for each label of the base, the places in the overlay that want its phandle.
Status check_fixups(const DeviceTree& base, const DeviceTree& overlay) {
  const auto fixups = overlay.find("/__fixups__");
  if (!fixups) return {};
  const auto symbols = base.find("/__symbols__");
  for (const Property& label : fixups->properties()) {
    if (!symbols)
      return refuse(fmt::format("the overlay refers to the label \"{}\", but the base tree has no "
                                "__symbols__",
                                label.name),
                    std::string(build_with_symbols));
    const auto path = symbols->text(label.name);
    if (!path)
      return refuse(fmt::format("the base tree has no label \"{}\"", label.name),
                    "use an overlay that was made for this board");
    if (!path->starts_with('/') || !base.find(*path))
      return refuse(fmt::format("label \"{}\" of the base tree names {}, which is not there",
                                label.name, *path),
                    std::string(build_with_symbols));
    const auto places = fixups->texts(label.name);
    if (places.empty())
      return refuse(fmt::format("__fixups__/{} is not a list of strings", label.name));
    for (const std::string_view place : places) {
      const auto fixup = parse_fixup(place);
      const auto node = fixup ? overlay.find(fixup->path) : std::nullopt;
      if (!node || !holds_phandle(*node, fixup->property, fixup->offset_bytes))
        return refuse(fmt::format("__fixups__/{} points to \"{}\", where no phandle fits",
                                  label.name, place));
    }
  }
  return {};
}

/// `__local_fixups__` mirrors the overlay's nodes; each property lists the offsets of phandles in
/// the property of the same name.
Status check_local_fixups(const Node& fixups, const Node& target) {
  for (const Property& property : fixups.properties()) {
    const Bytes offsets(property.value, Endian::big);
    if (offsets.size_bytes() % 4 != 0)
      return refuse(fmt::format("{} of {} is not a list of offsets", property.name, fixups.path()));
    for (std::uint64_t at = 0; at < offsets.size_bytes(); at += 4) {
      KXF_TRY(offset, offsets.read<std::uint32_t>(at));
      if (!holds_phandle(target, property.name, offset))
        return refuse(fmt::format("{} of {} points to byte {} of {}, where no phandle fits",
                                  property.name, fixups.path(), offset, target.path()));
    }
  }
  for (const Node& child : fixups.children()) {
    const auto below = target.child(child.name());
    if (!below)
      return refuse(fmt::format("{} mirrors a node that the overlay does not have", child.path()));
    KXF_CHECK(check_local_fixups(child, *below));
  }
  return {};
}

/// Every node and its phandle, by path.
void collect_phandles(const Node& node, const std::string& path,
                      std::map<std::string, std::uint32_t>& found) {
  auto phandle = node.u32("phandle");
  if (!phandle) phandle = node.u32("linux,phandle");
  if (phandle) found.emplace(path.empty() ? "/" : path, *phandle);
  for (const Node& child : node.children())
    collect_phandles(child, fmt::format("{}/{}", path, child.name()), found);
}

std::map<std::string, std::uint32_t> phandles_of(const DeviceTree& tree) {
  std::map<std::string, std::uint32_t> found;
  collect_phandles(tree.root(), "", found);
  return found;
}

}  // namespace

Status check_overlay(const DeviceTree& base, const DeviceTree& overlay) {
  KXF_CHECK(check_fragments(overlay));
  KXF_CHECK(check_fixups(base, overlay));
  if (const auto fixups = overlay.find("/__local_fixups__"))
    KXF_CHECK(check_local_fixups(*fixups, overlay.root()));
  return {};
}

std::string explain_overlay_failure(const DeviceTree& base, const DeviceTree& overlay, int error) {
  if (error == -FDT_ERR_NOTFOUND) {
    for (const Node& fragment : overlay.root().children()) {
      const auto path = fragment.text("target-path");
      if (path && !base.find(*path))
        return fmt::format("target {} of {} is not in the base tree", *path, fragment.path());
    }
  }
  if (error == -FDT_ERR_BADOVERLAY) {
    for (const Node& fragment : overlay.root().children())
      if (fragment.child("__overlay__") && !fragment.has("target") && !fragment.has("target-path"))
        return fmt::format("{} has neither target nor target-path", fragment.path());
  }
  return fmt::format("fdt_overlay_apply: {}", libfdt_text(error));
}

Status check_phandles(const DeviceTree& base, const DeviceTree& merged) {
  const auto after = phandles_of(merged);
  for (const auto& [path, phandle] : phandles_of(base)) {
    const auto found = after.find(path);
    if (found != after.end() && found->second != phandle)
      return refuse(fmt::format("the overlay changes the phandle of {} from {} to {}, so what "
                                "refers to that node would miss it",
                                path, phandle, found->second),
                    "remove the label from that node in the overlay's source");
  }
  std::map<std::uint32_t, std::string_view> owners;
  for (const auto& [path, phandle] : after)
    if (const auto [owner, fresh] = owners.emplace(phandle, path); !fresh)
      return refuse(fmt::format("{} and {} both have the phandle {}", owner->second, path, phandle),
                    "build the base tree and the overlay anew");
  return {};
}

}  // namespace kxf
