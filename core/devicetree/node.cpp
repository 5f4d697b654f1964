// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <libfdt.h>

#include <algorithm>

#include "devicetree/cells.hpp"
#include "kxf/device_tree.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

namespace {

/// Defaults for `#address-cells` and `#size-cells` (Devicetree Specification v0.4, section 2.3.5).
constexpr unsigned default_address_cells = 2;
constexpr unsigned default_size_cells = 1;

/// A cell count; one that is there but malformed is no default: it becomes a count that no value
/// can match, so that whoever uses it meets an error.
unsigned cell_count(const Node& node, std::string_view property, unsigned missing) noexcept {
  if (!node.has(property)) return missing;
  return node.u32(property).value_or(UINT32_MAX);
}

}  // namespace

std::string_view Node::name() const noexcept {
  int length = 0;
  const char* const name = fdt_get_name(blob_->data(), offset_, &length);
  return name == nullptr ? std::string_view{}
                         : std::string_view(name, static_cast<std::size_t>(length));
}

std::string Node::path() const {
  if (parent_) {
    std::string path = parent_->offset_ == 0 ? std::string() : parent_->path();
    return path.append("/").append(name());
  }
  std::string buffer(256, '\0');
  while (true) {
    const int error =
        fdt_get_path(blob_->data(), offset_, buffer.data(), static_cast<int>(buffer.size()));
    if (error != -FDT_ERR_NOSPACE) break;
    buffer.resize(buffer.size() * 2);
  }
  buffer.resize(buffer.find('\0'));
  return buffer;
}

std::optional<Node> Node::parent() const {
  if (parent_) return *parent_;
  const int offset = fdt_parent_offset(blob_->data(), offset_);
  if (offset < 0) return std::nullopt;
  return Node(blob_, offset);
}

std::vector<Node> Node::children() const {
  std::vector<Node> found;
  const void* const blob = blob_->data();
  const auto self = std::make_shared<const Node>(*this);
  for (int child = fdt_first_subnode(blob, offset_); child >= 0;
       child = fdt_next_subnode(blob, child))
    found.push_back(Node(blob_, child, self));
  return found;
}

std::optional<Node> Node::child(std::string_view name) const {
  const int offset = fdt_subnode_offset_namelen(blob_->data(), offset_, name.data(),
                                                static_cast<int>(name.size()));
  if (offset < 0) return std::nullopt;
  return Node(blob_, offset, std::make_shared<const Node>(*this));
}

std::vector<Property> Node::properties() const {
  std::vector<Property> found;
  const void* const blob = blob_->data();
  for (int at = fdt_first_property_offset(blob, offset_); at >= 0;
       at = fdt_next_property_offset(blob, at)) {
    const char* name = nullptr;
    int length = 0;
    const void* const value = fdt_getprop_by_offset(blob, at, &name, &length);
    if (value != nullptr)
      found.push_back({name, ByteView(static_cast<const std::uint8_t*>(value),
                                      static_cast<std::size_t>(length))});
  }
  return found;
}

bool Node::has(std::string_view property) const noexcept {
  return this->property(property).has_value();
}

std::optional<ByteView> Node::property(std::string_view name) const noexcept {
  int length = 0;
  const void* const value = fdt_getprop_namelen(blob_->data(), offset_, name.data(),
                                                static_cast<int>(name.size()), &length);
  if (value == nullptr) return std::nullopt;
  return ByteView(static_cast<const std::uint8_t*>(value), static_cast<std::size_t>(length));
}

std::optional<std::string_view> Node::text(std::string_view property) const noexcept {
  const auto value = this->property(property);
  if (!value || value->empty() || value->back() != 0) return std::nullopt;
  const std::string_view all = text_of(*value);
  return all.substr(0, all.find('\0'));
}

std::vector<std::string_view> Node::texts(std::string_view property) const {
  std::vector<std::string_view> found;
  const auto value = this->property(property);
  if (!value || value->empty() || value->back() != 0) return found;
  for (std::string_view rest = text_of(*value); !rest.empty();) {
    found.push_back(rest.substr(0, rest.find('\0')));
    rest.remove_prefix(found.back().size() + 1);
  }
  return found;
}

std::optional<std::uint32_t> Node::u32(std::string_view property) const noexcept {
  const auto value = this->property(property);
  if (!value || value->size() != 4) return std::nullopt;
  const auto number = Bytes(*value, Endian::big).read<std::uint32_t>(0);
  if (!number) return std::nullopt;
  return *number;
}

std::optional<std::uint64_t> Node::number(std::string_view property) const noexcept {
  const auto value = this->property(property);
  if (!value || (value->size() != 4 && value->size() != 8)) return std::nullopt;
  return CellReader(*value).next(value->size() / 4);
}

bool Node::is_compatible(std::string_view name) const {
  const auto names = texts("compatible");
  return std::ranges::find(names, name) != names.end();
}

bool Node::is_enabled() const noexcept {
  if (!has("status")) return true;
  const auto status = text("status");
  return status == "okay" || status == "ok";
}

unsigned Node::address_cells() const noexcept {
  return cell_count(*this, "#address-cells", default_address_cells);
}

unsigned Node::size_cells() const noexcept {
  return cell_count(*this, "#size-cells", default_size_cells);
}

Result<std::vector<Range>> Node::reg() const {
  const auto value = property("reg");
  if (!value) return std::vector<Range>{};
  const auto bus = parent();
  return ranges_of_cells(*value, bus ? bus->address_cells() : default_address_cells,
                         bus ? bus->size_cells() : default_size_cells,
                         fmt::format("reg of {}", path()));
}

namespace {

/// From the address space of `bus` into that of its parent, by `ranges` (section 2.3.8).
Result<Range> through_bus(const Node& bus, const Node& above, const Range& range) {
  const auto value = bus.property("ranges");
  if (!value)
    return refuse(
        fmt::format("{} has no ranges: what is on that bus has no CPU address", bus.path()));
  if (value->empty()) return range;
  const std::uint64_t child_cells = bus.address_cells();
  const std::uint64_t parent_cells = above.address_cells();
  const std::uint64_t size_cells = bus.size_cells();
  const std::string what = fmt::format("ranges of {}", bus.path());
  KXF_TRY(count, count_tuples(*value, child_cells + parent_cells + size_cells, what));
  const std::uint64_t wanted = range.empty() ? 1 : range.size_bytes();
  CellReader reader(*value);
  for (std::uint64_t i = 0; i < count; ++i) {
    // Entries with numbers over 64 bits cannot map an address of 64 bits.
    const auto child = reader.next(child_cells);
    const auto parent = reader.next(parent_cells);
    const auto size = reader.next(size_cells);
    if (!child || !parent || !size || range.start < *child) continue;
    const std::uint64_t into = range.start - *child;
    if (into >= *size || wanted > *size - into) continue;
    if (into > UINT64_MAX - *parent || !fits_address_space(*parent + into, wanted))
      return refuse(
          fmt::format("{} maps {:#x} behind the 64-bit address space", what, range.start));
    return Range::sized(*parent + into, range.size_bytes());
  }
  return refuse(fmt::format("{} does not map {}", what, to_text(range)));
}

}  // namespace

Result<std::vector<Range>> Node::physical_reg() const {
  KXF_TRY(found, reg());
  auto bus = parent();
  while (bus) {
    const auto above = bus->parent();
    if (!above) break;  // the root's address space is the CPU's
    for (Range& range : found) {
      KXF_TRY(translated, through_bus(*bus, *above, range));
      range = translated;
    }
    bus = above;
  }
  return std::move(found);
}

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
