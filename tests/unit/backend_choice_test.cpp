// SPDX-License-Identifier: Apache-2.0
#include "plan/backend_choice.hpp"

#include <doctest/doctest.h>

#include <functional>

#include "fake_registry.hpp"
#include "map_machine.hpp"

namespace backend_choice_test {
namespace {

using kxf::Backend;
using kxf::DigestChoice;
using kxf::Policy;
using kxf::Record;
using kxf::Support;
using kxf::SyscallChoice;
using kxf_test::contains;

struct Scene {
  kxf_test::MapMachine machine{};
  Policy policy{};
  kxf::KernelSpec kernel{};
  Record record{};
  std::string handed_over{};
  kxf::ArchitectureTraits traits{};

  Scene() {
    kernel.file_load = true;
    support(Support::present, Support::present);
  }
  void support(Support load, Support file) {
    machine.own_facts.kexec_load = load;
    machine.own_facts.kexec_file_load = file;
  }
  void ask(SyscallChoice choice) { policy.syscall = {choice, "--syscall"}; }
  void lock_down() {
    machine.files["/sys/kernel/security/lockdown"] = "none [integrity] confidentiality\n";
  }
  kxf::Result<kxf::BackendChoice> choose() {
    return choose_backend(machine, policy, traits, kernel, record, {handed_over});
  }
  std::string refusal() {
    const auto choice = choose();
    if (choice) return "";
    CHECK(choice.error().fault == kxf::Fault::refused);
    CHECK_FALSE(choice.error().remedy.empty());
    return choice.error().message;
  }
};

/// Every wish that only kexec_load can honour, and how messages call it.
struct Wish {
  const char* name;
  std::function<void(Scene&)> make;
};
const std::vector<Wish>& wishes() {
  static const std::vector<Wish> all = {
      {"a device tree from a file (--dtb)",
       [](Scene& s) {
         s.policy.tree_source = {"board.dtb", "--dtb"};
       }},
      {"overlays (p:1)",
       [](Scene& s) {
         s.policy.tree_overlays = {{"a.dtbo"}, "p:1"};
       }},
      {"device tree properties (p:1)",
       [](Scene& s) {
         s.policy.tree_set = {{{"/", "a", {}}}, "p:1"};
       }},
      {"deleted device tree parts (p:1)",
       [](Scene& s) {
         s.policy.tree_delete = {{{"/", "a"}}, "p:1"};
       }},
      {"reserved windows (p:1)",
       [](Scene& s) {
         s.policy.memory_reserve = {{{{0, 1}, "x"}}, "p:1"};
       }},
      {"chosen memory sources (p:1)",
       [](Scene& s) {
         s.policy.memory_sources = {{"iomem"}, "p:1"};
       }},
      {"a purgatory console (p:1)",
       [](Scene& s) {
         s.policy.console_sink = {"pl011,0x9000000", "p:1"};
       }},
      {"a breadcrumb (p:1)",
       [](Scene& s) {
         s.policy.purgatory_breadcrumb = {"0x7fff0000", "p:1"};
       }},
      {"a digest (p:1)",
       [](Scene& s) {
         s.policy.digest = {DigestChoice::always, "p:1"};
       }},
      {"this image (it is a text)",
       [](Scene& s) {
         s.kernel.file_load = false;
         s.kernel.file_load_reason = "it is a text";
       }},
      {"memory that only the next tree can reserve (a table)",
       [](Scene& s) { s.handed_over = "a table"; }},
  };
  return all;
}

}  // namespace

TEST_CASE("backend: a plain load takes kexec_file_load where it is, and may fall back") {
  Scene scene;
  for (const Support file : {Support::present, Support::unknown}) {
    scene.support(Support::present, file);
    const auto choice = scene.choose();
    REQUIRE(choice);
    CHECK(choice->backend == Backend::kexec_file_load);
    CHECK(choice->may_fall_back);
  }
  scene.support(Support::absent, Support::present);
  CHECK_FALSE(scene.choose()->may_fall_back);
  scene.support(Support::present, Support::absent);
  CHECK(scene.choose()->backend == Backend::kexec_load);
}

TEST_CASE("backend: every wish that only kexec_load can honour decides, and is named") {
  for (const Wish& wish : wishes()) {
    CAPTURE(wish.name);
    Scene scene;
    wish.make(scene);
    const auto choice = scene.choose();
    REQUIRE(choice);
    CHECK(choice->backend == Backend::kexec_load);
    CHECK_FALSE(choice->may_fall_back);
    CHECK(kxf_test::decided(scene.record, "syscall") ==
          fmt::format("kexec_load (needed for {})", wish.name));

    scene.support(Support::absent, Support::present);
    CHECK(contains(scene.refusal(), wish.name));
    scene.support(Support::present, Support::present);
    scene.ask(SyscallChoice::kexec_file_load);
    CHECK(scene.refusal() ==
          fmt::format("--syscall asks for kexec_file_load, which cannot honour {}", wish.name));
  }
}

TEST_CASE("backend: what a profile spells out as it is by default asks for nothing") {
  Scene scene;
  scene.policy.memory_sources = {{"dt", "iomem"}, "p:1"};
  scene.policy.console_sink = {"auto", "p:2"};
  scene.policy.digest = {DigestChoice::crash, "p:3"};
  scene.policy.tree_source = {"running", "p:4"};
  CHECK(scene.choose()->backend == Backend::kexec_file_load);
  scene.policy.console_sink = {"none", "p:2"};
  CHECK(scene.choose()->backend == Backend::kexec_file_load);
}

TEST_CASE("backend: a crash kernel is verified, by kexec_load where nothing else does") {
  Scene scene;
  scene.policy.crash = true;
  CHECK(wants_digest(scene.policy));
  CHECK(scene.choose()->backend == Backend::kexec_load);
  SUBCASE("the running kernel's loader does") {
    scene.traits.file_load_verifies = true;
    CHECK(scene.choose()->backend == Backend::kexec_file_load);
  }
  SUBCASE("kexec_load is not allowed") {
    scene.lock_down();
    CHECK(scene.choose()->backend == Backend::kexec_file_load);
  }
  SUBCASE("kexec_load is not there") {
    scene.support(Support::absent, Support::present);
    CHECK(scene.choose()->backend == Backend::kexec_file_load);
  }
  SUBCASE("no digest is wanted") {
    scene.policy.digest = {DigestChoice::none, "--digest"};
    CHECK_FALSE(wants_digest(scene.policy));
    CHECK(scene.choose()->backend == Backend::kexec_file_load);
  }
}

TEST_CASE("backend: lockdown and kexec handover allow only kexec_file_load") {
  Scene scene;
  std::string why;
  SUBCASE("lockdown") {
    scene.lock_down();
    why = "the kernel is locked down (none [integrity] confidentiality)";
  }
  SUBCASE("handover") {
    scene.machine.files["/proc/cmdline"] = "quiet kho=on\n";
    why = "kexec handover is on (kho=on), which kexec_load would drop";
  }
  const auto choice = scene.choose();
  REQUIRE(choice);
  CHECK(choice->backend == Backend::kexec_file_load);
  CHECK_FALSE(choice->may_fall_back);
  CHECK(kxf_test::decided(scene.record, "syscall") == "kexec_file_load (" + why + ")");

  scene.support(Support::present, Support::absent);
  CHECK(scene.refusal() == why + ", and the kernel has no kexec_file_load");
  scene.support(Support::present, Support::present);
  scene.ask(SyscallChoice::kexec_load);
  CHECK(scene.refusal() == "--syscall asks for kexec_load, but " + why);
  scene.ask(SyscallChoice::automatic);
  scene.policy.digest = {DigestChoice::always, "--digest"};
  CHECK(scene.refusal() == "only kexec_load can honour a digest (--digest), but " + why);
}

TEST_CASE("backend: no lockdown is no reason") {
  Scene scene;
  for (const char* text : {"[none] integrity confidentiality\n", "", "none\n"}) {
    scene.machine.files["/sys/kernel/security/lockdown"] = text;
    CHECK(scene.choose()->may_fall_back);
  }
  scene.machine.files["/proc/cmdline"] = "kho=on kho=off\n";
  CHECK(scene.choose()->may_fall_back);
}

TEST_CASE("backend: a system call that was asked for is that one or none") {
  Scene scene;
  for (const auto asked : {SyscallChoice::kexec_load, SyscallChoice::kexec_file_load}) {
    const bool file = asked == SyscallChoice::kexec_file_load;
    scene.ask(asked);
    scene.support(Support::unknown, Support::unknown);
    const auto choice = scene.choose();
    REQUIRE(choice);
    CHECK(choice->backend == (file ? Backend::kexec_file_load : Backend::kexec_load));
    CHECK_FALSE(choice->may_fall_back);
    scene.support(file ? Support::present : Support::absent,
                  file ? Support::absent : Support::present);
    CHECK(contains(scene.refusal(), "which the running kernel does not have"));
  }
}

}  // namespace backend_choice_test
