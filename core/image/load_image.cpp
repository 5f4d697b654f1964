// SPDX-License-Identifier: Apache-2.0
#include "image/load_image.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "text/nearest.hpp"

namespace kxf {
namespace {

/// An uImage in a FIT in a UKI is as deep as anything real.
constexpr std::size_t max_layers = 6;

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

Error unknown_image(const Registry& registry, ByteView bytes, std::size_t depth) {
  std::vector<std::string_view> known;
  for (const auto& format : registry.all<ImageFormat>())
    known.push_back(format.implementation->name());
  for (const auto& codec : registry.all<Codec>()) known.push_back(codec.implementation->name());
  const auto head = bytes.first(std::min<std::size_t>(bytes.size(), 8));
  return {fmt::format("{} not a kernel image that any plugin knows (known: {}; the bytes begin "
                      "with {:02x})",
                      depth == 0 ? "this is" : "what was unwrapped is", fmt::join(known, ", "),
                      fmt::join(head, " ")),
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

void take_over(LoadedImage& image, const ImageContents& contents) {
  // The outermost layer that carries something wins: it was put together last.
  if (!image.initrd) image.initrd = contents.initrd;
  if (!image.device_tree) image.device_tree = contents.device_tree;
  if (!image.command_line) image.command_line = contents.command_line;
}

Result<LoadedImage> unwrap(Blob file, const Registry& registry, const Policy& policy,
                           Record& record) {
  LoadedImage image;
  Blob bytes = std::move(file);
  while (image.layers.size() < max_layers) {
    const Probed probed = probe_all(bytes.view(), registry);
    if (!probed.mine.empty()) {
      KXF_TRY(format, prefer(probed.mine, chosen_name<ImageFormat>(policy, "image-format")));
      KXF_TRY(settings, settings_of(*format, policy));
      auto contents = format->parse(bytes.view(), settings, record);
      if (!contents) return tl::unexpected(unusable(std::move(contents).error(), format->name()));
      image.layers.push_back({std::string(format->name()), bytes.size_bytes()});
      take_over(image, *contents);
      if (contents->kernel) {
        image.kernel = std::move(*contents->kernel);
        image.format = format->name();
        image.bytes = std::move(bytes);
        return image;
      }
      if (!contents->payload)
        return refuse(fmt::format("{}: it holds no kernel", format->name()), "use another image");
      image.held.push_back(bytes);
      bytes = bytes.narrowed(*contents->payload);
      continue;
    }
    if (!probed.damaged.empty())
      return refuse(fmt::format("{}", fmt::join(probed.damaged, "; ")),
                    "fetch or build the image again");
    KXF_TRY(codec, codec_for(bytes.view(), registry, policy));
    if (codec == nullptr)
      return tl::unexpected(unknown_image(registry, bytes.view(), image.layers.size()));
    image.layers.push_back({std::string(codec->name()), bytes.size_bytes()});
    KXF_TRY(unpacked, unpack(*codec, bytes.view(), policy.unpack_limit.value));
    image.held.push_back(std::move(bytes));
    bytes = std::move(unpacked);
  }
  return refuse(fmt::format("more than {} layers of wrapping", max_layers),
                "unwrap the image before loading it");
}

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

Result<LoadedImage> load_image(const std::string& path, Blob file, const Registry& registry,
                               const Policy& policy, Record& record) {
  auto image = unwrap(std::move(file), registry, policy, record);
  if (!image) return pass(std::move(image), fmt::format("kernel \"{}\"", path));
  std::vector<std::string_view> names;
  for (const ImageLayer& layer : image->layers) names.push_back(layer.name);
  record.decide("image", fmt::format("{}", fmt::join(names, " > ")), "what the bytes are");
  return image;
}

}  // namespace kxf
