// SPDX-License-Identifier: Apache-2.0
#include "load/status.hpp"

#include <fmt/format.h>

#include <charconv>

namespace kxf {
namespace {

/// One value, from where new kernels have it or else from where old ones do.
Result<std::uint64_t> value(const Machine& machine, std::string_view name) {
  std::string path = fmt::format("/sys/kernel/kexec/{}", name);
  if (!machine.exists(path)) path = fmt::format("/sys/kernel/kexec_{}", name);
  if (!machine.exists(path))
    return refuse(fmt::format("the running kernel has no kexec, or sysfs is not mounted: there is "
                              "neither /sys/kernel/kexec/{0} nor /sys/kernel/kexec_{0}",
                              name),
                  "mount sysfs, or use a kernel with CONFIG_KEXEC");
  KXF_TRY(text, machine.read_text(path));
  std::uint64_t number = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc{} || end != last)
    return refuse(fmt::format("\"{}\" holds \"{}\", which is no number", path, text),
                  "look at the file: kxf does not know what this kernel means");
  return number;
}

}  // namespace

Result<KexecStatus> kexec_status(const Machine& machine) {
  KexecStatus status;
  KXF_TRY(loaded, value(machine, "loaded"));
  status.loaded = loaded != 0;
  // A kernel without CONFIG_CRASH_DUMP has the first file only.
  if (machine.exists("/sys/kernel/kexec/crash_loaded") ||
      machine.exists("/sys/kernel/kexec_crash_loaded")) {
    KXF_TRY(crash_loaded, value(machine, "crash_loaded"));
    status.crash_support = true;
    status.crash_loaded = crash_loaded != 0;
  }
  if (const Result<std::uint64_t> size = value(machine, "crash_size"))
    status.crash_size_bytes = *size;
  return status;
}

}  // namespace kxf
