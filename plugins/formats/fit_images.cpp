// SPDX-License-Identifier: Apache-2.0
#include "formats/fit_images.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "formats/hash.hpp"

namespace kxf::formats {
namespace {

constexpr std::string_view build_fit_again = "build or copy the FIT again";

/// Errors: there is the property, and it is no number of one cell.
Result<std::optional<std::uint32_t>> number_of(const FlatTree& tree, std::size_t node,
                                               std::string_view name) {
  if (tree.property(node, name) == nullptr) return std::nullopt;
  const auto number = tree.u32(node, name);
  if (!number) return refuse(fmt::format("its {} is no number of one cell", name));
  return number;
}

/// Where the data of an image is: in the tree, behind it on a multiple of 4 bytes, or anywhere.
Result<ByteView> data_of(const FlatTree& tree, std::size_t node) {
  const FlatProperty* inside = tree.property(node, "data");
  KXF_TRY(offset, number_of(tree, node, "data-offset"));
  KXF_TRY(position, number_of(tree, node, "data-position"));
  KXF_TRY(size, number_of(tree, node, "data-size"));
  const int places = (inside != nullptr ? 1 : 0) + (offset ? 1 : 0) + (position ? 1 : 0);
  if (places != 1)
    return refuse(places == 0 ? "it has no data" : "its data is said to be in more than one place");
  if (inside != nullptr) return inside->value;
  if (!size) return refuse("its data has no data-size");
  const std::uint64_t start = position ? *position : (tree.size_bytes() + 3) / 4 * 4 + *offset;
  if (start < tree.size_bytes()) return refuse("its data-position lies in the tree");
  auto data = Bytes(tree.blob()).slice(start, *size);
  if (!data)
    return refuse(fmt::format("truncated: its data are {} bytes at offset {}, and the file has {}",
                              *size, hex(start), tree.blob().size()));
  return *data;
}

Status verify_hash(const FlatTree& tree, std::size_t node, FitImage& image) {
  const std::string name = shown(tree.node(node).name);
  const auto algorithm = tree.text(node, "algo");
  if (!algorithm) return refuse(fmt::format("{} names no algorithm", name));
  const Hash* hash = find_hash(*algorithm);
  if (hash == nullptr)
    return refuse(fmt::format("{} is a {}, which is not known", name, shown(*algorithm)),
                  "build the FIT with sha256");
  const FlatProperty* value = tree.property(node, "value");
  if (value == nullptr) return refuse(fmt::format("{} has no value", name));
  const ByteView parts[] = {image.data};
  KXF_TRY(found, hash_of(*hash, parts));
  if (!std::ranges::equal(found, value->value))
    return refuse(fmt::format(
        "its {} is {:02x}, and {} says {:02x}", hash->name, fmt::join(found, ""), name,
        fmt::join(value->value.first(std::min<std::size_t>(value->value.size(), hash->size_bytes)),
                  "")));
  image.hashes.emplace_back(hash->name);
  image.strong = image.strong || hash->strong;
  return {};
}

Result<FitImage> described(const FlatTree& tree, std::size_t node) {
  FitImage image;
  image.node = node;
  image.name = tree.node(node).name;
  KXF_TRY(data, data_of(tree, node));
  if (data.empty()) return refuse("its data is empty");
  image.data = data;
  image.compression = tree.text(node, "compression").value_or("");
  for (const std::size_t child : tree.node(node).children) {
    const std::string_view name = tree.node(child).name;
    if (name.starts_with("cipher"))
      return refuse("it is encrypted", "build the FIT without encryption, or decrypt it before");
    if (name.starts_with("hash")) KXF_CHECK(verify_hash(tree, child, image));
  }
  return image;
}

std::vector<std::string> names_below(const FlatTree& tree, std::size_t node) {
  std::vector<std::string> names;
  for (const std::size_t child : tree.node(node).children)
    names.push_back(shown(tree.node(child).name));
  return names;
}

/// `compatible` of a configuration: its own, else that of its tree, when that can be read.
std::vector<std::string_view> compatible_of(const FlatTree& tree, std::size_t images,
                                            std::size_t configuration) {
  if (const FlatProperty* own = tree.property(configuration, "compatible")) return own->strings();
  const FlatProperty* fdt = tree.property(configuration, "fdt");
  const auto names = fdt == nullptr ? std::vector<std::string_view>() : fdt->strings();
  const auto node = names.empty() ? std::nullopt : tree.child(images, names.front());
  if (!node) return {};
  const auto data = data_of(tree, *node);
  return data ? board_of(*data) : std::vector<std::string_view>();
}

}  // namespace

Result<std::size_t> fit_node(const FlatTree& tree, std::string_view name) {
  const auto node = tree.child(FlatTree::root, name);
  if (!node)
    return refuse(fmt::format("damaged FIT: it has no /{}", name), std::string(build_fit_again));
  return *node;
}

Result<FitImage> fit_image(const FlatTree& tree, std::string_view name) {
  KXF_TRY(images, fit_node(tree, "images"));
  const auto node = tree.child(images, name);
  if (!node)
    return refuse(fmt::format("the configuration names the image \"{}\", which is not there; there "
                              "are {}",
                              shown(name), fmt::join(names_below(tree, images), ", ")),
                  std::string(build_fit_again));
  auto image = described(tree, *node);
  if (image) return image;
  Error error = std::move(image).error();
  if (error.remedy.empty()) error.remedy = build_fit_again;
  return tl::unexpected(std::move(error).within(fmt::format("image \"{}\"", shown(name))));
}

Result<FitChoice> choose_configuration(const FlatTree& tree,
                                       std::span<const std::string_view> board,
                                       std::string_view name) {
  KXF_TRY(images, fit_node(tree, "images"));
  KXF_TRY(configurations, fit_node(tree, "configurations"));
  const std::vector<std::size_t>& all = tree.node(configurations).children;
  const auto names = names_below(tree, configurations);
  const auto chosen = [&tree](std::size_t node, std::string reason) {
    return FitChoice{node, std::string(tree.node(node).name), std::move(reason)};
  };
  if (all.empty())
    return refuse("damaged FIT: it has no configuration", std::string(build_fit_again));
  if (!name.empty()) {
    if (const auto node = tree.child(configurations, name))
      return chosen(*node, "the profile names it");
    return refuse(
        fmt::format("no configuration \"{}\"; there are {}", name, fmt::join(names, ", ")),
        "correct kernel.configuration");
  }
  // The root, which is no configuration, stands for none.
  const std::size_t default_node =
      tree.child(configurations, tree.text(configurations, "default").value_or(""))
          .value_or(FlatTree::root);
  std::optional<std::size_t> best;
  std::size_t best_entry = board.size();
  for (const std::size_t node : all) {
    const auto compatible = compatible_of(tree, images, node);
    for (std::size_t entry = 0; entry < board.size(); ++entry) {
      if (std::ranges::find(compatible, board[entry]) == compatible.end()) continue;
      // Of several that match as well the first counts: U-Boot, boot/image-fit.c,
      // fit_conf_find_compat().
      if (entry < best_entry) {
        best = node;
        best_entry = entry;
      }
      break;
    }
  }
  if (best) return chosen(*best, fmt::format("it is for {}", shown(board[best_entry])));
  const std::string_view no_match =
      board.empty() ? "" : "; none of the configurations is for this board";
  if (default_node != FlatTree::root)
    return chosen(default_node, fmt::format("the default{}", no_match));
  if (all.size() == 1) return chosen(all.front(), fmt::format("the only one{}", no_match));
  return refuse(
      fmt::format("no default configuration{}; there are {}", no_match, fmt::join(names, ", ")),
      "name one with kernel.configuration");
}

Result<std::vector<std::string_view>> image_names(const FlatTree& tree, std::size_t configuration,
                                                  std::string_view property) {
  const FlatProperty* found = tree.property(configuration, property);
  if (found == nullptr) return std::vector<std::string_view>();
  const auto names = found->strings();
  if (names.empty() || std::ranges::find(names, "") != names.end())
    return refuse(
        fmt::format("damaged FIT: \"{}\" of the configuration is no list of names", property),
        std::string(build_fit_again));
  return names;
}

}  // namespace kxf::formats
