// SPDX-License-Identifier: Apache-2.0
#include "image/load_image.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "fake_registry.hpp"
#include "image/files.hpp"
#include "image/pins.hpp"
#include "scratch.hpp"

namespace load_image_test {
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

  std::vector<std::string_view> board{};
  std::vector<kxf::NamedBytes> keys{};

  kxf::Result<LoadedImage> load(std::string_view text) {
    return load_image({"Image", Blob(kxf::ByteVector(text.begin(), text.end())), board, keys},
                      registry, policy, record);
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
  CHECK(kxf::text_of(image.initrd->view()) == "WRAP");  // of the outermost layer that has one
  REQUIRE(image.device_tree);
  CHECK(kxf::text_of(image.device_tree->base.view()) == "a");
  CHECK(image.command_line == "carried=1");
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

TEST_CASE("image: what a wrapping says of its kernel has to be so") {
  Scene scene;
  CHECK(scene.loaded("CLAIM fakearch WRAP PLAIN x").layers.size() == 3);
  CHECK(scene.loaded("CLAIM fake PACKED:PLAIN x").layers.size() == 3);  // a family of machines
  CHECK(scene.refusal("CLAIM other WRAP PLAIN x") ==
        "kernel \"Image\": fake-image says that it holds a kernel for other, and fake-image finds "
        "one for fakearch");
  CHECK(contains(scene.refusal("CLAIM other what"), "; fake-image says: a kernel for other)"));
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

TEST_CASE("image: a configuration that the policy names must be there, in one layer") {
  Scene scene;
  CHECK(scene.load("CHOICE first PLAIN x"));
  scene.policy.kernel_configuration = {"first", "board.toml:3:1"};
  CHECK(scene.load("CHOICE first PLAIN x"));
  CHECK(scene.load("WRAP CHOICE first CHOICE second PLAIN x"));  // taken by the outer one
  CHECK(contains(scene.refusal("CHOICE other PLAIN x"), "fake-image: no such configuration"));
  CHECK(contains(scene.refusal("WRAP PLAIN x"),
                 "board.toml:3:1 chooses the configuration \"first\", and this image has none to "
                 "choose from (fake-image > fake-image)"));
}

TEST_CASE("image: formats are told the board") {
  Scene scene;
  scene.board = {"acme,router-v2", "acme,router"};
  CHECK(scene.loaded("CHOICE first PLAIN x").command_line == "acme,router-v2");
}

TEST_CASE("image: what an image says of compressions must be so") {
  Scene scene;
  CHECK(scene.load("PACKS fake-codec PACKED:PLAIN x"));
  CHECK(scene.load("PACKS none PLAIN x"));
  CHECK(
      contains(scene.refusal("PACKS fake-codec PLAIN x"),
               "fake-image: damaged: the kernel is packed with fake-codec by what the image says, "
               "and its bytes are not"));
  CHECK(contains(scene.refusal("PACKS none PACKED:PLAIN x"),
                 "the kernel is not packed by what the image says, and its bytes are packed with "
                 "fake-codec"));
  CHECK(contains(scene.refusal("PACKS lzo PLAIN x"), "packed with lzo, which no plugin unpacks"));
}

TEST_CASE("image: a plugin that gives bytes from elsewhere is wrong") {
  Scene scene;
  CHECK(contains(scene.refusal("STRAY x"),
                 "image format fake-image gives bytes that are not in its image"));
}

TEST_CASE("image: tree and overlays come out of the layer that has them") {
  Scene scene;
  const LoadedImage image = scene.loaded("PACKED:TREES 4 base2 ovPLAIN x");
  REQUIRE(image.device_tree);
  CHECK(kxf::text_of(image.device_tree->base.view()) == "base");
  REQUIRE(image.device_tree->overlays.size() == 1);
  CHECK(kxf::text_of(image.device_tree->overlays[0].view()) == "ov");
  CHECK(scene.loaded("TREES 4 base0 PLAIN x").device_tree->overlays.empty());
}

TEST_CASE("image: where a signature is required, it must cover all that is taken") {
  Scene scene;
  scene.keys = {{"/keys/dev.pem", kxf::bytes_of("rsa")}};
  CHECK(scene.loaded("SIGNED PLAIN x").verified_by == "rsa of dev.pem");
  CHECK(kxf_test::decided(scene.record, "signature") ==
        "verified: rsa of dev.pem (it covers all that is taken from the image)");
  CHECK(scene.load("PLAIN x"));
  scene.record = {};
  CHECK(scene.load("WRAP SIGNED PLAIN x"));
  CHECK(kxf_test::decided(scene.record, "signature") ==
        "verified: rsa of dev.pem (it does not cover an initrd of fake-image)");

  scene.policy.kernel_signature = {kxf::SignatureChoice::required, "board.toml:5:1"};
  CHECK(scene.load("SIGNED PLAIN x"));
  CHECK(scene.load("PACKED:SIGNED PACKED:PLAIN x"));
  CHECK(scene.load("SIGNED WRAP PLAIN x"));
  CHECK(contains(scene.refusal("PLAIN x"),
                 "no verified signature covers this kernel, and "
                 "board.toml:5:1 requires one (fake-image)"));
  CHECK(contains(scene.refusal("PACKED:PLAIN x"), "no verified signature covers this kernel"));
  CHECK(contains(scene.refusal("WRAP SIGNED PLAIN x"),
                 "it carries an initrd, which no verified signature covers"));
  scene.keys.clear();
  CHECK(contains(scene.refusal("SIGNED PLAIN x"), "its signature is not verified"));
}

TEST_CASE("files: one is mapped whole, several are joined on multiples of four") {
  const kxf_test::Scratch scratch;
  const std::string path = scratch.write("five", "12345").native();
  CHECK(kxf::text_of(kxf::read_file(path)->view()) == "12345");
  const auto blob = [](std::string_view text) {
    return Blob(kxf::ByteVector(text.begin(), text.end()));
  };
  const Blob five = blob("12345");
  const Blob three = blob("abc");
  CHECK(kxf::join_initrds({}).empty());
  CHECK(kxf::join_initrds({five}).view().data() == five.view().data());
  CHECK(kxf::text_of(kxf::join_initrds({five, three}).view()) ==
        std::string_view("12345\0\0\0abc\0", 12));
  CHECK(kxf::text_of(kxf::join_initrds({three, five, three}).view()) ==
        std::string_view("abc\00012345\0\0\0abc\0", 16));
}

TEST_CASE("files: a copy keeps what was read, whatever becomes of the file") {
  const kxf_test::Scratch scratch;
  const std::string path = scratch.write("file", "before").native();
  const auto copy = kxf::copy_file(path);
  REQUIRE(copy);
  scratch.write("file", "behind");
  CHECK(kxf::text_of(copy->view()) == "before");
  CHECK_FALSE(kxf::copy_file((scratch.path() / "none").native()));
}

TEST_CASE("pins: the same digest goes into the record, another is refused with both") {
  Record record;
  const kxf::Setting<std::string> pin{
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "board.toml:7:1"};
  CHECK(kxf::check_pin({}, kxf::bytes_of("abc"), "it", record));
  CHECK(record.decisions().empty());
  CHECK(kxf::check_pin(pin, kxf::bytes_of("abc"), "it", record));  // FIPS 180-4's example
  CHECK(contains(kxf_test::decided(record, "pin"), "it has SHA-256 ba7816bf"));
  const auto refused = kxf::check_pin(pin, kxf::bytes_of("abd"), "it", record);
  REQUIRE_FALSE(refused);
  CHECK(contains(refused.error().message, "it: its SHA-256 is a52d159f"));
  CHECK(contains(refused.error().message, "board.toml:7:1 pins it to ba7816bf"));

  const Blob abc(kxf::ByteVector{'a', 'b', 'c'});
  const kxf::Setting<std::vector<std::string>> pins{{pin.value}, "board.toml:8:1"};
  CHECK(kxf::check_initrd_pins({}, {abc, abc}, record));
  CHECK(kxf::check_initrd_pins(pins, {abc}, record));
  CHECK(contains(kxf::check_initrd_pins(pins, {abc, abc}, record).error().message,
                 "board.toml:8:1 pins 1 of them, and there are 2"));
  CHECK_FALSE(kxf::check_initrd_pins(pins, {}, record));
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

}  // namespace load_image_test
