// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>

#include "kxf/cpu.hpp"
#include "machine/boot_log.hpp"
#include "machine/excerpt.hpp"
#include "machine/file.hpp"
#include "machine/manifest.hpp"
#include "machine/open.hpp"
#include "machine/path.hpp"
#include "machine/tar.hpp"

namespace kxf {
namespace {

enum class Absence : bool { normal, gap };

/// What a file tells planning, for the day when it cannot be read.
struct Wanted {
  std::string_view path;
  std::string_view cost;
  Absence absence = Absence::normal;  ///< many are there on some machines only
};

constexpr std::string_view load_cost = "\"kxf load\" cannot foretell why the kernel would refuse";
constexpr std::string_view status_cost = "\"kxf status\" says nothing";
constexpr std::string_view cpu_cost = "which CPUs can be handed over is not known";
constexpr std::string_view firmware_cost = "what the firmware keeps is not known";
constexpr std::string_view dump_cost = "a crash load cannot describe the memory image";
constexpr std::string_view check_cost =
    "\"kxf check --crash\" cannot tell whether the crash kernel can still dump";
constexpr std::string_view console_cost =
    "the console of the purgatory must be named in the profile";

constexpr Wanted wanted_files[] = {
    {"/proc/iomem",
     "reserved memory and, under UEFI, RAM itself are not known: a plan may "
     "overlap what firmware uses",
     Absence::gap},
    {"/proc/cmdline", "\"--reuse-cmdline\" has nothing to reuse, and earlycon= is not seen",
     Absence::gap},
    {"/proc/cpuinfo", "what the CPUs support is not known", Absence::gap},
    {"/proc/meminfo", load_cost},
    {"/proc/consoles", console_cost},
    {"/proc/tty/drivers", console_cost},
    {"/proc/tty/driver/serial", console_cost},
    {"/sys/class/tty/console/active", console_cost},
    {"/proc/kcore", dump_cost},
    {"/proc/kallsyms", dump_cost},
    {"/sys/kernel/vmcoreinfo", dump_cost},
    {"/proc/sys/kernel/arch", "none that is known"},
    {"/proc/sys/kernel/kexec_load_disabled", load_cost},
    {"/proc/sys/kernel/kexec_load_limit_panic", load_cost},
    {"/proc/sys/kernel/kexec_load_limit_reboot", load_cost},
    {"/sys/kernel/security/lockdown", load_cost},
    {"/sys/kernel/kexec_loaded", status_cost},
    {"/sys/kernel/kexec_crash_loaded", status_cost},
    {"/sys/kernel/kexec_crash_size", status_cost},
    {"/sys/kernel/reboot/cpu", cpu_cost},
    {"/sys/kernel/crash_elfcorehdr_size", dump_cost},
    {"/sys/devices/system/cpu/crash_hotplug", check_cost},
    {"/sys/devices/system/memory/crash_hotplug", check_cost},
    {"/run/kxf/crash.json", check_cost},
    {"/sys/devices/system/cpu/online", cpu_cost, Absence::gap},
    {"/sys/devices/system/cpu/offline", cpu_cost},
    {"/sys/devices/system/cpu/possible", cpu_cost, Absence::gap},
    {"/sys/devices/system/cpu/present", cpu_cost},
    {"/sys/devices/system/cpu/kernel_max", cpu_cost},
    {"/sys/devices/system/memory/block_size_bytes", "the unit of memory hotplug is not known"},
    {"/sys/firmware/acpi/tables/SPCR", console_cost},
    {"/sys/firmware/acpi/tables/DBG2", console_cost},
    {"/sys/firmware/acpi/tables/FACP", cpu_cost},
    {"/sys/firmware/acpi/tables/APIC", cpu_cost},
    {"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", load_cost},
    {boot_log_path,
     "warnings that the boot log gives are missing: GIC tables outside of reserved "
     "memory",
     Absence::gap},
};

/// Every file in these.
constexpr Wanted wanted_directories[] = {
    {"/sys/kernel/kexec", status_cost},
    {"/sys/firmware/efi", firmware_cost},
};

/// Directories whose names say something, the content of their files nothing.
constexpr std::string_view listed_directories[] = {"/sys/firmware/acpi/tables"};

constexpr std::array<std::string_view, 8> cpu_files{"online",
                                                    "crash_notes",
                                                    "crash_notes_size",
                                                    "physical_id",
                                                    "dscr",
                                                    "cache/index0/coherency_line_size",
                                                    "regs/identification/midr_el1",
                                                    "regs/identification/revidr_el1"};
constexpr std::array<std::string_view, 9> tty_files{
    "iomem_base", "iomem_reg_shift", "io_type", "type", "port", "irq", "line", "uartclk", "dev"};
constexpr std::array<std::string_view, 2> tty_links{"device", "device/of_node"};

/// Collects entries by their place, links on the way included.
class Capture {
 public:
  explicit Capture(const Machine& machine) : machine_(machine) {
    manifest_.kxf_version = KXF_VERSION;
    manifest_.facts = machine.facts();
  }

