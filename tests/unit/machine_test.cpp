// SPDX-License-Identifier: Apache-2.0
// Paths, archives, excerpts and the log: what machines, live and captured, are made of.

#include <doctest/doctest.h>
#include <elf.h>

#include <map>
#include <random>

#include "kxf/range.hpp"
#include "machine/boot_log.hpp"
#include "machine/excerpt.hpp"
#include "machine/file.hpp"
#include "machine/manifest.hpp"
#include "machine/open.hpp"
#include "machine/path.hpp"
#include "machine/snapshot.hpp"
#include "machine/tar.hpp"
#include "scratch.hpp"

namespace machine_test {

using namespace kxf;
using kxf_test::Scratch;

namespace {

using Kind = TarEntry::Kind;
constexpr std::size_t block = 512;

// ---- archives made by hand, so that the reader is not tested with the writer alone

void put(ByteVector& header, std::size_t offset, std::string_view text) {
  std::copy(text.begin(), text.end(), header.begin() + std::ptrdiff_t(offset));
}

void seal(ByteVector& archive, std::size_t at) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < block; ++i)
    sum += i >= 148 && i < 156 ? unsigned(' ') : archive[at + i];
  char digits[9] = {};
  std::snprintf(digits, sizeof digits, "%06o", sum);
  for (std::size_t i = 0; i < 8; ++i) archive[at + 148 + i] = std::uint8_t(digits[i]);
}

ByteVector member(std::string_view name, char type, std::string_view content,
                  std::string_view link = {}) {
  ByteVector bytes(block);
  put(bytes, 0, name);
  char size[12] = {};
  std::snprintf(size, sizeof size, "%011zo", content.size());
  put(bytes, 124, size);
  bytes[156] = std::uint8_t(type);
  put(bytes, 157, link);
  put(bytes, 257, std::string_view("ustar\00000", 8));
  seal(bytes, 0);
  bytes.insert(bytes.end(), content.begin(), content.end());
  bytes.resize((bytes.size() + block - 1) / block * block);
  return bytes;
}

ByteVector archive(std::initializer_list<ByteVector> members) {
  ByteVector bytes;
  for (const ByteVector& one : members) bytes.insert(bytes.end(), one.begin(), one.end());
  bytes.resize(bytes.size() + 2 * block);
  return bytes;
}

