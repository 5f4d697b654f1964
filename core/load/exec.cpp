// SPDX-License-Identifier: Apache-2.0
#include "load/exec.hpp"

#include <fmt/format.h>

#include <cerrno>

#include "load/errno_text.hpp"
#include "load/preflight.hpp"
#include "load/status.hpp"

namespace kxf {
namespace {

/// sd_booted(3): this directory is there when systemd is the init.
constexpr std::string_view systemd_directory = "/run/systemd/system";

/// By absolute path: what runs as root is not looked up along PATH. The last is NixOS'.
constexpr std::string_view systemctl_paths[] = {"/usr/bin/systemctl", "/bin/systemctl",
                                                "/run/current-system/sw/bin/systemctl"};

constexpr const char* go_direct =
    "stop services and unmount file systems yourself, then set exec.method = \"direct\" in the "
    "profile";

Status by_systemd(const Machine& machine, SystemCalls& calls) {
  for (const std::string_view path : systemctl_paths) {
    if (!machine.exists(path)) continue;
    const tl::expected<int, int> status = calls.run({std::string(path), "kexec"});
    if (!status)
      return refuse(fmt::format("\"{} kexec\" cannot be run: {}", path, errno_name(status.error())),
                    go_direct);
    if (*status == 0) return {};
    return refuse(fmt::format("\"{} kexec\" ended with status {}", path, *status),
                  "look at \"systemctl status\" and the journal");
  }
  return refuse("systemd runs here, but there is no systemctl", go_direct);
}

Status directly(const Machine& machine, SystemCalls& calls) {
  calls.mark_log();
  calls.sync();
  const int error = calls.reboot_into_loaded();
  if (error == 0) return broken("reboot(2) came back without an error");
  return tl::unexpected(
      explain_errno(KexecCall::reboot, error, false, machine, calls.log_since_mark()));
}

}  // namespace

Status exec_loaded(ExecMethod method, const Machine& machine, SystemCalls& calls, Record& record,
                   const std::filesystem::path& directory) {
  KXF_TRY(status, kexec_status(machine));
  if (!status.loaded) {
    // systemctl kexec would load a kernel of its own choice.
    return refuse("no kernel is loaded: there is nothing to jump into",
                  "load one with \"kxf load\"");
  }
  KXF_CHECK(check_permission(machine, "the jump into the loaded kernel"));
  KXF_CHECK(check_load_record(machine, record, directory));

  const bool systemd = machine.exists(systemd_directory);
  if (method == ExecMethod::systemd && !systemd)
    return refuse(fmt::format("exec.method is \"systemd\", and systemd does not run here (there "
                              "is no {})",
                              systemd_directory),
                  "set exec.method to \"auto\" or \"direct\"");
  const bool use_systemd = systemd && method != ExecMethod::direct;
  const std::string reason =
      method == ExecMethod::automatic
          ? fmt::format("{} is {}", systemd_directory, systemd ? "there" : "not there")
          : "asked for";
  record.decide("exec", use_systemd ? "systemd" : "direct", reason);
  return use_systemd ? by_systemd(machine, calls) : directly(machine, calls);
}

}  // namespace kxf
