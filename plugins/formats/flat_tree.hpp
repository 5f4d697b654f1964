// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The flattened device tree format (Devicetree Specification v0.4, chapter 5) as a container of
/// images. kxf::DeviceTree is for trees of boards: at most 2 MiB, and without the places in the
/// file. A FIT holds kernels, and its signatures cover tokens by their place.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kxf/bytes.hpp"
#include "kxf/range.hpp"

namespace kxf::formats {

/// One token of the structure block. Views point into the blob.
struct FlatToken {
  enum class Kind : std::uint8_t { node_begins, node_ends, property, nothing, tree_ends };
  Kind kind = Kind::nothing;
  Range place{};                  ///< offsets in the blob, with padding
  std::string_view name{};        ///< of a node that begins or of a property
  ByteView value{};               ///< of a property
  std::uint64_t name_offset = 0;  ///< of a property, in the strings block
};

/// Reads one token after the other; nothing is kept, nothing allocated but for errors.
class FlatReader {
 public:
  /// Errors: no flattened device tree, a version that is not 17, blocks that do not fit.
  [[nodiscard]] static Result<FlatReader> open(ByteView blob);

  /// Errors: a token that is unknown or cut off, a name without an end or with characters that no
  /// name has, the end in the wrong place.
  [[nodiscard]] Result<FlatToken> next();

  [[nodiscard]] ByteView strings() const noexcept { return strings_; }
  /// Of the tree alone: what lies behind it in the file is external data.
  [[nodiscard]] std::uint64_t size_bytes() const noexcept { return size_bytes_; }

 private:
  explicit FlatReader(ByteView blob) : blob_(blob, Endian::big) {}
  [[nodiscard]] Status read_property(FlatToken& token);

  Bytes blob_;
  Range structure_{};
  ByteView strings_{};
  std::uint64_t size_bytes_ = 0;
  std::uint64_t at_ = 0;
  unsigned depth_ = 0;
  bool root_seen_ = false;
};

struct FlatProperty {
  std::string_view name;
  ByteView value;

  /// The strings of a list that is terminated as it should be; else nothing.
  [[nodiscard]] std::vector<std::string_view> strings() const;
};

struct FlatNode {
  std::string_view name;  ///< empty for the root
  std::optional<std::size_t> parent{};
  std::vector<std::size_t> children{};  ///< in the order of the file
  std::vector<std::size_t> by_name{};   ///< the same, sorted
  std::vector<FlatProperty> properties{};
};

/// A whole tree with its tokens. Names are compared exactly: `a` is not `a@1`. No node has two
/// children or two properties of one name, so a path means one node whoever reads the file.
class FlatTree {
 public:
  static constexpr std::size_t root = 0;
  /// A token, and which node it belongs to: the one that begins or ends, has the property or
  /// surrounds; none around the root.
  struct PlacedToken {
    FlatToken token;
    std::optional<std::size_t> node;
  };

  /// Errors: as of FlatReader; a name that is there twice; more than max_tokens.
  [[nodiscard]] static Result<FlatTree> parse(ByteView blob);

  [[nodiscard]] ByteView blob() const noexcept { return blob_; }
  [[nodiscard]] std::size_t node_count() const noexcept { return nodes_.size(); }
  [[nodiscard]] const FlatNode& node(std::size_t index) const { return nodes_[index]; }
  [[nodiscard]] const std::vector<PlacedToken>& tokens() const noexcept { return tokens_; }
  [[nodiscard]] ByteView strings() const noexcept { return strings_; }
  [[nodiscard]] std::uint64_t size_bytes() const noexcept { return size_bytes_; }

  [[nodiscard]] std::optional<std::size_t> child(std::size_t node, std::string_view name) const;
  [[nodiscard]] std::string path(std::size_t node) const;
  [[nodiscard]] const FlatProperty* property(std::size_t node, std::string_view name) const;
  /// The only string of the property. Nothing when it is absent or something else.
  [[nodiscard]] std::optional<std::string_view> text(std::size_t node, std::string_view name) const;
  /// A one-cell number.
  [[nodiscard]] std::optional<std::uint32_t> u32(std::size_t node, std::string_view name) const;

 private:
  ByteView blob_;
  ByteView strings_;
  std::uint64_t size_bytes_ = 0;
  std::vector<FlatNode> nodes_;
  std::vector<PlacedToken> tokens_;
};

/// The strings of `compatible` of a tree's root, without a look at the rest of the tree. Empty when
/// there are none or the blob is no tree.
[[nodiscard]] std::vector<std::string_view> board_of(ByteView blob);

}  // namespace kxf::formats
