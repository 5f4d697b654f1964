// SPDX-License-Identifier: Apache-2.0
#include "image/load_image.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "image/claims.hpp"
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
};

Probed probe_all(ByteView bytes, const Registry& registry) {
  Probed probed;
  for (const auto& format : registry.all<ImageFormat>()) {
    const Probe probe = format.implementation->probe(bytes);
    if (probe.verdict == ProbeVerdict::mine) probed.mine.push_back(format);
    if (probe.verdict == ProbeVerdict::damaged)
      probed.damaged.push_back(
          fmt::format("damaged {}: {}", format.implementation->name(), probe.reason));
  }
  return probed;
}

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

/// The codec that recognises the bytes; null when none does.
Result<const Codec*> codec_for(ByteView bytes, const Registry& registry, const Policy& policy) {
  std::vector<Registered<Codec>> candidates;
  for (const auto& codec : registry.all<Codec>())
    if (codec.implementation->recognises(bytes)) candidates.push_back(codec);
  if (candidates.empty()) return nullptr;
  return prefer(candidates, chosen_name<Codec>(policy, "codec"));
}

Result<Blob> unpack(const Codec& codec, ByteView packed, std::uint64_t limit_bytes) {
  OutputBuffer out(limit_bytes);
  if (auto done = codec.unpack(packed, out); !done)
    return tl::unexpected(unusable(std::move(done).error(), codec.name()));
  return out.take();
}

/// One image on its way from the file to the kernel.
class Unwrapping {
 public:
  Unwrapping(const ImageFile& file, const Registry& registry, const Policy& policy, Record& record)
      : file_(file),
        registry_(registry),
        policy_(policy),
        record_(record),
        bytes_(file.bytes),
        configuration_(policy.kernel_configuration.value) {}

  Result<LoadedImage> run() && {
    while (image_.layers.size() < max_layers) {
      KXF_TRY(found, one_layer());
      if (!found) continue;
      KXF_CHECK(check_choice());
      KXF_CHECK(check_signature());
      return std::move(image_);
    }
    return refuse(fmt::format("more than {} layers of wrapping", max_layers),
                  "unwrap the image before loading it");
  }

 private:
  [[nodiscard]] bool must_be_signed() const {
    return policy_.kernel_signature.value == SignatureChoice::required;
  }

  /// Take the outermost layer off. True when that was the kernel.
  Result<bool> one_layer() {
    const Probed probed = probe_all(bytes_.view(), registry_);
    if (!probed.mine.empty()) {
      KXF_TRY(format, prefer(probed.mine, chosen_name<ImageFormat>(policy_, "image-format")));
      return parse_with(*format);
    }
    if (!probed.damaged.empty())
      return refuse(fmt::format("{}", fmt::join(probed.damaged, "; ")),
                    "fetch or build the image again");
    KXF_TRY(codec, codec_for(bytes_.view(), registry_, policy_));
    if (codec == nullptr)
      return tl::unexpected(unknown_image(registry_, bytes_.view(), image_.layers.size(), said_));
    image_.layers.push_back({std::string(codec->name()), bytes_.size_bytes()});
    KXF_TRY(unpacked, unpack(*codec, bytes_.view(), policy_.unpack_limit.value));
    bytes_ = std::move(unpacked);
    return false;
  }

  Result<bool> parse_with(const ImageFormat& format) {
    KXF_TRY(settings, settings_of(format, policy_));
    const ImageQuestion question{settings, file_.board, configuration_, file_.keys,
                                 must_be_signed() && image_.verified_by.empty()};
    auto contents = format.parse(bytes_.view(), question, record_);
    if (!contents) return tl::unexpected(unusable(std::move(contents).error(), format.name()));
    image_.layers.push_back({std::string(format.name()), bytes_.size_bytes()});
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
        return unpack(*codec.implementation, carried.bytes, policy_.unpack_limit.value);
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
        uncovered_.push_back(fmt::format("{} of {}", part, image_.layers.back().name));
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

std::string layer_names(const LoadedImage& image) {
  std::vector<std::string_view> names;
  for (const ImageLayer& layer : image.layers) names.push_back(layer.name);
  return fmt::format("{}", fmt::join(names, " > "));
}

Result<LoadedImage> load_image(const ImageFile& file, const Registry& registry,
                               const Policy& policy, Record& record) {
  auto image = Unwrapping(file, registry, policy, record).run();
  if (!image) return pass(std::move(image), fmt::format("kernel \"{}\"", file.path));
  record.decide("image", layer_names(*image), "what the bytes are");
  return image;
}

}  // namespace kxf
