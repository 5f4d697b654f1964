// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

#include "kxf/export.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

/// Whose fault an error is; it decides the exit status of `kxf`.
enum class Fault : std::uint8_t {
  refused,   ///< the input or the machine is unfit (exit status 1)
  usage,     ///< the command line is wrong (exit status 2)
  internal,  ///< a bug in kxf or in a plugin (exit status 4)
};

/// One error: what was tried, on what, what was found, and what to do about it.
///
/// `message` is lower case and grows outward, so that a reader meets the widest context first:
/// `loading board.toml: kernel "/boot/Image": the image wants 16 KiB pages, ...`.
struct Error {
  std::string message;
  std::string remedy;  ///< one imperative sentence without a full stop; empty when there is none
  Fault fault = Fault::refused;

  /// Put `outer` and ": " in front of the message.
  [[nodiscard]] Error within(std::string_view outer) && {
    message.insert(0, std::string(outer) + ": ");
    return std::move(*this);
  }
};

/// Either a value or an `Error`. No kxf interface throws.
template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

/// The usual way to fail: `return refuse("what is wrong", "what to do");`.
[[nodiscard]] inline tl::unexpected<Error> refuse(std::string message, std::string remedy = {}) {
  return tl::unexpected(Error{std::move(message), std::move(remedy), Fault::refused});
}

/// For what cannot happen unless kxf or a plugin is wrong.
[[nodiscard]] inline tl::unexpected<Error> broken(std::string message) {
  return tl::unexpected(
      Error{std::move(message), "please report this, it is a bug", Fault::internal});
}

/// Pass an error on, with context in front.
template <class T>
[[nodiscard]] tl::unexpected<Error> pass(Result<T>&& failed, std::string_view outer) {
  return tl::unexpected(std::move(failed).error().within(outer));
}

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf

/// `KXF_TRY(name, expression);` declares `name` as the value of a Result, or returns its error.
#define KXF_TRY(name, expression)                                              \
  auto name##_result = (expression);                                           \
  if (!name##_result) return tl::unexpected(std::move(name##_result).error()); \
  auto& name = *name##_result /* NOLINT(bugprone-macro-parentheses): a declaration */

/// `KXF_CHECK(expression);` returns the error of a Status, if it is one.
#define KXF_CHECK(expression)                               \
  do {                                                      \
    if (auto kxf_status = (expression); !kxf_status)        \
      return tl::unexpected(std::move(kxf_status).error()); \
  } while (false)
