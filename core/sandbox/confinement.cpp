// SPDX-License-Identifier: Apache-2.0
#include "sandbox/confinement.hpp"

#include <fmt/format.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "machine/file.hpp"
#include "text/number.hpp"

namespace kxf {
namespace {

tl::unexpected<Error> cannot(std::string_view what, int error) {
  return refuse(fmt::format("cannot confine it: {}: {}", what, std::strerror(error)),
                "lift what forbids this process to confine itself, or debug with --no-sandbox");
}

// --- files and sockets: Landlock (Documentation/userspace-api/landlock.rst) ---
// Numbers instead of <linux/landlock.h>, so that what a newer kernel knows is denied by a build
// with older headers.

/// struct landlock_ruleset_attr as of ABI 6. A kernel that knows fewer fields takes it as long as
/// those that it does not know are zero.
struct LandlockRights {
  std::uint64_t files = 0;
  std::uint64_t network = 0;
  std::uint64_t scopes = 0;
};

/// The lowest `count` bits.
constexpr std::uint64_t bits(unsigned count) { return (1ULL << count) - 1; }

constexpr LandlockRights landlock_rights(long abi) {
  LandlockRights rights{bits(13), 0, 0};   // 1: EXECUTE to MAKE_SYM
  if (abi >= 2) rights.files = bits(14);   // REFER
  if (abi >= 3) rights.files = bits(15);   // TRUNCATE
  if (abi >= 4) rights.network = bits(2);  // BIND_TCP, CONNECT_TCP
  if (abi >= 5) rights.files = bits(16);   // IOCTL_DEV
  if (abi >= 6) rights.scopes = bits(2);   // ABSTRACT_UNIX_SOCKET, SIGNAL
  return rights;
}

constexpr std::uint32_t landlock_version = 1;  // LANDLOCK_CREATE_RULESET_VERSION

/// Deny all that Landlock can. False: this kernel has none.
Result<bool> deny_files() {
  const long abi = syscall(SYS_landlock_create_ruleset, nullptr, 0, landlock_version);
  if (abi < 0) {
    // EPERM: filters of containers answer so to calls that they do not know.
    if (errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM) return false;
    return cannot("landlock_create_ruleset", errno);
  }
  const LandlockRights rights = landlock_rights(abi);
  const OpenFile ruleset(
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &rights, sizeof rights, 0)));
  if (!ruleset.open()) return cannot("landlock_create_ruleset", errno);
  if (syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0)
    return cannot("landlock_restrict_self", errno);
  return true;
}

// --- system calls: seccomp ---

extern "C" {
using SignalAction = void (*)(int, siginfo_t*, void*);
}

/// Set once, before the filter is: the handler has no other way to reach it.
void (*told_of_forbidden_call)(int) = nullptr;

extern "C" void on_forbidden(int /*signal*/, siginfo_t* info, void* /*context*/) {
  told_of_forbidden_call(info->si_syscall);
}

/// Does this kernel have filters? (seccomp(2): EFAULT says so, without installing one.)
[[maybe_unused]] bool has_filters() {
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, nullptr) == -1 && errno == EFAULT;
}

/// The filter. libseccomp knows the numbers of each architecture.
class Filter {
 public:
  // A trap, not an immediate kill: the call is not made either way, and the handler can say which
  // one it was. The handler cannot be replaced (no rt_sigaction), and where the signal is blocked
  // the kernel kills.
  Filter() : context_(seccomp_init(SCMP_ACT_TRAP)) {
    if (context_ == nullptr)
      fail(ENOMEM);
    else
      note(seccomp_attr_set(context_, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
  }
  ~Filter() { seccomp_release(context_); }
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  template <class... Conditions>
  void allow(int call, Conditions... conditions) {
    if (error_ != 0) return;
    note(seccomp_rule_add(context_, SCMP_ACT_ALLOW, call,
                          static_cast<unsigned>(sizeof...(conditions)), conditions...));
  }
  /// 0 or an errno.
  int load() {
    if (error_ == 0) note(seccomp_load(context_));
    return error_;
  }

 private:
  void note(int result) {
    if (result < 0) fail(-result);
  }
  void fail(int error) {
    if (error_ == 0) error_ = error;
  }
  scmp_filter_ctx context_;
  int error_ = 0;
};

scmp_arg_cmp is(unsigned argument, std::uint64_t value) {
  return {argument, SCMP_CMP_EQ, value, 0};
}
scmp_arg_cmp lacks(unsigned argument, std::uint64_t mask) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, 0};
}
std::uint64_t descriptor(int fd) { return static_cast<std::uint64_t>(fd); }

