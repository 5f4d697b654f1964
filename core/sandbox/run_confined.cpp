// SPDX-License-Identifier: Apache-2.0
#include "sandbox/run_confined.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <optional>

#include "kxf/range.hpp"
#include "machine/file.hpp"
#include "sandbox/confinement.hpp"

namespace kxf {
namespace {

/// Statuses that the child ends with when it can give no answer. Code in there may use them too,
/// and then gets the message that it asked for.
constexpr int exit_no_memory = 101;
constexpr int exit_threw = 102;
constexpr int exit_forbidden = 103;
constexpr int exit_no_way_back = 104;

/// What the child sends: first how it is confined, from before it ran anything else, then the
/// answer. Each is a frame: a byte that says what it is, 8 bytes with the size, the bytes.
enum class Frame : std::uint8_t { confined = 'c', failed = 'f', answer = 'a' };
constexpr std::size_t frame_head_bytes = 9;

/// Lines of a frame of text.
constexpr char separator = '\n';

/// Memory that parent and child share: a number, then text with a zero behind it.
class SharedPage {
 public:
  static constexpr std::size_t size_bytes = 4096;

  SharedPage()
      : base_(
            mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {}
  ~SharedPage() {
    if (there()) munmap(base_, size_bytes);
  }
  SharedPage(const SharedPage&) = delete;
  SharedPage& operator=(const SharedPage&) = delete;

  [[nodiscard]] bool there() const { return base_ != MAP_FAILED; }
  [[nodiscard]] std::span<char> number() const { return {static_cast<char*>(base_), sizeof(int)}; }
  [[nodiscard]] std::span<char> text() const {
    return {static_cast<char*>(base_) + sizeof(int), size_bytes - sizeof(int)};
  }

 private:
  void* base_;
};

/// Where the signal handler of the child puts the number of a forbidden call. A handler has no
/// argument of its own; only the child sets it, once.
char* forbidden_call = nullptr;

void on_forbidden_call(int number) {
  std::memcpy(forbidden_call, &number, sizeof number);
  _exit(exit_forbidden);
}

void send(int channel, Frame kind, ByteView bytes) {
  std::array<std::uint8_t, frame_head_bytes> head{static_cast<std::uint8_t>(kind)};
  store<std::uint64_t>(head, 1, bytes.size(), Endian::little);
  if (write_all(channel, head) != 0 || write_all(channel, bytes) != 0) _exit(exit_no_way_back);
}

/// Signals as a new process has them: a crash is for the parent to report.
void reset_signals() {
  for (const int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP})
    signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void be_child(pid_t parent, int channel, const ChildLimits& limits,
                           const SharedPage& page, const ConfinedWork& work) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(exit_no_way_back);
  reset_signals();
  // A sanitizer says what it finds on the standard error.
  const std::array kept{channel, sanitized ? STDERR_FILENO : -1};
  close_others(kept);
  forbidden_call = page.number().data();
  std::set_new_handler([] { _exit(exit_no_memory); });
  try {
    Doing doing(page.text());
    if (limits.before) limits.before(doing);
    const auto confined = confine_self(limits, channel, on_forbidden_call);
    if (!confined) {
      const Error& error = confined.error();
      send(channel, Frame::failed, bytes_of(error.message + separator + error.remedy));
      _exit(0);
    }
    send(channel, Frame::confined,
         bytes_of(fmt::format("{}", fmt::join(*confined, std::string_view(&separator, 1)))));
    send(channel, Frame::answer, work(doing));
  } catch (...) {
    _exit(exit_threw);
  }
  _exit(0);
}

/// SIGCHLD as waitpid() needs it: where it is ignored, which is inherited over exec, the kernel
/// throws away how a child ended.
class ChildrenCount {
 public:
  ChildrenCount() {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &action, &before_);
  }
  ~ChildrenCount() { sigaction(SIGCHLD, &before_, nullptr); }
  ChildrenCount(const ChildrenCount&) = delete;
  ChildrenCount& operator=(const ChildrenCount&) = delete;

