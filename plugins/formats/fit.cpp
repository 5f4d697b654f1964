// SPDX-License-Identifier: Apache-2.0
//
// FIT: a flattened device tree whose nodes below /images are kernels, trees and initrds, and whose
// nodes below /configurations say which of them go together (Flattened Image Tree specification
// v0.8). Load and entry addresses in it are for the boot loader that put U-Boot there; the kernel's
// own format says where it can go.
//
// In order: the configuration is chosen; its signature is verified; each image that it names is
// found and its hashes are verified; what is left are views, and the core goes on from there.
#include "formats/fit.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "formats/fit_images.hpp"
#include "formats/fit_signature.hpp"

namespace kxf::formats {
namespace {

constexpr std::string_view fit_topic = "fit";

/// The images of a configuration that are loaded.
struct Parts {
  FitImage kernel;
  std::vector<FitImage> trees;  ///< the tree, then its overlays
  std::optional<FitImage> initrd;

  [[nodiscard]] std::vector<const FitImage*> all() const {
    std::vector<const FitImage*> images{&kernel};
    for (const FitImage& tree : trees) images.push_back(&tree);
    if (initrd) images.push_back(&*initrd);
    return images;
  }
};

/// Errors: an image that says that it is something else.
Status check_type(const FlatTree& tree, const FitImage& image,
                  std::span<const std::string_view> types) {
  if (tree.property(image.node, "type") == nullptr) return {};
  const std::string_view type = tree.text(image.node, "type").value_or("");
  if (std::ranges::find(types, type) != types.end()) return {};
  return refuse(fmt::format("image \"{}\" is a \"{}\", where a {} is needed", shown(image.name),
                            shown(type), types.front()),
                "correct the configuration of the FIT");
}

Result<Parts> find_parts(const FlatTree& tree, std::size_t configuration) {
  constexpr std::string_view kernel_types[] = {"kernel", "kernel_noload"};
  constexpr std::string_view tree_types[] = {"flat_dt"};
  constexpr std::string_view initrd_types[] = {"ramdisk"};
  KXF_TRY(kernels, image_names(tree, configuration, "kernel"));
  KXF_TRY(trees, image_names(tree, configuration, "fdt"));
  KXF_TRY(initrds, image_names(tree, configuration, "ramdisk"));
  if (kernels.size() != 1 || initrds.size() > 1)
    return refuse(fmt::format("the configuration names {} kernels and {} ramdisks", kernels.size(),
                              initrds.size()),
                  "choose a configuration with one kernel, with kernel.configuration");
  Parts parts;
  KXF_TRY(kernel, fit_image(tree, kernels.front()));
  KXF_CHECK(check_type(tree, kernel, kernel_types));
  parts.kernel = std::move(kernel);
  for (const std::string_view name : trees) {
    KXF_TRY(image, fit_image(tree, name));
    KXF_CHECK(check_type(tree, image, tree_types));
    parts.trees.push_back(std::move(image));
  }
  if (!initrds.empty()) {
    KXF_TRY(image, fit_image(tree, initrds.front()));
    KXF_CHECK(check_type(tree, image, initrd_types));
    parts.initrd = std::move(image);
  }
  return parts;
}

/// What the signature leaves out, for messages.
std::vector<std::string> uncovered(const Parts& parts, const Coverage& coverage) {
  std::vector<std::string> names;
  for (const FitImage* image : parts.all()) {
    if (std::ranges::find(coverage.images, image->node) == coverage.images.end())
      names.push_back(fmt::format("it does not cover \"{}\"", shown(image->name)));
    else if (!image->strong)
      names.push_back(fmt::format("\"{}\" has no hash that a signature can rest on, such as sha256",
                                  shown(image->name)));
  }
  return names;
}

/// ImageContents::verified_by.
/// Errors: a signature is required and there is none, or it leaves something out.
Result<std::string> judge(const FitChoice& choice, const Parts& parts, const Coverage& coverage,
                          bool required, Record& record) {
  const std::string name = fmt::format("configuration \"{}\"", shown(choice.name));
  if (coverage.verified_by.empty()) {
    if (required)
      return refuse(
          fmt::format("{} is not verified, and a signature is required: {}", name, coverage.reason),
          "sign the configuration, or choose one that is signed");
    record.decide(std::string(fit_topic), "no verified signature", coverage.reason);
    return std::string();
  }
  const std::vector<std::string> missing = uncovered(parts, coverage);
  if (missing.empty()) return coverage.verified_by;
  const std::string text = fmt::format("the signature of {} ({}) is not enough: {}", name,
                                       coverage.verified_by, fmt::join(missing, "; "));
  if (required)
    return refuse(text,
                  "sign it with sign-images that list every image of the configuration, each "
                  "with a sha256");
  record.warn("fit-signature-incomplete", text);
  return std::string();
}

void describe_fit(const FlatTree& tree, const FitChoice& choice, const Parts& parts,
                  Record& record) {
  for (const FitImage* image : parts.all())
    record.decide(
        std::string(fit_topic), fmt::format("{}: {} bytes", shown(image->name), image->data.size()),
        image->hashes.empty() ? "it has no hash"
                              : fmt::format("verified: {}", fmt::join(image->hashes, ", ")));
  for (const FlatProperty& property : tree.node(choice.node).properties) {
    constexpr std::string_view used[] = {"description", "compatible", "default",
                                         "kernel",      "fdt",        "ramdisk"};
    if (std::ranges::find(used, property.name) != std::end(used)) continue;
    std::vector<std::string> names;
    for (const std::string_view name : property.strings()) names.push_back(shown(name));
    record.decide(std::string(fit_topic), fmt::format("{} left out", shown(property.name)),
                  fmt::format("{}: only a boot loader can use it", fmt::join(names, ", ")));
  }
}

CarriedBytes carried(const FitImage& image) { return {image.data, image.compression}; }

class FitFormat final : public ImageFormat {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "fit"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "FIT (.itb): a kernel with trees and initrd for one or several boards, with signatures";
  }
  [[nodiscard]] Probe probe(ByteView image) const noexcept override;
  [[nodiscard]] Result<ImageContents> parse(ByteView image, const ImageQuestion& question,
                                            Record& record) const noexcept override;
};

Probe FitFormat::probe(ByteView image) const noexcept {
  constexpr std::string_view magic("\xd0\x0d\xfe\xed", 4);
  if (!Bytes(image).has(0, magic)) return {};
  auto reader = FlatReader::open(image);
  if (!reader) return {ProbeVerdict::damaged, reader.error().message};
  for (unsigned depth = 0;;) {
    const auto token = reader->next();
    if (!token) return {ProbeVerdict::damaged, token.error().message};
    using Kind = FlatToken::Kind;
    if (token->kind == Kind::node_begins && depth++ == 1 && token->name == "images")
      return {ProbeVerdict::mine, {}};
    if (token->kind == Kind::node_ends) --depth;
    if (token->kind == Kind::tree_ends)
      return {ProbeVerdict::damaged,
              "it has no /images: a device tree of a board, which --dtb takes, and no kernel"};
  }
}

Result<ImageContents> FitFormat::parse(ByteView image, const ImageQuestion& question,
                                       Record& record) const noexcept {
  KXF_TRY(tree, FlatTree::parse(image));
  KXF_TRY(keys, read_keys(question.keys));
  KXF_TRY(choice, choose_configuration(tree, question.board, question.configuration));
  record.decide(std::string(fit_topic), fmt::format("configuration {}", shown(choice.name)),
                choice.reason);
  KXF_TRY(coverage, verify_configuration(tree, choice, keys));
  KXF_TRY(parts, find_parts(tree, choice.node));
  KXF_TRY(verified_by, judge(choice, parts, coverage, question.signature_required, record));
  for (const FitImage* part : parts.all()) {
    if (std::ranges::find(coverage.images, part->node) != coverage.images.end()) continue;
    KXF_TRY(signer, verify_image(tree, *part, keys));
    if (!signer.empty())
      record.decide(std::string(fit_topic),
                    fmt::format("{} is signed by itself", shown(part->name)), signer);
  }
  describe_fit(tree, choice, parts, record);

  ImageContents contents;
  contents.payload = carried(parts.kernel);
  if (!parts.trees.empty()) {
    contents.device_tree = carried(parts.trees.front());
    for (std::size_t i = 1; i < parts.trees.size(); ++i)
      contents.overlays.push_back(carried(parts.trees[i]));
  }
  if (parts.initrd) contents.initrd = parts.initrd->data;
  contents.configuration = choice.name;
  contents.verified_by = verified_by;
  return contents;
}

}  // namespace

const ImageFormat& fit() {
  static const FitFormat format;
  return format;
}

}  // namespace kxf::formats
