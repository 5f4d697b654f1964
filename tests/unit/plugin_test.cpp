// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

#include "elf/object.hpp"
#include "plugin/builtin.hpp"
#include "plugin/candidates.hpp"
#include "plugin/registrar.hpp"
#include "plugin/registry.hpp"
#include "text/nearest.hpp"

namespace plugin_test {
namespace {

using namespace kxf;
namespace fs = std::filesystem;

const fs::path bad_plugins = fs::path(KXF_BUILD_DIR) / "bad-plugins";

/// A directory of plugins that goes with the object. Below /tmp, whoever runs the test: root-owned
/// and safe when that is root.
class Directory {
 public:
  Directory() {
    std::string pattern = "/tmp/kxf-plugins-XXXXXX";
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~Directory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  [[nodiscard]] const fs::path& path() const { return path_; }

  /// A copy of one of the bad plugins, or of a file by its whole path; `as` is its name here.
  fs::path add(const fs::path& plugin, const std::string& as) const {
    fs::path file = path_ / as;
    fs::copy_file(plugin.is_absolute() ? plugin : bad_plugins / plugin, file);
    fs::permissions(file, fs::perms(0644));
    return file;
  }
  fs::path add(const std::string& defect) const { return add(defect + ".so", defect + ".so"); }
  fs::path write(const std::string& name, std::string_view text) const {
    fs::path file = path_ / name;
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }

 private:
  fs::path path_;
};

std::string contents(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string sha256(const std::string& bytes) {
  std::array<unsigned char, 32> digest{};
  REQUIRE(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr));
  return fmt::format("{:02x}", fmt::join(digest, ""));
}

Result<Registry> load(const PluginOptions& options) {
  Record record;
  return Registry::load(options, record);
}
Result<Registry> load(const Directory& directory) {
  return load({.directories = {directory.path()}, .sha256 = {}, .required = {}});
}

/// The message of the failure, without the "plugin PATH: " in front; "" when there is none.
std::string complaint(const Directory& directory, const std::string& file) {
  const auto registry = load(directory);
  if (registry) return "";
  CHECK(registry.error().fault == Fault::refused);
  CHECK_FALSE(registry.error().remedy.empty());
  const std::string prefix = "plugin " + (directory.path() / file).string() + ": ";
  const std::string& message = registry.error().message;
  CAPTURE(message);
  CHECK(message.starts_with(prefix));
  return message.substr(std::min(prefix.size(), message.size()));
}

struct Defect {
  std::string name;
  std::string message;
};

template <class... Arguments>
Defect defect(std::string name, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  return {std::move(name), fmt::format(format, std::forward<Arguments>(arguments)...)};
}

const std::vector<Defect>& defects() {
  static const std::vector<Defect> all = {
      defect("struct-size", "descriptor field struct_size is {}, this kxf has {}",
             sizeof(kxf_plugin_descriptor) - 8, sizeof(kxf_plugin_descriptor)),
      defect("abi-major", "descriptor field abi_major is 2, this kxf has 1"),
      defect("abi-minor", "descriptor field abi_minor is {}, this kxf has {}", KXF_ABI_MINOR + 1,
             KXF_ABI_MINOR),
      defect("compiler-abi", "descriptor field compiler_abi is 1002, this kxf has {}",
             __GXX_ABI_VERSION),
      defect("cxx11-strings", "descriptor field cxx11_strings is 0, this kxf has 1"),
      defect("word-bits", "descriptor field word_bits is 16, this kxf has {}", 8 * sizeof(void*)),
      defect("endian", "descriptor field big_endian is {}, this kxf has {}",
             std::endian::native == std::endian::little ? 1 : 0,
             std::endian::native == std::endian::little ? 0 : 1),
      defect("reserved", "descriptor field reserved is 7, this kxf has 0"),
      defect("name-empty", "descriptor field name is \"\", the note says \"bad\""),
      defect("name-null", "descriptor field name is null"),
      defect("name-other", "descriptor field name is \"worse\", the note says \"bad\""),
      defect("version-other", "descriptor field version is \"2.0\", the note says \"1.0\""),
      defect("vendor-other", "descriptor field vendor is \"somebody\", the note says \"nobody\""),
      defect("register-null", "descriptor field register_plugin is null"),
      defect("several-fields",
             "descriptor field abi_major is 2, this kxf has 1; descriptor field word_bits is 16, "
             "this kxf has {}; descriptor field name is \"worse\", the note says \"bad\"",
             8 * sizeof(void*)),
      defect("register-false", "its register function returned false"),
      defect("registers-unannounced",
             "its register function returned false; registers codec:other, which its note does "
             "not announce"),
      defect("registers-unannounced-and-hides-it",
             "registers codec:other, which its note does not announce"),
      defect("registers-twice", "its register function returned false; registers codec:bad twice"),
      defect("registers-malformed-name",
             "its register function returned false; registers a codec with the name \"Not A "
             "Name\", which is not made of lower case letters, digits and dashes"),
      defect("announces-unregistered", "announces codec:other and does not register it"),
      defect("announces-twice", "malformed kxf note: provides \"codec:bad\" twice"),
      defect("announces-nothing", "malformed kxf note: provides nothing"),
      defect("announces-unknown-kind",
             "malformed kxf note: provides \"gadget:bad\", but the kinds are architecture, "
             "image-format, codec, cpu-enable-method, console-sink, memory-source, board-check"),
      defect("name-malformed",
             "malformed kxf note: name \"Bad Plugin\" is not made of lower case letters, digits "
             "and dashes"),
      defect("name-reserved", "its name \"core\" is that of the built-in plugin"),
      defect("note-control-character", "malformed kxf note: a control character in a line"),
      defect("note-abi-major", "abi major is 2 in the note, this kxf has 1"),
      defect("note-abi-minor", "abi minor is 99 in the note, this kxf has {}", KXF_ABI_MINOR),
      defect("note-compiler-abi", "compiler abi is 1002 in the note, this kxf has {}",
             __GXX_ABI_VERSION),
      defect("note-cxx11-strings", "cxx11 strings is 0 in the note, this kxf has 1"),
      defect("two-notes", "two kxf notes in one file"),
      defect("no-note", "no kxf note: a shared object, but not a kxf plugin"),
      defect("no-descriptor", "no symbol kxf_plugin_v1"),
  };
  return all;
}

/// A codec that exists in this test only.
class FakeCodec final : public Codec {
 public:
  FakeCodec(std::string_view name, int rank) : name_(name), rank_(rank) {}
  [[nodiscard]] std::string_view name() const noexcept override { return name_; }
  [[nodiscard]] std::string_view summary() const noexcept override { return "fake"; }
  [[nodiscard]] int rank() const noexcept override { return rank_; }
  [[nodiscard]] bool recognises(ByteView) const noexcept override { return true; }
  [[nodiscard]] Status unpack(ByteView, OutputBuffer&) const noexcept override { return {}; }

