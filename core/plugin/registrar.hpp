// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The core's side of registration: holds what one plugin registers against what it announced.

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "kxf/plugin.hpp"
#include "plugin/metadata.hpp"
#include "plugin/registry.hpp"

namespace kxf {

/// All implementations, by interface.
using Implementations =
    std::tuple<std::vector<Registered<Architecture>>, std::vector<Registered<ImageFormat>>,
               std::vector<Registered<Codec>>, std::vector<Registered<CpuEnableMethod>>,
               std::vector<Registered<ConsoleSink>>, std::vector<Registered<MemorySource>>,
               std::vector<Registered<BoardCheck>>>;

class PluginRegistrar final : public Registrar {
 public:
  /// `metadata` must outlive the registrar.
  explicit PluginRegistrar(const PluginMetadata& metadata) : metadata_(metadata) {}

  bool add(const Architecture& implementation) noexcept override { return accept(implementation); }
  bool add(const ImageFormat& implementation) noexcept override { return accept(implementation); }
  bool add(const Codec& implementation) noexcept override { return accept(implementation); }
  bool add(const CpuEnableMethod& implementation) noexcept override {
    return accept(implementation);
  }
  bool add(const ConsoleSink& implementation) noexcept override { return accept(implementation); }
  bool add(const MemorySource& implementation) noexcept override { return accept(implementation); }
  bool add(const BoardCheck& implementation) noexcept override { return accept(implementation); }

  /// What the plugin's register function did, judged after it returned `answer`.
  /// Errors, all in one message: refused implementations, announced ones that did not come, a
  /// false answer.
  [[nodiscard]] Result<Implementations> finish(bool answer) &&;

 private:
  template <class Interface>
  bool accept(const Interface& implementation) noexcept;

  const PluginMetadata& metadata_;
  Implementations accepted_;
  std::vector<std::string> registered_;  ///< "codec:gzip"
  std::vector<std::string> problems_;
};

/// Run a register function under the checks.
/// Errors: as PluginRegistrar::finish().
[[nodiscard]] Result<Implementations> register_checked(const PluginMetadata& metadata,
                                                       RegisterFunction function);

}  // namespace kxf
