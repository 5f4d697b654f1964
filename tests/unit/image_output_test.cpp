// SPDX-License-Identifier: Apache-2.0
#include "inspect/image_output.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "fake_registry.hpp"

namespace image_output_test {
namespace {

using kxf_test::contains;
using Json = nlohmann::json;

struct Seen {
  Json json;
  std::string text;
};

Seen seen(std::string_view image) {
  const kxf::Registry registry = kxf_test::fake_registry();
  const kxf::Policy policy;
  kxf::Record record;
  const auto findings = kxf::unwrap_image(
      {"Image", kxf::Blob(kxf::ByteVector(image.begin(), image.end())), {}, {}}, registry, policy,
      record, {.output = nullptr, .doing = nullptr, .digests = true});
  const std::string json = image_json(findings, record, "Image");
  CHECK(json == image_json(findings, record, "Image"));
  return {Json::parse(json), image_text(findings, record, true)};
}

}  // namespace

TEST_CASE("inspect image: each layer with size, digest, verdicts and what it carries") {
  const auto [json, text] = seen("PACKED:CARRY ab kernel");
  CHECK(json["subject"] == "Image");
  REQUIRE(json["layers"].size() == 2);
  CHECK(json["layers"][0]["name"] == "fake-codec");
  CHECK(json["layers"][0]["kind"] == "codec");
  CHECK(json["layers"][0]["size"] == 22);
  // sha256sum
  CHECK(json["layers"][0]["sha256"] ==
        "c79280d55de8aad8c33e32843d066a088d773c737064796096984d34f7f6b476");
  CHECK(json["layers"][1]["kind"] == "image-format");
  CHECK(json["layers"][1]["verdicts"][0]["verdict"] == "mine");
  CHECK(json["layers"][1]["initrd_size"] == 2);
  CHECK(json["layers"][1]["command_line"] == "carried=1");
  CHECK(json["kernel"]["machine"] == "fakearch");
  CHECK(json["kernel"]["parts"].size() == 1);
  CHECK(json["error"].is_null());
  CHECK(contains(text, "codec          fake-codec, 22 bytes\n"));
  CHECK(contains(text, "  command line   \"carried=1\"\n"));
  CHECK(contains(text, "kernel         fakearch, little-endian"));
}

TEST_CASE("inspect image: without a kernel there are the layers so far and the reason") {
  const auto [json, text] = seen("WRAP RUINED x");
  REQUIRE(json["layers"].size() == 2);
  CHECK(json["layers"][0]["name"] == "fake-image");
  CHECK(json["layers"][1]["name"].is_null());
  CHECK(json["layers"][1]["verdicts"][0]["verdict"] == "damaged");
  CHECK(json["layers"][1]["verdicts"][0]["reason"] == "its second half is missing");
  CHECK(json["kernel"].is_null());
  CHECK(contains(json["error"]["message"].get<std::string>(), "damaged fake-image"));
  CHECK_FALSE(json["error"]["remedy"].get<std::string>().empty());
  CHECK(contains(text, "layer          taken by no plugin, 8 bytes\n"));
  CHECK(contains(text, "fake-image: damaged its second half is missing"));
}

TEST_CASE("inspect image: two that claim the same bytes are both shown") {
  const auto [json, text] = seen("TWINS PLAIN x");
  REQUIRE(json["layers"].size() == 1);
  REQUIRE(json["layers"][0]["verdicts"].size() == 2);
  CHECK(contains(text, "twin-a: mine"));
  CHECK(contains(text, "twin-b: mine"));
  CHECK(json["kernel"].is_null());
}

}  // namespace image_output_test
