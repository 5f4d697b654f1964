// SPDX-License-Identifier: Apache-2.0
#include "formats/flat_tree.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kxf::formats {
namespace {

constexpr std::uint32_t flat_tree_magic = 0xd00dfeed;
constexpr std::uint64_t flat_tree_header_bytes = 40;  // of version 17
constexpr std::uint32_t version = 17;

// Tokens: section 5.4.1.
constexpr std::uint32_t begin_node = 1;
constexpr std::uint32_t end_node = 2;
constexpr std::uint32_t prop = 3;
constexpr std::uint32_t nop = 4;
constexpr std::uint32_t end = 9;

/// As deep as readers in firmware go.
constexpr unsigned max_depth = 32;
/// A FIT for a hundred boards has some thousand; a file that is nothing but tokens stops here.
constexpr std::size_t max_tokens = 100'000;

/// Whatever is wrong with it, there is one thing to do.
tl::unexpected<Error> unusable(std::string what) {
  return refuse(std::move(what), "fetch or build the image again");
}

bool is_printable(char c) { return c > ' ' && c <= '~'; }

/// The text up to the zero behind it.
Result<std::string_view> text_at(ByteView bytes, std::uint64_t offset) {
  if (offset >= bytes.size()) return unusable("a name lies outside of its block");
  const std::string_view rest = text_of(bytes.subspan(offset));
  const std::size_t length = rest.find('\0');
  if (length == std::string_view::npos) return unusable("a name has no end");
  const std::string_view text = rest.substr(0, length);
  if (!std::ranges::all_of(text, is_printable))
    return unusable("a name has characters that no name has");
  return text;
}

std::uint64_t padded(std::uint64_t size) { return (size + 3) / 4 * 4; }

/// In a sorted list.
std::optional<std::string_view> repeated(const std::vector<std::string_view>& names) {
  const auto twice = std::ranges::adjacent_find(names);
  return twice == names.end() ? std::nullopt : std::optional(*twice);
}

}  // namespace

Result<FlatReader> FlatReader::open(ByteView blob) {
  FlatReader reader(blob);
  const Bytes& bytes = reader.blob_;
  const auto field = [&bytes](std::uint64_t offset) { return bytes.read<std::uint32_t>(offset); };
  KXF_TRY(found_magic, field(0));
  if (found_magic != flat_tree_magic) return unusable("no flattened device tree");
  KXF_TRY(size, field(4));
  KXF_TRY(structure_offset, field(8));
  KXF_TRY(strings_offset, field(12));
  KXF_TRY(found_version, field(20));
  KXF_TRY(compatible_with, field(24));
  KXF_TRY(strings_size, field(32));
  KXF_TRY(structure_size, field(36));
  // mkimage -f auto says that readers of version 2 can read it: not so, and no matter here.
  if (found_version < version || compatible_with > version)
    return unusable(
        fmt::format("a flattened device tree of version {}, readable by {} on, where {} "
                    "is known",
                    found_version, compatible_with, version));
  if (size < flat_tree_header_bytes || size > blob.size())
    return unusable(
        fmt::format("truncated: its header says {} bytes, and there are {}", size, blob.size()));
  const Bytes whole(blob.first(size), Endian::big);
  KXF_TRY(strings, whole.slice(strings_offset, strings_size));
  KXF_TRY(structure, whole.slice(structure_offset, structure_size));
  if (structure_offset % 4 != 0 || structure_offset < flat_tree_header_bytes ||
      strings_offset < flat_tree_header_bytes || structure.empty())
    return unusable("the blocks of its header do not fit");
  reader.strings_ = strings;
  reader.structure_ = Range::sized(structure_offset, structure_size);
  reader.size_bytes_ = size;
  reader.at_ = structure_offset;
  return reader;
}

Status FlatReader::read_property(FlatToken& token) {
  KXF_TRY(length, blob_.read<std::uint32_t>(at_ + 4));
  KXF_TRY(name_offset, blob_.read<std::uint32_t>(at_ + 8));
  KXF_TRY(value, blob_.slice(at_ + 12, length));
  KXF_TRY(name, text_at(strings_, name_offset));
  token.name = name;
  token.name_offset = name_offset;
  token.value = value;
  token.place.end = at_ + 12 + padded(length);
  return {};
}

Result<FlatToken> FlatReader::next() {
  using Kind = FlatToken::Kind;
  const auto damaged = [this](const std::string& what) {
    return unusable(fmt::format("damaged at byte {}: {}", at_, what));
  };
  FlatToken token;
  if (at_ >= structure_.end) return damaged("the structure goes on behind its block");
  auto tag = blob_.read<std::uint32_t>(at_);
  if (!tag) return tl::unexpected(std::move(tag).error());
  token.place = Range::sized(at_, 4);
  switch (*tag) {
    case begin_node: {
      if (depth_ == 0 && root_seen_) return damaged("a second root");
      auto name = text_at(blob_.slice(0, structure_.end).value_or(ByteView()), at_ + 4);
      if (!name) return damaged(name.error().message);
      if (name->empty() != (depth_ == 0)) return damaged("a node without a name, or a named root");
      if (name->find('/') != std::string_view::npos) return damaged("a slash in a node's name");
      if (++depth_ > max_depth)
        return damaged(fmt::format("nodes are nested more than {} deep", max_depth));
      root_seen_ = true;
      token.kind = Kind::node_begins;
      token.name = *name;
      token.place.end = at_ + 4 + padded(name->size() + 1);
      break;
    }
    case end_node:
      if (depth_ == 0) return damaged("a node ends that did not begin");
      --depth_;
      token.kind = Kind::node_ends;
      break;
    case prop:
      if (depth_ == 0) return damaged("a property outside of the root");
      token.kind = Kind::property;
      if (auto read = read_property(token); !read) return damaged(read.error().message);
      break;
    case nop: token.kind = Kind::nothing; break;
    case end:
      token.kind = Kind::tree_ends;
      if (depth_ != 0 || !root_seen_ || token.place.end != structure_.end)
        return damaged("the structure ends in the wrong place");
      break;
    default: return damaged(fmt::format("an unknown token {:#x}", *tag));
  }
  if (token.place.end > structure_.end) return damaged("the structure goes on behind its block");
  at_ = token.place.end;
  return token;
}

