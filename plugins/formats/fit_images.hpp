// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The images and configurations of a FIT as its tree describes them: Flattened Image Tree
/// specification v0.8, chapters 2 and 3.

#include <string>
#include <string_view>
#include <vector>

#include "formats/flat_tree.hpp"

namespace kxf::formats {

/// A node below /images whose data was found and whose hashes hold.
struct FitImage {
  std::size_t node = 0;
  std::string name;
  ByteView data;
  std::string compression;          ///< as the node says; empty: it does not
  std::vector<std::string> hashes;  ///< that were verified: `sha256`
  bool strong = false;              ///< one of them is
};

/// A node below /configurations.
struct FitChoice {
  std::size_t node = 0;
  std::string name;
  std::string reason;  ///< for the record
};

/// The image of this name, its data located (inline, at an offset behind the tree, or at a position
/// in the file) and all of its hashes verified.
/// Errors: none of this name, data outside of the file or said twice, encrypted data, a hash that
/// is not known or does not hold.
[[nodiscard]] Result<FitImage> fit_image(const FlatTree& tree, std::string_view name);

/// By name; else the first whose `compatible`, or whose tree's, has the earliest entry of the
/// board's list, the default one before others as good; else the default; else the only one.
/// Errors: no such configuration, none at all, several and nothing that chooses.
[[nodiscard]] Result<FitChoice> choose_configuration(const FlatTree& tree,
                                                     std::span<const std::string_view> board,
                                                     std::string_view name);

/// The strings of a property of a configuration: names of images. Empty when it is absent.
/// Errors: it is no list of strings.
[[nodiscard]] Result<std::vector<std::string_view>> image_names(const FlatTree& tree,
                                                                std::size_t configuration,
                                                                std::string_view property);

/// /images or /configurations.
/// Errors: there is no such node.
[[nodiscard]] Result<std::size_t> fit_node(const FlatTree& tree, std::string_view name);

}  // namespace kxf::formats
