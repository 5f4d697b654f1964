// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The plugin in a child: loaded there, registered there, asked there.

#include <functional>
#include <string>
#include <vector>

#include "conformance/rule.hpp"
#include "plugin/loader.hpp"
#include "plugin/registrar.hpp"
#include "sandbox/run_confined.hpp"

namespace kxf::conformance {

/// What a child found, and values for the parent to compare.
struct Report {
  RuleResult result;
  std::vector<std::string> values;
};

struct ChildAnswer {
  Report report;  ///< a failure that names the end, where the child gave no answer
  ChildEnd end = ChildEnd::by_itself;
  bool answered = false;
};

/// How the plugin came into the child.
struct Arrival {
  Result<const kxf_plugin_descriptor*> descriptor;
  std::vector<std::string> left_behind;  ///< by loading: descriptors, threads
};

using ArrivalWork = std::function<Report(const Arrival&, Doing&)>;
using PluginWork = std::function<Report(const Implementations&, Doing&)>;

/// Load the plugin in a child, confine the child, and do `work` there.
[[nodiscard]] ChildAnswer with_loaded(const Subject& subject, const ArrivalWork& work);

/// The same with what it registered. A plugin that does not load or register is a failure.
[[nodiscard]] ChildAnswer with_registered(const Subject& subject, const PluginWork& work);

/// The implementation of this name among those of a kind; null when it is not there.
template <class Interface>
[[nodiscard]] const Interface* find_named(const Implementations& all, std::string_view name) {
  for (const auto& one : std::get<std::vector<Registered<Interface>>>(all))
    if (one.implementation->name() == name) return one.implementation;
  return nullptr;
}

/// `KIND:NAME` of what the plugin announces, of these kinds.
[[nodiscard]] std::vector<std::string> announced(const Subject& subject,
                                                 const std::vector<std::string_view>& kinds);

}  // namespace kxf::conformance
