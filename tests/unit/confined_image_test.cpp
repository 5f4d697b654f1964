// SPDX-License-Identifier: Apache-2.0
#include "image/confined_image.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "fake_registry.hpp"
#include "image/findings_bytes.hpp"

namespace confined_image_test {
namespace {

using kxf::Blob;
using kxf::ByteVector;
using kxf::ByteView;
using kxf::ImageFindings;
using kxf::Record;
using kxf_test::contains;

Blob blob(std::string_view text) { return Blob(ByteVector(text.begin(), text.end())); }

std::string text_of(const Blob& blob) { return std::string(kxf::text_of(blob.view())); }

/// Everything of the findings and the record, as text.
std::string all_of(const ImageFindings& findings, const Record& record) {
  std::string all;
  for (const auto& [topic, choice, reason] : record.decisions())
    all += fmt::format("decided {}: {} ({})\n", topic, choice, reason);
  for (const auto& [id, text] : record.warnings()) all += fmt::format("warned {}: {}\n", id, text);
  for (const kxf::ImageLayer& layer : findings.layers) {
    all += fmt::format("layer {} {} {} {}\n", layer.name, layer.is_codec, layer.size_bytes,
                       layer.sha256);
    for (const kxf::LayerVerdict& verdict : layer.verdicts)
      all += fmt::format("  {} {} {}\n", verdict.name, static_cast<int>(verdict.verdict),
                         verdict.reason);
    const kxf::LayerContents& contents = layer.contents;
    all += fmt::format("  {} {} {} {} {} {} {}\n", contents.initrd_bytes.value_or(0),
                       contents.tree_bytes.value_or(0), contents.overlay_bytes.size(),
                       contents.command_line.value_or("-"), contents.configuration,
                       contents.signature, contents.says);
  }
  if (!findings.image) {
    const kxf::Error& error = findings.image.error();
    return all + fmt::format("error {} | {} | {}\n", error.message, error.remedy,
                             static_cast<int>(error.fault));
  }
  const kxf::LoadedImage& image = *findings.image;
  all += fmt::format("image {} {} {} {} {}\n", image.format, image.layers.size(),
                     text_of(image.bytes), image.command_line.value_or("-"), image.verified_by);
  for (const kxf::KernelPart& part : image.kernel.parts)
    all += fmt::format("  part {} {} {}\n", kxf::text_of(part.bytes), part.memory_offset,
                       part.memory_size);
  if (image.initrd) all += "  initrd " + text_of(*image.initrd) + '\n';
  if (!image.device_tree) return all;
  all += "  tree " + text_of(image.device_tree->base);
  for (const Blob& overlay : image.device_tree->overlays) all += " + " + text_of(overlay);
  return all + '\n';
}

struct Scene {
  kxf::Policy policy{};
  kxf::Registry registry = kxf_test::fake_registry();

