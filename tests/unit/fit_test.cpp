// SPDX-License-Identifier: Apache-2.0
#include "formats/fit.hpp"

#include <doctest/doctest.h>
#include <libfdt.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "fake_registry.hpp"
#include "formats/flat_tree.hpp"
#include "image/load_image.hpp"

namespace fit_test {
namespace {

using kxf::Blob;
using kxf::ByteVector;
using kxf::ByteView;
using kxf::ImageContents;
using kxf::ProbeVerdict;
using kxf_test::contains;
using kxf_test::decided;
using kxf_test::warned;

/// A file of tests/images, whose make.sh says what is in it.
ByteVector file(const std::string& name) {
  std::ifstream stream(KXF_SOURCE_DIR "/tests/images/" + name, std::ios::binary);
  REQUIRE_MESSAGE(stream, name);
  return {std::istreambuf_iterator<char>(stream), {}};
}

struct Scene {
  std::vector<std::string_view> board{};
  std::vector<std::pair<std::string, ByteVector>> keys{};
  std::string configuration{};
  bool required = false;
  kxf::Record record{};

  Scene& key(const std::string& name) {
    keys.emplace_back(name, file(name));
    return *this;
  }
  Scene& require() {
    required = true;
    return *this;
  }

  kxf::Result<ImageContents> parse(ByteView image) {
    std::vector<kxf::NamedBytes> named;
    named.reserve(keys.size());
    for (const auto& [name, bytes] : keys) named.push_back({name, bytes});
    return kxf::formats::fit().parse(image, {{}, board, configuration, named, required}, record);
  }
  ImageContents parsed(ByteView image) {
    auto contents = parse(image);
    REQUIRE_MESSAGE(contents, (contents ? "" : contents.error().message));
    return std::move(*contents);
  }
  std::string refusal(ByteView image) {
    const auto contents = parse(image);
    if (contents) return "";
    CHECK_FALSE(contents.error().remedy.empty());
    return contents.error().message;
  }
};

std::string_view text(const std::optional<kxf::CarriedBytes>& carried) {
  return carried ? kxf::text_of(carried->bytes) : "none";
}

/// Where `what` is in the bytes; it must be there once, or be said to be the `nth`.
std::size_t place_of(const ByteVector& bytes, std::string_view what, int nth = 0) {
  std::size_t at = kxf::text_of(bytes).find(what);
  for (; nth > 0; --nth) at = kxf::text_of(bytes).find(what, at + 1);
  REQUIRE(at != std::string_view::npos);
  return at;
}

ByteVector replaced(ByteVector bytes, std::string_view what, std::string_view with, int nth = 0) {
  REQUIRE(what.size() == with.size());
  const std::size_t at = place_of(bytes, what, nth);
  std::copy(with.begin(), with.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
  return bytes;
}

/// Bytes that the signature of conf-1 is for: all of its nodes but the places of data, the names of
/// its nodes' properties, and the data.
std::vector<bool> signed_bytes(const ByteVector& image, const ImageContents& contents) {
  using Kind = kxf::formats::FlatToken::Kind;
  std::vector<bool> is_signed(image.size());
  const auto mark = [&](ByteView part) {
    const auto start = is_signed.begin() + (part.data() - image.data());
    std::fill_n(start, part.size(), true);
  };
  const auto tree = kxf::formats::FlatTree::parse(image);
  REQUIRE(tree);
  for (const auto& [token, node] : tree->tokens()) {
    const std::string path = node ? tree->path(*node) : "";
    const bool listed = path == "/" || path == "/configurations/conf-1" ||
                        path.starts_with("/images/kernel-1") || path.starts_with("/images/fdt-1") ||
                        path.starts_with("/images/initrd-1");
    if (!listed || (token.kind == Kind::property && token.name.starts_with("data"))) continue;
    mark(ByteView(image).subspan(token.place.start, token.place.size_bytes()));
    if (token.kind == Kind::property) mark(kxf::bytes_of(token.name));
  }
  mark(contents.payload->bytes);
  mark(contents.device_tree->bytes);
  mark(*contents.initrd);
  return is_signed;
}

/// A FIT that somebody changed, by libfdt.
class Edited {
 public:
  explicit Edited(const ByteVector& image) : blob_(image.size() + 4096) {
    REQUIRE(fdt_open_into(image.data(), blob_.data(), static_cast<int>(blob_.size())) == 0);
  }
  Edited& set(const std::string& path, const std::string& property, std::string_view value) {
    const std::string terminated = std::string(value) + '\0';
    REQUIRE(fdt_setprop(blob_.data(), node(path), property.c_str(), terminated.data(),
                        static_cast<int>(terminated.size())) == 0);
    return *this;
  }
  Edited& drop(const std::string& path, const std::string& property) {
    REQUIRE(fdt_delprop(blob_.data(), node(path), property.c_str()) == 0);
    return *this;
  }
  Edited& add(const std::string& path, const std::string& property, std::string_view value) {
    const std::size_t slash = path.rfind('/');
    const int parent = node(slash == 0 ? "/" : path.substr(0, slash));
    REQUIRE(fdt_add_subnode(blob_.data(), parent, path.substr(slash + 1).c_str()) >= 0);
    return set(path, property, value);
  }
  Edited& remove(const std::string& path) {
    REQUIRE(fdt_del_node(blob_.data(), node(path)) == 0);
    return *this;
  }
  Edited& copy_signature(const std::string& from, const std::string& to) {
    const std::string source = "/configurations/" + from + "/signature-1";
    const std::string target = "/configurations/" + to + "/signature-1";
    if (fdt_path_offset(blob_.data(), target.c_str()) < 0) add(target, "algo", "");
    for (const char* name : {"algo", "value", "hashed-nodes", "hashed-strings"}) {
      int size = 0;
      const void* value = fdt_getprop(blob_.data(), node(source), name, &size);
      const ByteVector copy(static_cast<const std::uint8_t*>(value),
                            static_cast<const std::uint8_t*>(value) + size);
      REQUIRE(fdt_setprop(blob_.data(), node(target), name, copy.data(), size) == 0);
    }
    return *this;
  }
  [[nodiscard]] const ByteVector& bytes() const { return blob_; }

 private:
  int node(const std::string& path) const {
    const int offset = fdt_path_offset(blob_.data(), path.c_str());
    REQUIRE_MESSAGE(offset >= 0, path);
    return offset;
  }

  ByteVector blob_;
};

}  // namespace

TEST_CASE("fit: told from a device tree and from other files") {
  const kxf::ImageFormat& format = kxf::formats::fit();
  CHECK(format.probe(file("plain.itb")).verdict == ProbeVerdict::mine);
  CHECK(format.probe(kxf::bytes_of("MZ")).verdict == ProbeVerdict::not_mine);
  const ByteVector plain = file("plain.itb");
  const kxf::Probe cut = format.probe(ByteView(plain).first(100));
  CHECK(cut.verdict == ProbeVerdict::damaged);
  CHECK(contains(cut.reason, "truncated: its header says 1652 bytes, and there are 100"));
  const kxf::Probe board = format.probe(replaced(plain, "images", "imagex"));
  CHECK(board.verdict == ProbeVerdict::damaged);
  CHECK(contains(board.reason, "a device tree of a board"));
}

TEST_CASE(
    "fit: the oldest reader that a header names does not matter, as long as it is none of the "
    "future") {
  ByteVector image = file("plain.itb");
  REQUIRE(image[27] == 16);
  image[27] = 2;  // mkimage -f auto
  CHECK(text(Scene().parsed(image).payload) == "PLAIN kernel one");
  image[27] = 18;
  CHECK(kxf::formats::fit().probe(image).verdict == ProbeVerdict::damaged);
  CHECK(contains(kxf::formats::fit().probe(image).reason, "readable by 18 on, where 17 is known"));
}

TEST_CASE("fit: kernel and hashes of every kind") {
  Scene scene;
  const ByteVector image = file("plain.itb");
  const ImageContents contents = scene.parsed(image);
  CHECK(text(contents.payload) == "PLAIN kernel one");
  CHECK(contents.payload->codec == "none");
  CHECK_FALSE(contents.device_tree);
  CHECK_FALSE(contents.initrd);
  CHECK(contents.configuration == "conf-1");
  CHECK(contents.verified_by.empty());
  CHECK(decided(scene.record, "fit", "configuration") == "configuration conf-1 (the only one)");
  CHECK(decided(scene.record, "fit", "kernel-1") ==
        "kernel-1: 16 bytes (verified: crc32, sha1, sha512, md5, sha384)");
}

TEST_CASE("fit: the board chooses, then the default, and the profile before both") {
  const ByteVector image = file("boards.itb");
  const auto chosen = [&image](std::vector<std::string_view> board, std::string name = {}) {
    Scene scene;
    scene.board = std::move(board);
    scene.configuration = std::move(name);
    scene.parsed(image);
    return decided(scene.record, "fit", "configuration");
  };
  CHECK(chosen({}) == "configuration conf-1 (the default)");
  CHECK(chosen({"other,board"}) ==
        "configuration conf-1 (the default; none of the configurations is for this board)");
  CHECK(chosen({"acme,two", "acme,any"}) == "configuration conf-2 (it is for acme,two)");
  CHECK(chosen({"acme,new", "acme,two"}) == "configuration conf-2 (it is for acme,two)");
  CHECK(chosen({"acme,three"}) == "configuration conf-3 (it is for acme,three)");  // its own
  CHECK(chosen({"acme,any"}) == "configuration conf-1 (it is for acme,any)");      // all: the first
  Scene mix;
  mix.board = {"acme,two"};
  mix.parsed(file("mix.itb"));  // conf-2, and conf-3, the default
  CHECK(decided(mix.record, "fit", "configuration") == "configuration conf-2 (it is for acme,two)");
  CHECK(chosen({"acme,two"}, "conf-3") == "configuration conf-3 (the profile names it)");
  Scene scene;
  scene.configuration = "conf-4";
  CHECK(contains(scene.refusal(image),
                 "no configuration \"conf-4\"; there are conf-1, conf-2, "
                 "conf-3"));
  scene.configuration = "conf";  // no part of a name
  CHECK(contains(scene.refusal(image), "no configuration \"conf\""));
}

TEST_CASE("fit: tree, overlays in order, initrd; loadables are left out on record") {
  for (const char* name : {"boards.itb", "external.itb", "position.itb"}) {
    CAPTURE(name);
    const ByteVector image = file(name);
    Scene scene;
    scene.configuration = "conf-2";
    const ImageContents contents = scene.parsed(image);
    CHECK(text(contents.payload) == "PLAIN kernel two");
    REQUIRE(contents.device_tree);
    CHECK(kxf::formats::board_of(contents.device_tree->bytes) ==
          std::vector<std::string_view>{"acme,two", "acme,any"});
    REQUIRE(contents.overlays.size() == 2);
    CHECK(contains(kxf::text_of(contents.overlays[0].bytes), "first"));
    CHECK(contains(kxf::text_of(contents.overlays[1].bytes), "second"));
    REQUIRE(contents.initrd);
    CHECK(kxf::text_of(*contents.initrd) == "an initrd");
    scene.configuration = "conf-3";
    CHECK_FALSE(scene.parsed(image).initrd);
    CHECK(decided(scene.record, "fit", "loadables") ==
          "loadables left out (initrd-1: only a boot loader can use it)");
  }
}

TEST_CASE("fit: parts go on to codecs, and must be what the FIT says") {
  Scene scene;
  const ByteVector packed = file("packed.itb");
  CHECK(scene.parsed(packed).device_tree->codec == "gzip");
  const ByteVector wrong = file("wrong-compression.itb");
  CHECK(scene.parsed(wrong).payload->codec == "gzip");
}

TEST_CASE("fit: a hash that does not hold refuses, with both values") {
  const ByteVector image = file("boards.itb");
  Scene scene;
  CHECK(contains(scene.refusal(replaced(image, "PLAIN kernel one", "PLAIN kernel 0ne")),
                 "image \"kernel-1\": its sha256 is "));
  CHECK(scene.refusal(replaced(image, "PLAIN kernel two", "PLAIN kernel 2wo")).empty());  // unused
  CHECK(contains(scene.refusal(replaced(image, "sha256", "sha255")),
                 "hash-1 is a sha255, which is not known"));
}

TEST_CASE("fit: data outside of the file, in the tree, or said twice is refused") {
  const ByteVector external = file("external.itb");
  Scene scene;
  for (std::size_t size = 0; size < external.size(); ++size) {
    const ByteView cut = ByteView(external).first(size);
    if (kxf::formats::fit().probe(cut).verdict == ProbeVerdict::mine)
      CHECK(contains(scene.refusal(cut), "truncated"));  // conf-1 needs the first data
    if (size > 2100) break;
  }
  ByteVector position = file("position.itb");
  const auto tree = kxf::formats::FlatTree::parse(position);
  REQUIRE(tree);
  const auto kernel = tree->child(*tree->child(0, "images"), "kernel-1");
  const ByteView value = tree->property(*kernel, "data-position")->value;
  const auto at = static_cast<std::size_t>(value.data() - position.data());
  kxf::store<std::uint32_t>(position, at, 64, kxf::Endian::big);
  CHECK(contains(scene.refusal(position), "its data-position lies in the tree"));
  kxf::store<std::uint32_t>(position, at, UINT32_MAX, kxf::Endian::big);
  CHECK(contains(scene.refusal(position), "truncated: its data are 16 bytes at offset 0xffffffff"));
}

TEST_CASE("fit: signatures of configurations by every algorithm") {
  const std::pair<const char*, const char*> cases[] = {
      {"rsa2048.itb", "rsa2048.pem"},           {"rsa2048.itb", "rsa2048.crt"},
      {"rsa4096.itb", "rsa4096.pem"},           {"pss.itb", "rsa2048.pem"},
      {"ecdsa256.itb", "prime256v1.pem"},       {"signed-external.itb", "rsa2048.pem"},
      {"signed-position.itb", "prime256v1.pem"}};
  for (const auto& [image, key] : cases) {
    CAPTURE(image);
    Scene scene;
    const ByteVector bytes = file(image);
    const ImageContents contents = scene.key("stranger.pem").key(key).require().parsed(bytes);
    CHECK(contains(contents.verified_by, fmt::format("with \"{}\"", key)));
    CHECK(text(contents.payload) == "PLAIN kernel one");
    CHECK(kxf::text_of(*contents.initrd) == "an initrd");
  }
}

TEST_CASE("fit: a signature by somebody else is refused, required or not") {
  for (const char* name : {"rsa2048.itb", "pss.itb", "ecdsa256.itb"})
    for (const bool required : {false, true}) {
      CAPTURE(name);
      Scene scene;
      scene.required = required;
      scene.key("stranger.pem").key("secp384r1.pem");
      CHECK(contains(scene.refusal(file(name)),
                     "configuration \"conf-1\" is signed, and not so that it can be believed: "
                     "signature-1: "));
    }
}

TEST_CASE("fit: one of several signers is enough") {
  const ByteVector image = file("two-signers.itb");
  CHECK(Scene().key("stranger.pem").require().parsed(image).verified_by ==
        "sha256,rsa2048 with \"stranger.pem\"");
  CHECK(Scene().key("prime256v1.pem").require().parsed(image).verified_by ==
        "sha256,ecdsa256 with \"prime256v1.pem\"");
}

TEST_CASE("fit: without keys nothing is verified, and where it must be that is refused") {
  Scene scene;
  CHECK(scene.parsed(file("rsa2048.itb")).verified_by.empty());
  CHECK(decided(scene.record, "fit", "no verified") ==
        "no verified signature (there are no keys to verify its signature with)");
  CHECK(contains(scene.require().refusal(file("rsa2048.itb")), "there are no keys"));
  scene.key("rsa2048.pem");
  CHECK(contains(scene.refusal(file("boards.itb")),
                 "configuration \"conf-1\" is not verified, and a signature is required: it has no "
                 "signature"));
}

TEST_CASE("fit: the unsigned configuration of a signed file is refused") {
  const ByteVector image = file("mix.itb");
  Scene scene;
  scene.key("rsa2048.pem").require();
  CHECK(contains(scene.refusal(image), "configuration \"conf-3\" is not verified"));
  scene.configuration = "conf-1";
  CHECK(text(scene.parsed(image).payload) == "PLAIN kernel one");
  scene.configuration = "conf-2";
  CHECK(text(scene.parsed(image).payload) == "PLAIN kernel two");
  // What makes the third work makes the first another one
  scene.configuration = "conf-1";
  CHECK(contains(scene.refusal(replaced(image, "kernel-1\0\0\0\0", "kernel-2\0\0\0\0", 2)),
                 "signature-1: "));
}

TEST_CASE("fit: forgeable algorithms count for nothing") {
  Scene scene;
  scene.key("rsa2048.pem");
  CHECK(contains(scene.refusal(file("sha1.itb")),
                 "its algorithm sha1,rsa2048 rests on sha1, which can be forged"));
  const ByteVector good = file("rsa2048.itb");
  CHECK(contains(scene.refusal(replaced(good, "sha256,rsa2048", "sha512,rsa2048")),
                 "signature-1: no key verifies it"));
  CHECK(contains(scene.refusal(replaced(good, "sha256,rsa2048", "sha256,rsa4096")),
                 "it is by a key for rsa4096, and none is given"));
  CHECK(contains(scene.refusal(replaced(good, "sha256,rsa2048", "sha256,ecdh256")),
                 "it is by a key for ecdh256"));
  // A stronger algorithm is made a weaker one, in each place that names one
  const auto downgraded = [&scene, &good](const std::string& node, std::string_view algorithm) {
    return scene.refusal(Edited(good).set(node, "algo", algorithm).bytes());
  };
  const std::string signature = "/configurations/conf-1/signature-1";
  CHECK(contains(downgraded(signature, "sha1,rsa2048"), "sha1, which can be forged"));
  CHECK(contains(downgraded(signature, "md5,rsa2048"), "md5, which can be forged"));
  CHECK(contains(downgraded(signature, "crc32,rsa2048"), "crc32, which can be forged"));
  CHECK(contains(downgraded(signature, "sha256,rsa1024"), "it is by a key for rsa1024"));
  CHECK(contains(downgraded(signature, "rsa2048"), "its algorithm \"rsa2048\" is not known"));
  for (const char* image : {"kernel-1", "fdt-1", "initrd-1"})
    for (const char* algorithm : {"crc32", "md5", "sha1"}) {
      CAPTURE(image);
      const std::string node = std::string("/images/") + image + "/hash-1";
      CHECK(contains(downgraded(node, algorithm), "signature-1: no key verifies it"));
    }
  const ByteVector weak = file("weak-hash.itb");
  CHECK(scene.parsed(weak).verified_by.empty());
  CHECK(contains(warned(scene.record, "fit-signature-incomplete"),
                 "\"kernel-1\" has no hash that a signature can rest on, such as sha256"));
  CHECK(contains(scene.require().refusal(weak), "is not enough: \"kernel-1\" has no hash"));
}

TEST_CASE("fit: a signature that leaves an image out is not enough") {
  const ByteVector image = file("kernel-and-fdt.itb");  // mkimage's own list
  Scene scene;
  scene.key("rsa2048.pem");
  CHECK(scene.parsed(image).verified_by.empty());
  CHECK(
      contains(warned(scene.record, "fit-signature-incomplete"), "it does not cover \"initrd-1\""));
  CHECK(contains(scene.require().refusal(image), "it does not cover \"initrd-1\""));
}

TEST_CASE("fit: signatures of images are verified and are not enough") {
  const ByteVector image = file("signed-images.itb");
  Scene scene;
  scene.key("rsa2048.pem");
  CHECK(scene.parsed(image).verified_by.empty());
  CHECK(decided(scene.record, "fit", "kernel-1 is signed") ==
        "kernel-1 is signed by itself (sha256,rsa2048 with \"rsa2048.pem\")");
  CHECK(contains(scene.refusal(replaced(image, "PLAIN kernel one", "PLAIN kernel 0ne")),
                 "image \"kernel-1\" is signed, and not so that it can be believed: signature-1: "
                 "no key verifies it"));
  CHECK(contains(scene.require().refusal(image), "it has no signature"));
}

TEST_CASE("fit: parts that are put together otherwise are not what was signed") {
  const ByteVector good = file("mix.itb");
  const auto refusal = [](const Edited& edited, const std::string& configuration = "conf-1") {
    Scene scene;
    scene.configuration = configuration;
    return scene.key("rsa2048.pem").require().refusal(edited.bytes());
  };
  const std::string conf = "/configurations/conf-1";
  const std::string signature = conf + "/signature-1";
  CHECK(refusal(Edited(good)).empty());
  // What is not signed may come and go
  CHECK(refusal(Edited(good).add("/images/evil", "data", "PLAIN evil")).empty());
  CHECK(refusal(Edited(good).add("/evil", "data", "PLAIN evil")) != "");  // but not below the root
  CHECK(refusal(Edited(good).remove("/images/kernel-2")).empty());
  // A twin that careless readers take for the kernel
  CHECK(refusal(Edited(good).add("/images/kernel-1@1", "data", "PLAIN evil")).empty());

  CHECK(contains(refusal(Edited(good).remove(signature)), "it has no signature"));
  for (const std::string& edit :
       {conf + "/algo", std::string("/images/kernel-1/algo"), std::string("/value"),
        std::string("/images/kernel-1/hash-1/load"), std::string("/images/initrd-1/compression")}) {
    CAPTURE(edit);
    const std::size_t slash = edit.rfind('/');
    const std::string node = slash == 0 ? "/" : edit.substr(0, slash);
    CHECK(
        contains(refusal(Edited(good).set(node, edit.substr(slash + 1), "x")), "no key verifies"));
  }
  CHECK(contains(refusal(Edited(good).add("/images/kernel-1/hash-9", "algo", "crc32")),
                 "it covers other nodes than those of whole images"));
  CHECK(contains(refusal(Edited(good).remove("/images/kernel-1/hash-1")),
                 "it covers other nodes than those of whole images"));
  CHECK(contains(refusal(Edited(good).set(signature, "hashed-nodes", "/")),
                 "it covers other nodes than those of whole images"));
  constexpr char less[] = "/\0/configurations/conf-1\0/images/kernel-1\0/images/kernel-1/hash-1";
  CHECK(contains(
      refusal(Edited(good).set(signature, "hashed-nodes", std::string_view(less, sizeof less - 1))),
      "no key verifies it"));
  CHECK(contains(refusal(Edited(good).set("/images/kernel-1", "unheard-of", "x")),
                 "it does not cover the names of all properties"));
  CHECK(contains(refusal(Edited(good).drop(signature, "hashed-nodes")), "which nodes it covers"));
  CHECK(contains(refusal(Edited(good).drop(signature, "hashed-strings")),
                 "it does not cover the names of properties"));
  CHECK(contains(
      refusal(Edited(good).set(signature, "hashed-strings", std::string_view("\0\0\0\0\0\0\0", 7))),
      "it does not cover the names of all properties"));
  // The signature of one configuration for another
  CHECK(contains(refusal(Edited(good).copy_signature("conf-1", "conf-3"), "conf-3"),
                 "it covers other nodes than those of whole images"));
  CHECK(contains(refusal(Edited(good).copy_signature("conf-1", "conf-2"), "conf-2"),
                 "it covers other nodes than those of whole images"));
}

TEST_CASE("fit: a kernel with its hash in the place of another is not what was signed") {
  ByteVector image = file("mix.itb");
  const auto tree = kxf::formats::FlatTree::parse(image);
  REQUIRE(tree);
  const auto value = [&](const char* kernel) {
    const auto node = tree->child(*tree->child(0, "images"), kernel);
    const ByteView bytes = tree->property(*tree->child(*node, "hash-1"), "value")->value;
    return image.begin() + (bytes.data() - image.data());
  };
  std::swap_ranges(value("kernel-1"), value("kernel-1") + 32, value("kernel-2"));
  image = replaced(image, "PLAIN kernel one", "PLAIN kernel 1st");
  image = replaced(image, "PLAIN kernel two", "PLAIN kernel one");
  image = replaced(image, "PLAIN kernel 1st", "PLAIN kernel two");
  Scene scene;
  scene.configuration = "conf-1";
  CHECK(text(scene.parsed(image).payload) == "PLAIN kernel two");
  CHECK(contains(scene.key("rsa2048.pem").refusal(image), "no key verifies it"));
}

TEST_CASE("fit: no change of a signed file gets by, whatever the byte and the bit") {
  for (const char* name : {"rsa2048.itb", "ecdsa256.itb", "pss.itb", "signed-external.itb"}) {
    CAPTURE(name);
    const char* key = std::string_view(name) == "ecdsa256.itb" ? "prime256v1.pem" : "rsa2048.pem";
    const ByteVector good = file(name);
    Scene scene;
    scene.key(key).require();
    const ImageContents before = scene.parsed(good);
    const std::vector<bool> is_signed = signed_bytes(good, before);
    const auto in = [](const ByteView part, const ByteVector& whole) {
      return std::pair(part.data() - whole.data(), part.size());
    };
    std::size_t refused = 0;
    for (std::size_t at = 0; at < good.size(); ++at) {
      ByteVector bytes = good;
      bytes[at] ^= static_cast<std::uint8_t>(1U << at % 8);
      scene.record = {};
      const auto after = scene.parse(bytes);
      if (!after) {
        ++refused;
        continue;
      }
      // What is not signed may change: nothing of it may change what is loaded.
      CAPTURE(at);
      CHECK_FALSE(is_signed[at]);
      CHECK(after->verified_by == before.verified_by);
      CHECK(after->configuration == before.configuration);
      CHECK(std::ranges::equal(after->payload->bytes, before.payload->bytes));
      CHECK(in(after->payload->bytes, bytes) == in(before.payload->bytes, good));
      CHECK(after->payload->codec == before.payload->codec);
      CHECK(std::ranges::equal(after->device_tree->bytes, before.device_tree->bytes));
      CHECK(std::ranges::equal(*after->initrd, *before.initrd));
      CHECK(after->overlays.size() == before.overlays.size());
    }
    CHECK(refused >= static_cast<std::size_t>(std::ranges::count(is_signed, true)));
  }
}

}  // namespace fit_test
