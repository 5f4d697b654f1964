// SPDX-License-Identifier: Apache-2.0
// kxf load and kxf plan: the same work, up to the system call.

#include <fmt/format.h>

#include "cli/planning.hpp"
#include "cli/report.hpp"
#include "cli/verbs.hpp"
#include "crash/armed.hpp"
#include "load/load_record.hpp"
#include "load/preflight.hpp"
#include "machine/file.hpp"
#include "plan/output.hpp"

namespace kxf::cli {
namespace {

Result<SealedPlan> make_plan(const Work& work, Seeds seeds) {
  KXF_TRY(planned, plan_work(work));
  return seal(planned, *work.machine, seeds);
}

/// A folder of the plan and its segments, for whoever wants to read or to run them elsewhere.
Status write_segments(const SealedPlan& sealed, const std::filesystem::path& folder) {
  KXF_TRY(text, plan_json(sealed));
  // Names are a plugin's or ours, but they become file names here.
  for (const Segment& segment : sealed.segments)
    if (segment.name.find('/') != std::string::npos || segment.name.starts_with('.'))
      return broken(fmt::format("a segment is named \"{}\"", segment.name));
  std::error_code error;
  if (!std::filesystem::create_directory(folder, error))
    return refuse(fmt::format("cannot make the folder {} for the segments: {}", folder.native(),
                              error ? error.message() : "it exists"),
                  "name a folder that does not exist, in one that does");
  KXF_CHECK(write_file(folder / "plan.json", bytes_of(text)));
  for (const Segment& segment : sealed.segments)
    KXF_CHECK(write_file(folder / segment.name, segment.bytes.view()));
  return {};
}

Status plan_only(const CommonOptions& common, const PlanOptions& options,
                 const std::string& segments) {
  KXF_TRY(work, prepare(common, options));
  KXF_TRY(sealed, make_plan(work, Seeds::zeros));
  if (!segments.empty()) KXF_CHECK(write_segments(sealed, segments));
  return print_plan(sealed, common);
}

/// The same load by kexec_load, in case the running kernel cannot do what was planned. Nothing when
/// that cannot be planned: then there is nothing to fall back to.
std::optional<SealedPlan> fallback_plan(const Work& work) {
  Policy policy = work.policy;
  policy.syscall = {SyscallChoice::kexec_load, "fall-back"};
  const auto planned = plan_load(*work.machine, policy, work.registry, work.record);
  if (!planned) return std::nullopt;
  auto sealed = seal(*planned, *work.machine, Seeds::random);
  return sealed ? std::optional(std::move(*sealed)) : std::nullopt;
}

/// For those who check later whether what was loaded is still fit.
Status remember(const Work& work, const SealedPlan& sealed, const LoadOutcome& outcome) {
  if (!sealed.crash) return remember_load(*work.machine, sealed.ready, outcome);
  ArmedKernel kernel{outcome.backend,
                     work.policy.kernel_image.value,
                     work.policy.initrds.value,
                     sealed.ready.command_line,
                     sealed.digest,
                     {},
                     *sealed.crash};
  for (const ReadySegment& segment : sealed.ready.segments)
    kernel.segments.push_back({segment.name, segment.range});
  return remember_armed(*work.machine, kernel);
}

Status load_now(const CommonOptions& common, const PlanOptions& options) {
  if (common.machine != "/")
    return tl::unexpected(Error{"kxf load acts on the running system, not on a capture",
                                "use kxf plan --machine, or kxf load without it", Fault::usage});
  KXF_TRY(work, prepare(common, options));
  KXF_CHECK(check_may_load(*work.machine, work.policy.crash));
  KXF_TRY(sealed, make_plan(work, Seeds::random));
  Record record = sealed.plan.parts().record;
  KXF_CHECK(check_may_load(*work.machine, work.policy.crash, sealed.plan.parts().backend));

  std::optional<SealedPlan> fallback;
  if (sealed.plan.parts().backend_may_fall_back) {
    fallback = fallback_plan(work);
    if (fallback) {
      sealed.ready.may_fall_back = true;
      sealed.ready.entry = fallback->ready.entry;
      sealed.ready.segments = fallback->ready.segments;
    }
  }
  const auto calls = real_system_calls();
  KXF_TRY(outcome, kxf::load(sealed.ready, *work.machine, *calls, record));
  print_warnings(record);
  if (const auto kept = remember(work, sealed, outcome); !kept)
    fmt::print(stderr, "kxf: warning: {}: {}\n", kept.error().message,
               work.policy.crash ? "kxf check --crash will know nothing of this crash kernel"
                                 : "kxf exec cannot check that memory is unchanged");
  if (common.verbose) fmt::print("{}", plan_text(outcome.fell_back ? *fallback : sealed, true));
  fmt::print("loaded by {}: {}\n", name_of(outcome.backend),
             work.policy.crash ? "it runs when this kernel panics" : "kxf exec jumps into it");
  return {};
}

}  // namespace

int plan(const CommonOptions& common, const PlanOptions& options, const std::string& segments) {
  return status_of(plan_only(common, options, segments));
}

int load(const CommonOptions& common, const PlanOptions& options, bool dry_run) {
  return status_of(dry_run ? plan_only(common, options, "") : load_now(common, options));
}

}  // namespace kxf::cli
