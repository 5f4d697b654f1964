// SPDX-License-Identifier: Apache-2.0
#include "image/load_image.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "digest/sha256.hpp"
#include "image/claims.hpp"
#include "plugin/kinds.hpp"
#include "text/nearest.hpp"

namespace kxf {
namespace {

/// An uImage in a FIT in a UKI is as deep as anything real.
constexpr std::size_t max_layers = 6;

/// CarriedBytes::codec of bytes that are said to be as they are.
constexpr std::string_view not_packed = "none";

template <class Interface>
std::string chosen_name(const Policy& policy, std::string_view kind) {
  const auto& use = policy.plugins_use.value;
  const auto found = use.find(std::string(kind));
  return found == use.end() ? "" : found->second;
}

struct Probed {
  std::vector<Registered<ImageFormat>> mine;
  std::vector<std::string> damaged;  ///< "gzip: ..."
  std::vector<LayerVerdict> verdicts;
};

/// What a wrapping says of the kernel in it.
struct Said {
  std::string layer;
  std::string text;
  std::string machine;
};

Error unknown_image(const Registry& registry, ByteView bytes, std::size_t depth,
                    const std::vector<Said>& said) {
  std::vector<std::string_view> known;
  for (const auto& format : registry.all<ImageFormat>())
    known.push_back(format.implementation->name());
  for (const auto& codec : registry.all<Codec>()) known.push_back(codec.implementation->name());
  const auto head = bytes.first(std::min<std::size_t>(bytes.size(), 8));
  std::string wrappings;
  for (const Said& one : said)
    if (!one.text.empty()) wrappings += fmt::format("; {} says: {}", one.layer, one.text);
  return {fmt::format("{} not a kernel image that any plugin knows (known: {}; the bytes begin "
                      "with {:02x}{})",
                      depth == 0 ? "this is" : "what was unwrapped is", fmt::join(known, ", "),
                      fmt::join(head, " "), wrappings),
          "check that it is a kernel for this architecture, or install a plugin for its format",
          Fault::refused};
}

/// A parser's complaint. Where it ran over the end of the bytes it has no remedy of its own.
Error unusable(Error error, std::string_view who) {
  if (error.remedy.empty()) error.remedy = "fetch or build the image again";
  return std::move(error).within(who);
}

/// One image on its way from the file to the kernel.
class Unwrapping {
 public:
  Unwrapping(const ImageFile& file, const Registry& registry, const Policy& policy, Record& record,
             const UnwrapOptions& options)
      : file_(file),
        registry_(registry),
        policy_(policy),
        record_(record),
        options_(options),
        bytes_(file.bytes),
        configuration_(policy.kernel_configuration.value) {}

  ImageFindings run() && {
    Result<LoadedImage> image = unwrap();
    return {std::move(layers_), std::move(image)};
  }

 private:
  Result<LoadedImage> unwrap() {
    while (layers_.size() < max_layers) {
      KXF_TRY(found, one_layer());
      if (!found) continue;
      image_.layers = layers_;
      KXF_CHECK(check_choice());
      KXF_CHECK(check_signature());
      return std::move(image_);
    }
    return refuse(fmt::format("more than {} layers of wrapping", max_layers),
                  "unwrap the image before loading it");
  }

  [[nodiscard]] bool must_be_signed() const {
    return policy_.kernel_signature.value == SignatureChoice::required;
  }

  /// Who has the processor now, should it not come back.
  template <class Interface>
  void now(const Registered<Interface>& who, std::string_view what) const {
    if (options_.doing != nullptr)
      options_.doing->now(fmt::format("{} {} (plugin {}), {},", kind_name<Interface>,
                                      who.implementation->name(), who.plugin, what));
  }
  template <class Interface>
  void now(const Interface& who, std::string_view what) const {
    for (const auto& registered : registry_.all<Interface>())
      if (registered.implementation == &who) now(registered, what);
  }

