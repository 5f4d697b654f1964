// SPDX-License-Identifier: Apache-2.0
#include "plan/placer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace kxf {
namespace {

using Preference = PlacementRule::Preference;

/// Positions tried in one exhaustive search before giving up: milliseconds of work.
constexpr unsigned search_budget = 200'000;
constexpr std::size_t holes_to_report = 5;
/// Parts of memory tried for the anchor: 128 GiB of kernels that start on multiples of 2 MiB.
constexpr std::size_t parts_limit = 65'536;

std::optional<std::uint64_t> crossed_boundary(std::uint64_t start, std::uint64_t size,
                                              std::uint64_t granule) {
  if (granule == 0) return std::nullopt;
  const std::uint64_t boundary = align_down(start + size - 1, granule);
  return boundary > start ? std::optional(boundary) : std::nullopt;
}

/// The lowest start of `rule` in `hole`: a multiple of the alignment plus the offset.
std::optional<std::uint64_t> lowest_fit(const PlacementRule& rule, Range hole) {
  while (true) {
    if (hole.size_bytes() < rule.size_bytes) return std::nullopt;
    const std::uint64_t from = hole.start > rule.offset ? hole.start - rule.offset : 0;
    const auto base = align_up(from, rule.alignment);
    if (!base || *base > UINT64_MAX - rule.offset) return std::nullopt;
    const std::uint64_t start = *base + rule.offset;
    if (start > hole.end || hole.end - start < rule.size_bytes) return std::nullopt;
    const auto boundary = crossed_boundary(start, rule.size_bytes, rule.no_crossing);
    if (!boundary) return start;
    if (rule.size_bytes > rule.no_crossing) return std::nullopt;
    hole.start = *boundary;
  }
}

/// The highest such start.
std::optional<std::uint64_t> highest_fit(const PlacementRule& rule, Range hole) {
  while (true) {
    if (hole.size_bytes() < rule.size_bytes) return std::nullopt;
    const std::uint64_t latest = hole.end - rule.size_bytes;
    if (latest < rule.offset) return std::nullopt;
    const std::uint64_t start = align_down(latest - rule.offset, rule.alignment) + rule.offset;
    if (start < hole.start) return std::nullopt;
    const auto boundary = crossed_boundary(start, rule.size_bytes, rule.no_crossing);
    if (!boundary) return start;
    if (rule.size_bytes > rule.no_crossing) return std::nullopt;
    hole.end = *boundary;
  }
}

/// A rule with its window made absolute: for one part of memory that the anchor starts in.
struct Task {
  const PlacementRule* rule = nullptr;
  PlacementRule sized;                       ///< the rule with its size in whole pages
  Range window;                              ///< must contain the segment
  Range start_window = whole_address_space;  ///< must contain its first byte (anchor)
  std::optional<Range> place;

