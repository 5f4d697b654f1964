// SPDX-License-Identifier: Apache-2.0
#include "plugin/registrar.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "plugin/kinds.hpp"

namespace kxf {

template <class Interface>
bool PluginRegistrar::accept(const Interface& implementation) noexcept {
  const std::string_view name = implementation.name();
  const auto refused = [&](std::string problem) {
    problems_.push_back(std::move(problem));
    return false;
  };
  if (!is_well_formed_name(name))
    return refused(fmt::format(
        "registers a {} with the name \"{}\", which is not made of lower case letters, digits and "
        "dashes",
        kind_name<Interface>, name));
  std::string full = fmt::format("{}:{}", kind_name<Interface>, name);
  if (std::ranges::find(metadata_.provides, full) == metadata_.provides.end())
    return refused(fmt::format("registers {}, which its note does not announce", full));
  if (std::ranges::find(registered_, full) != registered_.end())
    return refused(fmt::format("registers {} twice", full));
  registered_.push_back(std::move(full));
  std::get<std::vector<Registered<Interface>>>(accepted_).push_back(
      {&implementation, metadata_.name});
  return true;
}

Result<Implementations> PluginRegistrar::finish(bool answer) && {
  for (const std::string& announced : metadata_.provides)
    if (std::ranges::find(registered_, announced) == registered_.end())
      problems_.push_back(fmt::format("announces {} and does not register it", announced));
  if (!answer) problems_.insert(problems_.begin(), "its register function returned false");
  if (!problems_.empty())
    return refuse(fmt::format("{}", fmt::join(problems_, "; ")),
                  "make the plugin's KXF_PLUGIN() and its register function agree");
  return std::move(accepted_);
}

Result<Implementations> register_checked(const PluginMetadata& metadata,
                                         RegisterFunction function) {
  PluginRegistrar registrar(metadata);
  const bool answer = function(registrar);
  return std::move(registrar).finish(answer);
}

}  // namespace kxf