  void record_all() {
    for (const Wanted& wanted : wanted_files) file(wanted);
    for (const Wanted& wanted : wanted_directories) files_in(wanted);
    for (const std::string_view path : listed_directories) names_in(path);
    cpus();
    ttys();
    device_tree();
    hidden_addresses();
    system_calls();
  }

  /// The archive; report() is complete afterwards.
  ByteVector archive() {
    std::ranges::sort(manifest_.left_out, {}, &CaptureGap::path);
    std::ranges::sort(manifest_.shortened);
    std::ranges::sort(manifest_.names_only);
    const std::string text = manifest_text(manifest_);
    std::vector<TarEntry> entries;
    entries.push_back({std::string(manifest_path.substr(1)), TarEntry::Kind::file, bytes_of(text),
                       std::string()});
    for (const auto& [place, held] : held_) {
      entries.push_back({place.substr(1), held.kind, held.bytes, held.link});
      report_.recorded.push_back(place);
    }
    report_.gaps = manifest_.left_out;
    return write_tar(entries);
  }

  [[nodiscard]] CaptureReport take_report() { return std::move(report_); }

 private:
  struct Held {
    TarEntry::Kind kind = TarEntry::Kind::file;
    ByteVector bytes;
    std::string link;
  };

  void gap(std::string_view path, std::string_view reason, std::string_view cost) {
    manifest_.left_out.push_back({std::string(path), std::string(reason), std::string(cost)});
  }

  void hold(const std::string& place, TarEntry::Kind kind, ByteVector bytes, std::string link) {
    held_.try_emplace(place, Held{kind, std::move(bytes), std::move(link)});
  }

  /// Where `path` leads. The links on the way become entries, so that the same path leads there in
  /// the capture.
  std::optional<std::string> place_of(std::string_view path, LastLink last = LastLink::follow) {
    return resolve_path(
        path,
        [this](const std::string& at) {
          const auto [known, fresh] = links_.try_emplace(at);
          if (fresh) known->second = machine_.link_target(at);
          if (known->second) hold(at, TarEntry::Kind::link, {}, *known->second);
          return known->second;
        },
        last);
  }

  void file(const Wanted& wanted) {
    if (!machine_.exists(wanted.path)) {
      if (wanted.absence == Absence::gap) gap(wanted.path, not_there, wanted.cost);
      return;
    }
    const std::optional<std::string> place = place_of(wanted.path);
    if (!place || held_.contains(*place)) return;
    Result<ByteVector> bytes = machine_.read(wanted.path);
    if (!bytes) return gap(*place, bytes.error().message, wanted.cost);
    if (wanted.path == "/proc/kcore" || wanted.path == "/proc/kallsyms" ||
        wanted.path == boot_log_path)
      manifest_.shortened.emplace_back(wanted.path);
    hold(*place, TarEntry::Kind::file, std::move(*bytes), {});
  }

  /// Also of an empty one, such as the place where efivarfs is not mounted.
  [[nodiscard]] bool is_directory(const std::string& path) const {
    return !machine_.list(path).empty() || machine_.exists(path + "/.");
  }

  void directory(std::string_view path) {
    if (!machine_.exists(path)) return;
    if (const std::optional<std::string> place = place_of(path))
      hold(*place, TarEntry::Kind::directory, {}, {});
  }

  void files_in(const Wanted& wanted) {
    directory(wanted.path);
    for (const std::string& name : machine_.list(wanted.path)) {
      const std::string path = fmt::format("{}/{}", wanted.path, name);
      if (is_directory(path)) {
        directory(path);
      } else {
        file({path, wanted.cost});
      }
    }
  }