 private:
  std::string_view name_;
  int rank_;
};

}  // namespace

TEST_CASE("plugin: each defect of note, descriptor or registration is refused by name") {
  for (const auto& defect : defects()) {
    const std::string& name = defect.name;  // CAPTURE() makes a lambda: no structured binding
    CAPTURE(name);
    const Directory directory;
    directory.add(name);
    CHECK(complaint(directory, name + ".so") == defect.message);
  }
}

TEST_CASE("plugin: every bad plugin that is built has its message here") {
  std::vector<std::string> tested = {
      "good", "twin", "undefined-symbol", "two-symbols",
      // crash_guard_test.cpp
      "crash-constructor", "throw-constructor", "throw-registration", "abort-registration",
      "endless-constructor",
      // tests/bad-input/bad_plugins.py
      "crash-probe", "crash-parse", "endless-probe", "lies-part-outside", "lies-alignment",
      "lies-memory-size", "lies-overlap", "writes-file", "opens-socket", "codec-takes-all-memory",
      "codec-unpacks-endlessly", "codec-commits-too-much"};
  for (const auto& [name, message] : defects()) tested.push_back(name);
  for (const auto& entry : fs::directory_iterator(bad_plugins)) {
    if (entry.path().extension() != ".so") continue;
    CAPTURE(entry.path());
    CHECK(std::ranges::find(tested, entry.path().stem().string()) != tested.end());
  }
}

TEST_CASE("plugin: an undefined symbol is the dynamic linker's message with the file's name") {
  const Directory directory;
  const fs::path file = directory.add("undefined-symbol");
  CHECK(complaint(directory, "undefined-symbol.so") ==
        fmt::format("the dynamic linker says: {}: undefined symbol: bad_symbol_that_is_nowhere",
                    file.string()));
}

TEST_CASE("plugin: a second symbol that others could bind to is refused by name") {
  const Directory directory;
  directory.add("two-symbols");
  const std::string said = complaint(directory, "two-symbols.so");
  // A sanitizer adds symbols of its own in front.
  CHECK(said.starts_with("exports more than its descriptor: "));
  CHECK(said.ends_with("bad_second_symbol"));
}

TEST_CASE("plugin: what is no complete ELF file of this machine is refused before it is loaded") {
  const std::string good = contents(bad_plugins / "good.so");
  {
    const Directory directory;
    directory.write("text.so", "#!/bin/sh\n");
    CHECK(complaint(directory, "text.so") == "not an ELF file");
  }
  {
    const Directory directory;
    directory.write("empty.so", "");
    CHECK(complaint(directory, "empty.so").find("ELF") != std::string::npos);
  }
  for (const std::size_t kept : {good.size() / 2, std::size_t{70}}) {
    const Directory directory;
    directory.write("cut.so", good.substr(0, kept));
    CHECK(complaint(directory, "cut.so").starts_with("damaged ELF file: "));
  }
  {
    std::string foreign = good;
    foreign[18] = 0x34;  // e_machine: gABI chapter 4, "ELF Header"
    foreign[19] = 0x12;
    const Directory directory;
    directory.write("foreign.so", foreign);
    CHECK(complaint(directory, "foreign.so").starts_with("built to run on machine "));
    CHECK(complaint(directory, "foreign.so").ends_with(", this kxf runs on " + own_elf_machine()));
  }
}

TEST_CASE("plugin: only regular files are loaded") {
  {
    const Directory directory;
    fs::create_directory(directory.path() / "folder.so");
    CHECK(complaint(directory, "folder.so") == "is a directory, not a regular file");
  }
  {
    const Directory directory;
    fs::create_symlink(bad_plugins / "good.so", directory.path() / "link.so");
    CHECK(complaint(directory, "link.so") == "is a symbolic link, not a regular file");
  }
  {
    const Directory directory;
    REQUIRE(mkfifo((directory.path() / "pipe.so").c_str(), 0600) == 0);
    CHECK(complaint(directory, "pipe.so") == "is not a regular file");
  }
  {
    const Directory directory;
    directory.write("notes.txt", "not a plugin");
    directory.write("good.so.disabled", "not a plugin");
    directory.write(".so", "not a plugin");
    CHECK(complaint(directory, "").empty());
  }
}

TEST_CASE("plugin: all unfit files of the search path are named at once") {
  const Directory directory;
  directory.add("no-note");
  directory.add("good");
  directory.add("note-abi-major");
  const auto registry = load(directory);
  REQUIRE_FALSE(registry);
  CHECK(registry.error().message ==
        fmt::format("plugin {0}/no-note.so: no kxf note: a shared object, but not a kxf plugin\n"
                    "plugin {0}/note-abi-major.so: abi major is 2 in the note, this kxf has 1",
                    directory.path().string()));
}

TEST_CASE("trust: as root, files that others can write or own are refused") {
  if (geteuid() != 0) {
    MESSAGE("skipped: not root");
    return;
  }
  const Directory directory;
  const fs::path file = directory.add("good");
  CHECK(complaint(directory, "good.so").empty());
  fs::permissions(file, fs::perms(0666));
  CHECK(complaint(directory, "good.so") == "is writable by group or others (mode 0666)");
  fs::permissions(file, fs::perms(0664));
  CHECK(complaint(directory, "good.so") == "is writable by group or others (mode 0664)");
  fs::permissions(file, fs::perms(0644));
  REQUIRE(chown(file.c_str(), 12345, 0) == 0);
  CHECK(complaint(directory, "good.so") == "is owned by user 12345, not by root");
}

TEST_CASE("trust: as root, directories that others can write or own are refused") {
  if (geteuid() != 0) {
    MESSAGE("skipped: not root");
    return;
  }
  const Directory outer;
  const fs::path inner = outer.path() / "inner";
  fs::create_directory(inner);
  fs::copy_file(bad_plugins / "good.so", inner / "good.so");
  fs::permissions(inner / "good.so", fs::perms(0644));
  const auto message = [](const fs::path& path) {
    const auto registry = load({.directories = {path}, .sha256 = {}, .required = {}});
    return registry ? "" : registry.error().message;
  };
  const std::string context = "plugin directory " + inner.string() + ": ";
  CHECK(message(inner).empty());
  fs::permissions(outer.path(), fs::perms(0777));
  CHECK(message(inner) ==
        context + outer.path().string() + " is writable by group or others (mode 0777)");
  fs::permissions(outer.path(), fs::perms(01777));  // sticky: nobody else can replace root's entry
  CHECK(message(inner).empty());
  REQUIRE(chown(outer.path().c_str(), 12345, 0) == 0);
  CHECK(message(inner) == context + outer.path().string() + " is owned by user 12345, not by root");

  // A link to a good directory is as good as whoever may replace the link.
  const Directory links;
  REQUIRE(chown(outer.path().c_str(), 0, 0) == 0);
  fs::create_directory_symlink(inner, links.path() / "link");
  CHECK(message(links.path() / "link").empty());
  fs::create_directory_symlink("../link", links.path() / "self");
  REQUIRE(lchown((links.path() / "link").c_str(), 12345, 0) == 0);
  CHECK(message(links.path() / "link") ==
        fmt::format("plugin directory {0}: {0} is owned by user 12345, not by root",
                    (links.path() / "link").string()));
}

TEST_CASE("trust: who is not root may load what is his") {
  const Directory directory;
  const fs::path file = directory.add("good");
  fs::permissions(file, fs::perms(0666));
  CHECK(open_plugin(file, Trust::any_owner));
  CHECK(required_trust() == (geteuid() == 0 ? Trust::root_only : Trust::any_owner));
}

TEST_CASE("pin: the right digest loads the plugin, any other is refused") {
  const Directory directory;
  const fs::path file = directory.add("good");
  const std::string digest = sha256(contents(file));
  const auto with = [&](const std::string& name, const std::string& pin) {
    return load({.directories = {directory.path()}, .sha256 = {{name, pin}}, .required = {"good"}});
  };
  CHECK(with("good.so", digest)->named<Codec>("good"));

  const std::string wrong = digest.substr(1) + digest.front();
  CHECK(with("good.so", wrong).error().message ==
        fmt::format("plugin {}: its SHA-256 is {}, the profile pins {}", file.string(), digest,
                    wrong));
  CHECK(with("good.so", "abc").error().message ==
        fmt::format("plugin {}: its pin \"abc\" is not a SHA-256 in lower-case hexadecimal",
                    file.string()));
  CHECK(with("god.so", digest).error().message ==
        "the profile pins god.so, and no plugin file of this name is there");
}

TEST_CASE("pin: the copy that is loaded can no longer be changed") {
  const Directory directory;
  const fs::path file = directory.add("good");
  const auto opened = open_plugin(file, Trust::any_owner);
  REQUIRE(opened);
  const auto copy = pinned_copy(*opened, sha256(contents(file)));
  REQUIRE(copy);
  CHECK(pwrite(copy->get(), "x", 1, 0) == -1);
  CHECK(ftruncate(copy->get(), 0) == -1);
  CHECK(contents(fmt::format("/proc/self/fd/{}", copy->get())) == contents(file));
}

TEST_CASE("registry: the built-in plugin goes through the same registration") {
  const Directory directory;
  const auto registry = load(directory);
  REQUIRE(registry);
  REQUIRE(registry->plugins().size() == 2);
  CHECK(registry->plugins().front().name == "core");
  CHECK(registry->plugins().back().name == "uarts");
  REQUIRE(registry->all<MemorySource>().size() == 2);
  CHECK((*registry->named<MemorySource>("dt"))->name() == "dt");
  CHECK((*registry->named<MemorySource>("iomem"))->name() == "iomem");
  CHECK(registry->all<MemorySource>().front().plugin == "core");
  CHECK(registry->all<Architecture>().empty());
}

TEST_CASE("registry: kxf's own formats plugin loads and unpacks") {
  const Directory directory;
  directory.add(fs::path(KXF_BUILD_DIR) / "plugins" / "formats.so", "formats.so");
  const auto registry = load(directory);
  REQUIRE(registry);
  const auto gzip = registry->named<Codec>("gzip");
  REQUIRE(gzip);
  CHECK((*gzip)->recognises(bytes_of("\x1f\x8b\x08 and so on")));
}

TEST_CASE("registry: loading twice gives the same implementations") {
  const Directory directory;
  directory.add("good");
  const auto first = load(directory);
  const auto second = load(directory);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(*first->named<Codec>("good") == *second->named<Codec>("good"));
}

TEST_CASE("registry: many plugins that follow each other are not taken for one another") {
  // Each gets its own descriptor number, which is all that the dynamic linker knows it by.
  for (int i = 0; i < 3; ++i) {
    const Directory directory;
    directory.add("good");
    directory.add("twin");
    const auto registry = load(directory);
    REQUIRE(registry);
    CHECK(registry->plugins().size() == 4);
  }
}

TEST_CASE("registry: an unknown name lists what there is and the nearest") {
  const Directory directory;
  directory.add("good");
  const auto registry = load(directory);
  REQUIRE(registry);
  const Error error = registry->named<Codec>("goood").error();
  CHECK(error.message == "no codec \"goood\" in any plugin; there are: good");
  CHECK(error.remedy == "did you mean \"good\"?");
  CHECK(registry->named<BoardCheck>("x").error().message ==
        "no board-check \"x\" in any plugin; there are: none");
}

TEST_CASE("registry: two plugins with one implementation of equal rank are a tie, never an order") {
  const Directory directory;
  directory.add("good");
  directory.add("twin");
  const auto registry = load(directory);
  REQUIRE(registry);
  const Error error = registry->named<Codec>("good").error();
  CHECK(error.message ==
        "several plugins have a codec of the same name and rank: good (plugin good, rank 100), "
        "good (plugin twin, rank 100)");
  CHECK(error.remedy == "remove one of these plugins");
}

TEST_CASE("registry: a required plugin that is not there is an error that lists what is") {
  const Directory directory;
  directory.add("good");
  const PluginOptions options{
      .directories = {directory.path()}, .sha256 = {}, .required = {"good", "gold"}};
  const Error error = load(options).error();
  CHECK(error.message == "required plugin \"gold\" is not there; there are: core, uarts, good");
  CHECK(error.remedy == "did you mean \"good\"?");
}

TEST_CASE("registry: of one plugin in two directories the first counts, and the record says so") {
  const Directory first;
  const Directory second;
  const fs::path used = first.add("good");
  const fs::path hidden = second.add("good");
  Record record;
  const PluginOptions options{.directories = {first.path(), second.path(), first.path() / ""},
                              .sha256 = {},
                              .required = {}};
  const auto registry = Registry::load(options, record);
  REQUIRE(registry);
  REQUIRE(registry->plugins().size() == 3);
  CHECK(registry->plugins()[2].path == used.string());
  REQUIRE(record.decisions().size() == 1);
  CHECK(record.decisions()[0].topic == "plugin");
  CHECK(record.decisions()[0].choice == "good");
  CHECK(record.decisions()[0].reason == fmt::format("{} hides {}: its directory is searched first",
                                                    used.string(), hidden.string()));
}

TEST_CASE("registry: of one plugin twice in a directory none counts") {
  const Directory directory;
  directory.add("good");
  directory.add("good.so", "good-copy.so");
  CHECK(complaint(directory, "good.so") ==
        "good-copy.so in the same directory has the name \"good\" too");
}

TEST_CASE("registry: plugin directories are absolute and exist") {
  const auto with = [](const fs::path& path) {
    return load({.directories = {path}, .sha256 = {}, .required = {}}).error();
  };
  CHECK(with("plugins").message == "plugin directory \"plugins\" is not an absolute path");
  CHECK(with("plugins").fault == Fault::usage);
  CHECK(with("").fault == Fault::usage);
  const Directory directory;
  const fs::path absent = directory.path() / "absent";
  CHECK(with(absent).message == "plugin directory " + absent.string() + " does not exist");
  const fs::path file = directory.write("file", "");
  CHECK(with(file).message.starts_with("plugin directory " + file.string() + ": cannot open"));
  CHECK(plugin_search_path({"/a"}) == std::vector<fs::path>{"/a", default_plugin_directory()});
}

TEST_CASE("registry: choice goes by name, then by rank, and a tie lists all that tie") {
  const FakeCodec low("low", 50);
  const FakeCodec one("one", 100);
  const FakeCodec two("two", 100);
  using List = std::vector<Registered<Codec>>;
  CHECK(Registry::choose<Codec>(List{{&low, "a"}, {&one, "b"}}, "") == &one);
  CHECK(Registry::choose<Codec>(List{{&low, "a"}, {&one, "b"}}, "low") == &low);
  const Error tie =
      Registry::choose<Codec>(List{{&low, "a"}, {&one, "b"}, {&two, "c"}}, "").error();
  CHECK(tie.message ==
        "several codec implementations of the same rank fit: one (plugin b, rank 100), two (plugin "
        "c, rank 100)");
  CHECK(tie.remedy == "choose one in the profile: codec = \"...\" in [plugins.use]");
  const Error unknown = Registry::choose<Codec>(List{{&low, "a"}, {&one, "b"}}, "thw").error();
  CHECK(unknown.message == "no codec \"thw\" fits here; there are: low, one");
  CHECK(Registry::choose<Codec>(List{}, "").error().fault == Fault::internal);
}

TEST_CASE("metadata: a plugin's note is read without loading it") {
  const auto metadata = read_plugin_metadata(bad_plugins / "undefined-symbol.so");
  REQUIRE(metadata);
  CHECK(metadata->name == "bad");
  CHECK(metadata->version == "1.0");
  CHECK(metadata->vendor == "nobody");
  CHECK(metadata->summary == "has a defect");
  CHECK(metadata->abi == fmt::format("{}.{}", KXF_ABI_MAJOR, KXF_ABI_MINOR));
  CHECK(metadata->elf_machine == own_elf_machine());
  CHECK(metadata->provides == std::vector<std::string>{"codec:bad"});
  CHECK(metadata_mismatches(*metadata).empty());
}

TEST_CASE("metadata: names are lower case letters, digits and dashes") {
  for (const auto* good : {"a", "acme-board", "8250", "x9-"}) CHECK(is_well_formed_name(good));
  for (const auto* bad : {"", "-a", "A", "a b", "a_b", "a.so", "\xc3\xa9"})
    CHECK_FALSE(is_well_formed_name(bad));
  CHECK(is_well_formed_name(std::string(64, 'a')));
  CHECK_FALSE(is_well_formed_name(std::string(65, 'a')));
}

TEST_CASE("nearest name: few edits are a suggestion, many are none") {
  const std::vector<std::string> known = {"pl011", "uart8250", "spin-table"};
  CHECK(nearest_name("pl01", known) == "pl011");
  CHECK(nearest_name("uart-8250", known) == "uart8250");
  CHECK(nearest_name("spintable", known) == "spin-table");
  CHECK(nearest_name("psci", known).empty());
  CHECK(nearest_name("", known).empty());
}

}  // namespace plugin_test