std::string refusal(const ByteVector& bytes) {
  const auto entries = read_tar(bytes);
  if (entries) return "";
  CHECK_FALSE(entries.error().remedy.empty());
  CHECK(entries.error().fault == Fault::refused);
  return entries.error().message;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("paths resolve through links inside the machine and never above its root") {
  const std::map<std::string, std::string> links{
      {"/sys/class/tty/ttyS0", "../../devices/serial/tty/ttyS0"},
      {"/sys/devices/serial/tty/ttyS0/device", "../.."},
      {"/abs", "/sys/devices"},
      {"/up", "../../../etc"},
      {"/loop", "loop"}};
  const LinkLookup link = [&](const std::string& path) -> std::optional<std::string> {
    const auto found = links.find(path);
    if (found == links.end()) return std::nullopt;
    return found->second;
  };
  CHECK(resolve_path("/", link) == "/");
  CHECK(resolve_path("//proc/./x/../iomem/", link) == "/proc/iomem");
  CHECK(resolve_path("/../../etc", link) == "/etc");
  CHECK(resolve_path("/sys/class/tty/ttyS0/type", link) == "/sys/devices/serial/tty/ttyS0/type");
  CHECK(resolve_path("/sys/class/tty/ttyS0/device/of_node", link) == "/sys/devices/serial/of_node");
  CHECK(resolve_path("/sys/class/tty/ttyS0", link, LastLink::keep) == "/sys/class/tty/ttyS0");
  CHECK(resolve_path("/abs/system", link) == "/sys/devices/system");
  CHECK(resolve_path("/up", link) == "/etc");
  CHECK(resolve_path("/loop", link) == std::nullopt);
}

TEST_CASE("an archive that was written reads as what was put in") {
  const std::string deep = std::string(120, 'd') + "/" + std::string(90, 'e');
  const std::string unsplittable = std::string(130, 'f');
  const std::string far(150, 't');
  const std::vector<TarEntry> entries{
      {"proc/iomem", Kind::file, bytes_of("0-1 : System RAM\n"), ""},
      {"empty", Kind::file, {}, ""},
      {"sys", Kind::directory, {}, ""},
      {"link", Kind::link, {}, "../up"},
      {deep, Kind::file, bytes_of("deep"), ""},
      {unsplittable, Kind::file, bytes_of("pax"), ""},
      {"far", Kind::link, {}, far},
      {"behind", Kind::file, bytes_of(std::string_view("\0\1", 2)), ""}};
  const ByteVector bytes = write_tar(entries);
  CHECK(bytes.size() % block == 0);
  const auto read = read_tar(bytes);
  REQUIRE(read);
  REQUIRE(read->size() == entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    CHECK((*read)[i].path == entries[i].path);
    CHECK((*read)[i].kind == entries[i].kind);
    CHECK((*read)[i].link == entries[i].link);
    CHECK(text_of((*read)[i].bytes) == text_of(entries[i].bytes));
  }
  CHECK(bytes == write_tar(entries));
}

TEST_CASE("pax records whose length changes its own number of digits come back whole") {
  for (std::size_t size = 101; size < 1100; size += 1) {
    const std::string name(size, 'n');
    const ByteVector bytes = write_tar({{name, Kind::file, {}, ""}});
    const auto read = read_tar(bytes);
    REQUIRE(read);
    REQUIRE(read->size() == 1);
    REQUIRE(read->front().path == name);
  }
}

TEST_CASE("archives of GNU tar and with leading ./ are read") {
  const std::string name(180, 'g');
  const std::string target(160, 'h');
  const ByteVector bytes = archive(
      {member("./", '5', ""), member("./proc/", '5', ""),
       member("././@LongLink", 'K', target + '\0'), member("././@LongLink", 'L', name + '\0'),
       member("short", '2', "", "short-target"), member("/proc/cmdline", '0', "quiet\n"),
       member("pax_global_header", 'g', "21 comment=whatever\n"), member("old", '\0', "v7")});
  const auto read = read_tar(bytes);
  REQUIRE(read);
  REQUIRE(read->size() == 4);
  CHECK((*read)[0].path == "proc");
  CHECK((*read)[0].kind == Kind::directory);
  CHECK((*read)[1].path == name);
  CHECK((*read)[1].link == target);
  CHECK((*read)[2].path == "proc/cmdline");
  CHECK(text_of((*read)[2].bytes) == "quiet\n");
  CHECK((*read)[3].kind == Kind::file);
}

TEST_CASE("every cut of an archive is refused") {
  const ByteVector whole = archive({member("a", '0', "content"), member("b", '0', "")});
  // Everything from the first block of zeros on is the end mark and may be short.
  const std::size_t enough = whole.size() - block;
  for (std::size_t size = 0; size < enough; size += 1 + size % 37) {
    const ByteVector cut(whole.begin(), whole.begin() + std::ptrdiff_t(size));
    CHECK_MESSAGE(contains(refusal(cut), "tar archive, at byte"), size);
  }
  CHECK(read_tar(ByteView(whole).first(enough)));
}

TEST_CASE("malformed archives are refused by their defect") {
  const ByteVector good = archive({member("a", '0', "content")});

  SUBCASE("no archive at all") {
    ByteVector text(2 * block, 'x');
    CHECK(contains(refusal(text), "no tar header"));
  }
  SUBCASE("checksum") {
    ByteVector bad = good;
    bad[0] = 'b';
    CHECK(contains(refusal(bad), "header checksum is"));
  }
  SUBCASE("checksum is no number") {
    ByteVector bad = good;
    put(bad, 148, "99zzzz");
    CHECK(contains(refusal(bad), "checksum is no octal number"));
  }
  SUBCASE("size is no number") {
    ByteVector bad = good;
    put(bad, 124, "0000000008x");
    seal(bad, 0);
    CHECK(contains(refusal(bad), "size is no octal number"));
  }
  SUBCASE("size in base 256") {
    ByteVector bad = good;
    bad[124] = 0x80;
    seal(bad, 0);
    CHECK(contains(refusal(bad), "size is no octal number"));
  }
  SUBCASE("size beyond the end") {
    ByteVector bad = good;
    put(bad, 124, "77777777777");
    seal(bad, 0);
    CHECK(contains(refusal(bad), "tar archive, at byte 0"));
  }
  SUBCASE("path above the root") {
    CHECK(contains(refusal(archive({member("proc/../../etc/passwd", '0', "")})), "leaves"));
  }
  SUBCASE("zero byte in a path") {
    CHECK(contains(refusal(archive({member("p", 'x', std::string("12 path=a\0b\n", 12)),
                                    member("p", '0', "")})),
                   "leaves"));
  }
  SUBCASE("device") {
    CHECK(contains(refusal(archive({member("dev/mem", '3', "")})), "\"dev/mem\" is of a type"));
  }
  SUBCASE("hard link") {
    CHECK(contains(refusal(archive({member("a", '1', "", "b")})), "is of a type"));
  }
  SUBCASE("pax record longer than the header") {
    CHECK(contains(refusal(archive({member("p", 'x', "99 path=a\n")})), "wrong length"));
  }
  SUBCASE("pax record of length zero") {
    CHECK(contains(refusal(archive({member("p", 'x', "0 path=a\n")})), "wrong length"));
  }
  SUBCASE("pax record with a negative length") {
    CHECK(contains(refusal(archive({member("p", 'x', "-9 path=a\n")})), "wrong length"));
  }
  SUBCASE("pax record without a number") {
    CHECK(contains(refusal(archive({member("p", 'x', "path=a\n")})), "wrong length"));
  }
  SUBCASE("pax record without a value") {
    CHECK(contains(refusal(archive({member("p", 'x', "7 path\n")})), "without \"=\""));
  }
  SUBCASE("pax size that is no number") {
    CHECK(contains(refusal(archive({member("p", 'x', "12 size=4x4\n")})), "no number"));
  }
  SUBCASE("pax size beyond the end") {
    const ByteVector bad =
        archive({member("p", 'x', "29 size=18446744073709551615\n"), member("a", '0', "content")});
    CHECK(contains(refusal(bad), "tar archive, at byte 1024"));
  }
  SUBCASE("two entries for one path") {
    const auto snapshot =
        Snapshot::from_tar(archive({member("a", '0', "1"), member("./a", '0', "2")}));
    REQUIRE_FALSE(snapshot);
    CHECK(contains(snapshot.error().message, "two entries for \"a\""));
  }
}

TEST_CASE("no change of bytes makes the archive reader go astray") {
  const ByteVector good =
      archive({member("p", 'x', "12 path=abc\n"), member("a", '0', std::string(700, 'c')),
               member("././@LongLink", 'L', "long"), member("l", '2', "", "target")});
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    ByteVector bad = good;
    for (unsigned i = 0; i <= random() % 4; ++i)
      bad[random() % bad.size()] = std::uint8_t(random());
    // with true checksums, so that the change gets past them
    for (const std::size_t at : {0U, 1024U, 3072U, 4096U})
      if (at + block <= bad.size() && random() % 4 != 0) seal(bad, at);
    const auto read = read_tar(bad);
    if (!read) continue;
    for (const TarEntry& entry : *read) {
      CHECK_FALSE(entry.path.starts_with('/'));
      CHECK_FALSE(contains("/" + entry.path + "/", "/../"));
      CHECK(entry.bytes.size() <= bad.size());
    }
  }
}