  [[nodiscard]] Probed probe_all(ByteView bytes) const {
    Probed probed;
    for (const auto& format : registry_.all<ImageFormat>()) {
      now(format, "probe");
      Probe probe = format.implementation->probe(bytes);
      const std::string_view name = format.implementation->name();
      if (probe.verdict == ProbeVerdict::not_mine) continue;
      if (probe.verdict == ProbeVerdict::mine) probed.mine.push_back(format);
      if (probe.verdict == ProbeVerdict::damaged)
        probed.damaged.push_back(fmt::format("damaged {}: {}", name, probe.reason));
      probed.verdicts.push_back({std::string(name), probe.verdict, std::move(probe.reason)});
    }
    return probed;
  }

  /// The codecs that recognise the bytes.
  [[nodiscard]] std::vector<Registered<Codec>> codecs_for(ByteView bytes) const {
    std::vector<Registered<Codec>> candidates;
    for (const auto& codec : registry_.all<Codec>()) {
      now(codec, "recognises");
      if (codec.implementation->recognises(bytes)) candidates.push_back(codec);
    }
    return candidates;
  }

  [[nodiscard]] Result<Blob> unpack(const Codec& codec, ByteView packed) const {
    now(codec, "unpack");
    OutputBuffer out(policy_.unpack_limit.value, options_.output);
    if (auto done = codec.unpack(packed, out); !done)
      return tl::unexpected(unusable(std::move(done).error(), codec.name()));
    if (out.overrun())
      return broken(fmt::format("codec {} commits more bytes than it was given", codec.name()));
    return out.take();
  }

  /// Take the outermost layer off. True when that was the kernel.
  Result<bool> one_layer() {
    layers_.emplace_back();
    layers_.back().size_bytes = bytes_.size_bytes();
    if (options_.digests) {
      KXF_TRY(digest, sha256(bytes_.view()));
      layers_.back().sha256 = fmt::format("{:02x}", fmt::join(digest, ""));
    }
    Probed probed = probe_all(bytes_.view());
    layers_.back().verdicts = std::move(probed.verdicts);
    if (!probed.mine.empty()) {
      KXF_TRY(format, prefer(probed.mine, chosen_name<ImageFormat>(policy_, "image-format")));
      layers_.back().name = format->name();
      return parse_with(*format);
    }
    if (!probed.damaged.empty())
      return refuse(fmt::format("{}", fmt::join(probed.damaged, "; ")),
                    "fetch or build the image again");
    const std::vector<Registered<Codec>> codecs = codecs_for(bytes_.view());
    if (codecs.empty())
      return tl::unexpected(unknown_image(registry_, bytes_.view(), layers_.size() - 1, said_));
    layers_.back().is_codec = true;
    for (const auto& codec : codecs)
      layers_.back().verdicts.push_back(
          {std::string(codec.implementation->name()), ProbeVerdict::mine, {}});
    KXF_TRY(codec, prefer(codecs, chosen_name<Codec>(policy_, "codec")));
    layers_.back().name = codec->name();
    KXF_TRY(unpacked, unpack(*codec, bytes_.view()));
    bytes_ = std::move(unpacked);
    return false;
  }

  /// For whoever looks at the layers.
  void note_contents(const ImageContents& contents) {
    LayerContents& noted = layers_.back().contents;
    if (contents.initrd) noted.initrd_bytes = contents.initrd->size();
    if (contents.device_tree) noted.tree_bytes = contents.device_tree->bytes.size();
    for (const CarriedBytes& overlay : contents.overlays)
      noted.overlay_bytes.push_back(overlay.bytes.size());
    noted.command_line = contents.command_line;
    noted.configuration = contents.configuration;
    noted.signature = contents.verified_by;
    noted.says = contents.payload_summary;
  }

