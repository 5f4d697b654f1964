// SPDX-License-Identifier: Apache-2.0
#include "plan/tree_draft.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "devicetree/next_tree.hpp"
#include "policy/command_line.hpp"

namespace kxf {
namespace {

/// What is reserved at an address that placement decides: the initrd, the tree, what a crash load
/// has. In one order, so that the i-th placeholder stands for the i-th place.
std::vector<Range> moving_reservations(const TreeInputs& inputs, const TreePlaces& places) {
  std::vector<Range> ranges;
  if (places.initrd) ranges.push_back(*places.initrd);
  if (inputs.architecture.traits().reserve_tree) ranges.push_back(places.own);
  if (places.crash) {
    ranges.push_back(places.crash->core_header);
    if (places.crash->backup) ranges.push_back(*places.crash->backup);
  }
  return ranges;
}

/// At an address that no memory has.
Range placeholder(std::uint64_t number) {
  return Range::sized((std::uint64_t{0xff} << 56U) + number, 1);
}

TreePlaces placeholders(const TreeInputs& inputs) {
  TreePlaces places;
  std::uint64_t number = 0;
  if (inputs.has_initrd) places.initrd = placeholder(number++);
  places.own = placeholder(number++);
  if (!inputs.crash) return places;
  places.crash = inputs.crash;
  places.crash->core_header = placeholder(number++);
  if (inputs.crash->backup) places.crash->backup = placeholder(number);
  return places;
}

/// The reservations that the next tree must carry, each once.
std::vector<Range> missing_reservations(const TreeInputs& inputs) {
  std::vector<Range> missing;
  const std::vector<Range> present = inputs.prepared.memory_reservations();
  for (const Range& range : inputs.reservations)
    if (std::ranges::find(present, range) == present.end() &&
        std::ranges::find(missing, range) == missing.end())
      missing.push_back(range);
  return missing;
}

}  // namespace

std::string with_core_header(const TreeInputs& inputs, const CrashPlaces& crash) {
  const std::string name = inputs.architecture.traits().core_header_parameter;
  if (name.empty()) return inputs.command_line;
  return with_parameter(inputs.command_line,
                        fmt::format("{}=0x{:016x}", name, crash.core_header.start));
}

Result<DeviceTree> draft_tree(const TreeInputs& inputs, Record& record) {
  const TreePlaces places = placeholders(inputs);
  std::vector<Range> reserve = missing_reservations(inputs);
  for (const Range& range : moving_reservations(inputs, places))
    if (range != places.initrd) reserve.push_back(range);  // write_chosen() reserves that one
  TreeEditor editor(inputs.prepared);
  const std::string command_line =
      inputs.crash ? with_core_header(inputs, *inputs.crash) : inputs.command_line;
  const std::uint64_t limit = inputs.architecture.traits().command_line_limit;
  if (command_line.size() >= limit)
    return refuse(fmt::format("command line: {} bytes with its final zero and the place of the "
                              "core header are more than the {} that the crash kernel takes",
                              command_line.size() + 1, limit),
                  "shorten it: see crash.command-line-remove");
  KXF_CHECK(write_chosen(editor, {command_line, places.initrd, std::move(reserve), inputs.bundle},
                         record));
  KXF_CHECK(inputs.architecture.adjust_tree(editor, inputs.question, record));
  if (inputs.crash) KXF_CHECK(inputs.architecture.announce_crash(editor, *inputs.crash));
  auto tree = editor.tree();
  if (!tree) return pass(std::move(tree), "next device tree");
  return tree;
}

Result<DeviceTree> with_places(const DeviceTree& draft, const TreeInputs& inputs,
                               const TreePlaces& places) {
  TreeEditor editor(draft);
  if (places.initrd) KXF_CHECK(write_initrd(editor, *places.initrd));
  const std::vector<Range> before = moving_reservations(inputs, placeholders(inputs));
  const std::vector<Range> after = moving_reservations(inputs, places);
  editor.unreserve_all();
  for (const Range& range : draft.memory_reservations()) {
    const auto moving = std::ranges::find(before, range);
    KXF_CHECK(editor.reserve(moving == before.end() ? range
                                                    : after[std::size_t(moving - before.begin())]));
  }
  if (places.crash) {
    KXF_CHECK(write_command_line(editor, with_core_header(inputs, *places.crash)));
    KXF_CHECK(inputs.architecture.announce_crash(editor, *places.crash));
  }
  KXF_TRY(tree, editor.tree());
  if (tree.blob().size() != draft.blob().size())
    return broken(
        fmt::format("the size of the next device tree depends on addresses: {} bytes, "
                    "then {}",
                    draft.blob().size(), tree.blob().size()));
  return tree;
}

ByteVector with_room(const DeviceTree& tree, std::uint64_t room_bytes) {
  ByteVector bytes(tree.blob().begin(), tree.blob().end());
  if (room_bytes == 0) return bytes;
  bytes.resize(bytes.size() + room_bytes);
  constexpr std::size_t total_size = 4;  // of struct fdt_header (specification, section 5.2)
  store(std::span(bytes), total_size, static_cast<std::uint32_t>(bytes.size()), Endian::big);
  return bytes;
}

}  // namespace kxf
