// SPDX-License-Identifier: Apache-2.0
#include "devicetree/blob_check.hpp"

#include <fmt/format.h>
#include <libfdt.h>

#include <algorithm>
#include <optional>
#include <string>

#include "kxf/device_tree.hpp"

namespace kxf {

namespace {

// Devicetree Specification v0.4, chapter 5.
constexpr std::uint32_t magic = 0xd00dfeed;
constexpr std::uint64_t header_bytes = 40;
constexpr std::uint64_t reservation_bytes = 16;
constexpr std::uint32_t version = 17;
constexpr std::uint32_t last_compatible_version = 16;

/// Offsets into the header (section 5.2).
enum HeaderField : std::uint8_t {
  at_magic = 0,
  at_total_size = 4,
  at_structure = 8,
  at_strings = 12,
  at_reservations = 16,
  at_version = 20,
  at_last_compatible = 24,
  at_boot_cpu = 28,
  at_strings_size = 32,
  at_structure_size = 36,
};

/// The three blocks, each exactly as long as what is in it.
struct Blocks {
  ByteView reservations;  ///< with the terminating entry
  ByteView structure;     ///< from FDT_BEGIN_NODE of the root to FDT_END
  ByteView strings;
  std::uint32_t boot_cpu = 0;
};

/// Where the zero byte of the string at `offset` is; nothing when the bytes end before.
std::optional<std::uint64_t> end_of_string(ByteView bytes, std::uint64_t offset) {
  if (offset >= bytes.size()) return std::nullopt;
  const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(offset);
  const auto zero = std::find(from, bytes.end(), std::uint8_t{0});
  if (zero == bytes.end()) return std::nullopt;
  return static_cast<std::uint64_t>(zero - bytes.begin());
}

/// Walks the structure block token by token (section 5.4).
class StructureWalk {
 public:
  StructureWalk(ByteView structure, ByteView strings)
      : bytes_(structure, Endian::big), view_(structure), strings_(strings) {}

  /// The length of the block up to and including FDT_END.
  Result<std::uint64_t> run() {
    while (true) {
      const std::uint64_t here = offset_;
      auto token = bytes_.read<std::uint32_t>(here);
      if (!token) return pass(std::move(token), "structure block without an end");
      offset_ += 4;
      switch (*token) {
        case FDT_BEGIN_NODE: KXF_CHECK(begin_node(here)); break;
        case FDT_PROP: KXF_CHECK(property(here)); break;
        case FDT_END_NODE: KXF_CHECK(end_node(here)); break;
        case FDT_NOP: break;
        case FDT_END:
          if (depth_ != 0 || !root_seen_)
            return refuse(fmt::format("structure block ends at {:#x} {}", here,
                                      root_seen_ ? "inside a node" : "without a root node"));
          return offset_;
        default:
          return refuse(
              fmt::format("unknown token {:#x} at {:#x} of the structure block", *token, here));
      }
    }
  }

 private:
  Status begin_node(std::uint64_t here) {
    if (depth_ == 0 && root_seen_)
      return refuse(fmt::format("second root node at {:#x} of the structure block", here));
    if (depth_ == max_tree_depth)
      return refuse(fmt::format("node at {:#x} of the structure block is nested deeper than {}",
                                here, max_tree_depth));
    const auto zero = end_of_string(view_, offset_);
    if (!zero)
      return refuse(fmt::format("node name at {:#x} of the structure block has no end", offset_));
    root_seen_ = true;
    ++depth_;
    properties_allowed_ = true;
    return skip_to(*zero + 1);
  }

  Status end_node(std::uint64_t here) {
    if (depth_ == 0)
      return refuse(
          fmt::format("end of a node that never began at {:#x} of the structure block", here));
    --depth_;
    // libfdt stops looking for properties at the first child, so a later one would be lost.
    properties_allowed_ = false;
    return {};
  }

  Status property(std::uint64_t here) {
    if (depth_ == 0 || !properties_allowed_)
      return refuse(fmt::format("property at {:#x} of the structure block is {}", here,
                                depth_ == 0 ? "outside the root" : "behind a child node"));
    auto length = bytes_.read<std::uint32_t>(offset_);
    auto name = bytes_.read<std::uint32_t>(offset_ + 4);
    if (!length || !name)
      return refuse(fmt::format("property at {:#x} of the structure block is cut off", here));
    offset_ += 8;
    if (*length > view_.size() - offset_)
      return refuse(
          fmt::format("property at {:#x} of the structure block claims {} bytes, {} are left", here,
                      *length, view_.size() - offset_));
    const auto zero = end_of_string(strings_, *name);
    if (!zero || *zero == *name)
      return refuse(
          fmt::format("property at {:#x} of the structure block has its name at {:#x} "
                      "of the strings block, where there is none",
                      here, *name));
    return skip_to(offset_ + *length);
  }

  /// Tokens are aligned to four bytes.
  Status skip_to(std::uint64_t end) {
    offset_ = align_up(end, 4).value_or(UINT64_MAX);
    if (offset_ > view_.size()) return refuse("structure block ends in the middle of a token");
    return {};
  }