TEST_CASE("a snapshot lists the names below a place once each and sorted") {
  const auto snapshot = Snapshot::from_tar(
      archive({member("cpu/cpu0", '5', ""), member("cpu/cpu0/online", '0', "1"),
               member("cpu/cpu0-old/x", '0', ""), member("cpu/cpu10/online", '0', "1"),
               member("cpu/online", '0', "0-1"), member("cpus", '0', "")}));
  REQUIRE(snapshot);
  CHECK(snapshot->names_in("/cpu") ==
        std::vector<std::string>{"cpu0", "cpu0-old", "cpu10", "online"});
  CHECK(snapshot->names_in("/") == std::vector<std::string>{"cpu", "cpus"});
  CHECK(snapshot->names_in("/nothing").empty());
  CHECK(snapshot->has("/cpu/cpu10"));
  CHECK_FALSE(snapshot->has("/cp"));
}

TEST_CASE("a manifest comes back as it was written") {
  CaptureManifest manifest;
  manifest.kxf_version = "1.2.3";
  manifest.facts = {"ppc64le", "6.1.0", 65536, Endian::big, Support::present, Support::unknown};
  manifest.device_tree = "flattened";
  manifest.shortened = {"/proc/kcore"};
  manifest.names_only = {"/sys/firmware/acpi/tables/DSDT"};
  manifest.left_out = {{"/proc/iomem", "no", "much"}};
  const std::string text = manifest_text(manifest);
  const auto read = parse_manifest(text);
  REQUIRE(read);
  CHECK(manifest_text(*read) == text);
  CHECK(read->facts.hardware == "ppc64le");
  CHECK(read->facts.page_size_bytes == 65536);
  CHECK(read->facts.endian == Endian::big);
  CHECK(read->facts.kexec_load == Support::present);
  CHECK(read->facts.kexec_file_load == Support::unknown);
  REQUIRE(read->left_out.size() == 1);
  CHECK(read->left_out[0].cost == "much");
}

