// SPDX-License-Identifier: Apache-2.0
#pragma once

/// While a plugin's code runs in kxf itself: a crash, or no return, ends in a message that names
/// the plugin instead of a dead program without a word.

#include <chrono>
#include <memory>
#include <string_view>

namespace kxf {

/// How long a plugin may take to be loaded and to register.
inline constexpr std::chrono::milliseconds plugin_load_limit = std::chrono::seconds(30);

/// From here to the end of the scope a fatal signal, an exception that nobody catches or the end of
/// the time limit print one error on the standard error, and the process ends with status 1. kxf
/// loads plugins before it changes anything, so nothing is loaded then. One at a time. What was
/// installed for these signals before is installed again afterwards.
class CrashGuard {
 public:
  /// `plugin` names the culprit: its file.
  explicit CrashGuard(std::string_view plugin, std::chrono::milliseconds limit = plugin_load_limit);
  ~CrashGuard();
  CrashGuard(const CrashGuard&) = delete;
  CrashGuard& operator=(const CrashGuard&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kxf
