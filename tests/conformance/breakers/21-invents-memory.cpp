// SPDX-License-Identifier: Apache-2.0
#include "breaker.hpp"
#include "kxf/memory_source.hpp"

namespace {
class Source final : public kxf::MemorySource {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "breaker"; }
  [[nodiscard]] std::string_view summary() const noexcept override { return "a source"; }
  [[nodiscard]] kxf::Result<kxf::MemoryFindings> discover(const kxf::Machine&,
                                                          kxf::Record&) const noexcept override {
    kxf::MemoryFindings findings;
    kxf::MemoryRange range;
    range.range = {0, 4096};
    findings.ranges.push_back(range);
    return findings;
  }
};
}  // namespace

BREAKER("memory-source", Source)