  [[nodiscard]] std::optional<std::uint64_t> fit(const Range& hole, Preference preference) const {
    Range room = hole.intersection(window);
    room.start = std::max(room.start, start_window.start);
    if (room.empty()) return std::nullopt;
    if (preference == Preference::highest)
      if (const std::uint64_t last = start_window.end; last < room.end)
        room.end = std::min(room.end, Range::sized(last - 1, sized.size_bytes).end);
    const auto start =
        preference == Preference::lowest ? lowest_fit(sized, room) : highest_fit(sized, room);
    return start && start_window.contains(*start) ? start : std::nullopt;
  }
};

/// Holes that are left when the placed tasks are taken out of `allowed`.
std::vector<Range> free_holes(const RangeSet& allowed, const std::vector<Task>& tasks) {
  std::vector<Range> taken;
  for (const Task& task : tasks)
    if (task.place) taken.push_back(*task.place);
  return allowed.minus(RangeSet(std::move(taken))).ranges();
}

/// Each task in turn at its preferred place. Cheap, and right nearly always.
bool place_by_preference(const RangeSet& allowed, std::vector<Task>& tasks) {
  for (Task& task : tasks) {
    std::vector<Range> holes = free_holes(allowed, tasks);
    const Preference preference = task.rule->preference;
    if (preference == Preference::highest) std::ranges::reverse(holes);
    for (const Range& hole : holes) {
      if (const auto start = task.fit(hole, preference)) {
        task.place = Range::sized(*start, task.sized.size_bytes);
        break;
      }
    }
    if (!task.place) return false;
  }
  return true;
}

/// Every order and every hole, each task as low as it goes. Any valid placement can be pushed down
/// into one of these without breaking a rule, so when one exists, one of these is found.
bool place_exhaustively(const RangeSet& allowed, std::vector<Task>& tasks, unsigned& budget) {
  if (std::ranges::all_of(tasks, [](const Task& task) { return task.place.has_value(); }))
    return true;
  const std::vector<Range> holes = free_holes(allowed, tasks);
  for (Task& task : tasks) {
    if (task.place) continue;
    for (const Range& hole : holes) {
      const auto start = task.fit(hole, Preference::lowest);
      if (!start) continue;
      if (budget-- == 0) {
        budget = 0;
        return false;
      }
      task.place = Range::sized(*start, task.sized.size_bytes);
      if (place_exhaustively(allowed, tasks, budget)) return true;
      task.place.reset();
      if (budget == 0) return false;
    }
  }
  return false;
}

std::vector<Task> make_tasks(std::span<const PlacementRule> rules, std::uint64_t page_size_bytes,
                             Range anchor_starts) {
  std::vector<Task> tasks;
  for (const PlacementRule& rule : rules) {
    Task task{&rule, rule, rule.window, whole_address_space, std::nullopt};
    task.sized.size_bytes = align_up(rule.size_bytes, page_size_bytes).value_or(UINT64_MAX);
    task.sized.alignment = std::max(rule.alignment, page_size_bytes);
    if (tasks.empty())
      task.start_window = anchor_starts;
    else
      task.window = window_near(rule, anchor_starts.start);
    tasks.push_back(std::move(task));
  }
  return tasks;
}

/// Where the anchor may start, cut where the windows of `near` rules jump; one part without such
/// rules. A granule below the anchor's alignment holds one possible start at most, and there is a
/// part for each.
struct AnchorParts {
  std::vector<Range> parts;
  bool cut_off = false;  ///< there are more than parts_limit
};

AnchorParts anchor_parts(const RangeSet& allowed, std::span<const PlacementRule> rules,
                         std::uint64_t page_size_bytes) {
  std::uint64_t granule = 0;
  for (const PlacementRule& rule : rules.subspan(1))
    if (rule.near && (granule == 0 || rule.near->granule < granule)) granule = rule.near->granule;
  if (granule == 0) return {{whole_address_space}, false};
  AnchorParts found;
  const PlacementRule anchor = make_tasks(rules.first(1), page_size_bytes, {}).front().sized;
  const std::uint64_t step = std::max(granule, anchor.alignment);
  for (const Range& hole : allowed) {
    const Range room = hole.intersection(anchor.window);
    const auto first = lowest_fit(anchor, room);
    if (!first) continue;
    const std::uint64_t last = room.end - anchor.size_bytes;
    for (std::uint64_t start = *first;;) {
      if (found.parts.size() == parts_limit) {
        found.cut_off = true;
        return found;
      }
      const Range part = Range::sized(align_down(start, granule), granule);
      if (found.parts.empty() || found.parts.back() != part) found.parts.push_back(part);
      const std::uint64_t from = step == granule ? part.start : start;
      if (from > last || last - from < step) break;
      start = from + step;
    }
  }
  if (rules.front().preference == Preference::highest) std::ranges::reverse(found.parts);
  return found;
}

std::string window_text(const PlacementRule& rule) {
  std::string text =
      fmt::format("{} on a multiple of {}", size_text(rule.size_bytes), size_text(rule.alignment));
  if (rule.offset != 0) text += fmt::format(" plus {}", hex(rule.offset));
  if (rule.window != whole_address_space) text += fmt::format(" within {}", to_text(rule.window));
  if (rule.near) text += fmt::format(", within {} of the kernel", size_text(rule.near->length));
  return text;
}

/// What stands right behind a hole.
std::string edge_text(const MemoryMap& memory, std::uint64_t address) {
  const auto blockers = memory.blockers(Range::sized(address, 1));
  if (blockers.empty()) return "the end of RAM";
  return fmt::format("\"{}\" ({})", blockers.front().label, blockers.front().source);
}

/// The first rule that cannot be met even when it has all memory to itself.
const PlacementRule* misfit_of(const PlacementSpace& space, std::span<const PlacementRule> rules) {
  const auto alone = [&](const PlacementRule& rule) {
    return place_alone(space.allowed, rule, space.page_size_bytes).has_value();
  };
  const auto found = std::ranges::find_if_not(rules, alone);
  return found == rules.end() ? nullptr : &*found;
}

Error no_room(const PlacementSpace& space, std::span<const PlacementRule> rules, bool gave_up) {
  const PlacementRule* misfit = misfit_of(space, rules);
  std::string text;
  if (misfit != nullptr) {
    text = fmt::format("no room for segment {}: it needs {}", misfit->name, window_text(*misfit));
  } else {
    text = gave_up ? "found no room for all segments together before the search was given up:"
                   : "no room for all segments together:";
    for (const PlacementRule& rule : rules)
      text += fmt::format("\n    {} needs {}", rule.name, window_text(rule));
  }
  // What lies outside of the window is no hole for this segment.
  const Range window = misfit != nullptr ? misfit->window : whole_address_space;
  std::vector<Range> holes;
  for (const Range& hole : space.allowed)
    if (const Range room = hole.intersection(window); !room.empty()) holes.push_back(room);
  std::ranges::stable_sort(holes, std::ranges::greater{}, &Range::size_bytes);
  if (holes.empty())
    text += fmt::format("\n    there is no usable memory {}",
                        space.allowed.empty() ? "at all" : "in the window");
  for (std::size_t i = 0; i < std::min(holes.size(), holes_to_report); ++i)
    text += fmt::format("\n    hole {} of {}: ended by {}", to_text(holes[i]),
                        size_text(holes[i].size_bytes()),
                        holes[i].end == window.end ? "the end of the window"
                                                   : edge_text(space.memory, holes[i].end));
  return {std::move(text),
          "use a smaller initrd, or free what blocks the holes (kxf plan lists all memory)",
          Fault::refused};
}

}  // namespace

