// SPDX-License-Identifier: Apache-2.0
#include "load/errno_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "load/preflight.hpp"
#include "plan/cpu_report.hpp"

namespace kxf {
namespace {

struct Cause {
  std::string text;
  std::string remedy;
};

struct FixedCause {
  int error;
  std::string_view text;
  std::string_view remedy;
};

// What the calls return and when: kernel/kexec.c, kernel/kexec_core.c (sanity_check_segment_list),
// kernel/kexec_file.c, arch/*/kernel/machine_kexec*.c, certs and crypto/asymmetric_keys, fs/
// kernel_read_file.c of Linux 6.1 to 6.12.
constexpr FixedCause load_causes[] = {
    {ENOSYS, "the running kernel does not have it", "use a kernel with CONFIG_KEXEC"},
    {EINVAL,
     "the kernel found a segment unfit (more than 16, overlapping, bytes beyond their range, more "
     "than half of memory), or a flag or the architecture unknown",
     "look at the segments with \"kxf plan\""},
    {EADDRNOTAVAIL,
     "a segment is not aligned to pages, wraps around, is beyond the limit of physical addresses, "
     "or is outside of the memory that is reserved for a crash kernel",
     "compare \"kxf plan\" with /proc/iomem"},
    {ENOMEM, "the kernel has no memory left to hold the segments",
     "free memory, or load a smaller initrd"},
    {EFAULT, "the kernel cannot read the segments", "please report this, it is a bug"},
    {ETXTBSY,
     "a segment overlaps what the running kernel uses until the jump (kernel text, hash "
     "table, TCE tables)",
     "compare \"kxf plan\" with /proc/iomem"},
    {EACCES, "IMA demands to appraise the kernel, which needs a file",
     "load with \"--syscall kexec_file_load\""},
};

constexpr FixedCause file_load_causes[] = {
    {ENOSYS, "the running kernel does not have it",
     "use a kernel with CONFIG_KEXEC_FILE, or load with \"--syscall kexec_load\""},
    {EINVAL,
     "the kernel does not take this image (format, page size, byte order, header), a flag or the "
     "command line",
     "check the image with \"kxf plan\", or load with \"--syscall kexec_load\""},
    {ENOEXEC, "the kernel does not know the format of this image",
     "unpack the image to the format of this architecture, or load with \"--syscall kexec_load\""},
    {EOPNOTSUPP, "the kernel cannot load this image this way",
     "load with \"--syscall kexec_load\""},
    {EADDRNOTAVAIL, "the kernel found no place for a segment",
     "free memory, reserve more with crashkernel=, or load a smaller initrd"},
    {ENOMEM, "the kernel has no memory left to hold the segments",
     "free memory, or load a smaller initrd"},
    {EFBIG, "the kernel image or the initrd is larger than the kernel reads",
     "load a smaller image or initrd"},
    {ETXTBSY, "a file is open for writing", "close the program that writes to it"},
    {EBADF, "the kernel or initrd is not open for reading", "please report this, it is a bug"},
    {EACCES, "IMA refuses the kernel: it is not signed as the policy demands",
     "sign the kernel for IMA (evmctl), or change the IMA policy"},
    {ENODATA, "the kernel image is not signed, and the running kernel demands it",
     "load a signed kernel"},
    {ENOKEY, "the key that signed the kernel image is not on the running kernel's keyrings",
     "load a kernel of the same vendor, or enrol its key"},
    {EKEYREJECTED, "the signature of the kernel image is not accepted",
     "load a kernel whose signature the running kernel trusts"},
    {EBADMSG, "the signature of the kernel image is damaged", "get the kernel image again"},
    {ELIBBAD, "the kernel image is damaged behind its signature", "get the kernel image again"},
    {ENOPKG, "the running kernel lacks the digest or cipher of the signature",
     "load a kernel that is signed with SHA-256 and RSA"},
};

constexpr FixedCause reboot_causes[] = {
    {EINVAL, "nothing is loaded, or this is not the system's first PID namespace",
     "load a kernel with \"kxf load\", and run kxf outside of a container"},
    {ENOSYS, "the running kernel does not have kexec", "use a kernel with CONFIG_KEXEC"},
};

std::span<const FixedCause> causes_of(KexecCall call) {
  switch (call) {
    case KexecCall::kexec_load: return load_causes;
    case KexecCall::kexec_file_load: return file_load_causes;
    case KexecCall::reboot: break;
  }
  return reboot_causes;
}

/// EPERM has one number and many reasons; the machine says which.
Cause permission_cause(KexecCall call, bool crash, const Machine& machine) {
  if (!may_boot(machine).value_or(true))
    return {"this process does not have CAP_SYS_BOOT", "run kxf as root"};
  if (call != KexecCall::reboot) {
    if (const Status may = check_may_load(machine, crash); !may)
      return {may.error().message, may.error().remedy};
    const Lockdown lockdown = lockdown_of(machine);
    if (lockdown != Lockdown::none && call == KexecCall::kexec_load)
      return {fmt::format("the running kernel is locked down ({})", name_of(lockdown)),
              "load a signed kernel by kexec_file_load, or boot without lockdown and Secure Boot"};
    if (lockdown != Lockdown::none)
      return {fmt::format("the running kernel is locked down ({}) and does not trust the kernel "
                          "image",
                          name_of(lockdown)),
              "load a signed kernel, or boot without lockdown and Secure Boot"};
  }
  return {"a security module or a seccomp filter forbids it, as containers do",
          "run kxf on the host itself, or change that policy"};
}

bool says(const std::vector<std::string>& log, std::string_view text) {
  for (const std::string& line : log)
    if (line.find(text) != std::string::npos) return true;
  return false;
}

Cause busy_cause(bool crash, const Machine& machine, const std::vector<std::string>& log) {
  if (!crash && (says(log, "CPUs are stuck") || cpus_stuck(machine)))
    return {
        "the running kernel cannot stop its other CPUs (their enable method, such as "
        "spin-table, has no way back)",
        std::string(stuck_remedy)};
  return {"another process is loading a kernel, or a jump has begun", "wait and try again"};
}

Cause cause_of(KexecCall call, int error, bool crash, const Machine& machine,
               const std::vector<std::string>& log) {
  if (error == EPERM) return permission_cause(call, crash, machine);
  if (error == EBUSY) return busy_cause(crash || call == KexecCall::reboot, machine, log);
  for (const FixedCause& fixed : causes_of(call))
    if (fixed.error == error) return {std::string(fixed.text), std::string(fixed.remedy)};
  return {"an answer that this call is not known to give", "look at the kernel's log (dmesg)"};
}

}  // namespace

std::string errno_name(int error) {
  const char* name = ::strerrorname_np(error);
  return name != nullptr ? fmt::format("{} ({})", name, std::strerror(error))
                         : fmt::format("errno {}", error);
}

std::string_view name_of(KexecCall call) {
  switch (call) {
    case KexecCall::kexec_load: return "kexec_load";
    case KexecCall::kexec_file_load: return "kexec_file_load";
    case KexecCall::reboot: break;
  }
  return "reboot";
}

Error explain_errno(KexecCall call, int error, bool crash, const Machine& machine,
                    const std::vector<std::string>& log) {
  Cause cause = cause_of(call, error, crash, machine, log);
  std::string message =
      fmt::format("{} failed with {}: {}", name_of(call), errno_name(error), cause.text);
  if (!log.empty()) message += fmt::format("; the kernel says: \"{}\"", fmt::join(log, "\", \""));
  return {std::move(message), std::move(cause.remedy), Fault::refused};
}

}  // namespace kxf