 private:
  struct sigaction before_ {};
};

/// What came back before the child ended or its time was over.
struct Heard {
  ByteVector bytes;
  bool late = false;
  bool too_much = false;
};

using Clock = std::chrono::steady_clock;

Heard listen(int channel, Clock::time_point end, std::uint64_t limit_bytes) {
  Heard heard;
  ByteVector chunk(64U << 10U);
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd poller{channel, POLLIN, 0};
    const int ready =
        left <= 0 ? 0 : poll(&poller, 1, static_cast<int>(std::min<std::int64_t>(left, INT32_MAX)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      heard.late = true;
      return heard;
    }
    const ssize_t got = read(channel, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return heard;
    heard.bytes.insert(heard.bytes.end(), chunk.begin(), chunk.begin() + got);
    if (heard.bytes.size() > limit_bytes) {
      heard.too_much = true;
      return heard;
    }
  }
}

/// How the child ended. It is killed first: whoever has closed its way back has nothing to do
/// any more, and a process that has ended already keeps its status.
int status_of(pid_t child) {
  kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

ChildEnd end_of(const Heard& heard, int status) {
  if (heard.late || (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)) return ChildEnd::late;
  if (WIFEXITED(status) && WEXITSTATUS(status) == exit_forbidden) return ChildEnd::forbidden_call;
  return WIFSIGNALED(status) && !heard.too_much ? ChildEnd::crashed : ChildEnd::by_itself;
}

std::string call_name(int number) {
  const std::unique_ptr<char, decltype(&std::free)> name(
      seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number), &std::free);
  return name ? std::string(name.get()) : fmt::format("{}", number);
}

std::string seconds_text(std::chrono::milliseconds time) {
  return fmt::format("{:g} s", static_cast<double>(time.count()) / 1000);
}

/// The Frame at `offset`, which moves behind it.
Result<std::pair<Frame, ByteView>> take_frame(const Bytes& bytes, std::uint64_t& offset) {
  KXF_TRY(kind, bytes.read<std::uint8_t>(offset));
  KXF_TRY(size, bytes.read<std::uint64_t>(offset + 1));
  KXF_TRY(content, bytes.slice(offset + frame_head_bytes, size));
  offset += frame_head_bytes + size;
  return std::pair(static_cast<Frame>(kind), content);
}

/// What can be said of one run.
class Verdict {
 public:
  Verdict(std::string what, const ChildLimits& limits, int forbidden)
      : what_(std::move(what)), limits_(limits), forbidden_(forbidden) {}

  Result<Confined> of(const Heard& heard, int status) const {
    if (heard.late)
      return fault(fmt::format("did not end within {} and was killed", seconds_text(limits_.time)),
                   "use another file or plugin, or give it more time where that is what it needs");
    if (heard.too_much)
      return fault(fmt::format("gave an answer of more than {}", size_text(limits_.answer_bytes)));
    const Bytes bytes{heard.bytes};
    std::uint64_t offset = 0;
    const auto first = take_frame(bytes, offset);
    if (first && first->first == Frame::failed) return not_confinable(first->second);
    if (const auto bad_end = ended_badly(status)) return tl::unexpected(*bad_end);
    auto answer = first ? take_frame(bytes, offset) : first;
    if (!answer || first->first != Frame::confined || answer->first != Frame::answer ||
        offset != heard.bytes.size())
      return fault("ended without a whole answer");
    return Confined{ByteVector(answer->second.begin(), answer->second.end()),
                    lines_of(text_of(first->second))};
  }

 private:
  [[nodiscard]] tl::unexpected<Error> fault(
      std::string_view what,
      std::string remedy = "use another file, or remove or replace the plugin") const {
    return refuse(fmt::format("{} {}", what_, what), std::move(remedy));
  }

  [[nodiscard]] std::optional<Error> ended_badly(int status) const {
    if (WIFSIGNALED(status)) {
      const int number = WTERMSIG(status);
      // SIGKILL is not ours: listen() came to an end by itself.
      if (number == SIGKILL)
        return fault("was killed (SIGKILL), maybe for want of memory", "free memory").value();
      if (number == SIGXCPU)
        return fault(fmt::format("computed for more than {}", seconds_text(limits_.time))).value();
      return fault(fmt::format("crashed ({})", signal_name(number))).value();
    }
    switch (WEXITSTATUS(status)) {
      case 0: return std::nullopt;
      case exit_no_memory:
        return fault(fmt::format("wanted more than {} of memory", size_text(limits_.memory_bytes)))
            .value();
      case exit_threw: return fault("threw an exception").value();
      case exit_forbidden:
        return fault(
                   fmt::format("made the system call {}, which it may not", call_name(forbidden_)))
            .value();
      default: break;
    }
    return fault(fmt::format("ended with status {} and without an answer", WEXITSTATUS(status)))
        .value();
  }

  [[nodiscard]] tl::unexpected<Error> not_confinable(ByteView text) const {
    const std::vector<std::string> lines = lines_of(text_of(text));
    return refuse(fmt::format("{}: {}", what_, lines.empty() ? "" : lines.front()),
                  lines.size() < 2 ? std::string() : lines[1]);
  }

  static std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find(separator), text.size());
      lines.emplace_back(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
  }

  std::string what_;
  const ChildLimits& limits_;
  int forbidden_;
};

}  // namespace

void Doing::now(std::string_view what) noexcept {
  const std::size_t size = std::min(what.size(), page_.size() - 1);
  std::copy_n(what.data(), size, page_.data());
  page_[size] = '\0';
}

std::string signal_name(int signal) {
  const char* const name = sigabbrev_np(signal);
  return name == nullptr ? fmt::format("signal {}", signal) : fmt::format("SIG{}", name);
}

Result<Confined> run_confined(std::string_view who, const ChildLimits& limits,
                              const ConfinedWork& work, ChildEnd* end_of_child) {
  const auto no_child = [&](std::string_view what) {
    return refuse(
        fmt::format("{}: cannot make a confined child: {}: {}", who, what, std::strerror(errno)),
        "lift the limits of this process, or debug with --no-sandbox");
  };
  const SharedPage page;
  if (!page.there()) return no_child("mmap");
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return no_child("pipe");
  const OpenFile back(ends[0]);
  OpenFile way(ends[1]);
  const ChildrenCount children_count;
  const pid_t parent = getpid();
  const auto end = Clock::now() + limits.time;
  const pid_t child = fork();
  if (child < 0) return no_child("fork");
  if (child == 0) be_child(parent, way.get(), limits, page, work);
  way = OpenFile();
  constexpr std::uint64_t room_for_frames = 4096;
  const Heard heard = listen(back.get(), end, limits.answer_bytes + room_for_frames);
  const int status = status_of(child);
  if (end_of_child != nullptr) *end_of_child = end_of(heard, status);

  int forbidden = 0;
  std::memcpy(&forbidden, page.number().data(), sizeof forbidden);
  const std::string_view text(page.text().data(), page.text().size());
  const std::string_view doing = text.substr(0, text.find('\0'));
  const std::string what =
      doing.empty() ? std::string(who) : fmt::format("{}: {}", who, shown(doing));
  return Verdict(what, limits, forbidden).of(heard, status);
}

}  // namespace kxf
