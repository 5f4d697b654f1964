// SPDX-License-Identifier: Apache-2.0
#include "load/backend.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "load/errno_text.hpp"

namespace kxf {
namespace {

/// The errnos by which a kernel says that it cannot, as opposed to that it will not: only then is
/// another way of loading what the user asked for. Architectures answer EINVAL or ENOEXEC
/// for an image of unknown format.
bool kernel_cannot(int error) {
  return error == ENOSYS || error == EINVAL || error == ENOEXEC || error == EOPNOTSUPP;
}

/// A descriptor to hand to the kernel: the caller's, or one of a copy.
struct Handed {
  OpenFile copy;
  int fd = -1;
};

Result<Handed> hand_over(SystemCalls& calls, const std::string& name, int fd, ByteView bytes) {
  if (fd >= 0) return Handed{OpenFile(), fd};
  tl::expected<OpenFile, int> copy = calls.memory_file("kxf-" + name, bytes);
  if (!copy)
    return refuse(fmt::format("the {} ({}) cannot be copied for kexec_file_load: {}", name,
                              size_text(bytes.size()), errno_name(copy.error())),
                  "free memory, or load with \"--syscall kexec_load\"");
  const int number = copy->get();
  return Handed{std::move(*copy), number};
}

/// 0 or an errno.
Result<int> by_file(const ReadyPlan& plan, SystemCalls& calls) {
  KXF_TRY(kernel, hand_over(calls, "kernel", plan.kernel_fd, plan.kernel_image));
  const bool no_initrd = plan.initrd_fd < 0 && plan.initrd_image.empty();
  Handed initrd;
  if (!no_initrd) {
    KXF_TRY(handed, hand_over(calls, "initrd", plan.initrd_fd, plan.initrd_image));
    initrd = std::move(handed);
  }
  const FileLoadFlags flags{.unload = false, .on_crash = plan.crash, .no_initrd = no_initrd};
  return calls.kexec_file_load(kernel.fd, initrd.fd, plan.command_line, flags);
}

/// 0 or an errno.
int by_segments(const ReadyPlan& plan, SystemCalls& calls) {
  std::vector<KexecSegment> segments;
  segments.reserve(plan.segments.size());
  for (const ReadySegment& segment : plan.segments)
    segments.push_back({segment.bytes, segment.range});
  return calls.kexec_load(
      plan.entry, segments,
      {.on_crash = plan.crash, .crash_hotplug = plan.crash_hotplug, .kexec_arch = plan.kexec_arch});
}

tl::unexpected<Error> failed(KexecCall call, int error, const ReadyPlan& plan,
                             const Machine& machine, SystemCalls& calls) {
  Error explained = explain_errno(call, error, plan.crash, machine, calls.log_since_mark());
  // kexec_load_check() and kexec_file_load refuse before they touch the slot, with these.
  const bool untouched = error == EPERM || error == ENOSYS;
  if (plan.crash && !untouched)
    explained.message += "; a crash kernel that was loaded before may be gone";
  return tl::unexpected(std::move(explained));
}

}  // namespace

Result<LoadOutcome> load(const ReadyPlan& plan, const Machine& machine, SystemCalls& calls,
                         Record& record) {
  calls.mark_log();
  LoadOutcome outcome{plan.backend, false};
  if (plan.backend == Backend::kexec_file_load) {
    KXF_TRY(error, by_file(plan, calls));
    if (error == 0) return outcome;
    if (!plan.may_fall_back || plan.segments.empty() || !kernel_cannot(error))
      return failed(KexecCall::kexec_file_load, error, plan, machine, calls);
    const std::string why = explain_errno(KexecCall::kexec_file_load, error, plan.crash, machine,
                                          calls.log_since_mark())
                                .message;
    record.decide("syscall", "kexec_load", why);
    record.warn("file-load-fallback", "loading by kexec_load instead: " + why);
    outcome = {Backend::kexec_load, true};
  }
  if (plan.segments.empty()) return broken("a plan for kexec_load has no segments");
  if (const int error = by_segments(plan, calls); error != 0)
    return failed(KexecCall::kexec_load, error, plan, machine, calls);
  return outcome;
}

Status unload(bool crash, const Machine& machine, SystemCalls& calls) {
  calls.mark_log();
  const int by_file_error =
      calls.kexec_file_load(-1, -1, {}, {.unload = true, .on_crash = crash, .no_initrd = false});
  if (by_file_error == 0) return {};
  KexecCall call = KexecCall::kexec_file_load;
  int error = by_file_error;
  if (kernel_cannot(by_file_error)) {
    call = KexecCall::kexec_load;
    error = calls.kexec_load(0, {}, {.on_crash = crash, .kexec_arch = 0});
    if (error == 0) return {};
  }
  return tl::unexpected(
      explain_errno(call, error, crash, machine, calls.log_since_mark()).within("unloading"));
}

}  // namespace kxf