TEST_CASE("damaged manifests are refused by their defect") {
  const auto refused = [](std::string_view text) {
    const auto manifest = parse_manifest(text);
    REQUIRE_FALSE(manifest);
    CHECK_FALSE(manifest.error().remedy.empty());
    CHECK(manifest.error().message.starts_with("kxf-capture.json: "));
    return manifest.error().message;
  };
  CHECK(contains(refused(""), "no JSON object"));
  CHECK(contains(refused("[1]"), "no JSON object"));
  CHECK(contains(refused("{}"), "\"schema\""));
  CHECK(contains(refused(R"({"schema": "1"})"), "\"schema\""));
  CHECK(contains(refused(R"({"schema": 2})"), "schema 2"));
  CHECK(contains(refused(R"({"schema": 1, "kxf": 7})"), "\"kxf\""));
  CHECK(contains(refused(R"({"schema": 1, "kxf": "1", "hardware": "a", "kernel_release": "b",
      "endian": "middle", "kexec_load": "absent", "kexec_file_load": "absent",
      "page_size_bytes": 4096})"),
                 "middle"));
  CHECK(contains(refused(R"({"schema": 1, "kxf": "1", "hardware": "a", "kernel_release": "b",
      "endian": "big", "kexec_load": "maybe", "kexec_file_load": "absent",
      "page_size_bytes": 4096})"),
                 "maybe"));
  CHECK(contains(refused(R"({"schema": 1, "kxf": "1", "hardware": "a", "kernel_release": "b",
      "endian": "big", "kexec_load": "absent", "kexec_file_load": "absent",
      "page_size_bytes": 4000})"),
                 "page_size_bytes"));
  CHECK(contains(refused(R"({"schema": 1, "kxf": "1", "hardware": "a", "kernel_release": "b",
      "endian": "big", "kexec_load": "absent", "kexec_file_load": "absent",
      "page_size_bytes": 4096, "left_out": [{"path": "/x"}]})"),
                 "\"reason\""));
}

TEST_CASE("what is no machine is refused") {
  const Scratch scratch;
  const auto refused = [&](const std::filesystem::path& path) {
    const auto machine = open_machine(path);
    REQUIRE_FALSE(machine);
    CHECK(machine.error().fault == Fault::refused);
    CHECK_FALSE(machine.error().remedy.empty());
    return machine.error().message;
  };
  CHECK(contains(refused(scratch.path() / "nothing"), "is not there"));
  CHECK(contains(refused(scratch.path()), "no kxf-capture.json"));
  CHECK(contains(refused(scratch.write("text", "no archive")), "tar archive, at byte 0"));
  CHECK(contains(refused(scratch.write("empty", "")), "tar archive, at byte 0"));
  const ByteVector other = archive({member("proc/iomem", '0', "")});
  CHECK(contains(refused(scratch.write("other.tar", text_of(other))), "no kxf-capture.json"));
  scratch.write("newer/kxf-capture.json", R"({"schema": 9})");
  CHECK(contains(refused(scratch.path() / "newer"), "schema 9"));
}

