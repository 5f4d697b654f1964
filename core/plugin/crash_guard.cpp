// SPDX-License-Identifier: Apache-2.0
#include "plugin/crash_guard.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <exception>
#include <string>
#include <vector>

#include "sandbox/run_confined.hpp"

namespace kxf {
namespace {

constexpr std::array fatal_signals{SIGSEGV, SIGBUS,  SIGILL, SIGFPE,
                                   SIGABRT, SIGTRAP, SIGSYS, SIGALRM};

}  // namespace

/// All that a signal handler needs, made before: it may neither allocate nor format.
struct CrashTexts {
  std::array<std::string, fatal_signals.size()> of_signal;
  std::string of_exception;
};

namespace {

/// Those of the guard that stands. A handler has no argument to get them by.
const CrashTexts* standing = nullptr;

[[noreturn]] void end_with(const std::string& text) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
  _exit(1);
}

extern "C" void on_fatal_signal(int number) {
  for (std::size_t i = 0; i < fatal_signals.size(); ++i)
    if (fatal_signals[i] == number) end_with(standing->of_signal[i]);
  _exit(1);
}

[[noreturn]] void on_terminate() {
  if (std::current_exception()) end_with(standing->of_exception);
  std::abort();
}

std::string text_of_end(std::string_view plugin, std::string_view what) {
  return fmt::format(
      "kxf: plugin {}: it {} while it was loaded; nothing was loaded or changed\n"
      "  remedy: remove or replace this plugin\n",
      plugin, what);
}

}  // namespace

struct CrashGuard::State {
  CrashTexts texts;
  /// For a plugin that has used up the stack.
  std::vector<char> stack = std::vector<char>(64U << 10U);
  stack_t stack_before{};
  std::array<struct sigaction, fatal_signals.size()> before{};
  itimerval timer_before{};
  std::terminate_handler terminate_before = nullptr;
};

CrashGuard::CrashGuard(std::string_view plugin, std::chrono::milliseconds limit)
    : state_(std::make_unique<State>()) {
  State& state = *state_;
  for (std::size_t i = 0; i < fatal_signals.size(); ++i)
    state.texts.of_signal[i] = text_of_end(
        plugin,
        fatal_signals[i] == SIGALRM
            ? fmt::format("did not return within {:g} s", static_cast<double>(limit.count()) / 1000)
            : fmt::format("crashed ({})", signal_name(fatal_signals[i])));
  state.texts.of_exception = text_of_end(plugin, "let an exception out");
  standing = &state.texts;

  stack_t stack{};
  stack.ss_sp = state.stack.data();
  stack.ss_size = state.stack.size();
  sigaltstack(&stack, &state.stack_before);
  struct sigaction action {};
  action.sa_handler = on_fatal_signal;
  action.sa_flags = SA_ONSTACK;
  for (std::size_t i = 0; i < fatal_signals.size(); ++i)
    sigaction(fatal_signals[i], &action, &state.before[i]);
  state.terminate_before = std::set_terminate(on_terminate);
  itimerval timer{};
  timer.it_value.tv_sec = limit.count() / 1000;
  timer.it_value.tv_usec = limit.count() % 1000 * 1000;
  setitimer(ITIMER_REAL, &timer, &state.timer_before);
}

CrashGuard::~CrashGuard() {
  const State& state = *state_;
  setitimer(ITIMER_REAL, &state.timer_before, nullptr);
  std::set_terminate(state.terminate_before);
  for (std::size_t i = 0; i < fatal_signals.size(); ++i)
    sigaction(fatal_signals[i], &state.before[i], nullptr);
  sigaltstack(&state.stack_before, nullptr);
  standing = nullptr;
}

}  // namespace kxf
