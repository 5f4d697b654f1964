// SPDX-License-Identifier: Apache-2.0
#include "machine/facts.hpp"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>

namespace kxf {
namespace {

// How to ask for a system call without its effect.
//
// Linux asks for CAP_SYS_BOOT before anything else in both calls (kexec_load_check() in
// kernel/kexec.c, the entry of kexec_file_load in kernel/kexec_file.c). Only a process that has it
// gets further, and further down there *are* effects: since 6.3 kexec_load_permitted() counts down
// kernel.kexec_load_limit_* before any argument is looked at, then security modules are asked, and
// lockdown writes to the log. So this thread lays CAP_SYS_BOOT down for the length of the question:
// the answer is then EPERM from a kernel that has the call and ENOSYS from one that has not.
//
// If that ever failed to stop the call, its arguments would: flags with every bit set are no legal
// flags (EINVAL, checked before segments or descriptors), and there are no segments to read and no
// files to open.
constexpr unsigned long impossible_flags = ~0UL;

/// CAP_SYS_BOOT out of this thread's effective set, and back at the end.
class WithoutSysBoot {
 public:
  WithoutSysBoot() {
    if (::syscall(SYS_capget, &header_, before_.data()) != 0) return;
    auto without = before_;
    without[0].effective &= ~(1U << unsigned{CAP_SYS_BOOT});
    dropped_ = ::syscall(SYS_capset, &header_, without.data()) == 0;
  }
  ~WithoutSysBoot() {
    // Cannot fail: the capability stayed in the permitted set.
    if (dropped_) ::syscall(SYS_capset, &header_, before_.data());
  }
  WithoutSysBoot(const WithoutSysBoot&) = delete;
  WithoutSysBoot& operator=(const WithoutSysBoot&) = delete;

  [[nodiscard]] bool dropped() const noexcept { return dropped_; }

 private:
  __user_cap_header_struct header_{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> before_{};
  bool dropped_ = false;
};

/// Is a seccomp filter on this process? Then EPERM may be the filter's answer instead of the
/// kernel's: containers refuse kexec so.
bool filtered() { return ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 0; }

Support support_of(int error) {
  if (error == ENOSYS) return Support::absent;
  if (error == EPERM && filtered()) return Support::unknown;
  return Support::present;
}

Support kexec_load_support() {
#ifdef SYS_kexec_load
  errno = 0;
  ::syscall(SYS_kexec_load, 0UL, 0UL, nullptr, impossible_flags);
  return support_of(errno);
#else
  return Support::absent;
#endif
}

Support kexec_file_load_support() {
#ifdef SYS_kexec_file_load
  errno = 0;
  ::syscall(SYS_kexec_file_load, -1, -1, 0UL, nullptr, impossible_flags);
  return support_of(errno);
#else
  return Support::absent;
#endif
}

}  // namespace

MachineFacts live_facts() {
  MachineFacts facts;
  utsname name{};
  if (::uname(&name) == 0) {
    facts.hardware = name.machine;
    facts.kernel_release = name.release;
  }
  const long page_size = ::sysconf(_SC_PAGESIZE);
  facts.page_size_bytes = page_size > 0 ? std::uint64_t(page_size) : 0;
  facts.endian = std::endian::native == std::endian::little ? Endian::little : Endian::big;
  if (const WithoutSysBoot guard; guard.dropped()) {
    facts.kexec_load = kexec_load_support();
    facts.kexec_file_load = kexec_file_load_support();
  }
  return facts;
}

}  // namespace kxf
