// SPDX-License-Identifier: Apache-2.0
#include "image/load_image.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "fake_registry.hpp"
#include "image/files.hpp"
#include "scratch.hpp"

namespace {

using kxf::Blob;
using kxf::LoadedImage;
using kxf::Policy;
using kxf::Record;
using kxf_test::contains;

struct Scene {
  Policy policy{};
  kxf::Registry registry = kxf_test::fake_registry();
  Record record{};

  kxf::Result<LoadedImage> load(std::string_view text) {
    return load_image("Image", Blob(kxf::ByteVector(text.begin(), text.end())), registry, policy,
                      record);
  }
  LoadedImage loaded(std::string_view text) {
    auto image = load(text);
    REQUIRE_MESSAGE(image, (image ? "" : image.error().message));
    return std::move(*image);
  }
  std::string refusal(std::string_view text) {
    const auto image = load(text);
    if (image) return "";
    CHECK_FALSE(image.error().remedy.empty());
    return image.error().message;
  }
};

std::vector<std::string> names_of(const LoadedImage& image) {
  std::vector<std::string> names;
  for (const kxf::ImageLayer& layer : image.layers) names.push_back(layer.name);
  return names;
}

/// The message that a file is refused with; empty when it is read.
std::string file_refusal(const std::string& path) {
  const auto file = kxf::read_file(path);
  if (file) return "";
  CHECK_FALSE(file.error().remedy.empty());
  return file.error().message;
}

}  // namespace

TEST_CASE("image: layers are unwrapped from the outside in, and recorded") {
  Scene scene;
  const LoadedImage image = scene.loaded("PACKED:WRAP PACKED:PLAIN kernel");
  CHECK(names_of(image) ==
        std::vector<std::string>{"fake-codec", "fake-image", "fake-codec", "fake-image"});
  CHECK(image.format == "fake-image");
  CHECK(kxf::text_of(image.bytes.view()) == "PLAIN kernel");
  CHECK(image.layers[0].size_bytes == 31);
  CHECK(image.layers[3].size_bytes == 12);
  CHECK(kxf_test::decided(scene.record, "image") ==
        "fake-codec > fake-image > fake-codec > fake-image (what the bytes are)");
}

TEST_CASE("image: what the layers carry stays alive and readable with the image") {
  Scene scene;
  LoadedImage image = scene.loaded("PACKED:WRAP PACKED:CARRY ab kernel");
  REQUIRE(image.initrd);
  CHECK(kxf::text_of(*image.initrd) == "WRAP");  // of the outermost layer that has one
  REQUIRE(image.device_tree);
  CHECK(kxf::text_of(*image.device_tree) == "a");
  CHECK(image.command_line == "carried=1");
  CHECK(image.held.size() == 3);
}

TEST_CASE("image: bytes that nobody knows are refused with what is known and what was seen") {
  Scene scene;
  const std::string text = scene.refusal(
      "\x7f"
      "ELF and more");
  CHECK(contains(text, "kernel \"Image\": this is not a kernel image that any plugin knows"));
  CHECK(contains(text, "known: fake-image, twin-a, twin-b, fake-codec"));
  CHECK(contains(text, "the bytes begin with 7f 45 4c 46 20 61 6e 64"));
  CHECK(contains(scene.refusal("PACKED:what"), "what was unwrapped is not a kernel image"));
  CHECK(contains(scene.refusal("PACKED:"), "the bytes begin with )"));
}

TEST_CASE("image: damaged, hollow and unparsable images say which format says so") {
  Scene scene;
  CHECK(scene.refusal("RUINED x") ==
        "kernel \"Image\": damaged fake-image: its second half is missing");
  CHECK(scene.refusal("HOLLOW x") == "kernel \"Image\": fake-image: it holds no kernel");
  CHECK(scene.refusal("FAIL x") == "kernel \"Image\": fake-image: its parts do not fit");
}

