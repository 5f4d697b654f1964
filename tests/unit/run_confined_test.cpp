// SPDX-License-Identifier: Apache-2.0
#include "sandbox/run_confined.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "machine/file.hpp"
#include "scratch.hpp"

namespace run_confined_test {
namespace {

using kxf::ByteVector;
using kxf::Confined;
using kxf::Doing;
using std::chrono::milliseconds;

kxf::ChildLimits limits_of(milliseconds time) {
  kxf::ChildLimits limits;
  limits.time = time;
  return limits;
}

/// How the child ends when it does this; "answered" when it does.
std::string end_of(const kxf::ConfinedWork& work,
                   const kxf::ChildLimits& limits = limits_of(milliseconds(5000))) {
  const auto done = run_confined("it", limits, work);
  if (done) return "answered";
  CHECK_FALSE(done.error().remedy.empty());
  CHECK(done.error().fault == kxf::Fault::refused);
  return done.error().message;
}

std::string end_of_void(const std::function<void()>& work) {
  return end_of([&](Doing&) {
    work();
    return ByteVector();
  });
}

/// Not under a sanitizer, nor on a kernel without seccomp.
bool has_filter() {
  const auto done = kxf::run_confined("it", {}, [](Doing&) { return ByteVector(); });
  REQUIRE(done);
  return !kxf::sanitized &&
         std::ranges::none_of(done->not_confined, [](const std::string& missing) {
           return missing.starts_with("system calls");
         });
}

}  // namespace

TEST_CASE("sandbox: an answer comes back whole, whatever its size") {
  for (const std::size_t size : {0UL, 1UL, 65'536UL, 3'000'000UL}) {
    const auto done = kxf::run_confined("it", {}, [&](Doing&) { return ByteVector(size, 0x5a); });
    REQUIRE(done);
    CHECK(done->answer == ByteVector(size, 0x5a));
  }
}

TEST_CASE("sandbox: what the child changes stays in the child") {
  int value = 1;
  CHECK(end_of_void([&] { value = 2; }) == "answered");
  CHECK(value == 1);
}

TEST_CASE("sandbox: a crash is a message with its signal and what was at work") {
  CHECK(end_of_void([] { raise(SIGABRT); }) == "it crashed (SIGABRT)");
  CHECK(end_of_void([] { std::abort(); }) == "it crashed (SIGABRT)");
  const auto throw_out = [] { throw std::runtime_error("out"); };
  CHECK(end_of_void([&]() noexcept { throw_out(); }) == "it crashed (SIGABRT)");
  CHECK(end_of([](Doing& doing) {
          doing.now("first");
          doing.now("format bad, parse");
          volatile int* volatile nowhere = nullptr;
          if (nowhere == nullptr) __builtin_trap();
          return ByteVector();
        }) == "it: format bad, parse crashed (SIGILL)");
  CHECK(end_of_void(throw_out) == "it threw an exception");
  CHECK(end_of_void([] { _exit(7); }) == "it ended with status 7 and without an answer");
  CHECK(end_of_void([] { _exit(0); }) == "it ended without a whole answer");
}

TEST_CASE("sandbox: a memory error is a message") {
  if (kxf::sanitized) return;  // a sanitizer ends the child in its own way
  CHECK(end_of_void([] {
          volatile std::uintptr_t nowhere = 16;
          *reinterpret_cast<volatile int*>(nowhere) = 1;
        }) == "it crashed (SIGSEGV)");
}

TEST_CASE("sandbox: what does not end is ended") {
  CHECK(end_of(
            [](Doing& doing) {
              doing.now("turning");
              volatile bool turning = true;
              while (turning) {
              }
              return ByteVector();
            },
            limits_of(milliseconds(100))) == "it: turning did not end within 0.1 s and was killed");
}

TEST_CASE("sandbox: what a message says of the child is cut and printable") {
  const std::string text = end_of([](Doing& doing) {
    doing.now(std::string(10'000, 'x'));
    doing.now("a\x1b[2Jb\n" + std::string(10'000, 'y'));
    std::abort();
    return ByteVector();
  });
  CHECK(text.starts_with("it: a?[2Jb?yyy"));
  CHECK(text.ends_with("yyy... crashed (SIGABRT)"));
}

TEST_CASE("sandbox: a system call that is not needed ends the child, by name") {
  if (!has_filter()) return;
  CHECK(end_of_void([] { (void)open("/dev/null", O_RDONLY); }) ==
        "it made the system call openat, which it may not");
  CHECK(end_of_void([] { (void)socket(AF_INET, SOCK_STREAM, 0); }) ==
        "it made the system call socket, which it may not");
  CHECK(end_of_void([] { (void)fork(); }) == "it made the system call clone, which it may not");
  CHECK(end_of_void([] { (void)kill(getppid(), 0); }) ==
        "it made the system call getppid, which it may not");
  CHECK(end_of_void([] {
          (void)mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        }) == "it made the system call mmap, which it may not");
  CHECK(end_of_void([] {
          void* const page =
              mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
          (void)mprotect(page, 4096, PROT_READ | PROT_EXEC);
        }) == "it made the system call mprotect, which it may not");
  CHECK(end_of_void([] { signal(SIGSYS, SIG_IGN); }) ==
        "it made the system call rt_sigaction, which it may not");
  CHECK(end_of_void([] {
          sigset_t all;
          sigfillset(&all);
          sigprocmask(SIG_SETMASK, &all, nullptr);
          (void)open("/dev/null", O_RDONLY);
        }) == "it crashed (SIGSYS)");
}

TEST_CASE("sandbox: no file is open, and none can be opened") {
  // Holds by itself, under sanitizers too: descriptors are closed and the limit is 0.
  const kxf_test::Scratch scratch;
  const std::string path = scratch.write("file", "content").native();
  kxf::OpenFile file(open(path.c_str(), O_RDWR | O_CLOEXEC));
  REQUIRE(file.open());
  const int fd = file.get();
  CHECK(end_of_void([&] {
          if (write(STDOUT_FILENO, "x", 1) >= 0) return;
          std::abort();
        }) == (!has_filter() ? "it crashed (SIGABRT)"
                             : "it made the system call write, which it may not"));
  CHECK(end_of_void([&] {
          if (pwrite(fd, "changed", 7, 0) < 0) std::abort();
        }) == (!has_filter() ? "it crashed (SIGABRT)"
                             : "it made the system call pwrite64, which it may not"));
  if (!has_filter())
    CHECK(end_of_void([&] {
            if (open(path.c_str(), O_RDWR) < 0) std::abort();
          }) == "it crashed (SIGABRT)");
  CHECK(kxf::text_of(*kxf::read_to_end(path, 100)) == "content");
}

TEST_CASE("sandbox: memory has a limit") {
  if (kxf::sanitized) return;  // the shadow is memory too
  kxf::ChildLimits limits = limits_of(milliseconds(5000));
  limits.memory_bytes = 8U << 20U;
  CHECK(end_of([](Doing&) { return ByteVector(ByteVector(1U << 20U).size() / 2); }, limits) ==
        "answered");
  const auto take_all = [](Doing&) {
    std::vector<ByteVector> all;
    for (;;) all.emplace_back(1U << 20U);
    return ByteVector();
  };
  CHECK(end_of(take_all, limits) == "it wanted more than 8 MiB of memory");
}

TEST_CASE("sandbox: an answer has a limit") {
  kxf::ChildLimits limits = limits_of(milliseconds(5000));
  limits.answer_bytes = 1000;
  CHECK(end_of([](Doing&) { return ByteVector(1000); }, limits) == "answered");
  CHECK(end_of([](Doing&) { return ByteVector(100'000); }, limits) ==
        "it gave an answer of more than 1000 bytes");
}

TEST_CASE("sandbox: an ignored SIGCHLD, which is inherited, does not hide how a child ended") {
  const auto before = signal(SIGCHLD, SIG_IGN);
  CHECK(end_of_void([] { std::abort(); }) == "it crashed (SIGABRT)");
  CHECK((signal(SIGCHLD, before) == SIG_IGN));
}

TEST_CASE("sandbox: memory that was shared before is how large results come back") {
  void* const page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(page != MAP_FAILED);
  auto* const letters = static_cast<char*>(page);
  CHECK(end_of_void([&] { std::copy_n("from the child", 15, letters); }) == "answered");
  CHECK(std::string_view(letters) == "from the child");
  munmap(page, 4096);
}

}  // namespace run_confined_test
