// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "kxf/export.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

/// A setting that an implementation understands; a profile gives it as
/// `[settings.<name of the implementation>]` with values of type string.
struct SettingSpec {
  std::string_view key;            ///< lower case with dashes
  std::string_view default_value;  ///< used when the profile is silent
  std::string_view summary;        ///< one line of help
};

/// The values of one implementation's settings: every key of its SettingSpecs is present.
using Settings = std::map<std::string, std::string, std::less<>>;

/// What every implementation has. Implementations are stateless: all members are const, callable
/// from any thread, and depend on their arguments alone. They live as long as the process; the
/// plugin that defines them owns them.
class KXF_API Extension {
 public:
  virtual ~Extension();
  Extension() = default;
  Extension(const Extension&) = delete;
  Extension& operator=(const Extension&) = delete;

  /// Unique among its kind: lower case letters, digits and dashes. Profiles select by it.
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  /// One line for listings.
  [[nodiscard]] virtual std::string_view summary() const noexcept = 0;
  /// Where the profile does not choose, the higher rank wins; a tie is an error that lists both.
  /// In-tree implementations have 100; a board plugin that wants to win takes more.
  [[nodiscard]] virtual int rank() const noexcept { return 100; }
  [[nodiscard]] virtual std::span<const SettingSpec> settings() const noexcept { return {}; }
};

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