[[maybe_unused]] Status deny_calls(int channel, void (*on_forbidden_call)(int)) {
  told_of_forbidden_call = on_forbidden_call;
  struct sigaction action {};
  action.sa_sigaction = static_cast<SignalAction>(on_forbidden);
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSYS, &action, nullptr);

  Filter filter;
  // Memory, none of it to be executed.
  filter.allow(SCMP_SYS(brk));
  filter.allow(SCMP_SYS(mmap), lacks(2, PROT_EXEC));
  filter.allow(SCMP_SYS(mprotect), lacks(2, PROT_EXEC));
  for (const int call : {SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise)}) filter.allow(call);
  // The way back.
  filter.allow(SCMP_SYS(write), is(0, descriptor(channel)));
  // The end; what abort() does before, and what the C and C++ libraries say before it: to a
  // descriptor that is closed.
  filter.allow(SCMP_SYS(exit_group));
  filter.allow(SCMP_SYS(exit));
  for (const int call :
       {SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn)})
    filter.allow(call);
  filter.allow(SCMP_SYS(tgkill), is(0, static_cast<std::uint64_t>(getpid())), is(2, SIGABRT));
  filter.allow(SCMP_SYS(write), is(0, STDERR_FILENO));
  filter.allow(SCMP_SYS(writev), is(0, STDERR_FILENO));
  // Locks of the C library; nobody else holds one.
  filter.allow(SCMP_SYS(futex));
  if (const int error = filter.load(); error != 0) return cannot("seccomp", error);
  return {};
}

// --- limits ---

/// Private writable memory of this process, in bytes, as RLIMIT_DATA counts it (proc(5), statm:
/// the sixth number, in pages).
[[maybe_unused]] std::optional<std::uint64_t> data_bytes() {
  const auto statm = read_to_end("/proc/self/statm", 4096);
  if (!statm) return std::nullopt;
  std::string_view text = text_of(*statm);
  for (int skipped = 0; skipped < 5; ++skipped)
    text.remove_prefix(std::min(text.find(' '), text.size() - 1) + 1);
  const auto pages = whole_number<std::uint64_t>(text.substr(0, text.find(' ')));
  if (!pages) return std::nullopt;
  return *pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

Status limit(decltype(RLIMIT_CORE) resource, std::uint64_t value) {
  rlimit now{};
  getrlimit(resource, &now);
  const rlim_t most = std::min<rlim_t>(value, now.rlim_max);
  const rlimit wanted{most, most};
  if (setrlimit(resource, &wanted) != 0) return cannot("setrlimit", errno);
  return {};
}

Status drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  if (syscall(SYS_capset, &header, none.data()) != 0) return cannot("capset", errno);
  return {};
}

}  // namespace

void close_others(std::span<const int> kept) {
  std::vector<int> sorted(kept.begin(), kept.end());
  std::erase_if(sorted, [](int fd) { return fd < 0; });
  std::ranges::sort(sorted);
  const auto close_between = [](unsigned first, unsigned last) {
    if (first > last || syscall(SYS_close_range, first, last, 0U) == 0) return;
    // A kernel before 5.9.
    const unsigned end = std::min<unsigned>(last, 65535);
    for (unsigned fd = first; fd <= end; ++fd) close(static_cast<int>(fd));
  };
  unsigned next = 0;
  for (const int fd : sorted) {
    const auto number = static_cast<unsigned>(fd);
    if (number > next) close_between(next, number - 1);
    next = std::max(next, number + 1);
  }
  close_between(next, ~0U);
}

Result<std::vector<std::string>> confine_self(const ChildLimits& limits, int channel,
                                              void (*on_forbidden_call)(int)) {
  std::vector<std::string> not_confined;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(limits.time).count();
  KXF_CHECK(limit(RLIMIT_CORE, 0));
  KXF_CHECK(limit(RLIMIT_FSIZE, 0));
  // The parent's clock comes first; this one counts where the parent is stopped.
  KXF_CHECK(limit(RLIMIT_CPU, static_cast<std::uint64_t>(seconds) + 1));
  if constexpr (!sanitized) {
    if (const auto data = data_bytes())
      KXF_CHECK(limit(RLIMIT_DATA, *data + limits.memory_bytes));
    else
      not_confined.emplace_back("memory: there is no /proc/self/statm");
  }
  KXF_CHECK(drop_capabilities());
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return cannot("no_new_privs", errno);
  KXF_TRY(landlocked, deny_files());
  if (!landlocked) not_confined.emplace_back("files: it has no Landlock");
  if constexpr (!sanitized) {
    KXF_CHECK(limit(RLIMIT_NOFILE, 0));
    if (has_filters())
      KXF_CHECK(deny_calls(channel, on_forbidden_call));
    else
      not_confined.emplace_back("system calls: it has no seccomp filters");
  }
  return not_confined;
}

}  // namespace kxf
