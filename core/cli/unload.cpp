// SPDX-License-Identifier: Apache-2.0
#include "cli/report.hpp"
#include "cli/verbs.hpp"
#include "crash/armed.hpp"
#include "load/backend.hpp"
#include "load/load_record.hpp"
#include "load/preflight.hpp"
#include "load/status.hpp"
#include "machine/open.hpp"

namespace kxf::cli {

int unload(bool crash) {
  const Result<std::unique_ptr<Machine>> machine = open_machine("/");
  if (!machine) return report(machine.error());
  if (const Status may = check_permission(**machine, "unloading a kernel"); !may)
    return report(may.error());
  // Known or not, the system call has the last word.
  const Result<KexecStatus> before = kexec_status(**machine);
  const std::unique_ptr<SystemCalls> calls = real_system_calls();
  if (const Status done = kxf::unload(crash, **machine, *calls); !done) return report(done.error());
  if (crash)
    forget_armed();
  else
    forget_load();
  const bool was_loaded = !before || (crash ? before->crash_loaded : before->loaded);
  const std::string slot = crash ? "crash kernel" : "kernel";
  note(was_loaded ? "the " + slot + " is unloaded" : "no " + slot + " was loaded");
  return exit_done;
}

}  // namespace kxf::cli
