// SPDX-License-Identifier: Apache-2.0
#include "load/system_calls.hpp"

#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

extern char** environ;

namespace kxf {
namespace {

/// 0, or the errno of a system call that returned `result`.
int error_of(long result) noexcept { return result < 0 ? errno : 0; }

/// The message of a record of /dev/kmsg: "PRIORITY,SEQUENCE,TIME,FLAGS;MESSAGE\n KEY=VALUE...".
std::string message_of(std::string_view record) {
  const std::size_t start = record.find(';');
  if (start == std::string_view::npos) return {};
  const std::string_view rest = record.substr(start + 1);
  return std::string(rest.substr(0, rest.find('\n')));
}

class RealSystemCalls final : public SystemCalls {
 public:
  int kexec_load(std::uint64_t entry, std::span<const KexecSegment> segments,
                 LoadFlags flags) override {
#ifdef SYS_kexec_load
    std::vector<kexec_segment> raw;
    raw.reserve(segments.size());
    for (const KexecSegment& segment : segments) {
      raw.push_back(
          {segment.bytes.data(), segment.bytes.size(),
           // A physical address, never followed. NOLINTNEXTLINE(performance-no-int-to-ptr)
           reinterpret_cast<void*>(segment.range.start), segment.range.size_bytes()});
    }
    return error_of(::syscall(SYS_kexec_load, entry, raw.size(), raw.empty() ? nullptr : raw.data(),
                              flags.value()));
#else
    return ENOSYS;
#endif
  }

  int kexec_file_load(int kernel_fd, int initrd_fd, const std::string& command_line,
                      FileLoadFlags flags) override {
#ifdef SYS_kexec_file_load
    // The length counts the final zero; an unload takes no command line at all.
    const std::size_t length = flags.unload ? 0 : command_line.size() + 1;
    return error_of(::syscall(SYS_kexec_file_load, kernel_fd, initrd_fd, length,
                              flags.unload ? nullptr : command_line.c_str(), flags.value()));
#else
    return ENOSYS;
#endif
  }

  tl::expected<OpenFile, int> memory_file(const std::string& name, ByteView bytes) override {
    OpenFile file(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!file.open()) return tl::unexpected(errno);
    if (const int error = write_all(file.get(), bytes); error != 0) return tl::unexpected(error);
    constexpr int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
    if (::fcntl(file.get(), F_ADD_SEALS, seals) != 0) return tl::unexpected(errno);
    if (::lseek(file.get(), 0, SEEK_SET) < 0) return tl::unexpected(errno);
    return file;
  }

  int reboot_into_loaded() override {
    return error_of(::syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
                              LINUX_REBOOT_CMD_KEXEC, nullptr));
  }

  void sync() override { ::sync(); }

  tl::expected<int, int> run(const std::vector<std::string>& argv) override {
    std::vector<char*> arguments;
    arguments.reserve(argv.size() + 1);
    for (const std::string& argument : argv)
      arguments.push_back(const_cast<char*>(argument.c_str()));  // posix_spawn(3) does not write
    arguments.push_back(nullptr);
    pid_t child = 0;
    const int error =
        ::posix_spawn(&child, arguments.front(), nullptr, nullptr, arguments.data(), environ);
    if (error != 0) return tl::unexpected(error);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0)
      if (errno != EINTR) return tl::unexpected(errno);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  void mark_log() override {
    log_ = OpenFile(::open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    if (log_.open()) ::lseek(log_.get(), 0, SEEK_END);
  }

  std::vector<std::string> log_since_mark() override {
    std::vector<std::string> messages;
    std::array<char, 8192>
        record{};  // a read(2) gives one record; the kernel's limit is below this
    while (log_.open()) {
      const ssize_t size = ::read(log_.get(), record.data(), record.size());
      if (size < 0 && (errno == EINTR || errno == EPIPE)) continue;  // EPIPE: some were overwritten
      if (size <= 0) break;
      std::string message = message_of({record.data(), std::size_t(size)});
      if (!message.empty()) messages.push_back(std::move(message));
    }
    return messages;
  }

 private:
  OpenFile log_;
};

}  // namespace

unsigned long LoadFlags::value() const noexcept {
  constexpr unsigned long crash_hotplug_support = 8;  // include/uapi/linux/kexec.h of Linux 6.10
  return (on_crash ? KEXEC_ON_CRASH : 0UL) | (crash_hotplug ? crash_hotplug_support : 0UL) |
         (static_cast<unsigned long>(kexec_arch) << 16U);
}

unsigned long FileLoadFlags::value() const noexcept {
  return (unload ? KEXEC_FILE_UNLOAD : 0UL) | (on_crash ? KEXEC_FILE_ON_CRASH : 0UL) |
         (no_initrd ? KEXEC_FILE_NO_INITRAMFS : 0UL);
}

SystemCalls::~SystemCalls() = default;

std::unique_ptr<SystemCalls> real_system_calls() { return std::make_unique<RealSystemCalls>(); }

}  // namespace kxf
