// SPDX-License-Identifier: Apache-2.0
// What kxf remembers of an armed crash kernel (/run/kxf/crash.json), as the capture of another
// machine holds it, and what `kxf check --crash` makes of that.
#include "crash/armed.hpp"
#include "crash/check.hpp"
#include "map_machine.hpp"
#include "require.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using kxf_fuzz::require;
  kxf_test::MapMachine machine;
  machine.files["/run/kxf/crash.json"] = std::string(kxf::text_of({data, size}));
  machine.files["/proc/iomem"] =
      "40000000-7fffffff : System RAM\n"
      "  48000000-4fffffff : Crash kernel\n";
  const auto armed = kxf::captured_armed(machine);
  if (!armed) {
    require(!armed.error().remedy.empty(), "a damaged record has a remedy");
    return 0;
  }
  if (!*armed) return 0;
  for (const kxf::ArmedSegment& segment : (*armed)->kernel.segments)
    require(segment.range.start <= segment.range.end, "no range ends before it starts");
  kxf::KexecStatus status;
  status.crash_loaded = true;
  const auto check = check_crash(machine, status, *armed);
  if (check)
    require(check->verdict != kxf::CrashVerdict::not_armed, "the kernel says that it is armed");
  return 0;
}
