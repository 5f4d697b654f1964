// SPDX-License-Identifier: Apache-2.0
#include "policy/schema.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <type_traits>

#include "policy/profile_reader.hpp"
#include "policy/toml_writer.hpp"
#include "text/nearest.hpp"

namespace kxf {
namespace {

// Members of choices stand in the order of their enumerations in policy.hpp.
constexpr std::array<std::string_view, 2> modes{"replace", "reuse"};
constexpr std::array<std::string_view, 3> mismatches{"warn", "refuse", "ignore"};
constexpr std::array<std::string_view, 3> digests{"none", "crash", "always"};
constexpr std::array<std::string_view, 2> mmu_choices{"auto", "off"};
constexpr std::array<std::string_view, 2> signatures{"optional", "required"};
constexpr std::array<std::string_view, 3> syscalls{"auto", "kexec_load", "kexec_file_load"};
constexpr std::array<std::string_view, 3> exec_methods{"auto", "systemd", "direct"};
constexpr std::array<std::string_view, 2> small_regions{"warn", "refuse"};
constexpr std::array<std::string_view, 2> unknown_consoles{"refuse", "warn"};
// In the order of UartOffsets and UartByteOrder (uart/uart.hpp).
constexpr std::array<std::string_view, 2> uart_offsets{"bytes", "reg-shift"};
constexpr std::array<std::string_view, 4> byte_orders{"little", "big", "device", "device-else-big"};
// What a tree of the user's can take over from the running one.
constexpr std::array<std::string_view, 5> inheritances{"memory", "reserved-memory", "memreserve",
                                                       "uefi", "stdout-path"};
// Kinds of which the profile may name one implementation.
constexpr std::array<std::string_view, 5> kinds{"architecture", "image-format", "codec",
                                                "cpu-enable-method", "console-sink"};

template <auto Member>
using ValueOf = std::remove_cvref_t<decltype((std::declval<Policy&>().*Member).value)>;

template <auto Member>
void read_setting(ProfileReader& reader, const Key& key, const TomlValue& value, Policy& policy) {
  using Value = ValueOf<Member>;
  const auto keep = [&](auto taken) {
    if (taken) policy.*Member = {static_cast<Value>(std::move(*taken)), reader.origin(value.place)};
  };
  if constexpr (std::is_enum_v<Value>) {
    keep(reader.choice(key, value));
  } else if constexpr (std::is_same_v<Value, bool>) {
    keep(reader.flag(key, value));
  } else if constexpr (std::is_same_v<Value, std::string>) {
    keep(reader.text(key, value));
  } else if constexpr (std::is_same_v<Value, std::uint64_t>) {
    keep(reader.number(key, value));
  } else if constexpr (std::is_same_v<Value, std::vector<std::string>>) {
    keep(reader.texts(key, value));
  } else if constexpr (std::is_same_v<Value, std::vector<ReservedWindow>>) {
    keep(reader.windows(key, value));
  } else if constexpr (std::is_same_v<Value, std::vector<PropertyValue>>) {
    keep(reader.property_values(key, value));
  } else if constexpr (std::is_same_v<Value, std::vector<PropertyName>>) {
    keep(reader.property_names(key, value));
  } else if constexpr (std::is_same_v<Value, std::vector<UartSpec>>) {
    keep(reader.uarts(key, value));
  } else {
    keep(reader.text_map(key, value));
  }
}

template <auto Member>
std::optional<std::string> write_setting(const Policy& policy, const Key& key) {
  const auto& setting = policy.*Member;
  if constexpr (std::is_enum_v<ValueOf<Member>>) {
    return toml_quoted(key.members[static_cast<std::size_t>(setting.value)]);
  } else if constexpr (std::is_same_v<ValueOf<Member>, bool>) {
    return setting.value ? std::optional<std::string>("true") : std::nullopt;
  } else if constexpr (std::is_same_v<ValueOf<Member>, std::string>) {
    if (setting.value.empty() && !setting.is_set()) return std::nullopt;
    return toml_of(key.type, setting.value);
  } else {
    return toml_of(key.type, setting.value);
  }
}

template <auto Member>
const std::string& origin_of(const Policy& policy) {
  return (policy.*Member).origin;
}

/// A key that is a member of the policy.
template <auto Member>
constexpr Key member(std::string_view path, KeyType type, std::string_view meaning,
                     std::string_view example, std::span<const std::string_view> members = {}) {
  return {path,
          type,
          meaning,
          example,
          members,
          false,
          read_setting<Member>,
          write_setting<Member>,
          origin_of<Member>};
}

/// A key inside a list of tables.
constexpr Key inner(std::string_view path, KeyType type, bool required, std::string_view meaning,
                    std::string_view example, std::span<const std::string_view> members = {}) {
  return {path, type, meaning, example, members, required};
}

void read_settings(ProfileReader& reader, const Key& key, const TomlValue& value, Policy& policy) {
  reader.settings(key, value, policy);
}

constexpr bool required = true;
constexpr bool optional = false;

constexpr Key keys[] = {
    {"schema",
     KeyType::schema,
     "Which version of this reference the profile keeps to. It is required, so that a profile is "
     "never read with a meaning that its author did not know.",
     "1",
     {},
     required},
    member<&Policy::board_name>("name", KeyType::label,
                                "How messages call the profile. Without it: the name of the file.",
                                R"("acme-router")"),
    member<&Policy::description>("description", KeyType::text, "One line for people.",
                                 R"("ACME router, second edition")"),

    member<&Policy::board_match>(
        "board.match", KeyType::texts,
        "The profile is for machines whose device tree has one of these strings in the "
        "`compatible` of its root; on another board the load is refused. Empty: for any machine. "
        "Under ACPI the device tree names no board; leave the list empty there.",
        R"(["acme,router-v2", "acme,router"])"),

    member<&Policy::plugins_required>(
        "plugins.require", KeyType::names,
        "Plugins, by name, without which the profile makes no sense: a missing one is an error.",
        R"(["acme"])"),
    member<&Policy::plugins_use>(
        "plugins.use", KeyType::names_map,
        "Which implementation to take where several fit, by kind. Without it the highest rank "
        "wins. Memory sources have a key of their own, `memory.sources`; board checks all run.",
        R"({ image-format = "acme1", codec = "gzip" })", kinds),
    member<&Policy::plugins_sha256>(
        "plugins.sha256", KeyType::digests,
        "Pins: the file of a plugin (its name without directories) must have this SHA-256, else "
        "nothing is loaded.",
        R"({ "acme.so" = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" })"),

