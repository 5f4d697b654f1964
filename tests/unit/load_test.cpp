// SPDX-License-Identifier: Apache-2.0
// Loading, unloading, the jump: with system calls that answer what the test says.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <set>

#include "load/backend.hpp"
#include "load/errno_text.hpp"
#include "load/exec.hpp"
#include "load/load_record.hpp"
#include "load/preflight.hpp"
#include "load/status.hpp"
#include "map_machine.hpp"
#include "scratch.hpp"

namespace load_test {

using namespace kxf;
using kxf_test::MapMachine;
using kxf_test::Scratch;

namespace {

class FakeSystemCalls final : public SystemCalls {
 public:
  int load_error = 0;
  int file_load_error = 0;
  int memory_error = 0;
  int reboot_error = EINVAL;
  tl::expected<int, int> run_status = 0;
  std::vector<std::string> log;

  std::vector<std::string> calls;
  std::vector<KexecSegment> loaded;
  std::uint64_t entry = 0;
  unsigned long flags = 0;
  int kernel_fd = -1;
  int initrd_fd = -1;
  std::string command_line;
  std::map<std::string, std::string> memory_files;
  std::vector<std::string> argv;

  int kexec_load(std::uint64_t start, std::span<const KexecSegment> segments,
                 LoadFlags load_flags) override {
    calls.push_back(segments.empty() ? "kexec_load nothing" : "kexec_load");
    loaded.assign(segments.begin(), segments.end());
    entry = start;
    flags = load_flags.value();
    return load_error;
  }
  int kexec_file_load(int kernel, int initrd, const std::string& line,
                      FileLoadFlags file_flags) override {
    calls.push_back(file_flags.unload ? "kexec_file_load unload" : "kexec_file_load");
    kernel_fd = kernel;
    initrd_fd = initrd;
    command_line = line;
    flags = file_flags.value();
    return file_load_error;
  }
  tl::expected<OpenFile, int> memory_file(const std::string& name, ByteView bytes) override {
    if (memory_error != 0) return tl::unexpected(memory_error);
    memory_files[name] = std::string(text_of(bytes));
    return OpenFile(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  int reboot_into_loaded() override {
    calls.emplace_back("reboot");
    return reboot_error;
  }
  void sync() override { calls.emplace_back("sync"); }
  tl::expected<int, int> run(const std::vector<std::string>& arguments) override {
    calls.emplace_back("run");
    argv = arguments;
    return run_status;
  }
  void mark_log() override {}
  std::vector<std::string> log_since_mark() override { return log; }
};

constexpr std::string_view root_status =
    "Name:\tkxf\nCapPrm:\t000001ffffffffff\nCapEff:\t000001ffffffffff\n";
constexpr std::string_view user_status =
    "Name:\tkxf\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n";

std::unique_ptr<MapMachine> machine_of_root() {
  auto machine = std::make_unique<MapMachine>();
  machine->files["/proc/self/status"] = root_status;
  machine->files["/proc/iomem"] =
      "40000000-7fffffff : System RAM\n  40200000-41ffffff : Kernel code\n";
  machine->files["/sys/kernel/kexec_loaded"] = "1\n";
  machine->own_facts.kexec_load = Support::present;
  machine->own_facts.kexec_file_load = Support::present;
  return machine;
}

ReadyPlan plan_for(Backend backend) {
  ReadyPlan plan;
  plan.backend = backend;
  plan.kexec_arch = 183;
  plan.entry = 0x48000000;
  plan.segments = {{bytes_of("kernel"), {0x40200000, 0x40210000}, "kernel"},
                   {bytes_of("purgatory"), {0x48000000, 0x48001000}, "purgatory"}};
  plan.kernel_image = bytes_of("image");
  plan.initrd_image = bytes_of("initrd");
  plan.command_line = "quiet";
  return plan;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

using Calls = std::vector<std::string>;

}  // namespace

TEST_CASE("flags have the kernel's values, and nothing drops another") {
  CHECK(LoadFlags{}.value() == 0);
  CHECK(LoadFlags{.on_crash = true, .kexec_arch = 183}.value() ==
        (KEXEC_ON_CRASH | KEXEC_ARCH_AARCH64));
  CHECK(LoadFlags{.on_crash = true, .crash_hotplug = true, .kexec_arch = 183}.value() ==
        (KEXEC_ON_CRASH | 8UL | KEXEC_ARCH_AARCH64));
  CHECK(LoadFlags{.on_crash = false, .kexec_arch = 21}.value() == KEXEC_ARCH_PPC64);
  CHECK(FileLoadFlags{.unload = true, .on_crash = true, .no_initrd = true}.value() ==
        (KEXEC_FILE_UNLOAD | KEXEC_FILE_ON_CRASH | KEXEC_FILE_NO_INITRAMFS));
}

TEST_CASE("kexec_load gets the segments, the entry and the architecture") {
  const auto held = machine_of_root();
  const MapMachine& machine = *held;
  FakeSystemCalls calls;
  Record record;
  const auto outcome = load(plan_for(Backend::kexec_load), machine, calls, record);
  REQUIRE(outcome);
  CHECK(outcome->backend == Backend::kexec_load);
  CHECK_FALSE(outcome->fell_back);
  CHECK(calls.calls == Calls{"kexec_load"});
  CHECK(calls.entry == 0x48000000);
  CHECK(calls.flags == KEXEC_ARCH_AARCH64);
  REQUIRE(calls.loaded.size() == 2);
  CHECK(text_of(calls.loaded[0].bytes) == "kernel");
  CHECK(calls.loaded[1].range == Range{0x48000000, 0x48001000});
  CHECK(record.decisions().empty());
}

TEST_CASE("a plan without segments is a bug, never an unload") {
  FakeSystemCalls calls;
  Record record;
  ReadyPlan plan = plan_for(Backend::kexec_load);
  plan.segments.clear();
  const auto outcome = load(plan, *machine_of_root(), calls, record);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().fault == Fault::internal);
  CHECK(calls.calls.empty());
}

TEST_CASE("kexec_file_load gets copies of the bytes, or the files themselves") {
  const auto held = machine_of_root();
  const MapMachine& machine = *held;
  FakeSystemCalls calls;
  Record record;
  ReadyPlan plan = plan_for(Backend::kexec_file_load);
  SUBCASE("bytes") {
    REQUIRE(load(plan, machine, calls, record));
    CHECK(calls.memory_files ==
          std::map<std::string, std::string>{{"kxf-kernel", "image"}, {"kxf-initrd", "initrd"}});
    CHECK(calls.kernel_fd >= 0);
    CHECK(calls.initrd_fd >= 0);
    CHECK(calls.command_line == "quiet");
    CHECK(calls.flags == 0);
  }
  SUBCASE("files") {
    plan.kernel_fd = 71;
    plan.initrd_fd = 72;
    REQUIRE(load(plan, machine, calls, record));
    CHECK(calls.memory_files.empty());
    CHECK(calls.kernel_fd == 71);
    CHECK(calls.initrd_fd == 72);
  }
  SUBCASE("no initrd, for the crash slot") {
    plan.initrd_image = {};
    plan.crash = true;
    REQUIRE(load(plan, machine, calls, record));
    CHECK(calls.initrd_fd == -1);
    CHECK(calls.flags == (KEXEC_FILE_NO_INITRAMFS | KEXEC_FILE_ON_CRASH));
  }
  SUBCASE("no memory for the copy") {
    calls.memory_error = ENOMEM;
    const auto outcome = load(plan, machine, calls, record);
    REQUIRE_FALSE(outcome);
    CHECK(contains(outcome.error().message, "ENOMEM"));
    CHECK_FALSE(outcome.error().remedy.empty());
    CHECK(calls.calls.empty());
  }
  CHECK(record.decisions().empty());
}

TEST_CASE("a fall-back needs permission of the plan and a kernel that cannot") {
  const auto held = machine_of_root();
  const MapMachine& machine = *held;
  const std::set<int> cannot{ENOSYS, EINVAL, ENOEXEC, ENOTSUP};
  for (const int error : {ENOSYS, EINVAL, ENOEXEC, ENOTSUP, EPERM, EACCES, EBUSY, ENOKEY,
                          EKEYREJECTED, EBADMSG, ENODATA, EADDRNOTAVAIL, ENOMEM, ETXTBSY, EFBIG}) {
    for (const bool allowed : {false, true}) {
      CAPTURE(error);
      CAPTURE(allowed);
      FakeSystemCalls calls;
      calls.file_load_error = error;
      Record record;
      ReadyPlan plan = plan_for(Backend::kexec_file_load);
      plan.may_fall_back = allowed;
      const auto outcome = load(plan, machine, calls, record);
      if (allowed && cannot.contains(error)) {
        REQUIRE(outcome);
        CHECK(outcome->backend == Backend::kexec_load);
        CHECK(outcome->fell_back);
        CHECK(calls.calls == Calls{"kexec_file_load", "kexec_load"});
        REQUIRE(record.decisions().size() == 1);
        CHECK(record.decisions()[0].topic == "syscall");
        CHECK(record.decisions()[0].choice == "kexec_load");
        CHECK(contains(record.decisions()[0].reason, errno_name(error)));
        REQUIRE(record.warnings().size() == 1);
        CHECK(record.warnings()[0].id == "file-load-fallback");
      } else {
        REQUIRE_FALSE(outcome);
        CHECK(calls.calls == Calls{"kexec_file_load"});
        CHECK(contains(outcome.error().message, errno_name(error)));
        CHECK(record.decisions().empty());
      }
    }
  }
}

TEST_CASE("a fall-back that fails too gives the errno of the last call") {
  FakeSystemCalls calls;
  calls.file_load_error = ENOSYS;
  calls.load_error = EADDRNOTAVAIL;
  Record record;
  ReadyPlan plan = plan_for(Backend::kexec_file_load);
  plan.may_fall_back = true;
  const auto outcome = load(plan, *machine_of_root(), calls, record);
  REQUIRE_FALSE(outcome);
  CHECK(contains(outcome.error().message, "kexec_load failed with EADDRNOTAVAIL"));
  CHECK(record.decisions().size() == 1);
}

TEST_CASE("every errno of both calls has a cause and a remedy") {
  const auto held = machine_of_root();
  const MapMachine& machine = *held;
  const auto explained = [&](KexecCall call, int error) {
    Error result = explain_errno(call, error, false, machine, {});
    CAPTURE(result.message);
    CHECK(contains(result.message, errno_name(error)));
    CHECK(contains(result.message, name_of(call)));
    CHECK_FALSE(contains(result.message, "not known"));
    CHECK_FALSE(result.remedy.empty());
    CHECK_FALSE(result.remedy.ends_with('.'));
    CHECK(result.fault == Fault::refused);
    return result;
  };
  for (const int error :
       {ENOSYS, EINVAL, EADDRNOTAVAIL, ENOMEM, EFAULT, ETXTBSY, EACCES, EPERM, EBUSY})
    explained(KexecCall::kexec_load, error);
  for (const int error :
       {ENOSYS, EINVAL, ENOEXEC, ENOTSUP, EADDRNOTAVAIL, ENOMEM, EFBIG, ETXTBSY, EBADF, EACCES,
        ENODATA, ENOKEY, EKEYREJECTED, EBADMSG, ELIBBAD, ENOPKG, EPERM, EBUSY})
    explained(KexecCall::kexec_file_load, error);
  for (const int error : {EINVAL, ENOSYS, EPERM, EBUSY}) explained(KexecCall::reboot, error);

  CHECK(contains(explained(KexecCall::kexec_load, EINVAL).message, "half of memory"));
  CHECK(contains(explained(KexecCall::kexec_file_load, EKEYREJECTED).message, "signature"));
  CHECK(contains(explained(KexecCall::kexec_load, EACCES).remedy, "kexec_file_load"));
  const Error odd = explain_errno(KexecCall::kexec_load, EXDEV, false, machine, {});
  CHECK(contains(odd.message, "EXDEV"));
  CHECK_FALSE(odd.remedy.empty());
}

TEST_CASE("the kernel's own words are quoted") {
  const Error error = explain_errno(KexecCall::kexec_load, EINVAL, false, *machine_of_root(),
                                    {"first line", "second line"});
  CHECK(error.message.ends_with("the kernel says: \"first line\", \"second line\""));
}

TEST_CASE("EPERM is traced to its cause") {
  const auto held = machine_of_root();
  MapMachine& machine = *held;
  const auto cause = [&](KexecCall call, bool crash = false) {
    const Error error = explain_errno(call, EPERM, crash, machine, {});
    CHECK_FALSE(error.remedy.empty());
    return error.message;
  };
  CHECK(contains(cause(KexecCall::kexec_load), "security module"));

  machine.files["/sys/kernel/security/lockdown"] = "none [integrity] confidentiality\n";
  CHECK(contains(cause(KexecCall::kexec_load), "locked down (integrity)"));
  CHECK(contains(cause(KexecCall::kexec_file_load), "does not trust the kernel image"));
  CHECK(contains(cause(KexecCall::reboot), "security module"));

  machine.files["/proc/sys/kernel/kexec_load_limit_reboot"] = "0\n";
  machine.files["/proc/sys/kernel/kexec_load_limit_panic"] = "-1\n";
  CHECK(contains(cause(KexecCall::kexec_load), "kexec_load_limit_reboot is 0"));
  CHECK(contains(cause(KexecCall::kexec_load, true), "locked down"));

  machine.files["/proc/sys/kernel/kexec_load_disabled"] = "1\n";
  CHECK(contains(cause(KexecCall::kexec_load), "kexec_load_disabled is 1"));

  machine.files["/proc/self/status"] = user_status;
  CHECK(contains(cause(KexecCall::kexec_load), "CAP_SYS_BOOT"));
}

TEST_CASE("EBUSY of CPUs that cannot be stopped is told from that of a concurrent load") {
  const auto held = machine_of_root();
  MapMachine& machine = *held;
  const auto explained = [&](bool crash, const std::vector<std::string>& log) {
    return explain_errno(KexecCall::kexec_load, EBUSY, crash, machine, log);
  };
  CHECK(contains(explained(false, {}).message, "another process"));
  const std::vector<std::string> log{"Can't kexec: CPUs are stuck in the kernel."};
  CHECK(contains(explained(false, log).remedy, "nr_cpus=1"));
  CHECK(contains(explained(true, log).message, "another process"));

  machine.files["/sys/devices/system/cpu/possible"] = "0-3\n";
  machine.files["/sys/devices/system/cpu/cpu0/crash_notes"] = "0\n";
  machine.files["/sys/devices/system/cpu/cpu1/crash_notes"] = "0\n";
  CHECK(contains(explained(false, {}).remedy, "nr_cpus=1"));
  machine.files["/sys/devices/system/cpu/cpu1/online"] = "1\n";
  CHECK(contains(explained(false, {}).message, "another process"));
}

TEST_CASE("a failed crash load says what became of the old crash kernel") {
  FakeSystemCalls calls;
  Record record;
  ReadyPlan plan = plan_for(Backend::kexec_load);
  plan.crash = true;
  calls.load_error = EADDRNOTAVAIL;
  CHECK(contains(load(plan, *machine_of_root(), calls, record).error().message, "may be gone"));
  CHECK(calls.flags == (KEXEC_ON_CRASH | KEXEC_ARCH_AARCH64));
  calls.load_error = EPERM;
  CHECK_FALSE(contains(load(plan, *machine_of_root(), calls, record).error().message, "gone"));
}

TEST_CASE("an unload asks kexec_file_load first and kexec_load where that is missing") {
  const auto held = machine_of_root();
  const MapMachine& machine = *held;
  FakeSystemCalls calls;
  SUBCASE("by file") {
    REQUIRE(unload(true, machine, calls));
    CHECK(calls.calls == Calls{"kexec_file_load unload"});
    CHECK(calls.flags == (KEXEC_FILE_UNLOAD | KEXEC_FILE_ON_CRASH));
  }
  SUBCASE("by no segments") {
    calls.file_load_error = ENOSYS;
    REQUIRE(unload(true, machine, calls));
    CHECK(calls.calls == Calls{"kexec_file_load unload", "kexec_load nothing"});
    CHECK(calls.flags == KEXEC_ON_CRASH);
  }
  SUBCASE("refused") {
    calls.file_load_error = EPERM;
    const Status done = unload(false, machine, calls);
    REQUIRE_FALSE(done);
    CHECK(done.error().message.starts_with("unloading: kexec_file_load failed with EPERM"));
    CHECK(calls.calls == Calls{"kexec_file_load unload"});
  }
  SUBCASE("neither") {
    calls.file_load_error = ENOSYS;
    calls.load_error = ENOSYS;
    const Status done = unload(false, machine, calls);
    REQUIRE_FALSE(done);
    CHECK(contains(done.error().message, "kexec_load failed with ENOSYS"));
  }
}

TEST_CASE("what forbids a load is said before it is planned") {
  const auto held = machine_of_root();
  MapMachine& machine = *held;
  const auto refusal = [&](bool crash = false) {
    const Status may = check_may_load(machine, crash);
    REQUIRE_FALSE(may);
    CHECK_FALSE(may.error().remedy.empty());
    return may.error().message;
  };
  CHECK(check_may_load(machine, false));
  CHECK(check_may_load(MapMachine(), false));  // a capture knows no process

  machine.files["/proc/self/status"] = user_status;
  CHECK(contains(refusal(), "CAP_SYS_BOOT"));
  machine.files["/proc/sys/kernel/kexec_load_limit_panic"] = "0\n";
  CHECK(contains(refusal(), "CAP_SYS_BOOT"));
  CHECK(contains(refusal(true), "kexec_load_limit_panic"));
  machine.files["/proc/sys/kernel/kexec_load_disabled"] = "1\n";
  CHECK(contains(refusal(), "kexec is disabled"));
}

TEST_CASE("lockdown forbids kexec_load and leaves kexec_file_load") {
  const auto held = machine_of_root();
  MapMachine& machine = *held;
  CHECK(lockdown_of(machine) == Lockdown::none);
  CHECK(check_may_load(machine, false, Backend::kexec_load));
  machine.files["/sys/kernel/security/lockdown"] = "[none] integrity confidentiality\n";
  CHECK(lockdown_of(machine) == Lockdown::none);
  machine.files["/sys/kernel/security/lockdown"] = "none integrity [confidentiality]\n";
  CHECK(lockdown_of(machine) == Lockdown::confidentiality);
  const Status load_it = check_may_load(machine, false, Backend::kexec_load);
  REQUIRE_FALSE(load_it);
  CHECK(contains(load_it.error().message, "locked down (confidentiality)"));
  CHECK(check_may_load(machine, false, Backend::kexec_file_load));

  machine.own_facts.kexec_file_load = Support::absent;
  const Status absent = check_may_load(machine, false, Backend::kexec_file_load);
  REQUIRE_FALSE(absent);
  CHECK(contains(absent.error().message, "does not have kexec_file_load"));
}

TEST_CASE("status reads the new files of sysfs, else the old ones") {
  MapMachine machine;
  CHECK_FALSE(kexec_status(machine));
  CHECK_FALSE(kexec_status(machine).error().remedy.empty());

  machine.files["/sys/kernel/kexec_loaded"] = "1\n";
  machine.files["/sys/kernel/kexec_crash_loaded"] = "0\n";
  machine.files["/sys/kernel/kexec_crash_size"] = "268435456\n";
  auto status = kexec_status(machine);
  REQUIRE(status);
  CHECK(status->loaded);
  CHECK_FALSE(status->crash_loaded);
  CHECK(status->crash_size_bytes == 268435456U);

  machine.files["/sys/kernel/kexec/loaded"] = "0\n";
  machine.files["/sys/kernel/kexec/crash_loaded"] = "1\n";
  status = kexec_status(machine);
  REQUIRE(status);
  CHECK_FALSE(status->loaded);
  CHECK(status->crash_loaded);

  machine.files["/sys/kernel/kexec/loaded"] = "yes\n";
  CHECK_FALSE(kexec_status(machine));
  machine.unreadable.insert("/sys/kernel/kexec/loaded");
  CHECK_FALSE(kexec_status(machine));
}

TEST_CASE("the jump is refused when nothing is loaded, and for users") {
  const auto held = machine_of_root();
  MapMachine& machine = *held;
  FakeSystemCalls calls;
  Record record;
  const Scratch scratch;
  machine.files["/sys/kernel/kexec_loaded"] = "0\n";
  const Status nothing = exec_loaded(ExecMethod::automatic, machine, calls, record, scratch.path());
  REQUIRE_FALSE(nothing);
  CHECK(contains(nothing.error().message, "no kernel is loaded"));
  CHECK(contains(nothing.error().remedy, "kxf load"));

  machine.files["/sys/kernel/kexec_loaded"] = "1\n";
  machine.files["/proc/self/status"] = user_status;
  const Status user = exec_loaded(ExecMethod::automatic, machine, calls, record, scratch.path());
  REQUIRE_FALSE(user);
  CHECK(contains(user.error().message, "needs root"));
  CHECK(calls.calls.empty());
}

TEST_CASE("the jump goes through systemd where it runs, else by reboot(2) after a sync") {
  const auto held = machine_of_root();
  MapMachine& machine = *held;
  FakeSystemCalls calls;
  Record record;
  const Scratch scratch;
  const auto exec = [&](ExecMethod method) {
    return exec_loaded(method, machine, calls, record, scratch.path());
  };
  SUBCASE("no systemd") {
    const Status done = exec(ExecMethod::automatic);
    REQUIRE_FALSE(done);  // reboot(2) only comes back when it failed
    CHECK(contains(done.error().message, "reboot failed with EINVAL"));
    CHECK(calls.calls == Calls{"sync", "reboot"});
    REQUIRE(record.decisions().size() == 1);
    CHECK(record.decisions()[0].choice == "direct");
  }
  SUBCASE("systemd asked for, not there") {
    const Status done = exec(ExecMethod::systemd);
    REQUIRE_FALSE(done);
    CHECK(contains(done.error().message, "systemd does not run here"));
    CHECK(calls.calls.empty());
  }
  SUBCASE("systemd") {
    machine.files["/run/systemd/system/marker"] = "";
    machine.files["/bin/systemctl"] = "";
    REQUIRE(exec(ExecMethod::automatic));
    CHECK(calls.calls == Calls{"run"});
    CHECK(calls.argv == Calls{"/bin/systemctl", "kexec"});
    CHECK(record.decisions()[0].choice == "systemd");
  }
  SUBCASE("systemd there, direct asked for") {
    machine.files["/run/systemd/system/marker"] = "";
    CHECK_FALSE(exec(ExecMethod::direct));
    CHECK(calls.calls == Calls{"sync", "reboot"});
  }
  SUBCASE("systemctl fails: nothing else is tried") {
    machine.files["/run/systemd/system/marker"] = "";
    machine.files["/usr/bin/systemctl"] = "";
    calls.run_status = 4;
    const Status done = exec(ExecMethod::automatic);
    REQUIRE_FALSE(done);
    CHECK(contains(done.error().message, "ended with status 4"));
    CHECK(calls.calls == Calls{"run"});
    calls.run_status = tl::unexpected(ENOENT);
    CHECK(contains(exec(ExecMethod::automatic).error().message, "ENOENT"));
  }
  SUBCASE("systemd without systemctl") {
    machine.files["/run/systemd/system/marker"] = "";
    const Status done = exec(ExecMethod::automatic);
    REQUIRE_FALSE(done);
    CHECK(contains(done.error().message, "no systemctl"));
  }
}

TEST_CASE("memory that went away since the load stops the jump") {
  const auto held = machine_of_root();
  MapMachine& machine = *held;
  const Scratch scratch;
  const std::filesystem::path directory = scratch.path() / "run/kxf";  // neither is there
  const ReadyPlan plan = plan_for(Backend::kexec_load);
  machine.files["/proc/sys/kernel/random/boot_id"] = "1\n";
  REQUIRE(remember_load(machine, plan, {}, directory));
  Record record;

  CHECK(check_load_record(machine, record, directory));
  CHECK(record.warnings().empty());

  SUBCASE("a driver came: nothing to do with RAM") {
    machine.files["/proc/iomem"] += "09000000-09000fff : pl011@9000000\n";
    CHECK(check_load_record(machine, record, directory));
    CHECK(record.warnings().empty());
  }
  SUBCASE("removed") {
    machine.files["/proc/iomem"] = "40000000-6fffffff : System RAM\n";
    const Status same = check_load_record(machine, record, directory);
    REQUIRE_FALSE(same);
    CHECK(contains(same.error().message, "0x70000000-0x7fffffff"));
    CHECK(contains(same.error().remedy, "load the kernel again"));
    FakeSystemCalls calls;
    CHECK_FALSE(exec_loaded(ExecMethod::direct, machine, calls, record, directory));
    CHECK(calls.calls.empty());
  }
  SUBCASE("added") {
    machine.files["/proc/iomem"] += "80000000-ffffffff : System RAM\n";
    CHECK(check_load_record(machine, record, directory));
    REQUIRE(record.warnings().size() == 1);
    CHECK(record.warnings()[0].id == "memory-added");
  }
  SUBCASE("forgotten") {
    forget_load(directory);
    CHECK(check_load_record(machine, record, directory));
    REQUIRE(record.warnings().size() == 1);
    CHECK(record.warnings()[0].id == "no-load-record");
  }
  SUBCASE("of an earlier boot") {
    machine.files["/proc/sys/kernel/random/boot_id"] = "2\n";
    machine.files["/proc/iomem"] = "40000000-6fffffff : System RAM\n";
    CHECK(check_load_record(machine, record, directory));
    REQUIRE(record.warnings().size() == 1);
    CHECK(record.warnings()[0].id == "no-load-record");
  }
  SUBCASE("damaged") {
    for (const std::string_view text :
         {"", "{", "[]", R"({"schema": 1})", R"({"schema": 2, "ram": []})",
          R"({"schema": 1, "boot_id": "1", "ram": [["0x0"]]})",
          R"({"schema": 1, "boot_id": "1", "ram": [["0", "1"]]})",
          R"({"schema": 1, "boot_id": "1", "ram": 7})"}) {
      CAPTURE(text);
      scratch.write("run/kxf/loaded.json", text);
      const Status same = check_load_record(machine, record, directory);
      REQUIRE_FALSE(same);
      CHECK(contains(same.error().message, "is damaged"));
    }
  }
}

TEST_CASE("the load record is for its owner alone") {
  const auto held = machine_of_root();
  const MapMachine& machine = *held;
  const Scratch scratch;
  const std::filesystem::path directory = scratch.path() / "run";
  const ReadyPlan plan = plan_for(Backend::kexec_load);
  REQUIRE(remember_load(machine, plan, {}, directory));
  struct stat status {};
  REQUIRE(::stat(directory.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0700);
  REQUIRE(::stat((directory / "loaded.json").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0600);

  SUBCASE("a directory that others write to is not used") {
    REQUIRE(::chmod(directory.c_str(), 0777) == 0);
    CHECK_FALSE(remember_load(machine, plan, {}, directory));
    scratch.write("run/loaded.json", "{}");
    Record record;
    CHECK(contains(check_load_record(machine, record, directory).error().message,
                   "no directory that only this user writes to"));
  }
  SUBCASE("nor a link") {
    const std::filesystem::path link = scratch.path() / "link";
    std::filesystem::create_symlink(directory, link);
    CHECK_FALSE(remember_load(machine, plan, {}, link));
  }
}

TEST_CASE("hidden addresses are not remembered as memory") {
  const auto held = machine_of_root();
  MapMachine& machine = *held;
  machine.files["/proc/iomem"] = "00000000-00000000 : System RAM\n";
  const Scratch scratch;
  CHECK_FALSE(remember_load(machine, plan_for(Backend::kexec_load), {}, scratch.path()));
}

TEST_CASE("files in memory hold the bytes and cannot change any more") {
  const auto calls = real_system_calls();
  const auto file = calls->memory_file("kxf-test", bytes_of("content"));
  REQUIRE(file);
  char buffer[16] = {};
  CHECK(::read(file->get(), buffer, sizeof buffer) == 7);
  CHECK(std::string_view(buffer) == "content");
  CHECK(::pwrite(file->get(), "x", 1, 0) == -1);
  CHECK(::ftruncate(file->get(), 0) == -1);
}

TEST_CASE("programs run without a shell and their status comes back") {
  const auto calls = real_system_calls();
  CHECK(calls->run({"/bin/sh", "-c", "exit 7"}) == 7);
  CHECK(calls->run({"/bin/sh", "-c", "kill -9 $$"}) == 128 + 9);
  const auto nothing = calls->run({"/no/such/program"});
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error() == ENOENT);
}

}  // namespace load_test
