// SPDX-License-Identifier: Apache-2.0
#include "plugin/crash_guard.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <functional>

#include "plugin/registry.hpp"
#include "sandbox/run_confined.hpp"
#include "scratch.hpp"

namespace crash_guard_test {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

struct End {
  int status = -1;  ///< of the process; 1000 + the signal that killed it
  std::string said;
};

/// What becomes of a process that does this, and what it says on the standard error.
End end_of(const std::function<void()>& work) {
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    for (const int number : {SIGSEGV, SIGABRT, SIGILL, SIGBUS, SIGFPE}) signal(number, SIG_DFL);
    work();
    _exit(42);
  }
  close(ends[1]);
  End end;
  std::array<char, 4096> chunk{};
  for (ssize_t got = 0; (got = read(ends[0], chunk.data(), chunk.size())) > 0;)
    end.said.append(chunk.data(), static_cast<std::size_t>(got));
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  end.status = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  return end;
}

std::string text(const std::string& plugin, const std::string& what) {
  return "kxf: plugin " + plugin + ": it " + what +
         " while it was loaded; nothing was loaded or changed\n"
         "  remedy: remove or replace this plugin\n";
}

/// Load a directory with nothing but this one of tests/bad-plugins.
void check_load(const std::string& defect, const std::string& what,
                milliseconds limit = kxf::plugin_load_limit) {
  CAPTURE(defect);
  const kxf_test::Scratch scratch;
  const fs::path file = scratch.path() / (defect + ".so");
  fs::copy_file(fs::path(KXF_BUILD_DIR) / "bad-plugins" / (defect + ".so"), file);
  fs::permissions(file, fs::perms(0644));
  kxf::PluginOptions options{.directories = {scratch.path()}, .sha256 = {}, .required = {}};
  options.load_limit = limit;
  const End end = end_of([&] {
    kxf::Record record;
    (void)kxf::Registry::load(options, record);
  });
  CHECK(end.status == 1);
  CHECK(end.said == text(file.string(), what));
}

void use_up_the_stack(int depth) {
  std::array<char, 4096> frame{};
  volatile char* const kept = frame.data();
  *kept = static_cast<char>(depth);
  if (depth >= 0) use_up_the_stack(depth + 1);
  *kept = 0;
}

}  // namespace

TEST_CASE("crash guard: a plugin that crashes while it is loaded is named, with the signal") {
  check_load("crash-constructor", "crashed (SIGILL)");
  check_load("abort-registration", "crashed (SIGABRT)");
}

TEST_CASE("crash guard: an exception that leaves the plugin is named as such") {
  check_load("throw-constructor", "let an exception out");
  check_load("throw-registration", "let an exception out");
}

TEST_CASE("crash guard: a plugin that does not return is ended in time") {
  check_load("endless-constructor", "did not return within 0.2 s", milliseconds(200));
}

TEST_CASE("crash guard: an overflow of the stack finds a stack for the message") {
  if (kxf::sanitized) return;  // a sanitizer has a stack of its own for that
  const End end = end_of([] {
    const kxf::CrashGuard guard("deep.so");
    use_up_the_stack(0);
  });
  CHECK(end.status == 1);
  CHECK(end.said == text("deep.so", "crashed (SIGSEGV)"));
}

TEST_CASE("crash guard: outside of it everything is as it was") {
  const End crash = end_of([] {
    { const kxf::CrashGuard guard("good.so"); }
    raise(SIGSEGV);
  });
  CHECK(crash.status == 1000 + SIGSEGV);
  CHECK(crash.said.empty());
  const End timer = end_of([] {
    { const kxf::CrashGuard guard("good.so", milliseconds(50)); }
    usleep(100'000);
  });
  CHECK(timer.status == 42);
}

}  // namespace crash_guard_test
