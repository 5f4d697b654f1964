// SPDX-License-Identifier: Apache-2.0
#include "policy/profile.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "policy/schema.hpp"
#include "policy/toml_value.hpp"

namespace profile_test {

using namespace kxf;
namespace fs = std::filesystem;

namespace {

const fs::path source_dir = KXF_SOURCE_DIR;

/// A directory of its own for each test, gone afterwards.
class Directory {
 public:
  Directory() {
    std::string name = (fs::temp_directory_path() / "kxf-profile-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Directory() { fs::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  [[nodiscard]] fs::path operator/(const std::string& name) const { return path_ / name; }
  std::string write(const std::string& name, std::string_view text) const {
    const fs::path file = path_ / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file.string();
  }

 private:
  fs::path path_;
};

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE_MESSAGE(file, path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<fs::path> files_in(const fs::path& directory) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(directory))
    if (entry.path().extension() == ".toml") files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

Policy policy_of(std::string_view text) {
  const Directory directory;
  auto policy = read_profile(directory.write("board.toml", text));
  if (!policy) FAIL(policy.error().message);
  return *policy;
}

std::string complaints_about(std::string_view text) {
  const Directory directory;
  const auto policy = read_profile(directory.write("board.toml", text));
  REQUIRE(!policy);
  CHECK(policy.error().fault == Fault::refused);
  return policy.error().message;
}

/// All values without their origins, as TOML.
std::string values_of(const Policy& policy) {
  std::istringstream lines(effective_text(policy));
  std::string result;
  for (std::string line; std::getline(lines, line);)
    result += line.substr(0, line.rfind("  # ")) + '\n';
  return result;
}

void check_round_trip(Policy policy) {
  policy.crash = false;  // a flag that no profile has
  const Directory directory;
  const auto again = read_profile(directory.write("effective.toml", effective_text(policy)));
  REQUIRE_MESSAGE(again, again.error().message);
  CHECK(values_of(*again) == values_of(policy));
}

}  // namespace

TEST_CASE("profile: every bad file is refused with the message that it announces") {
  const auto files = files_in(source_dir / "tests/bad-input/profiles");
  REQUIRE(files.size() > 80);
  constexpr std::string_view mark = "# expect: ";
  for (const fs::path& path : files) {
    CAPTURE(path.filename().string());
    const auto policy = read_profile(path.string());
    REQUIRE(!policy);
    CHECK(policy.error().fault == Fault::refused);
    CHECK(!policy.error().remedy.empty());
    std::istringstream lines(contents(path));
    unsigned expectations = 0;
    for (std::string line; std::getline(lines, line) && line.starts_with(mark); ++expectations) {
      std::string wanted = line.substr(mark.size());
      const bool absent = wanted.starts_with("not: ");
      if (absent) wanted.erase(0, 5);
      CAPTURE(wanted);
      CAPTURE(policy.error().message);
      CHECK((policy.error().message.find(wanted) == std::string::npos) == absent);
    }
    CHECK(expectations > 0);
  }
}

TEST_CASE("profile: all complaints are in one error, in the order of the file") {
  const std::string message = complaints_about(
      "schema = 1\n"
      "[kernel]\n"
      "imagee = \"x\"\n"
      "initrd = 5\n"
      "[boards]\n");
  CHECK(std::ranges::count(message, '\n') == 2);
  const std::size_t first = message.find("board.toml:3:1: unknown key \"imagee\"");
  const std::size_t second = message.find("board.toml:4:10: kernel.initrd: wanted");
  const std::size_t third = message.find("board.toml:5:2: unknown key \"boards\"");
  CHECK(first < second);
  CHECK(second < third);
  CHECK(third != std::string::npos);
}

TEST_CASE("profile: every shipped profile is valid, names itself and says what it is for") {
  const auto files = files_in(source_dir / "config/profiles");
  REQUIRE(files.size() >= 4);
  for (const fs::path& path : files) {
    CAPTURE(path.string());
    const auto policy = read_profile(path.string());
    REQUIRE_MESSAGE(policy, policy.error().message);
    CHECK(policy->board_name.is_set());
    CHECK(policy->description.is_set());
    check_round_trip(*policy);
  }
}

TEST_CASE("profile: example.toml shows every key") {
  const std::string text = contents(source_dir / "config/profiles/example.toml");
  const auto document = parse_toml(text, "example.toml");
  REQUIRE(document);
  std::set<std::string> seen;
  const auto walk = [&](const auto& self, const TomlTable& table, const std::string& path) -> void {
    for (const TomlEntry& entry : table.entries) {
      const std::string key = path.empty() ? entry.key : path + "." + entry.key;
      seen.insert(key);
      if (const auto* inner = std::get_if<TomlTable>(&entry.value.content)) self(self, *inner, key);
      if (const auto* list = std::get_if<std::vector<TomlValue>>(&entry.value.content))
        for (const TomlValue& item : *list)
          if (const auto* element = std::get_if<TomlTable>(&item.content))
            self(self, *element, key);
    }
  };
  walk(walk, *document, "");
  for (const Key& key : schema()) {
    CAPTURE(std::string(key.path));
    // The text excludes the mode "reuse", which the example shows; it is there in a comment.
    if (key.path == "command-line.text")
      CHECK(text.find("#   text = ") != std::string::npos);
    else
      CHECK(seen.count(std::string(key.path)) == 1);
  }
}

TEST_CASE("profile: the example of every key in the reference can be read") {
  for (const Key& key : schema()) {
    if (key.read == nullptr) continue;
    CAPTURE(std::string(key.path));
    std::string text = "schema = 1\n";
    if (!key.table().empty()) text += fmt::format("[{}]\n", key.table());
    const Policy policy = policy_of(text + fmt::format("{} = {}\n", key.name(), key.example));
    if (key.origin != nullptr) CHECK(key.origin(policy).starts_with("board.toml:"));
    check_round_trip(policy);
  }
}

TEST_CASE("profile: every member of every choice is read and written as itself") {
  for (const Key& key : schema()) {
    if (key.type != KeyType::choice) continue;
    for (const std::string_view name : key.members) {
      CAPTURE(std::string(name));
      const Policy policy =
          policy_of(fmt::format("schema = 1\n[{}]\n{} = \"{}\"\n", key.table(), key.name(), name));
      CHECK(key.write(policy, key) == fmt::format("\"{}\"", name));
    }
  }
  CHECK(policy_of("schema = 1\n[cpus]\nmismatch = \"refuse\"\n").cpu_mismatch.value ==
        OnMismatch::refuse);
  CHECK(policy_of("schema = 1\n[digest]\npolicy = \"always\"\n").digest.value ==
        DigestChoice::always);
  CHECK(policy_of("schema = 1\n[load]\nsyscall = \"kexec_file_load\"\n").syscall.value ==
        SyscallChoice::kexec_file_load);
  CHECK(policy_of("schema = 1\n[exec]\nmethod = \"systemd\"\n").exec_method.value ==
        ExecMethod::systemd);
  CHECK(policy_of("schema = 1\n[command-line]\nmode = \"reuse\"\n").command_line_mode.value ==
        CommandLineMode::reuse);
}

TEST_CASE("profile: a file that sets nothing gives the defaults, and says so") {
  const Policy policy = policy_of("schema = 1\n");
  CHECK(policy.board_name.value == "board");
  CHECK(policy.board_name.origin == "file name");
  CHECK(!policy.kernel_image.is_set());
  CHECK(policy.memory_sources.value == std::vector<std::string>{"auto"});
  CHECK(policy.memory_sources.origin == "default");
  const std::string text = effective_text(policy);
  CHECK(text.find("# image: not set\n") != std::string::npos);
  CHECK(text.find("sources = [\"auto\"]  # default\n") != std::string::npos);
  CHECK(text.find("unpack-limit = \"1 GiB\"  # default\n") != std::string::npos);
  check_round_trip(policy);
}

TEST_CASE("profile: origins name the file without its directory, the line and the column") {
  const Policy policy = policy_of("schema = 1\n[kernel]\nimage = \"/boot/Image\"\n");
  CHECK(policy.kernel_image.origin == "board.toml:3:9");
  CHECK(policy.initrds.origin == "default");
}

TEST_CASE("profile: relative paths count from the profile's directory") {
  const Directory directory;
  const std::string text =
      "schema = 1\n[kernel]\nimage = \"../Image\"\ninitrd = [\"a.cpio\", \"/b.cpio\"]\n"
      "[device-tree]\nsource = \"./running\"\noverlays = \"x/y.dtbo\"\n";
  const auto policy = read_profile(directory.write("profiles/board.toml", text));
  REQUIRE(policy);
  CHECK(policy->kernel_image.value == (directory / "Image").string());
  CHECK(policy->initrds.value ==
        std::vector<std::string>{(directory / "profiles/a.cpio").string(), "/b.cpio"});
  CHECK(policy->tree_source.value == (directory / "profiles/running").string());
  CHECK(policy->tree_overlays.value ==
        std::vector<std::string>{(directory / "profiles/x/y.dtbo").string()});
  CHECK(policy_of("schema = 1\n[device-tree]\nsource = \"running\"\n").tree_source.value ==
        "running");
}

TEST_CASE("profile: sizes, addresses and windows mean what they say") {
  const auto limit = [](std::string_view value) {
    return policy_of(fmt::format("schema = 1\n[kernel]\nunpack-limit = {}\n", value))
        .unpack_limit.value;
  };
  CHECK(limit("4097") == 4097);
  CHECK(limit("0x1000") == 4096);
  CHECK(limit("\"4097\"") == 4097);
  CHECK(limit("\"0x1001\"") == 4097);
  CHECK(limit("\"64 KiB\"") == 64 << 10);
  CHECK(limit("\"64KiB\"") == 64 << 10);
  CHECK(limit("\"3 GiB\"") == 3ULL << 30U);
  CHECK(limit("\"16777215 TiB\"") == 16777215ULL << 40U);
  const Policy policy = policy_of(
      "schema = 1\n"
      "[[memory.reserve]]\nstart = \"0xffffffffffff0000\"\nsize = 65535\nreason = \"top\"\n"
      "[[memory.reserve]]\nstart = 0\nsize = \"1 MiB\"\nreason = \"bottom\"\n");
  REQUIRE(policy.memory_reserve.value.size() == 2);
  CHECK(policy.memory_reserve.value[0].range == Range{0xffffffffffff0000, UINT64_MAX});
  CHECK(policy.memory_reserve.value[1].range == Range{0, 1U << 20U});
  CHECK(policy.memory_reserve.value[1].reason == "bottom");
  check_round_trip(policy);
}

TEST_CASE("profile: device tree values are encoded as the specification wants") {
  const auto encoded = [](std::string_view value) {
    const Policy policy = policy_of(fmt::format(
        "schema = 1\n[[device-tree.set]]\nnode = \"/\"\nproperty = \"x\"\n{}\n", value));
    check_round_trip(policy);
    return policy.tree_set.value.at(0).value;
  };
  CHECK(encoded("string = \"ok\"") == ByteVector{'o', 'k', 0});
  CHECK(encoded("string = \"\"") == ByteVector{0});
  CHECK(encoded("strings = [\"a\", \"\", \"b\"]") == ByteVector{'a', 0, 0, 'b', 0});
  CHECK(encoded("cells = [1, 0xfffffffe]") == ByteVector{0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfe});
  CHECK(encoded("u64 = \"0x0102030405060708\"") == ByteVector{1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(encoded("u64 = 258") == ByteVector{0, 0, 0, 0, 0, 0, 1, 2});
  CHECK(encoded("bytes = \"00 fFa1\"") == ByteVector{0, 0xff, 0xa1});
  CHECK(encoded("flag = true").empty());
}

TEST_CASE("profile: settings, pins and kinds keep their keys") {
  const Policy policy = policy_of(
      "schema = 1\n"
      "[settings.acme-uart]\nbaud = \"115200\"\n\"odd key\" = \"\"\n"
      "[plugins]\nuse = { codec = \"gzip\" }\n"
      "sha256 = { \"acme.so\" = "
      "\"E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855\" }\n");
  CHECK(policy.settings.at("acme-uart").at("baud").value == "115200");
  CHECK(policy.settings.at("acme-uart").at("baud").origin == "board.toml:3:8");
  CHECK(policy.settings.at("acme-uart").at("odd key").value.empty());
  CHECK(policy.plugins_use.value.at("codec") == "gzip");
  CHECK(policy.plugins_sha256.value.at("acme.so").starts_with("e3b0c442"));
  check_round_trip(policy);
}

TEST_CASE("profile: any text survives being written and read") {
  Policy policy = policy_of("schema = 1\n");
  policy.kernel_image = {"/boot/\"quoted\" \\back\\ \xc3\xa9 \xf0\x9f\x90\xa7", "--kernel"};
  policy.command_line = {"a=\"b c\"\td='e' \\n", "--command-line"};
  policy.settings["x"]["key.with \"quotes\""] = {"# no comment", "test"};
  check_round_trip(policy);
  CHECK(toml_quoted("a\xff\x01") == "\"a\\uFFFD\\u0001\"");
  CHECK(toml_quoted("\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82") ==
        "\"" +
            std::string("\\uFFFD\\uFFFD\\uFFFD\\uFFFD\\uFFFD\\uFFFD\\uFFFD\\uFFFD\\uFFFD"
                        "\\uFFFD\\uFFFD") +
            "\"");
}

TEST_CASE("profile: what is no readable file is refused before anything is read") {
  const Directory directory;
  const auto message = [](const fs::path& path) {
    const auto policy = read_profile(path.string());
    REQUIRE(!policy);
    CHECK(policy.error().fault == Fault::refused);
    CHECK(!policy.error().remedy.empty());
    return policy.error().message;
  };
  CHECK(message(directory / "none.toml").find("cannot be opened: No such file") !=
        std::string::npos);
  fs::create_directory(directory / "directory.toml");
  CHECK(message(directory / "directory.toml").ends_with("is a directory"));
  REQUIRE(::mkfifo((directory / "pipe.toml").c_str(), 0600) == 0);
  CHECK(message(directory / "pipe.toml").ends_with("is not a regular file"));
  const std::string large = directory.write("large.toml", std::string((1U << 20U) + 1, '#'));
  CHECK(message(large).ends_with("is larger than 1048576 bytes"));
  const std::string closed = directory.write("closed.toml", "schema = 1\n");
  fs::permissions(closed, fs::perms::none);
  if (::access(closed.c_str(), R_OK) != 0)  // root can read it all the same
    CHECK(message(closed).find("cannot be opened: Permission denied") != std::string::npos);
}

TEST_CASE("profile: one of exactly 1 MiB is read") {
  const Directory directory;
  std::string text = "schema = 1\n#";
  text.resize(1U << 20U, 'x');
  CHECK(read_profile(directory.write("large.toml", text)));
}

TEST_CASE("profile: a name is looked up in the directory, a path is taken as it is") {
  const Directory directory;
  directory.write("acme.toml", "schema = 1\n");
  directory.write("generic-arm64.toml", "schema = 1\n");
  directory.write("README", "");
  const fs::path where = directory / "";
  CHECK(find_profile("acme", where) == (directory / "acme.toml").string());
  CHECK(find_profile("acme.toml", where) == (directory / "acme.toml").string());
  CHECK(find_profile("./no-such.toml", where) == "./no-such.toml");
  const auto missing = find_profile("acne", where);
  REQUIRE(!missing);
  CHECK(missing.error().message.find("there are acme, generic-arm64; did you mean \"acme\"?") !=
        std::string::npos);
  CHECK(missing.error().fault == Fault::refused);
  const auto nowhere = find_profile("acme", directory / "no-such-directory");
  REQUIRE(!nowhere);
  CHECK(nowhere.error().message.ends_with("which has none at all"));
  CHECK(find_profile("", where).error().fault == Fault::usage);
}

TEST_CASE("flags: what they give replaces the profile's, with the flag as its origin") {
  const Policy profile = policy_of(
      "schema = 1\n[kernel]\nimage = \"/a\"\ninitrd = [\"/b\", \"/c\"]\n"
      "[load]\nsyscall = \"kexec_load\"\n[digest]\npolicy = \"none\"\n");
  PolicyFlags flags;
  flags.kernel = "Image";
  flags.initrds = {"one", "two"};
  flags.dtb = "board.dtb";
  flags.syscall = "auto";
  flags.digest = "always";
  flags.crash = true;
  const auto policy = with_flags(profile, flags);
  REQUIRE(policy);
  CHECK(policy->kernel_image.value == "Image");
  CHECK(policy->kernel_image.origin == "--kernel");
  CHECK(policy->initrds.value == std::vector<std::string>{"one", "two"});
  CHECK(policy->initrds.origin == "--initrd");
  CHECK(policy->tree_source.value == "board.dtb");
  CHECK(policy->tree_source.origin == "--dtb");
  CHECK(policy->syscall.value == SyscallChoice::automatic);
  CHECK(policy->syscall.origin == "--syscall");
  CHECK(policy->digest.value == DigestChoice::always);
  CHECK(policy->crash);
  CHECK(effective_text(*policy).find(
            fmt::format("image = \"{}\"  # --kernel\n", (fs::current_path() / "Image").string())) !=
        std::string::npos);
  check_round_trip(*policy);

  const auto unchanged = with_flags(profile, {});
  REQUIRE(unchanged);
  CHECK(effective_text(*unchanged) == effective_text(profile));
}

TEST_CASE("flags: the command line's parts replace each other as documented") {
  const Policy profile = policy_of(
      "schema = 1\n[command-line]\nmode = \"reuse\"\nappend = \"a\"\nremove = [\"quiet\"]\n");
  PolicyFlags flags;
  flags.append = {"b", "c=d"};
  auto policy = with_flags(profile, flags);
  REQUIRE(policy);
  CHECK(policy->command_line_mode.value == CommandLineMode::reuse);
  CHECK(policy->command_line_append.value == "a b c=d");
  CHECK(policy->command_line_append.origin == "board.toml:4:10, --append");
  check_round_trip(*policy);

  flags.command_line = "text";
  policy = with_flags(profile, flags);
  REQUIRE(policy);
  CHECK(policy->command_line_mode.value == CommandLineMode::replace);
  CHECK(policy->command_line.value == "text");
  CHECK(policy->command_line_append.value == "b c=d");
  CHECK(policy->command_line_append.origin == "--append");
  CHECK(policy->command_line_remove.value.empty());
  check_round_trip(*policy);

  flags.command_line.reset();
  flags.reuse_command_line = true;
  policy =
      with_flags(policy_of("schema = 1\n[command-line]\ntext = \"x\"\nappend = \"a\"\n"), flags);
  REQUIRE(policy);
  CHECK(policy->command_line_mode.origin == "--reuse-cmdline");
  CHECK(!policy->command_line.is_set());
  CHECK(policy->command_line_append.value == "a b c=d");
  check_round_trip(*policy);
}

TEST_CASE("flags: what makes no sense is a fault of usage") {
  const auto fault = [](auto set) {
    PolicyFlags flags;
    set(flags);
    const Policy defaults;
    const auto policy = with_flags(defaults, flags);
    REQUIRE(!policy);
    CHECK(policy.error().fault == Fault::usage);
    return policy.error().message;
  };
  CHECK(
      fault([](PolicyFlags& flags) { flags.syscall = "kexec_laod"; }) ==
      "--syscall \"kexec_laod\" is none of \"auto\", \"kexec_load\", \"kexec_file_load\": did you "
      "mean \"kexec_load\"?");
  CHECK(fault([](PolicyFlags& flags) { flags.digest = ""; }).starts_with("--digest \"\" is none"));
  CHECK(fault([](PolicyFlags& flags) { flags.kernel = ""; }).starts_with("--kernel: an empty"));
  CHECK(fault([](PolicyFlags& flags) { flags.initrds = {"a", ""}; }).starts_with("--initrd: an"));
  CHECK(fault([](PolicyFlags& flags) { flags.dtb = ""; }).starts_with("--dtb: an empty"));
  CHECK(fault([](PolicyFlags& flags) { flags.append = {"a\nb"}; }).starts_with("--append: a line"));
  CHECK(fault([](PolicyFlags& flags) {
          flags.command_line = "a=\"b";
        }).starts_with("--command-line: an odd number of double quotes"));
  CHECK(fault([](PolicyFlags& flags) {
          flags.command_line = "a";
          flags.reuse_command_line = true;
        }) == "--command-line and --reuse-cmdline contradict each other");
}

TEST_CASE("docs/profile.md contains the reference as kxf profile reference prints it") {
  constexpr std::string_view begin = "<!-- begin: kxf profile reference -->\n";
  constexpr std::string_view end = "<!-- end: kxf profile reference -->";
  const std::string text = contents(source_dir / "docs/profile.md");
  const std::size_t start = text.find(begin);
  const std::size_t stop = text.find(end);
  REQUIRE(start != std::string::npos);
  REQUIRE(stop != std::string::npos);
  const std::string written = text.substr(start + begin.size(), stop - start - begin.size());
  CHECK_MESSAGE(written == profile_reference(),
                "put the output of \"kxf profile reference\" between the marks");
}

TEST_CASE("docs/profile.md: its profiles are valid") {
  std::istringstream lines(contents(source_dir / "docs/profile.md"));
  unsigned profiles = 0;
  std::string block;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (inside && line == "```") {
      inside = false;
      ++profiles;
      policy_of(block);
    } else if (inside) {
      block += line + '\n';
    } else if (line == "```toml") {
      inside = true;
      block.clear();
    }
  }
  CHECK(profiles > 0);
}

}  // namespace profile_test
