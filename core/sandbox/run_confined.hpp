// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Code that is not trusted with a process: run in a forked child that can do nothing but compute.

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kxf/bytes.hpp"
#include "kxf/result.hpp"

namespace kxf {

/// Says what the child is at, so that a message about its end can name it. It is kept in memory
/// that parent and child share; what does not fit is cut off.
class Doing {
 public:
  explicit Doing(std::span<char> page) : page_(page) {}
  void now(std::string_view what) noexcept;

 private:
  std::span<char> page_;
};

struct ChildLimits {
  std::uint64_t memory_bytes = 256ULL << 20U;  ///< that it may take beside what this process has
  std::chrono::milliseconds time = std::chrono::minutes(2);  ///< by the clock on the wall
  std::uint64_t answer_bytes = 4ULL << 20U;
  /// What the child does before it is confined, with all that this process may do: to load the code
  /// that it then runs confined. Time counts, memory does not. Empty: nothing.
  std::function<void(Doing&)> before = {};
};

using ConfinedWork = std::function<ByteVector(Doing&)>;

/// How a child came to its end, for callers that judge what ran in there.
enum class ChildEnd : std::uint8_t {
  by_itself,       ///< with an answer, or by a status of its own
  crashed,         ///< by a signal
  late,            ///< its time was over
  forbidden_call,  ///< a system call that it may not make
};

struct Confined {
  ByteVector answer;  ///< bytes from outside: the code in the child may have written any
  /// What the running kernel cannot confine, for people: `files: ...`. Usually empty.
  std::vector<std::string> not_confined;
};

/// Run `work` in a child and give back what it returned. The child sees the memory of this process
/// as it is now and changes none of it but what is mapped as shared. It has no open file but its
/// way back and may not open any; it has no_new_privs, no capabilities, Landlock that denies all, a
/// seccomp filter that leaves it memory and its own end, and limits of memory and time. Under a
/// sanitizer, which needs them, the filter and the limits of memory and of descriptors are left out
/// (`sanitized` below). The process must have one thread.
/// Errors: the child crashed (by which signal), did not end in time, made a system call that it
/// may not (which), took too much memory, ended without an answer or with one that is cut short or
/// too large; a child cannot be made or confined. Each names `who` and what it was at. `end` is
/// told how the child ended, if there was one.
[[nodiscard]] Result<Confined> run_confined(std::string_view who, const ChildLimits& limits,
                                            const ConfinedWork& work, ChildEnd* end = nullptr);

/// `SIGSEGV`; a number for a signal without a name.
[[nodiscard]] std::string signal_name(int signal);

/// Is this build one with a sanitizer that needs system calls and address space of its own?
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace kxf