  Result<bool> parse_with(const ImageFormat& format) {
    KXF_TRY(settings, settings_of(format, policy_));
    const ImageQuestion question{settings, file_.board, configuration_, file_.keys,
                                 must_be_signed() && image_.verified_by.empty()};
    now(format, "parse");
    auto contents = format.parse(bytes_.view(), question, record_);
    if (!contents) return tl::unexpected(unusable(std::move(contents).error(), format.name()));
    note_contents(*contents);
    KXF_CHECK(check_claims(*contents, bytes_.view(), format.name()));
    if (image_.verified_by.empty()) image_.verified_by = contents->verified_by;
    if (!contents->configuration.empty()) configuration_ = {};
    if (auto taken = take_over(*contents); !taken)
      return tl::unexpected(unusable(std::move(taken).error(), format.name()));
    if (contents->kernel) {
      KXF_CHECK(check_machine(*contents->kernel, format.name()));
      image_.kernel = std::move(*contents->kernel);
      image_.format = format.name();
      image_.bytes = std::move(bytes_);
      return true;
    }
    if (!contents->payload)
      return refuse(fmt::format("{}: it holds no kernel", format.name()), "use another image");
    if (auto agreed = check_codec(*contents->payload, "kernel"); !agreed)
      return tl::unexpected(unusable(std::move(agreed).error(), format.name()));
    said_.push_back({std::string(format.name()), std::move(contents->payload_summary),
                     std::move(contents->payload_machine)});
    bytes_ = bytes_.narrowed(contents->payload->bytes);
    return false;
  }

  /// What the image says of the compression of a part must be what the part looks like.
  [[nodiscard]] Status check_codec(const CarriedBytes& carried, std::string_view part) const {
    if (carried.codec.empty()) return {};
    const bool packed = carried.codec != not_packed;
    std::vector<std::string_view> recognised;
    bool known = false;
    for (const auto& codec : registry_.all<Codec>()) {
      known = known || codec.implementation->name() == carried.codec;
      now(codec, "recognises");
      if (codec.implementation->recognises(carried.bytes))
        recognised.push_back(codec.implementation->name());
    }
    if (packed && !known)
      return refuse(
          fmt::format("the {} is packed with {}, which no plugin unpacks", part, carried.codec),
          "install a plugin with this codec, or pack the image with another");
    const bool agrees = packed ? std::ranges::find(recognised, carried.codec) != recognised.end()
                               : recognised.empty();
    if (agrees) return {};
    return refuse(fmt::format("damaged: the {} is {} by what the image says, and its bytes are {}",
                              part, packed ? "packed with " + carried.codec : "not packed",
                              recognised.empty()
                                  ? "not"
                                  : fmt::format("packed with {}", fmt::join(recognised, ", "))),
                  "build the image again, with the compression that its parts have");
  }

  Result<Blob> unpacked(const CarriedBytes& carried, std::string_view part) {
    KXF_CHECK(check_codec(carried, part));
    const Blob packed = bytes_.narrowed(carried.bytes);
    if (carried.codec.empty() || carried.codec == not_packed) return packed;
    for (const auto& codec : registry_.all<Codec>())
      if (codec.implementation->name() == carried.codec)
        return unpack(*codec.implementation, carried.bytes);
    return broken("a codec that was there is gone");
  }

  /// The outermost layer that carries something wins: it was put together last. Only what a
  /// signature covers counts where there must be one.
  Status take_over(const ImageContents& contents) {
    std::vector<std::string_view> carried;
    if (contents.initrd) carried.emplace_back("an initrd");
    if (contents.device_tree) carried.emplace_back("a device tree");
    if (contents.command_line) carried.emplace_back("a command line");
    if (must_be_signed() && image_.verified_by.empty() && !carried.empty())
      return refuse(
          fmt::format("it carries {}, which no verified signature covers, and {} requires "
                      "one",
                      fmt::join(carried, ", "), policy_.kernel_signature.origin),
          "use a signed image without that wrapping");
    if (image_.verified_by.empty())
      for (const std::string_view part : carried)
        uncovered_.push_back(fmt::format("{} of {}", part, layers_.back().name));
    if (contents.initrd && !image_.initrd) image_.initrd = bytes_.narrowed(*contents.initrd);
    if (contents.command_line && !image_.command_line) image_.command_line = contents.command_line;
    if (!contents.device_tree || image_.device_tree) return {};
    CarriedTree tree;
    KXF_TRY(base, unpacked(*contents.device_tree, "device tree"));
    tree.base = std::move(base);
    for (const CarriedBytes& packed : contents.overlays) {
      KXF_TRY(overlay, unpacked(packed, "overlay"));
      tree.overlays.push_back(std::move(overlay));
    }
    image_.device_tree = std::move(tree);
    return {};
  }