Range window_near(const PlacementRule& rule, std::uint64_t anchor_start) {
  if (!rule.near) return rule.window;
  return rule.window.intersection(
      Range::sized(align_down(anchor_start, rule.near->granule), rule.near->length));
}

std::optional<Range> place_alone(const RangeSet& holes, const PlacementRule& rule,
                                 std::uint64_t page_size_bytes) {
  std::vector<Task> tasks = make_tasks({&rule, 1}, page_size_bytes, whole_address_space);
  return place_by_preference(holes, tasks) ? tasks.front().place : std::nullopt;
}

Result<std::vector<Place>> place_segments(const PlacementSpace& space,
                                          std::span<const PlacementRule> rules) {
  if (rules.empty()) return broken("placement without rules");
  for (const PlacementRule& rule : rules)
    if (rule.size_bytes == 0 || !is_power_of_two(rule.alignment) ||
        (rule.no_crossing != 0 && !is_power_of_two(rule.no_crossing)) ||
        (rule.near && !is_power_of_two(rule.near->granule)))
      return broken(fmt::format("the placement rule for segment {} is malformed", rule.name));

  if (misfit_of(space, rules) != nullptr) return tl::unexpected(no_room(space, rules, false));
  unsigned budget = search_budget;
  const AnchorParts anchor = anchor_parts(space.allowed, rules, space.page_size_bytes);
  for (const Range& part : anchor.parts) {
    std::vector<Task> tasks = make_tasks(rules, space.page_size_bytes, part);
    bool placed = place_by_preference(space.allowed, tasks);
    if (!placed) {
      for (Task& task : tasks) task.place.reset();
      placed = place_exhaustively(space.allowed, tasks, budget);
    }
    if (placed) {
      std::vector<Place> places;
      for (const Task& task : tasks) places.push_back({task.rule->name, *task.place});
      return places;
    }
  }
  return tl::unexpected(no_room(space, rules, budget == 0 || anchor.cut_off));
}

}  // namespace kxf
