// SPDX-License-Identifier: Apache-2.0
#include "plan/policy_names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "plugin/kinds.hpp"
#include "text/nearest.hpp"

namespace kxf {
namespace {

template <class Interface>
Status check_use(const Policy& policy, const Registry& registry) {
  const auto& use = policy.plugins_use.value;
  const auto chosen = use.find(std::string(kind_name<Interface>));
  if (chosen == use.end()) return {};
  auto found = registry.named<Interface>(chosen->second);
  if (!found) return pass(std::move(found), policy.plugins_use.origin);
  return {};
}

template <class Interface>
void add_names(const Registry& registry, std::vector<std::string_view>& names) {
  for (const auto& item : registry.all<Interface>()) names.push_back(item.implementation->name());
}

template <class... Interfaces>
Status check_all(const Policy& policy, const Registry& registry) {
  Status status;
  // Stops at the first one that fails.
  (void)((status = check_use<Interfaces>(policy, registry), status.has_value()) && ...);
  if (!status) return status;

  std::vector<std::string_view> names;
  (add_names<Interfaces>(registry, names), ...);
  for (const auto& [name, values] : policy.settings) {
    if (values.empty() || std::ranges::find(names, name) != names.end()) continue;
    std::ranges::sort(names);
    const std::string meant = did_you_mean(name, names);
    return refuse(fmt::format("{}: settings for \"{}\", which no plugin has{}{} (there are: {})",
                              values.begin()->second.origin, name, meant.empty() ? "" : ": ", meant,
                              fmt::join(names, ", ")),
                  "correct the name, install the plugin that has it, or take the settings out");
  }
  return {};
}

}  // namespace

Status check_names(const Policy& policy, const Registry& registry) {
  return check_all<Architecture, ImageFormat, Codec, CpuEnableMethod, ConsoleSink, MemorySource,
                   BoardCheck>(policy, registry);
}

std::vector<std::string> source_names(const Policy& policy, const ArchitectureTraits& traits) {
  std::vector<std::string> names;
  for (const std::string& name : policy.memory_sources.value) {
    if (name == "auto")
      std::ranges::copy(traits.memory_sources, std::back_inserter(names));
    else
      names.push_back(name);
  }
  return names;
}

}  // namespace kxf