  std::string found(std::string_view text, bool sandbox) {
    policy.sandbox = sandbox;
    Record record;
    const auto done =
        kxf::unwrap_as_policy_says({"Image", blob(text), {}, {}}, registry, policy, record, true);
    REQUIRE_MESSAGE(done, (done ? "" : done.error().message));
    return all_of(done->findings, record);
  }
};

const kxf::ViewSources& sources() {
  static const kxf::ViewSources both{blob("the file itself"), blob("what was unpacked")};
  return both;
}

/// Sound findings with something in every field.
ImageFindings findings() {
  kxf::LoadedImage image;
  image.format = "fake-image";
  image.bytes = sources().unpacked;
  image.kernel.machine = "fakearch";
  image.kernel.parts = {{image.bytes.view().subspan(5, 3), 0, 4096}, {ByteView(), 8192, 100}};
  image.kernel.patches = {{16, {1, 2, 3}, "the flag"}};
  image.initrd = sources().file;
  image.device_tree = kxf::CarriedTree{sources().file, {sources().unpacked}};
  image.command_line = "quiet";
  image.verified_by = "rsa";
  kxf::ImageLayer layer;
  layer.name = "fake-image";
  layer.verdicts = {{"fake-image", kxf::ProbeVerdict::damaged, "short"}};
  layer.contents.overlay_bytes = {1, 2};
  image.layers = {layer};
  return {image.layers, image};
}

std::string complaint(const ByteVector& bytes) {
  Record record;
  const auto back = kxf::findings_from_bytes(bytes, sources(), record);
  if (back) return "";
  CHECK_FALSE(back.error().remedy.empty());
  CHECK(record.decisions().empty());
  return back.error().message;
}

}  // namespace

TEST_CASE("confined image: the same is found as without the child") {
  Scene scene;
  for (const std::string_view text :
       {"PLAIN kernel", "PARTS kernel", "PACKED:WRAP PACKED:PLAIN kernel", "CARRY ab kernel",
        "PACKED:TREES 4 base2 ovPLAIN x", "CHOICE first PLAIN x", "CLAIM fake PACKED:PLAIN x",
        "RUINED x", "HOLLOW x", "FAIL x", "nobody's", "PACKED:what", "TWINS PLAIN x", "STRAY x",
        "WRAP WRAP WRAP WRAP WRAP WRAP PLAIN x"}) {
    CAPTURE(text);
    const std::string apart = scene.found(text, true);
    const std::string here = scene.found(text, false);
    constexpr std::string_view said =
        "decided sandbox: none: formats and codecs run in kxf itself (--no-sandbox)\n";
    REQUIRE(here.starts_with(said));
    CHECK(apart == here.substr(said.size()));
    CHECK(apart.find("layer") != std::string::npos);
  }
}

TEST_CASE("confined image: what was unpacked is megabytes, and whole") {
  Scene scene;
  std::string text = "PACKED:PLAIN ";
  while (text.size() < (5U << 20U)) text += fmt::format("{} ", text.size());
  Record record;
  const auto done = kxf::unwrap_as_policy_says({"Image", blob(text), {}, {}}, scene.registry,
                                               scene.policy, record, false);
  REQUIRE(done);
  REQUIRE(done->findings.image);
  CHECK((text_of(done->findings.image->bytes) == text.substr(7)));
}

TEST_CASE("findings as bytes: every field comes back") {
  Record record;
  record.decide("a", "b", "c");
  record.warn("id", "text");
  const ByteVector bytes = findings_to_bytes(findings(), record, sources());
  Record back_record;
  const auto back = kxf::findings_from_bytes(bytes, sources(), back_record);
  REQUIRE_MESSAGE(back, (back ? "" : back.error().message));
  CHECK(all_of(*back, back_record) == all_of(findings(), record));
  CHECK(back->image->kernel.patches.front().reason == "the flag");
  CHECK(findings_to_bytes(*back, back_record, sources()) == bytes);
}

TEST_CASE("findings as bytes: a view into neither source is an error instead") {
  static const ByteVector elsewhere(100);
  ImageFindings stray = findings();
  stray.image->kernel.parts.front().bytes = elsewhere;
  Record record;
  const auto back =
      kxf::findings_from_bytes(findings_to_bytes(stray, record, sources()), sources(), record);
  REQUIRE(back);
  REQUIRE_FALSE(back->image);
  CHECK(contains(back->image.error().message, "bytes that are not in its image"));
}

TEST_CASE("findings as bytes: whatever else comes is malformed") {
  const ByteVector good = findings_to_bytes(findings(), Record(), sources());
  CHECK(complaint(good).empty());
  for (std::size_t size = 0; size < good.size(); ++size)
    CHECK(contains(complaint({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)}),
                   "the answer of the confined child is malformed: "));
  ByteVector longer = good;
  longer.push_back(0);
  CHECK(contains(complaint(longer), "something is left over"));

  // A part in a source, but not in the image that it says it is of.
  ImageFindings other = findings();
  other.image->bytes = sources().file;
  CHECK(contains(complaint(findings_to_bytes(other, Record(), sources())),
                 "a part of the kernel lies outside of its image"));
  // Numbers that are too large wherever they stand: never a crash, never more than an error.
  for (std::size_t at = 0; at + 8 <= good.size(); ++at) {
    ByteVector changed = good;
    kxf::store<std::uint64_t>(changed, at, UINT64_MAX, kxf::Endian::little);
    (void)complaint(changed);
  }
}

TEST_CASE("findings as bytes: texts for people cannot steer a terminal") {
  ImageFindings loud{{}, kxf::refuse("bad\x1b[2J\nkxf: loaded", "do\x7f so")};
  Record record;
  const auto back =
      kxf::findings_from_bytes(findings_to_bytes(loud, record, sources()), sources(), record);
  REQUIRE(back);
  CHECK(back->image.error().message == "bad?[2J?kxf: loaded");
  CHECK(back->image.error().remedy == "do? so");
}

}  // namespace confined_image_test