    member<&Policy::kernel_image>("kernel.image", KeyType::path,
                                  "The kernel to load. Without it, `--kernel` must name one.",
                                  R"("/boot/Image")"),
    member<&Policy::initrds>(
        "kernel.initrd", KeyType::paths,
        "The initial RAM disk, or several that are put one behind the other in this order.",
        R"(["/boot/microcode.cpio", "/boot/initrd.img"])"),
    member<&Policy::unpack_limit>(
        "kernel.unpack-limit", KeyType::size,
        "No compressed image may become larger than this: it stops damaged and hostile files.",
        R"("256 MiB")"),
    member<&Policy::unpack_seconds>(
        "kernel.unpack-seconds", KeyType::seconds,
        "So long may it take to read and unpack an image: it stops files and plugins that would "
        "never come to an end. Not with `--no-sandbox`.",
        "30"),

    member<&Policy::kernel_configuration>(
        "kernel.configuration", KeyType::label,
        "Of an image that holds several, the one to load: a configuration of a FIT by its name, a "
        "profile of a UKI by its `ID` or as `@1`. Without it the image's own rule decides, and the "
        "record says how. An image that has nothing to choose from is refused.",
        R"("conf-router-v2")"),
    member<&Policy::kernel_signature>(
        "kernel.signature", KeyType::choice,
        "`required`: the kernel, and all else that is taken from the image, must be covered by a "
        "signature that one of `keys` verifies, whatever the image is wrapped in; nothing in an "
        "image and no flag changes that. `optional`: a signature is verified when there are keys, "
        "and a wrong one is refused; an image without one is loaded.",
        R"("required")", signatures),
    member<&Policy::kernel_keys>(
        "kernel.keys", KeyType::paths,
        "Files with public keys, in PEM (`PUBLIC KEY`, or a certificate, of which only the key "
        "counts), that signatures of images are verified with: RSA of 2048 bits or more, ECDSA on "
        "prime256v1 or secp384r1.",
        R"(["/etc/kxf/keys/acme.pem"])"),
    member<&Policy::kernel_sha256>(
        "kernel.sha256", KeyType::digest,
        "Pin: the file of the kernel, as it is named, must have this SHA-256; another is refused, "
        "also one that `--kernel` names.",
        R"("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")"),
    member<&Policy::initrds_sha256>(
        "kernel.initrd-sha256", KeyType::digest_list,
        "Pins: the SHA-256 of each initrd, in the order of `initrd` (or of `--initrd`); for an "
        "initrd that the image carries, one. Another, or another number of them, is refused.",
        R"(["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"])"),

