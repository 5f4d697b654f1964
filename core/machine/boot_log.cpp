// SPDX-License-Identifier: Apache-2.0
#include "machine/boot_log.hpp"

#include <fmt/format.h>
#include <sys/klog.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace kxf {
namespace {

// From <linux/syslog.h>, which is no user space header.
constexpr int syslog_action_read_all = 3;
constexpr int syslog_action_size_buffer = 10;

/// What the running kernel did that no file tells: where the GIC's LPI tables lie, how CPUs are
/// started, what firmware it found, what became of crashkernel=.
constexpr std::array<std::string_view, 17> words{
    "LPI",          "GICv",         "GIC:",         "ITS",          "efi:",          "spin-table",
    "spin table",   "crashkernel",  "Crash kernel", "crash kernel", "Machine model", "kexec",
    "CPU: All CPU", "CPU features", "earlycon",     "secureboot",   "Lockdown"};

std::string_view without_level(std::string_view line) {
  if (!line.starts_with('<')) return line;
  const std::size_t end = line.find('>');
  return end == std::string_view::npos ? line : line.substr(end + 1);
}

/// `[    0.000000] `, and with PRINTK_CALLER also `[    T0] `.
std::string_view without_time(std::string_view line) {
  while (line.starts_with('[')) {
    const std::size_t end = line.find(']');
    if (end == std::string_view::npos) return line;
    const std::string_view inside = line.substr(1, end - 1);
    if (inside.find_first_not_of(" .0123456789TC") != std::string_view::npos) return line;
    line.remove_prefix(end + 1);
    if (line.starts_with(' ')) line.remove_prefix(1);
  }
  return line;
}

bool relevant(std::string_view message) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return message.find(word) != std::string_view::npos;
  });
}

}  // namespace

std::string relevant_lines(std::string_view log) {
  std::string kept;
  while (!log.empty()) {
    const std::size_t end = std::min(log.find('\n'), log.size());
    const std::string_view message = without_time(without_level(log.substr(0, end)));
    log.remove_prefix(std::min(end + 1, log.size()));
    if (relevant(message)) kept.append(message).append("\n");
  }
  return kept;
}

Result<std::string> live_boot_log() {
  const auto unreadable = [] {
    const int error = errno;
    return refuse(fmt::format("the kernel's log cannot be read: {}", std::strerror(error)),
                  error == EPERM ? "run as root" : "");
  };
  const int size = ::klogctl(syslog_action_size_buffer, nullptr, 0);
  if (size < 0) return unreadable();
  std::string log(std::size_t(size), '\0');
  const int used = ::klogctl(syslog_action_read_all, log.data(), size);
  if (used < 0) return unreadable();
  log.resize(std::size_t(used));
  return relevant_lines(log);
}

}  // namespace kxf