  Bytes bytes_;
  ByteView view_;
  ByteView strings_;
  std::uint64_t offset_ = 0;
  unsigned depth_ = 0;
  bool root_seen_ = false;
  bool properties_allowed_ = false;
};

Result<ByteView> find_reservations(const Bytes& blob, std::uint64_t start) {
  for (std::uint64_t at = start;; at += reservation_bytes) {
    auto address = blob.read<std::uint64_t>(at);
    auto size = blob.read<std::uint64_t>(at + 8);
    if (!address || !size)
      return refuse(fmt::format("memory reservation block at {:#x} has no end", start));
    if (*address == 0 && *size == 0) return blob.slice(start, at + reservation_bytes - start);
  }
}

Result<Blocks> find_blocks(ByteView whole) {
  const Bytes header(whole, Endian::big);
  const auto found = header.read<std::uint32_t>(at_magic);
  if (!found || *found != magic)
    return refuse(
        found ? fmt::format("starts with {:#010x} instead of the magic {:#010x}", *found, magic)
              : fmt::format("{} bytes are too short for a header", whole.size()));
  if (whole.size() < header_bytes)
    return refuse(fmt::format("{} bytes are too short for a header", whole.size()));

  KXF_TRY(total_size, header.read<std::uint32_t>(at_total_size));
  if (total_size > whole.size())
    return refuse(fmt::format("truncated: the header claims {} bytes, {} are there", total_size,
                              whole.size()));
  if (total_size < header_bytes)
    return refuse(fmt::format("the header claims {} bytes, less than its own size", total_size));
  KXF_TRY(own_version, header.read<std::uint32_t>(at_version));
  KXF_TRY(oldest_version, header.read<std::uint32_t>(at_last_compatible));
  if (own_version < last_compatible_version || oldest_version > version)
    return refuse(fmt::format("version {} (compatible back to {}) is not supported", own_version,
                              oldest_version));

  const ByteView view = whole.first(total_size);
  const Bytes blob(view, Endian::big);
  KXF_TRY(strings_start, blob.read<std::uint32_t>(at_strings));
  KXF_TRY(strings_size, blob.read<std::uint32_t>(at_strings_size));
  KXF_TRY(structure_start, blob.read<std::uint32_t>(at_structure));
  KXF_TRY(reservations_start, blob.read<std::uint32_t>(at_reservations));
  // Version 16 does not say how long the structure block is: FDT_END does.
  std::uint32_t structure_size = total_size - std::min<std::uint32_t>(structure_start, total_size);
  if (own_version >= version) {
    KXF_TRY(stated, blob.read<std::uint32_t>(at_structure_size));
    structure_size = stated;
  }
  if (std::min({strings_start, structure_start, reservations_start}) < header_bytes)
    return refuse("a block starts inside the header");
  if (structure_start % 4 != 0 || reservations_start % 8 != 0)
    return refuse("a block is not aligned as the specification wants (section 5.6)");

  auto strings = blob.slice(strings_start, strings_size);
  if (!strings) return pass(std::move(strings), "strings block");
  auto structure = blob.slice(structure_start, structure_size);
  if (!structure) return pass(std::move(structure), "structure block");
  KXF_TRY(reservations, find_reservations(blob, reservations_start));
  KXF_TRY(used, StructureWalk(*structure, *strings).run());
  KXF_TRY(boot_cpu, blob.read<std::uint32_t>(at_boot_cpu));
  return Blocks{reservations, structure->first(static_cast<std::size_t>(used)), *strings, boot_cpu};
}

ByteVector pack(const Blocks& blocks) {
  const auto size = [](ByteView view) { return static_cast<std::uint32_t>(view.size()); };
  const auto structure = static_cast<std::uint32_t>(header_bytes + blocks.reservations.size());
  const std::uint32_t strings = structure + size(blocks.structure);
  const std::uint32_t total = strings + size(blocks.strings);
  ByteVector out(header_bytes);
  const auto put = [&out](HeaderField field, std::uint32_t value) {
    store<std::uint32_t>(out, field, value, Endian::big);
  };
  put(at_magic, magic);
  put(at_total_size, total);
  put(at_structure, structure);
  put(at_strings, strings);
  put(at_reservations, header_bytes);
  put(at_version, version);
  put(at_last_compatible, last_compatible_version);
  put(at_boot_cpu, blocks.boot_cpu);
  put(at_strings_size, size(blocks.strings));
  put(at_structure_size, size(blocks.structure));
  out.reserve(total);
  for (const ByteView block : {blocks.reservations, blocks.structure, blocks.strings})
    out.insert(out.end(), block.begin(), block.end());
  return out;
}

}  // namespace

std::string_view libfdt_text(int error) noexcept { return fdt_strerror(error); }

Result<ByteVector> packed_blob(ByteView blob, std::string_view origin) {
  const auto unusable = [origin](std::string_view why) {
    return refuse(fmt::format("{}: not a usable device tree: {}", origin, why),
                  "give a flattened device tree as dtc makes it");
  };
  const auto blocks = find_blocks(blob);
  if (!blocks) return unusable(blocks.error().message);

  const std::uint64_t size = header_bytes + blocks->reservations.size() + blocks->structure.size() +
                             blocks->strings.size();
  if (size > DeviceTree::max_size_bytes)
    return refuse(fmt::format("{}: the device tree has {} bytes, {} is the limit", origin, size,
                              size_text(DeviceTree::max_size_bytes)),
                  "remove nodes that the kernel does not need");
  ByteVector packed = pack(*blocks);
  if (const int error = fdt_check_full(packed.data(), packed.size()); error != 0)
    return unusable(fmt::format("fdt_check_full: {}", libfdt_text(error)));
  return packed;
}

}  // namespace kxf