    member<&Policy::command_line_mode>(
        "command-line.mode", KeyType::choice,
        "`replace`: the next kernel gets `text`; without a `text`, what the image itself carries, "
        "if it carries one. `reuse`: it gets the running kernel's command line without what "
        "belongs to that boot alone (`BOOT_IMAGE`, `elfcorehdr`; for a crash kernel also "
        "`crashkernel`).",
        R"("reuse")", modes),
    member<&Policy::command_line>(
        "command-line.text", KeyType::command_line,
        "The command line, for mode `replace`; an error with `reuse`. It may be empty. Double "
        "quotes protect spaces, as the kernel reads them.",
        R"("console=ttyAMA0 root=/dev/vda2 ro")"),
    member<&Policy::command_line_append>(
        "command-line.append", KeyType::command_line,
        "Put behind the parameters, yet before a ` -- ` (what follows that is for init). What "
        "`--append` gives comes after it.",
        R"("kexec.from=acme quiet")"),
    member<&Policy::command_line_remove>(
        "command-line.remove", KeyType::parameters,
        "Taken out of the running kernel's or the image's command line: all parameters of exactly "
        "this name, or with `name=value` those with exactly this value. `-` and `_` are the same "
        "in names. What `text` and `append` give is never removed, nor what follows ` -- `.",
        R"(["quiet", "console=tty0"])"),

    member<&Policy::memory_sources>(
        "memory.sources", KeyType::sources,
        "Who is asked about memory, in this order. The first that lists RAM is believed; the "
        "reservations of all are kept. `auto` stands for the sources that know the architecture "
        "best, first the device tree, then `iomem`.",
        R"(["dt", "iomem"])"),
    member<&Policy::memory_reserve>(
        "memory.reserve", KeyType::tables,
        "Memory that no segment may touch and that the next kernel is told to leave alone. "
        "Windows may overlap.",
        R"([{ start = "0x48000000", size = "64 KiB", reason = "log of the boot firmware" }])"),
    inner("memory.reserve.start", KeyType::address, required, "Physical address of the first byte.",
          R"("0x48000000")"),
    inner("memory.reserve.size", KeyType::size, required, "How many bytes, at least one.",
          R"("64 KiB")"),
    inner("memory.reserve.reason", KeyType::label, required,
          "Why: it appears wherever the window is in the way.", R"("log of the boot firmware")"),

    member<&Policy::cpu_methods>(
        "cpus.methods", KeyType::texts,
        "CPU enable methods that may be used, as the device tree spells them. Empty: all that a "
        "plugin knows.",
        R"(["spin-table"])"),
    member<&Policy::cpu_mismatch>(
        "cpus.mismatch", KeyType::choice,
        "What happens when the enable method of a CPU is not the same in both device trees, is "
        "not among `methods`, or is known to no plugin: a warning, no load, or nothing. A CPU "
        "that is known to be lost is always refused.",
        R"("refuse")", mismatches),
    member<&Policy::kernel_returns_cpus>(
        "cpus.kernel-returns-cpus", KeyType::flag,
        "An assertion: before the jump the running kernel sends every CPU back to where it waited "
        "for that kernel, for a spin table to its `cpu-return-addr`. No released Linux does, and "
        "refuses to load where CPUs cannot be taken down; without this key kxf refuses first. What "
        "the return must do is in docs/spin-table.md.",
        "true"),