std::vector<std::string_view> FlatProperty::strings() const {
  std::vector<std::string_view> result;
  std::string_view rest = text_of(value);
  if (rest.empty() || rest.back() != '\0') return {};
  while (!rest.empty()) {
    const std::size_t length = rest.find('\0');
    result.push_back(rest.substr(0, length));
    rest.remove_prefix(length + 1);
  }
  return result;
}

Result<FlatTree> FlatTree::parse(ByteView blob) {
  using Kind = FlatToken::Kind;
  KXF_TRY(reader, FlatReader::open(blob));
  FlatTree tree;
  tree.blob_ = blob;
  tree.strings_ = reader.strings();
  tree.size_bytes_ = reader.size_bytes();
  std::optional<std::size_t> current;
  for (Kind last = Kind::nothing; last != Kind::tree_ends;) {
    KXF_TRY(token, reader.next());
    last = token.kind;
    if (tree.tokens_.size() >= max_tokens)
      return unusable(fmt::format("more than {} nodes and properties", max_tokens));
    if (token.kind == Kind::node_begins) {
      const std::size_t index = tree.nodes_.size();
      if (current) tree.nodes_[*current].children.push_back(index);
      tree.nodes_.push_back({token.name, current});
      current = index;
    }
    if (token.kind == Kind::property)
      tree.nodes_[*current].properties.push_back({token.name, token.value});
    tree.tokens_.push_back({token, current});
    if (token.kind == Kind::node_ends) current = tree.nodes_[*current].parent;
  }
  const auto name_of = [&tree](std::size_t node) { return tree.nodes_[node].name; };
  for (std::size_t i = 0; i < tree.nodes_.size(); ++i) {
    FlatNode& node = tree.nodes_[i];
    node.by_name = node.children;
    std::ranges::sort(node.by_name, {}, name_of);
    std::vector<std::string_view> children;
    for (const std::size_t child : node.by_name) children.push_back(name_of(child));
    std::vector<std::string_view> properties;
    for (const FlatProperty& property : node.properties) properties.push_back(property.name);
    std::ranges::sort(properties);
    auto twice = repeated(children);
    if (!twice) twice = repeated(properties);
    if (twice) return unusable(fmt::format("\"{}\" is there twice in {}", *twice, tree.path(i)));
  }
  return tree;
}

std::optional<std::size_t> FlatTree::child(std::size_t node, std::string_view name) const {
  const auto& sorted = nodes_[node].by_name;
  const auto name_of = [this](std::size_t child) { return nodes_[child].name; };
  const auto found = std::ranges::lower_bound(sorted, name, {}, name_of);
  if (found == sorted.end() || name_of(*found) != name) return std::nullopt;
  return *found;
}

std::string FlatTree::path(std::size_t node) const {
  if (node == root) return "/";
  std::string path;
  for (std::optional<std::size_t> at = node; at && *at != root; at = nodes_[*at].parent)
    path.insert(0, fmt::format("/{}", nodes_[*at].name));
  return path;
}

const FlatProperty* FlatTree::property(std::size_t node, std::string_view name) const {
  const auto found = std::ranges::find(nodes_[node].properties, name, &FlatProperty::name);
  return found == nodes_[node].properties.end() ? nullptr : &*found;
}

std::optional<std::string_view> FlatTree::text(std::size_t node, std::string_view name) const {
  const FlatProperty* found = property(node, name);
  if (found == nullptr) return std::nullopt;
  const std::vector<std::string_view> strings = found->strings();
  if (strings.size() != 1) return std::nullopt;
  return strings.front();
}

std::optional<std::uint32_t> FlatTree::u32(std::size_t node, std::string_view name) const {
  const FlatProperty* found = property(node, name);
  if (found == nullptr || found->value.size() != 4) return std::nullopt;
  const auto number = Bytes(found->value, Endian::big).read<std::uint32_t>(0);
  return number ? std::optional(*number) : std::nullopt;
}

std::vector<std::string_view> board_of(ByteView blob) {
  auto reader = FlatReader::open(blob);
  if (!reader) return {};
  // Properties of the root stand before its children (section 5.4.2).
  for (unsigned nodes = 0; nodes < 2;) {
    const auto token = reader->next();
    if (!token || token->kind == FlatToken::Kind::tree_ends) return {};
    if (token->kind == FlatToken::Kind::node_begins) ++nodes;
    if (token->kind == FlatToken::Kind::property && token->name == "compatible")
      return FlatProperty{token->name, token->value}.strings();
  }
  return {};
}

}  // namespace kxf::formats
