// SPDX-License-Identifier: Apache-2.0
#include "formats/fit_signature.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "formats/signature.hpp"

namespace kxf::formats {
namespace {

/// Where the data lies changes after signing; that it is the right data, the hashes say.
constexpr std::string_view places_of_data[] = {"data", "data-size", "data-position", "data-offset"};

bool is_covered_elsewhere(std::string_view property) {
  return std::ranges::find(places_of_data, property) != std::end(places_of_data);
}

/// Properties of a configuration that name no images.
constexpr std::string_view no_images[] = {"description", "compatible", "default"};

/// How a signature node says that it was made.
struct Method {
  const Hash* hash = nullptr;
  std::string_view algorithm;  ///< `rsa2048`
  RsaPadding padding = RsaPadding::pkcs1;
  ByteView value;
};

/// Errors: what no signature has, or is too weak to be believed.
Result<Method> method_of(const FlatTree& tree, std::size_t node) {
  Method method;
  const auto algo = tree.text(node, "algo");
  if (!algo) return refuse("it names no algorithm");
  const std::size_t comma = algo->find(',');
  method.hash = find_hash(algo->substr(0, comma));
  if (comma == std::string_view::npos || method.hash == nullptr)
    return refuse(fmt::format("its algorithm \"{}\" is not known", shown(*algo)));
  if (!method.hash->strong)
    return refuse(fmt::format("its algorithm {} rests on {}, which can be forged", shown(*algo),
                              method.hash->name));
  method.algorithm = algo->substr(comma + 1);
  if (tree.property(node, "padding") != nullptr) {
    const auto padding = tree.text(node, "padding");
    if (padding == "pss")
      method.padding = RsaPadding::pss;
    else if (padding != "pkcs-1.5")
      return refuse("its padding is not known");
  }
  const FlatProperty* value = tree.property(node, "value");
  if (value == nullptr) return refuse("it has no value");
  method.value = value->value;
  return method;
}

/// The key that made the signature of these parts, for the record.
/// Errors: none of them did.
Result<std::string> signer_of(const Method& method, std::span<const ByteView> parts,
                              std::span<const PublicKey> keys) {
  KXF_TRY(digest, hash_of(*method.hash, parts));
  bool any_of_kind = false;
  for (const PublicKey& key : keys) {
    if (key.algorithm() != method.algorithm) continue;
    any_of_kind = true;
    if (is_signature(key, {*method.hash, digest, method.padding}, method.value))
      return fmt::format("{},{} with \"{}\"", method.hash->name, method.algorithm, key.name);
  }
  return refuse(any_of_kind ? "no key verifies it"
                            : fmt::format("it is by a key for {}, and none is given",
                                          shown(method.algorithm)));
}

std::vector<std::size_t> signatures_of(const FlatTree& tree, std::size_t node) {
  std::vector<std::size_t> signatures;
  for (const std::size_t child : tree.node(node).children)
    if (tree.node(child).name.starts_with("signature")) signatures.push_back(child);
  return signatures;
}

/// All images that a configuration names, by whatever property, each once.
std::vector<std::size_t> images_named_by(const FlatTree& tree, std::size_t images,
                                         std::size_t configuration) {
  std::vector<std::size_t> nodes;
  for (const FlatProperty& property : tree.node(configuration).properties) {
    if (std::ranges::find(no_images, property.name) != std::end(no_images)) continue;
    for (const std::string_view name : property.strings())
      if (const auto node = tree.child(images, name)) nodes.push_back(*node);
  }
  std::ranges::sort(nodes);
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  return nodes;
}

/// The nodes whose properties a signature of these images covers.
std::vector<bool> signed_nodes(const FlatTree& tree, std::size_t nodes, std::size_t configuration,
                               const std::vector<std::size_t>& images) {
  std::vector<bool> listed(nodes);
  listed[FlatTree::root] = true;
  listed[configuration] = true;
  for (const std::size_t image : images) {
    listed[image] = true;
    for (const std::size_t child : tree.node(image).children) {
      const std::string_view name = tree.node(child).name;
      if (name.starts_with("hash") || name == "cipher" || name == "dm-verity") listed[child] = true;
    }
  }
  return listed;
}

/// Which images of the configuration a signature says that it covers.
/// Errors: it names something else, or an image in part.
Result<std::vector<std::size_t>> images_signed_by(const FlatTree& tree, std::size_t signature,
                                                  std::size_t images, std::size_t configuration,
                                                  std::size_t nodes) {
  const FlatProperty* property = tree.property(signature, "hashed-nodes");
  auto paths = property == nullptr ? std::vector<std::string_view>() : property->strings();
  if (paths.empty()) return refuse("it does not say which nodes it covers");
  std::ranges::sort(paths);
  // An image in two roles is there twice.
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  std::vector<std::size_t> covered;
  for (const std::size_t image : images_named_by(tree, images, configuration))
    if (std::ranges::binary_search(paths, std::string_view(tree.path(image))))
      covered.push_back(image);
  const std::vector<bool> listed = signed_nodes(tree, nodes, configuration, covered);
  std::vector<std::string> expected;
  for (std::size_t node = 0; node < nodes; ++node)
    if (listed[node]) expected.push_back(tree.path(node));
  std::ranges::sort(expected);
  if (!std::ranges::equal(paths, expected))
    return refuse("it covers other nodes than those of whole images of this configuration");
  return covered;
}

/// The tokens that are signed, in their order, then the names of properties: U-Boot,
/// doc/usage/fit/signature.rst, "Details". Where a node is listed, its own tokens count and the
/// first and last one of its children.
/// Errors: a property that is signed with a name that is not.
Result<std::vector<ByteView>> signed_parts(const FlatTree& tree, const std::vector<bool>& listed,
                                           std::uint64_t names_size) {
  enum class Share : std::uint8_t { none, frame, all };
  using Kind = FlatToken::Kind;
  std::vector<Share> shares(listed.size(), Share::none);
  for (std::size_t node = 0; node < listed.size(); ++node) {
    const auto parent = tree.node(node).parent;
    if (listed[node])
      shares[node] = Share::all;
    else if (parent && shares[*parent] == Share::all)
      shares[node] = Share::frame;
  }
  std::vector<ByteView> parts;
  Range run;
  const auto flush = [&] {
    if (!run.empty()) parts.push_back(tree.blob().subspan(run.start, run.size_bytes()));
    run = {};
  };
  for (const FlatTree::PlacedToken& placed : tree.tokens()) {
    const FlatToken& token = placed.token;
    const Share share = placed.node ? shares[*placed.node] : Share::none;
    bool taken = share == Share::all;
    if (token.kind == Kind::node_begins || token.kind == Kind::node_ends)
      taken = share != Share::none;
    if (token.kind == Kind::tree_ends) taken = true;
    if (token.kind == Kind::property && taken) {
      taken = !is_covered_elsewhere(token.name);
      if (taken && token.name_offset + token.name.size() + 1 > names_size)
        return refuse("it does not cover the names of all properties");
    }
    if (!taken) continue;
    if (run.end != token.place.start) {
      flush();
      run = token.place;
    }
    run.end = token.place.end;
  }
  flush();
  parts.push_back(tree.strings().first(names_size));
  return parts;
}

/// How many bytes of the names a signature covers; it begins with the first.
Result<std::uint64_t> signed_names(const FlatTree& tree, std::size_t signature) {
  const FlatProperty* property = tree.property(signature, "hashed-strings");
  if (property == nullptr || property->value.size() != 8)
    return refuse("it does not cover the names of properties");
  const Bytes value(property->value, Endian::big);
  KXF_TRY(start, value.read<std::uint32_t>(0));
  KXF_TRY(size, value.read<std::uint32_t>(4));
  if (start != 0 || size > tree.strings().size())
    return refuse("it covers names of properties where there are none");
  return size;
}

Result<Coverage> verify_one(const FlatTree& tree, std::size_t signature, const FitChoice& choice,
                            std::span<const PublicKey> keys) {
  KXF_TRY(images, fit_node(tree, "images"));
  KXF_TRY(method, method_of(tree, signature));
  const std::size_t nodes = tree.node_count();
  KXF_TRY(covered, images_signed_by(tree, signature, images, choice.node, nodes));
  KXF_TRY(names_size, signed_names(tree, signature));
  KXF_TRY(parts, signed_parts(tree, signed_nodes(tree, nodes, choice.node, covered), names_size));
  KXF_TRY(signer, signer_of(method, parts, keys));
  return Coverage{signer, {}, covered};
}

tl::unexpected<Error> unverified(const std::string& what, const std::vector<std::string>& reasons) {
  return refuse(
      fmt::format("{} is signed, and not so that it can be believed: {}", what,
                  fmt::join(reasons, "; ")),
      "name the signer's public key in kernel.keys, or use an image by one that is named");
}

}  // namespace

Result<Coverage> verify_configuration(const FlatTree& tree, const FitChoice& choice,
                                      std::span<const PublicKey> keys) {
  const std::vector<std::size_t> signatures = signatures_of(tree, choice.node);
  if (signatures.empty()) return Coverage{{}, "it has no signature", {}};
  if (keys.empty()) return Coverage{{}, "there are no keys to verify its signature with", {}};
  std::optional<Coverage> best;
  std::vector<std::string> reasons;
  for (const std::size_t signature : signatures) {
    auto coverage = verify_one(tree, signature, choice, keys);
    if (!coverage)
      reasons.push_back(
          fmt::format("{}: {}", shown(tree.node(signature).name), coverage.error().message));
    else if (!best || coverage->images.size() > best->images.size())
      best = std::move(*coverage);
  }
  if (best) return *best;
  return unverified(fmt::format("configuration \"{}\"", shown(choice.name)), reasons);
}

Result<std::string> verify_image(const FlatTree& tree, const FitImage& image,
                                 std::span<const PublicKey> keys) {
  const std::vector<std::size_t> signatures = signatures_of(tree, image.node);
  if (signatures.empty() || keys.empty()) return std::string();
  std::vector<std::string> reasons;
  const ByteView parts[] = {image.data};
  for (const std::size_t signature : signatures) {
    auto method = method_of(tree, signature);
    auto signer = method ? signer_of(*method, parts, keys)
                         : Result<std::string>(tl::unexpected(std::move(method).error()));
    if (signer) return *signer;
    reasons.push_back(
        fmt::format("{}: {}", shown(tree.node(signature).name), signer.error().message));
  }
  return unverified(fmt::format("image \"{}\"", shown(image.name)), reasons);
}

}  // namespace kxf::formats