    member<&Policy::console_sink>(
        "console.sink", KeyType::sink,
        "Where the code between the two kernels prints. `auto`: the console that `earlycon=`, "
        "`earlyprintk=` or `/chosen/stdout-path` names, else ACPI's SPCR table; `none`: nowhere; "
        "an "
        "earlycon string: that UART; a name: this sink, at the address that `auto` finds.",
        R"("pl011,0x9000000")"),
    member<&Policy::console_unknown>(
        "console.unknown", KeyType::choice,
        "What happens when the console that `earlycon=`, `earlyprintk=` or ACPI's SPCR table names "
        "is known to no plugin, or has no address (`earlycon=efifb`): no load, or a warning, and "
        "nothing is printed.",
        R"("warn")", unknown_consoles),
    member<&Policy::console_uarts>(
        "console.uart", KeyType::tables,
        "UARTs that kxf does not know: each becomes a sink of its name. One that has the name of a "
        "known UART replaces it; else it is preferred to others that fit. A file of the UART "
        "directory has `schema = 1` and the keys of one such table.",
        R"([{ name = "acme-uart", summary = "ACME serial port", source = ["ACME A7 manual, 12.3"], )"
        R"(device = [{ compatible = ["acme,uart"], access = [32] }], )"
        R"(register = [{ name = "TX", offset = 0 }, { name = "STATUS", offset = 8 }], )"
        R"(step = [{ poll = "STATUS", mask = 1, value = 0 }, { put = "TX" }] }])"),
    inner("console.uart.name", KeyType::name, required,
          "The sink's name; of a file, also the file's (`acme-uart.toml`).", R"("acme-uart")"),
    inner("console.uart.summary", KeyType::label, required, "One line for listings.",
          R"("ACME serial port")"),
    inner("console.uart.source", KeyType::texts, required,
          "Where the facts come from: manual and section, driver, names of registers.",
          R"(["ACME A7 manual, 12.3: TX, STATUS.FULL"])"),
    inner("console.uart.rank", KeyType::number, optional,
          "Among sinks that know the same name the higher rank wins. Up to 1000000; without it "
          "100, as "
          "all that kxf ships, in a profile 1000.",
          "110"),
    inner(
        "console.uart.offsets", KeyType::option, optional,
        "What the offsets of registers count. `reg-shift`: registers, and the device (`reg-shift` "
        "of its node, `mmio32` of earlycon) says how far they are apart. Without it, bytes.",
        R"("bytes")", uart_offsets),
    inner("console.uart.device", KeyType::tables, required,
          "Names that mean this UART, and how it is wired where they are used. The first one also "
          "holds where `console.sink` names the sink for a device of another name.",
          R"([{ earlycon = ["acme"], compatible = ["acme,uart"], access = [32] }])"),
    inner("console.uart.register", KeyType::tables, required, "The registers that the steps use.",
          R"([{ name = "TX", offset = 0x0 }, { name = "STATUS", offset = 0x8, width = 16 }])"),
    inner("console.uart.step", KeyType::tables, required,
          "What is done for each byte, in this order: at most 8, exactly one of which puts the "
          "byte. Each has one of `poll`, `write`, `put` and `clear`.",
          R"([{ poll = "STATUS", mask = 0x1, value = 0x0 }, { put = "TX" }])"),
    inner("console.uart.device.earlycon", KeyType::texts, optional,
          "Exact names in `earlycon=` and `earlyprintk=`.", R"(["acme"])"),
    inner("console.uart.device.compatible", KeyType::texts, optional,
          "Exact `compatible` strings of the device tree.", R"(["acme,uart"])"),
    inner("console.uart.device.access", KeyType::widths, required,
          "How many bits at a time registers can be read and written. The first is taken unless "
          "the device says (`reg-io-width`, `mmio16`); another than these is refused.",
          "[32, 8]"),
    inner("console.uart.device.shift", KeyType::number, optional,
          "With `offsets = \"reg-shift\"`: registers are 2 to the power of this apart, in bytes, "
          "unless the device says. Without it 0.",
          "2"),
    inner("console.uart.device.base", KeyType::number, optional,
          "How many bytes behind the device's address the registers begin. Without it 0.", "0x10"),
    inner(
        "console.uart.device.byte-order", KeyType::option, optional,
        "Of registers wider than a byte. `device`: little-endian unless the device says "
        "`big-endian` or `mmio32be`; `device-else-big`: big-endian unless it says `mmio32` or has "
        "`reg-io-width`; `little`: one that says big-endian is refused. Without it `little`.",
        R"("little")", byte_orders),
    inner("console.uart.device.fixed", KeyType::flag, optional,
          "The part decides: `access` and `shift` hold, whatever the device says.", "true"),
    inner("console.uart.register.name", KeyType::label, required, "As in the manual.", R"("TX")"),
    inner("console.uart.register.offset", KeyType::number, required, "Counted as `offsets` says.",
          "0x8"),
    inner("console.uart.register.width", KeyType::width, optional,
          "When this register is not accessed as `access` says.", "16"),
    inner("console.uart.step.poll", KeyType::label, optional,
          "Read this register until it, masked with `mask`, is `value` (or, with `while`, is no "
          "longer that); at most `count` times, then go on: a UART that never gets ready costs "
          "characters, never the boot.",
          R"("STATUS")"),
    inner("console.uart.step.write", KeyType::label, optional, "Write `value` to this register.",
          R"("CONTROL")"),
    inner("console.uart.step.put", KeyType::label, optional,
          "Write the byte to this register, shifted left by `shift` bits.", R"("TX")"),
    inner("console.uart.step.clear", KeyType::label, optional,
          "Read this register and write it with the bits of `mask` cleared: for flags that are "
          "cleared by writing 0 and must not be touched otherwise.",
          R"("STATUS")"),
    inner("console.uart.step.mask", KeyType::number, optional,
          "Of a poll or a clear, required there.", "0x1"),
    inner("console.uart.step.value", KeyType::number, optional,
          "Of a write, required there; of a poll, what is waited for.", "0x0"),
    inner("console.uart.step.while", KeyType::number, optional,
          "Of a poll, in place of `value`: what makes it wait. For a count of free places: 0.",
          "0x0"),
    inner("console.uart.step.count", KeyType::number, optional,
          "Of a poll: 1 to 10000000 reads. Without it 100000.", "1000"),
    inner("console.uart.step.shift", KeyType::number, optional, "Of a put. Without it 0.", "0"),

