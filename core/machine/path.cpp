// SPDX-License-Identifier: Apache-2.0
#include "machine/path.hpp"

#include <vector>

namespace kxf {
namespace {

constexpr unsigned max_links = 40;

/// Put the components of `path` on the stack, the first on top.
void push_components(std::vector<std::string>& stack, std::string_view path) {
  std::size_t end = path.size();
  while (end > 0) {
    const std::size_t slash = path.rfind('/', end - 1);
    const std::size_t start = slash == std::string_view::npos ? 0 : slash + 1;
    if (start < end) stack.emplace_back(path.substr(start, end - start));
    end = slash == std::string_view::npos ? 0 : slash;
  }
}

}  // namespace

std::optional<std::string> resolve_path(std::string_view path, const LinkLookup& link,
                                        LastLink last) {
  std::vector<std::string> pending;
  push_components(pending, path);
  std::string place;
  unsigned links = 0;
  while (!pending.empty()) {
    const std::string component = std::move(pending.back());
    pending.pop_back();
    if (component == ".") continue;
    if (component == "..") {
      place.erase(place.empty() ? 0 : place.rfind('/'));
      continue;
    }
    std::string next = place + "/" + component;
    if (pending.empty() && last == LastLink::keep) return next;
    if (const auto target = link(next)) {
      if (++links > max_links) return std::nullopt;
      if (target->starts_with('/')) place.clear();
      push_components(pending, *target);
    } else {
      place = std::move(next);
    }
  }
  return place.empty() ? "/" : place;
}

}  // namespace kxf
