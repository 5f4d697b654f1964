// SPDX-License-Identifier: Apache-2.0
#include "breaker.hpp"
#include "kxf/architecture.hpp"

namespace {
class Any final : public kxf::Architecture {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "breaker"; }
  [[nodiscard]] std::string_view summary() const noexcept override { return "any machine"; }
  [[nodiscard]] bool handles(const kxf::MachineFacts&) const noexcept override { return true; }
  [[nodiscard]] kxf::ArchitectureTraits traits() const noexcept override {
    kxf::ArchitectureTraits traits;
    traits.kexec_arch = 1;
    traits.command_line_limit = 256;
    return traits;
  }
  [[nodiscard]] kxf::Result<kxf::KernelSpec> adapt_kernel(const kxf::ArchitectureQuestion&,
                                                          kxf::Record&) const noexcept override {
    return no();
  }
  [[nodiscard]] kxf::Result<std::vector<kxf::PlacementRule>> placement_rules(
      const kxf::ArchitectureQuestion&, const kxf::SegmentSizes&,
      kxf::Record&) const noexcept override {
    return no();
  }
  [[nodiscard]] kxf::Status adjust_tree(kxf::TreeEditor&, const kxf::ArchitectureQuestion&,
                                        kxf::Record&) const noexcept override {
    return no();
  }
  [[nodiscard]] kxf::Result<kxf::PurgatoryImage> purgatory(
      const kxf::PurgatoryQuestion&) const noexcept override {
    return no();
  }

 private:
  static tl::unexpected<kxf::Error> no() { return kxf::refuse("no", "do not"); }
};
}  // namespace

BREAKER("architecture", Any)