    member<&Policy::tree_source>(
        "device-tree.source", KeyType::tree_path,
        "What the next kernel's device tree is made from: `running`, the one of the running "
        "kernel, or a file (one that is called `running` is `./running`). Where neither profile "
        "nor flag names it, a tree that the image carries comes first.",
        R"("/boot/board.dtb")"),
    member<&Policy::tree_sha256>(
        "device-tree.sha256", KeyType::digest,
        "Pin: the tree from a file or from the image must have this SHA-256, before anything is "
        "changed in it; another one, and the running one, is refused.",
        R"("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")"),
    member<&Policy::tree_inherit>(
        "device-tree.inherit", KeyType::choices,
        "What a tree from a file or from the image takes over from the running one where it has "
        "none of its own.",
        R"(["memory", "uefi"])", inheritances),
    member<&Policy::tree_overlays>(
        "device-tree.overlays", KeyType::paths,
        "Overlays (`.dtbo`), applied in this order, before `set` and `delete`.",
        R"(["/boot/overlays/can.dtbo"])"),
    member<&Policy::tree_set>(
        "device-tree.set", KeyType::tables,
        "Properties to set. A node that does not exist is created. Each has exactly one of "
        "`string`, `strings`, `cells`, `u64`, `bytes` and `flag`.",
        R"([{ node = "/chosen", property = "acme,slot", cells = [2] }])"),
    inner("device-tree.set.node", KeyType::node, required, "Absolute path of the node.",
          R"("/chosen")"),
    inner("device-tree.set.property", KeyType::property, required, "Its property.",
          R"("acme,slot")"),
    inner("device-tree.set.string", KeyType::text, optional, "The value as a string.", R"("okay")"),
    inner("device-tree.set.strings", KeyType::strings, optional, "The value as several strings.",
          R"(["acme,uart", "ns16550a"])"),
    inner("device-tree.set.cells", KeyType::cells, optional,
          "The value as 32-bit cells (written big-endian, as device trees are).", "[0, 0x9000000]"),
    inner("device-tree.set.u64", KeyType::address, optional, "The value as one 64-bit number.",
          R"("0x880000000")"),
    inner("device-tree.set.bytes", KeyType::hex_bytes, optional,
          "The value as bytes, two digits each; spaces may stand between them.",
          R"("00 11 22 aa bb cc")"),
    inner("device-tree.set.flag", KeyType::flag, optional,
          "A property without a value, which is there or not.", "true"),
    member<&Policy::tree_delete>(
        "device-tree.delete", KeyType::tables,
        "Properties or whole nodes to delete; one that is not there is fine.",
        R"([{ node = "/soc/watchdog@1000" }])"),
    inner("device-tree.delete.node", KeyType::node, required, "Absolute path of the node.",
          R"("/soc/watchdog@1000")"),
    inner("device-tree.delete.property", KeyType::property, optional,
          "Its property. Without it the node goes, with all below it.", R"("status")"),