TEST_CASE("the live machine tells its facts and keeps its capabilities") {
  const auto capabilities = [] {
    const auto status = read_to_end("/proc/thread-self/status", 1U << 20U);
    REQUIRE(status);
    const std::string_view text = text_of(*status);
    return std::string(text.substr(text.find("CapInh"), 100));
  };
  const std::string before = capabilities();
  const auto machine = open_machine("/");
  REQUIRE(machine);
  CHECK(capabilities() == before);
  const MachineFacts& facts = (*machine)->facts();
  CHECK_FALSE(facts.hardware.empty());
  CHECK_FALSE(facts.kernel_release.empty());
  CHECK(is_power_of_two(facts.page_size_bytes));
}

TEST_CASE("the live machine reads files that claim no size, and says what is wrong") {
  const auto opened = open_machine("/");
  REQUIRE(opened);
  const Machine& machine = **opened;
  const auto status = machine.read_text("/proc/self/status");
  REQUIRE(status);
  CHECK(contains(*status, "CapEff"));
  CHECK(machine.exists("/proc/self/status"));
  CHECK(machine.link_target("/proc/self").has_value());
  const std::vector<std::string> names = machine.list("/proc/self/task");
  CHECK(std::is_sorted(names.begin(), names.end()));
  CHECK_FALSE(names.empty());

  const auto absent = machine.read("/proc/kxf-nothing");
  REQUIRE_FALSE(absent);
  CHECK(absent.error().message == "\"/proc/kxf-nothing\" is not there");
  CHECK_FALSE(machine.exists("/proc/kxf-nothing"));
  CHECK(machine.list("/proc/kxf-nothing").empty());
  const auto directory = machine.read("/proc/self");
  REQUIRE_FALSE(directory);
  CHECK(contains(directory.error().message, "not a regular file"));
}

TEST_CASE("files are read up to their limit and written whole") {
  const Scratch scratch;
  const std::filesystem::path file = scratch.write("file", "0123456789");
  CHECK(text_of(*read_to_end(file, 10)) == "0123456789");
  CHECK_FALSE(read_to_end(file, 9));
  CHECK(text_of(*read_prefix(file, 4)) == "0123");
  CHECK(text_of(*read_prefix(file, 400)) == "0123456789");

  REQUIRE(write_file(file, bytes_of("new")));
  CHECK(scratch.read("file") == "new");
  CHECK(std::filesystem::status(file).permissions() == std::filesystem::perms(0600));
  const auto nowhere = write_file(scratch.path() / "no/such/file", bytes_of("x"));
  REQUIRE_FALSE(nowhere);
  CHECK_FALSE(nowhere.error().remedy.empty());
  // a directory in the way: the new file is not left behind under another name
  std::filesystem::create_directories(scratch.path() / "dir/full");
  CHECK_FALSE(write_file(scratch.path() / "dir", bytes_of("x")));
  unsigned entries = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(scratch.path()))
    ++entries;
  CHECK(entries == 2);
}

TEST_CASE("the boot log is cut down to what planning looks at, without levels and times") {
  const std::string log =
      "<6>[    0.000000] Machine model: linux,dummy-virt\n"
      "<6>[    0.000000][    T0] efi: EFI v2.70 by EDK II\n"
      "<4>[   12.345678] usb 1-1: new device\n"
      "<6>[    0.000000] CPU1: using LPI pending table @0x0000000042600000\n"
      "[    0.000000] crashkernel reserved: 0x60000000 - 0x70000000 (256 MB)\n"
      "kexec_core: no time here";
  CHECK(relevant_lines(log) ==
        "Machine model: linux,dummy-virt\n"
        "efi: EFI v2.70 by EDK II\n"
        "CPU1: using LPI pending table @0x0000000042600000\n"
        "crashkernel reserved: 0x60000000 - 0x70000000 (256 MB)\n"
        "kexec_core: no time here\n");
  CHECK(relevant_lines("").empty());
  CHECK(relevant_lines("<6>[unfinished kexec\n") == "[unfinished kexec\n");
}