  /// Is it the kernel that its wrappings say it is?
  [[nodiscard]] Status check_machine(const KernelSpec& kernel, std::string_view format) const {
    for (const Said& one : said_)
      if (!kernel.machine.starts_with(one.machine))
        return refuse(fmt::format("{} says that it holds a kernel for {}, and {} finds one for {}",
                                  one.layer, one.machine, format, kernel.machine),
                      "put the image together again, with the right kernel and architecture");
    return {};
  }

  [[nodiscard]] Status check_choice() const {
    if (configuration_.empty()) return {};
    return refuse(
        fmt::format("{} chooses the configuration \"{}\", and this image has none to "
                    "choose from ({})",
                    policy_.kernel_configuration.origin, configuration_, layer_names(image_)),
        "remove kernel.configuration, or use an image that has it");
  }

  [[nodiscard]] Status check_signature() {
    if (!image_.verified_by.empty()) {
      record_.decide("signature", "verified: " + image_.verified_by,
                     uncovered_.empty()
                         ? "it covers all that is taken from the image"
                         : fmt::format("it does not cover {}", fmt::join(uncovered_, ", ")));
      return {};
    }
    if (!must_be_signed()) return {};
    return refuse(
        fmt::format("no verified signature covers this kernel, and {} requires one ({})",
                    policy_.kernel_signature.origin, layer_names(image_)),
        "use an image whose format carries signatures that kxf verifies, such as a signed "
        "FIT");
  }

  const ImageFile& file_;
  const Registry& registry_;
  const Policy& policy_;
  Record& record_;
  const UnwrapOptions& options_;
  std::vector<ImageLayer> layers_;
  Blob bytes_;                          ///< the layer that comes next
  std::string_view configuration_;      ///< empty once a layer has taken it
  std::vector<Said> said_;              ///< by the wrappings so far
  std::vector<std::string> uncovered_;  ///< what layers outside of a signature carry
  LoadedImage image_;
};

}  // namespace

Result<Settings> settings_of(const Extension& implementation, const Policy& policy) {
  Settings settings;
  std::vector<std::string_view> keys;
  for (const SettingSpec& spec : implementation.settings()) {
    settings.emplace(spec.key, spec.default_value);
    keys.push_back(spec.key);
  }
  const auto given = policy.settings.find(implementation.name());
  if (given == policy.settings.end()) return settings;
  for (const auto& [key, value] : given->second) {
    const auto known = settings.find(key);
    if (known == settings.end()) {
      const std::string meant = did_you_mean(key, keys);
      return refuse(fmt::format("{}: {} has no setting \"{}\"{}{}", value.origin,
                                implementation.name(), key, meant.empty() ? "" : ": ", meant),
                    fmt::format("remove it, or correct it (known: {})", fmt::join(keys, ", ")));
    }
    known->second = value.value;
  }
  return settings;
}

Result<NamedFiles> read_public_keys(const Policy& policy) {
  NamedFiles keys;
  for (const std::string& path : policy.kernel_keys.value) {
    auto file = read_file(path);
    if (!file) return pass(std::move(file), "kernel.keys");
    keys.add(path, std::move(*file));
  }
  return keys;
}

std::string layer_names(const LoadedImage& image) {
  std::vector<std::string_view> names;
  for (const ImageLayer& layer : image.layers) names.push_back(layer.name);
  return fmt::format("{}", fmt::join(names, " > "));
}

ImageFindings unwrap_image(const ImageFile& file, const Registry& registry, const Policy& policy,
                           Record& record, const UnwrapOptions& options) {
  return Unwrapping(file, registry, policy, record, options).run();
}

Result<LoadedImage> found_image(ImageFindings findings, const ImageFile& file, Record& record) {
  if (!findings.image)
    return pass(std::move(findings.image), fmt::format("kernel \"{}\"", file.path));
  record.decide("image", layer_names(*findings.image), "what the bytes are");
  return std::move(findings.image);
}

Result<LoadedImage> load_image(const ImageFile& file, const Registry& registry,
                               const Policy& policy, Record& record) {
  return found_image(unwrap_image(file, registry, policy, record), file, record);
}

}  // namespace kxf