    member<&Policy::digest>(
        "digest.policy", KeyType::choice,
        "When the SHA-256 of every segment is verified just before the next kernel starts: "
        "never, for crash kernels, always.",
        R"("always")", digests),
    member<&Policy::purgatory_mmu>(
        "purgatory.mmu", KeyType::choice,
        "Does the purgatory turn the MMU on while it verifies, where its caches need that? `auto`: "
        "where it can, and the plan says so; `off`: never, which is simpler and many times as "
        "slow.",
        R"("off")", mmu_choices),
    member<&Policy::purgatory_breadcrumb>(
        "purgatory.breadcrumb", KeyType::breadcrumb,
        "Where the purgatory records how far it came, for `kxf status --breadcrumb` after the next "
        "boot. A physical address: of 168 bytes, at a multiple of 8, of memory that outlives a "
        "reset and that no kernel uses, such as a `no-map` region of `/reserved-memory` or SRAM. "
        "RAM that a kernel uses is refused, and so is a place where the device tree has nothing; "
        "whether memory outlives a reset is not known. `ramoops`: the console zone of the tree's "
        "`ramoops` node, behind what the running kernel wrote there, so that the next one shows it "
        "in `/sys/fs/pstore/console-ramoops-0`. `none`: nowhere.",
        R"("0x7ff00000")"),
    member<&Policy::syscall>(
        "load.syscall", KeyType::choice,
        "Which system call loads. `auto` chooses by what is asked for and says why; the others "
        "are used or the load is refused.",
        R"("kexec_load")", syscalls),
    member<&Policy::exec_method>(
        "exec.method", KeyType::choice,
        "How `kxf exec` ends the running system: `systemd` stops its services first, `direct` "
        "syncs the disks and jumps, `auto` takes systemd where it runs.",
        R"("direct")", exec_methods),

    member<&Policy::crash_command_line_remove>(
        "crash.command-line-remove", KeyType::parameters,
        "With `--crash`, taken out of the running kernel's or the image's command line as "
        "`command-line.remove` is, and beside it. By default what would set aside or use up "
        "memory, of which a crash kernel has little, and limits that were meant for all of the "
        "machine's memory; docs/crash.md gives the reason of each. A list of the profile's "
        "replaces the default one; `crashkernel` goes in any case.",
        R"(["hugepages", "hugepagesz", "cma", "quiet"])"),
    member<&Policy::crash_command_line_append>(
        "crash.command-line-append", KeyType::command_line,
        "With `--crash`, put behind the parameters, before what `command-line.append` and "
        "`--append` give, so that theirs win. `auto` stands for what the architecture's crash "
        "kernels need (one CPU, devices to be reset), without those that the policy gives itself, "
        "by `command-line.text`, `append` or a flag. Empty: nothing.",
        R"("nr_cpus=1 reset_devices")"),
    member<&Policy::crash_working_memory>(
        "crash.working-memory", KeyType::size,
        "What a crash kernel needs of its region beside the segments that are loaded there and the "
        "files of the initrd: its own tables, memory that it sets aside for devices (CMA, often 64 "
        "MiB), drivers and the program that writes the dump. The region is checked against the "
        "sum.",
        R"("192 MiB")"),
    member<&Policy::crash_on_small_region>(
        "crash.on-small-region", KeyType::choice,
        "What happens when the region is smaller than that sum: a warning, or no load. A region "
        "that does not even hold the segments is always refused.",
        R"("refuse")", small_regions),

