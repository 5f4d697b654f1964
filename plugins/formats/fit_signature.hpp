// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Signatures in a FIT as mkimage makes them (Flattened Image Tree specification v0.8, chapter 4;
/// U-Boot, doc/usage/fit/signature.rst).
///
/// The signature of a configuration covers tokens of the tree: those of the root, of the
/// configuration and of the images that it names, with the nodes of their hashes, but for `data`
/// and where it is (the hashes cover that), and a stretch of the names of properties. It says
/// itself which images; that word is not covered. So it is believed only where it names whole
/// images of this very configuration: then the tokens that are left form a tree of their own, in
/// which every node has one path, and a tree that was put together otherwise has other tokens.
///
/// The signature of an image covers its data and nothing else, so it says nothing of which kernel
/// goes with which tree. It is verified, and never enough.

#include <span>
#include <string>
#include <vector>

#include "formats/fit_images.hpp"
#include "formats/public_key.hpp"

namespace kxf::formats {

/// What the verified signature of a configuration covers.
struct Coverage {
  std::string verified_by;          ///< `sha256,rsa2048 with "dev.pem"`; empty: none was verified
  std::string reason;               ///< why none was
  std::vector<std::size_t> images;  ///< nodes
};

/// Of several signatures the one that covers most. Without keys nothing is verified.
/// Errors: there are keys and signatures, and none of these is by one of those: the reason for
/// each.
[[nodiscard]] Result<Coverage> verify_configuration(const FlatTree& tree, const FitChoice& choice,
                                                    std::span<const PublicKey> keys);

/// The signatures of an image itself; for the record, empty when it has none or there are no keys.
/// Errors: as above.
[[nodiscard]] Result<std::string> verify_image(const FlatTree& tree, const FitImage& image,
                                               std::span<const PublicKey> keys);

}  // namespace kxf::formats