TEST_CASE("of the kernel's symbols those are kept that say where it lies") {
  const std::string text =
      "ffff800008000000 T _text\nffff800008010000 T _stext\nffff800008010000 T _stext_not\n"
      "ffff80000a000000 t helper\nffff80000b000000 B _end\nffff000000000000 t _text\t[module]\n";
  CHECK(text_of(kallsyms_excerpt(bytes_of(text))) ==
        "ffff800008000000 T _text\nffff800008010000 T _stext\nffff80000b000000 B _end\n");
  CHECK(kallsyms_excerpt({}).empty());
}

TEST_CASE("hidden addresses are recognised") {
  CHECK(iomem_hidden(bytes_of("00000000-00000000 : System RAM\n  00000000-00000000 : Kernel\n")));
  CHECK_FALSE(iomem_hidden(bytes_of("00000000-00000fff : Reserved\n")));
  CHECK_FALSE(iomem_hidden({}));
  CHECK(kallsyms_hidden(bytes_of("0000000000000000 T _text\n")));
  CHECK_FALSE(kallsyms_hidden(bytes_of("ffff000000000000 T _text\n")));
}

TEST_CASE("of kcore only the headers and notes are read") {
  const Scratch scratch;
  constexpr std::size_t headers = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr);
  constexpr Endian endian = Endian::big;  // of the kernel, not of this host
  ByteVector core(headers);
  const auto set = [&]<class T>(std::size_t offset, T value) {
    store(std::span(core), offset, value, endian);
  };
  put(core, 0, ELFMAG);
  core[EI_CLASS] = ELFCLASS64;
  core[EI_DATA] = ELFDATA2MSB;
  set(offsetof(Elf64_Ehdr, e_type), std::uint16_t{ET_CORE});
  set(offsetof(Elf64_Ehdr, e_phoff), std::uint64_t{sizeof(Elf64_Ehdr)});
  set(offsetof(Elf64_Ehdr, e_phentsize), std::uint16_t{sizeof(Elf64_Phdr)});
  set(offsetof(Elf64_Ehdr, e_phnum), std::uint16_t{2});
  set(sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_type), std::uint32_t{PT_NOTE});
  set(sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_offset), std::uint64_t{headers});
  set(sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_filesz), std::uint64_t{9});
  constexpr std::size_t load = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);
  set(load + offsetof(Elf64_Phdr, p_type), std::uint32_t{PT_LOAD});
  set(load + offsetof(Elf64_Phdr, p_offset), std::uint64_t{1} << 47U);
  set(load + offsetof(Elf64_Phdr, p_filesz), std::uint64_t{1} << 40U);
  const std::string text = std::string(text_of(core)) + "the notes" + "memory";

  const auto excerpt = kcore_excerpt(scratch.write("kcore", text));
  REQUIRE(excerpt);
  CHECK(excerpt->size() == headers + 9);
  CHECK(text_of(*excerpt).ends_with("the notes"));

  const auto cut = kcore_excerpt(scratch.write("cut", text.substr(0, headers + 4)));
  REQUIRE_FALSE(cut);
  CHECK(contains(cut.error().message, "ends at byte"));
  const auto other = kcore_excerpt(scratch.write("other", std::string(4096, 'x')));
  REQUIRE_FALSE(other);
  CHECK(contains(other.error().message, "magic"));
  std::string endless = text;
  endless.replace(sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_filesz), 8, 8, '\xff');
  const auto huge = kcore_excerpt(scratch.write("huge", endless));
  REQUIRE_FALSE(huge);
  CHECK(contains(huge.error().message, "claims"));
  CHECK_FALSE(kcore_excerpt(scratch.write("short",
                                          "\x7f"
                                          "ELF")));
}

}  // namespace machine_test