    {"settings",
     KeyType::settings,
     "Settings of implementations, as strings: `[settings.NAME]` with the keys that its plugin's "
     "README documents. A key that NAME does not have is refused, and the ones it has are listed.",
     R"({ acme-uart = { baud = "115200" } })",
     {},
     optional,
     read_settings},
};

}  // namespace

std::string_view Key::table() const {
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : path.substr(0, dot);
}

std::string_view Key::name() const { return path.substr(path.rfind('.') + 1); }

std::span<const Key> schema() { return keys; }

const Key* find_key(std::string_view path) {
  const auto* found = std::ranges::find(keys, path, &Key::path);
  return found == std::end(keys) ? nullptr : found;
}

std::string members_of(const Key& key) {
  std::vector<std::string> members;
  for (const std::string_view name : key.members) members.push_back(toml_quoted(name));
  return fmt::format("{}", fmt::join(members, ", "));
}

std::string wanted_by(const Key& key) {
  switch (key.type) {
    case KeyType::schema: return "the integer 1";
    case KeyType::text: return "a string";
    case KeyType::label: return "a string that is not empty";
    case KeyType::command_line: return "a command line (string)";
    case KeyType::name: return "a name (string)";
    case KeyType::names: return "a list of names (strings)";
    case KeyType::sources: return "a list of at least one name (string)";
    case KeyType::texts: return "a list of strings";
    case KeyType::path: return "a path (string)";
    case KeyType::paths: return "a path or a list of paths (strings)";
    case KeyType::tree_path: return "\"running\" or a path (string)";
    case KeyType::sink: return "a sink (string)";
    case KeyType::breadcrumb: return "\"none\", \"ramoops\" or an address (string)";
    case KeyType::size: return "a size: bytes as an integer, or a string such as \"64 KiB\"";
    case KeyType::seconds: return "a number of seconds, from 1 to 1000000 (integer)";
    case KeyType::address: return "a 64-bit number: an integer, or a string such as \"0x9000000\"";
    case KeyType::choice:
    case KeyType::option: return "one of " + members_of(key);
    case KeyType::choices: return "a list with any of " + members_of(key);
    case KeyType::parameters: return "a list of parameters (strings)";
    case KeyType::names_map: return "a table with names (strings) for any of " + members_of(key);
    case KeyType::digests: return "a table from file names to SHA-256 (hexadecimal strings)";
    case KeyType::digest: return "a SHA-256 (hexadecimal string)";
    case KeyType::digest_list: return "a list of SHA-256 (hexadecimal strings)";
    case KeyType::node: return "the path of a node (string)";
    case KeyType::property: return "the name of a property (string)";
    case KeyType::strings: return "a list of at least one string";
    case KeyType::cells: return "a list of at least one integer from 0 to 0xffffffff";
    case KeyType::number: return "an integer from 0 to 0xffffffff";
    case KeyType::width: return "8, 16 or 32";
    case KeyType::widths: return "a list with any of 8, 16 and 32";
    case KeyType::hex_bytes: return "a string of hexadecimal digits, two for each byte";
    case KeyType::flag: return "true";
    case KeyType::tables: return fmt::format("tables ([[{}]])", key.path);
    case KeyType::settings: return "tables of strings ([settings.NAME])";
  }
  return {};
}

std::optional<std::size_t> choice_index(std::string_view path, std::string_view name) {
  const Key* key = find_key(path);
  if (key == nullptr) return std::nullopt;
  const auto found = std::ranges::find(key->members, name);
  if (found == key->members.end()) return std::nullopt;
  return static_cast<std::size_t>(found - key->members.begin());
}

}  // namespace kxf