TEST_CASE("image: wrapping has an end") {
  Scene scene;
  const auto wrapped = [](int times) {
    std::string text;
    for (int i = 0; i < times; ++i) text += "WRAP ";
    return text + "PLAIN x";
  };
  CHECK(scene.loaded(wrapped(5)).layers.size() == 6);
  CHECK(contains(scene.refusal(wrapped(6)), "more than 6 layers of wrapping"));
  CHECK(contains(scene.refusal(wrapped(600)), "more than 6 layers of wrapping"));
}

TEST_CASE("image: unpacking stops at the policy's limit") {
  Scene scene;
  const std::string text = "PACKED:PLAIN " + std::string(100'000, 'x');
  CHECK(scene.load(text));
  scene.policy.unpack_limit = {50'000, "board.toml:2:1"};
  CHECK(contains(scene.refusal(text), "kernel \"Image\": fake-codec: "));
}

TEST_CASE("image: two formats of one rank are an error until the profile chooses") {
  Scene scene;
  CHECK(contains(scene.refusal("TWINS PLAIN x"), "twin-a"));
  CHECK(contains(scene.refusal("TWINS PLAIN x"), "twin-b"));
  scene.policy.plugins_use.value["image-format"] = "twin-b";
  // The choice is for where several fit; twin-b does not read the inner layer.
  CHECK(names_of(scene.loaded("TWINS PLAIN x")) ==
        std::vector<std::string>{"twin-b", "fake-image"});
}

TEST_CASE("image: settings are the declared ones, with the policy's values over the defaults") {
  Scene scene;
  scene.loaded("PLAIN x");
  CHECK(kxf_test::decided(scene.record, "colour") == "grey (PLAIN)");
  scene.policy.settings["fake-image"]["colour"] = {"red", "board.toml:5:1"};
  scene.record = {};
  scene.loaded("PLAIN x");
  CHECK(kxf_test::decided(scene.record, "colour") == "red (PLAIN)");
  scene.policy.settings["fake-image"]["color"] = {"red", "board.toml:6:1"};
  const std::string text = scene.refusal("PLAIN x");
  CHECK(contains(text, "board.toml:6:1: fake-image has no setting \"color\""));
  CHECK(contains(text, "\"colour\""));
}

TEST_CASE("files: one is mapped whole, several are joined on multiples of four") {
  const kxf_test::Scratch scratch;
  const std::string five = scratch.write("five", "12345").native();
  const std::string three = scratch.write("three", "abc").native();
  CHECK(kxf::text_of(kxf::read_file(five)->view()) == "12345");
  CHECK(kxf::read_initrds({})->empty());
  CHECK(kxf::text_of(kxf::read_initrds({five})->view()) == "12345");
  CHECK(kxf::text_of(kxf::read_initrds({five, three})->view()) ==
        std::string_view("12345\0\0\0abc\0", 12));
  CHECK(kxf::text_of(kxf::read_initrds({three, five, three})->view()) ==
        std::string_view("abc\00012345\0\0\0abc\0", 16));
  CHECK_FALSE(kxf::read_initrds({five, (scratch.path() / "none").native()}));
}

TEST_CASE("files: what is no readable regular file is refused without waiting") {
  const kxf_test::Scratch scratch;
  const auto path = [&](const char* name) { return (scratch.path() / name).native(); };
  CHECK(contains(file_refusal(path("none")), "No such file or directory"));
  CHECK(contains(file_refusal(path(".")), "is not a regular file"));
  CHECK(contains(file_refusal(scratch.write("empty", "").native()), "is empty"));
  REQUIRE(mkfifo(path("pipe").c_str(), 0600) == 0);
  CHECK(contains(file_refusal(path("pipe")), "is not a regular file"));
  scratch.link("loop", "loop");
  CHECK(contains(file_refusal(path("loop")), "Too many levels of symbolic links"));
  CHECK(contains(file_refusal("/dev/zero"), "is not a regular file"));
}
