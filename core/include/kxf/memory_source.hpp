// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kxf/extension.hpp"
#include "kxf/machine.hpp"
#include "kxf/memory.hpp"
#include "kxf/record.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

/// What one source knows. A source that lists no RAM is silent about RAM; its reservations count
/// all the same.
struct MemoryFindings {
  std::vector<MemoryRange> ranges;  ///< `source` may stay empty: the core fills it in
  std::string silence;              ///< why no RAM is listed, when none is
  bool reservations_only = false;   ///< it never lists RAM: that it does not is no news
};

/// Knows where RAM is and what is reserved. The policy names sources in the order to ask them.
class KXF_API MemorySource : public Extension {
 public:
  ~MemorySource() override;

  /// Errors: the source exists but cannot be trusted (malformed). Not there, or unreadable for
  /// this user, is silence, not an error.
  [[nodiscard]] virtual Result<MemoryFindings> discover(const Machine& machine,
                                                        Record& record) const noexcept = 0;
};

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
