// SPDX-License-Identifier: Apache-2.0
//
// Every Linux kernel for 64-bit Power may be loaded anywhere. What it does next depends on how it
// was built (CONFIG_RELOCATABLE) and on one word:
//
//   at 0x5c        the kernel
//   "run0"         is relocatable, and still copies itself to 0, unless the word becomes 1
//   1              is relocatable and stays where it was loaded
//   anything else  is not relocatable: it copies itself to where it was linked for, nearly always 0
//
// The word is code of the kernel, so in its byte order, whatever the running kernel's is. Who looks
// for it in his own order does not find it in a kernel of the other: it is then left at "run0", and
// a crash kernel copies itself over the memory that it should save.
#include "ppc64/run_at_load.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ppc64/ppc64.hpp"

namespace kxf::ppc64 {
namespace {

constexpr std::uint32_t swapped(std::uint32_t word) {
  return word << 24U | (word << 8U & 0xff0000U) | (word >> 8U & 0xff00U) | word >> 24U;
}

Result<std::uint32_t> flag_of(ByteView head, Endian endian) {
  return Bytes(head, endian).read<std::uint32_t>(run_at_load_offset);
}

/// The bytes at the entry, without patches.
Result<ByteView> unpatched_head(const KernelSpec& kernel) {
  for (const KernelPart& part : kernel.parts) {
    if (part.memory_offset > kernel.entry_offset) break;
    const std::uint64_t offset = kernel.entry_offset - part.memory_offset;
    if (offset >= part.memory_size) continue;
    if (auto head = Bytes(part.bytes).slice(offset, head_bytes)) return *head;
    break;
  }
  return refuse(fmt::format("the kernel has no {} bytes at its entry, which the running kernel "
                            "would copy to address 0",
                            head_bytes),
                "use the kernel's vmlinux");
}

KernelPatch flag_patch(const KernelSpec& kernel, std::uint32_t word, std::string reason) {
  KernelPatch patch{kernel.entry_offset + run_at_load_offset, ByteVector(4), std::move(reason)};
  store(std::span<std::uint8_t>(patch.bytes), 0, word, kernel.endian);
  return patch;
}

/// Kernels with the flag.
KernelSpec with_flag(const KernelSpec& kernel, std::uint32_t word, bool stay, std::string_view why,
                     Record& record) {
  KernelSpec adapted = kernel;
  if (stay) {
    adapted.window = whole_address_space;
    if (word != run_at_load_stay)
      adapted.patches.push_back(
          flag_patch(kernel, run_at_load_stay,
                     fmt::format("run-at-load: 1 in its own byte order ({}-endian), so that it "
                                 "stays where it is loaded: {}",
                                 name_of(kernel.endian), why)));
    record.decide("run-at-load", "the kernel stays where it is loaded", std::string(why));
    return adapted;
  }
  adapted.window = Range::sized(0, kernel.memory_size);
  if (word != run_at_load_ready)
    adapted.patches.push_back(flag_patch(
        kernel, run_at_load_ready, fmt::format("run-at-load: so that it moves to 0: {}", why)));
  record.decide("run-at-load", "the kernel moves to 0x0 when it is entered", std::string(why));
  return adapted;
}

/// Kernels without it: they live where they were linked for, or wherever they are.
Result<KernelSpec> without_flag(const KernelSpec& kernel, RunAtLoad policy, bool crash,
                                Record& record) {
  const std::optional<Range> home = home_of(kernel);
  if (!home) {
    if (policy == RunAtLoad::never)
      return refuse(fmt::format("{} is never, and the kernel is position-independent without a "
                                "flag at {} that could tell it to move",
                                run_at_load_key, hex(run_at_load_offset)),
                    fmt::format("set {} to auto or always", run_at_load_key));
    record.decide("run-at-load", "the kernel stays where it is loaded",
                  "it is position-independent (ET_DYN) and has no flag that says otherwise");
    return kernel;
  }
  const bool must_stay = crash || policy == RunAtLoad::always;
  if (must_stay && home->start == 0)
    return refuse(
        fmt::format("{}, and this kernel is not relocatable: it has no flag at {} and was linked "
                    "for 0x0, where it would copy itself",
                    crash ? "a crash kernel must stay where it is loaded"
                          : fmt::format("{} is always", run_at_load_key),
                    hex(run_at_load_offset)),
        "use a kernel with CONFIG_RELOCATABLE");
  record.decide("run-at-load",
                home->start == 0 ? "the kernel moves to 0x0 when it is entered"
                                 : fmt::format("the kernel runs at {} only", hex(home->start)),
                fmt::format("it has no flag at {} and was linked for {} (ET_EXEC)",
                            hex(run_at_load_offset), hex(home->start)));
  return kernel;
}

}  // namespace

Result<RunAtLoad> run_at_load_policy(const Settings& settings) {
  const auto found = settings.find(run_at_load_key);
  const std::string_view text = found == settings.end() ? "auto" : std::string_view(found->second);
  if (text == "auto") return RunAtLoad::automatic;
  if (text == "always") return RunAtLoad::always;
  if (text == "never") return RunAtLoad::never;
  return refuse(
      fmt::format("setting {} of the architecture ppc64 is \"{}\"", run_at_load_key, text),
      fmt::format("set {} to auto, always or never", run_at_load_key));
}

Result<ByteVector> kernel_head(const KernelSpec& kernel) {
  KXF_TRY(view, unpatched_head(kernel));
  ByteVector head(view.begin(), view.end());
  const std::uint64_t start = kernel.entry_offset;
  for (const KernelPatch& patch : kernel.patches)
    for (std::uint64_t i = 0; i < patch.bytes.size(); ++i)
      if (const std::uint64_t at = patch.memory_offset + i; at >= start && at - start < head.size())
        head[at - start] = patch.bytes[i];
  return head;
}

Result<KernelSpec> with_run_at_load(const KernelSpec& kernel, RunAtLoad policy, bool crash,
                                    Record& record) {
  if (crash && policy == RunAtLoad::never)
    return refuse(fmt::format("{} is never, and a crash kernel that moves to 0 overwrites the "
                              "memory that it should save",
                              run_at_load_key),
                  fmt::format("set {} to auto for crash loads", run_at_load_key));
  KXF_TRY(head, unpatched_head(kernel));
  KXF_TRY(word, flag_of(head, kernel.endian));
  if (word == swapped(run_at_load_ready) || word == swapped(run_at_load_stay))
    return refuse(fmt::format("the run-at-load flag at {} is in the other byte order than the "
                              "kernel, which is {}-endian",
                              hex(run_at_load_offset), name_of(kernel.endian)),
                  "copy the kernel's vmlinux again, without changes to it");
  if (word != run_at_load_ready && word != run_at_load_stay)
    return without_flag(kernel, policy, crash, record);
  if (crash)
    return with_flag(kernel, word, true, "a crash kernel must not touch the memory below", record);
  if (policy == RunAtLoad::always)
    return with_flag(kernel, word, true, "run-at-load is always", record);
  if (policy == RunAtLoad::never)
    return with_flag(kernel, word, false, "run-at-load is never", record);
  if (word == run_at_load_stay)
    return with_flag(kernel, word, true, "it was built so: its flag is 1", record);
  return with_flag(
      kernel, word, false,
      "its flag is \"run0\", and neither the profile nor a crash load wants it to stay", record);
}

std::optional<Range> home_of(const KernelSpec& kernel) {
  if (kernel.window.size_bytes() != kernel.memory_size) return std::nullopt;
  return kernel.window;
}

std::string file_load_problem(const KernelSpec& adapted, Endian running, bool crash) {
  if (adapted.endian != running)
    return fmt::format(
        "it is {}-endian, and kexec_file_load of the {}-endian kernel that runs reads the "
        "run-at-load flag in its own byte order",
        name_of(adapted.endian), name_of(running));
  // For a crash load the running kernel sets the flag itself.
  if (!adapted.patches.empty() && !crash)
    return "its run-at-load flag has to be changed in memory, which kexec_file_load cannot do";
  return {};
}

Status check_run_at_load(const KernelSpec& kernel, ByteView head) {
  KXF_TRY(before, kernel_head(kernel));
  KXF_TRY(wanted, flag_of(before, kernel.endian));
  KXF_TRY(found, flag_of(head, kernel.endian));
  if (found == wanted) return {};
  constexpr std::string_view again = "load the kernel again";
  if (found == swapped(wanted))
    return refuse(fmt::format("the run-at-load flag at {} is in the wrong byte order: as a word of "
                              "this {}-endian kernel it is {:#010x}, not {:#x}",
                              hex(run_at_load_offset), name_of(kernel.endian), found, wanted),
                  std::string(again));
  if (wanted == run_at_load_stay)
    return refuse(
        fmt::format("the run-at-load flag at {} is {}, not 1: the kernel must stay where "
                    "it is loaded, and would copy itself to 0",
                    hex(run_at_load_offset),
                    found == run_at_load_ready ? "\"run0\"" : fmt::format("{:#x}", found)),
        std::string(again));
  return refuse(
      fmt::format("the run-at-load flag at {} is {:#x}, not {:#x} as in the kernel's file",
                  hex(run_at_load_offset), found, wanted),
      std::string(again));
}

}  // namespace kxf::ppc64
