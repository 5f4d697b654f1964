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
};

/// Knows where RAM is and what is reserved. The policy names sources in the order to ask them.
class KXF_API MemorySource : public Extension {
 public:
  ~MemorySource() override;

  /// Does it know reservations only, never RAM? Such a source is asked of every machine, whatever
  /// the profile names: what it knows nobody may leave out. It has to be silent where it knows
  /// nothing.
  [[nodiscard]] virtual bool reservations_only() const noexcept;

  /// Errors: the source exists but cannot be trusted (malformed). Not there, or unreadable for
  /// this user, is silence, not an error.
  [[nodiscard]] virtual Result<MemoryFindings> discover(const Machine& machine,
                                                        Record& record) const noexcept = 0;
};

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