  void names_in(std::string_view path) {
    directory(path);
    for (const std::string& name : machine_.list(path)) {
      const std::optional<std::string> place = place_of(fmt::format("{}/{}", path, name));
      if (!place || held_.contains(*place)) continue;
      const bool nested = is_directory(*place);
      hold(*place, nested ? TarEntry::Kind::directory : TarEntry::Kind::file, {}, {});
      if (!nested) manifest_.names_only.push_back(*place);
    }
  }

  /// A link itself. What it leads to may stay behind.
  void link(const std::string& path) {
    if (!machine_.exists(path)) return;
    const std::optional<std::string> place = place_of(path, LastLink::keep);
    if (!place) return;
    if (std::optional<std::string> target = machine_.link_target(*place))
      hold(*place, TarEntry::Kind::link, {}, std::move(*target));
  }

  void cpus() {
    constexpr std::string_view root = "/sys/devices/system/cpu";
    for (const unsigned number : listed_cpus(machine_)) {
      const std::string cpu = fmt::format("{}/cpu{}", root, number);
      directory(cpu);
      for (const std::string_view part : cpu_files)
        file({fmt::format("{}/{}", cpu, part), part.starts_with("crash") ? dump_cost : cpu_cost});
      link(cpu + "/of_node");
    }
  }

  void ttys() {
    constexpr std::string_view root = "/sys/class/tty";
    for (const std::string& name : machine_.list(root)) {
      const std::string tty = fmt::format("{}/{}", root, name);
      // The others are terminals without registers: there are dozens.
      if (!machine_.exists(tty + "/iomem_base") && !name.starts_with("hvc")) continue;
      if (const auto place = place_of(tty)) hold(*place, TarEntry::Kind::directory, {}, {});
      for (const std::string_view part : tty_files)
        file({fmt::format("{}/{}", tty, part), console_cost});
      for (const std::string_view part : tty_links) link(fmt::format("{}/{}", tty, part));
    }
  }

  /// As it was found, whatever its source, in the place of the firmware's.
  void device_tree() {
    constexpr std::string_view path = "/sys/firmware/fdt";
    const Result<ByteVector> raw = machine_.read(path);
    manifest_.device_tree = raw ? "firmware" : "flattened";
    if (const DeviceTree* tree = machine_.device_tree()) {
      hold(std::string(path), TarEntry::Kind::file,
           ByteVector(tree->blob().begin(), tree->blob().end()), {});
    } else if (raw) {
      hold(std::string(path), TarEntry::Kind::file, *raw, {});  // damaged: so is the capture's
    } else {
      manifest_.device_tree = "none";
      const bool there = machine_.exists(path) || machine_.exists("/proc/device-tree");
      // Under ACPI there need not be one.
      if (there || !machine_.exists("/sys/firmware/acpi"))
        gap(path, there ? machine_.device_tree_problem() : std::string(not_there),
            "memory, CPUs and console must come from elsewhere");
    }
    directory("/sys/firmware/acpi");
  }

  /// Files that read well and say nothing: addresses are for privileged users.
  void hidden_addresses() {
    const auto held = [this](const char* place) {
      const auto found = held_.find(place);
      return found == held_.end() ? ByteView{} : ByteView(found->second.bytes);
    };
    if (iomem_hidden(held("/proc/iomem")))
      gap("/proc/iomem", "its addresses are all zero: they are hidden from this user",
          wanted_files[0].cost);
    if (kallsyms_hidden(held("/proc/kallsyms")))
      gap("/proc/kallsyms", "its addresses are all zero: they are hidden from this user",
          dump_cost);
  }

  void system_calls() {
    const auto unknown = [this](Support support, std::string_view name) {
      if (support == Support::unknown)
        gap(name, "a seccomp filter answers in the kernel's place",
            "whether the kernel has it shows only when it is called");
    };
    unknown(manifest_.facts.kexec_load, "kexec_load(2)");
    unknown(manifest_.facts.kexec_file_load, "kexec_file_load(2)");
  }

  const Machine& machine_;
  CaptureManifest manifest_;
  CaptureReport report_;
  std::map<std::string, Held> held_;  ///< by place
  std::map<std::string, std::optional<std::string>> links_;
};

}  // namespace

Result<CaptureReport> capture_machine(const Machine& machine, const std::filesystem::path& output) {
  Capture capture(machine);
  capture.record_all();
  const ByteVector archive = capture.archive();
  KXF_CHECK(write_file(output, archive));
  return capture.take_report();
}

}  // namespace kxf
