// SPDX-License-Identifier: Apache-2.0
#include "crash/initrd_files.hpp"

#include <algorithm>
#include <optional>

#include "kxf/range.hpp"
#include "text/number.hpp"

namespace kxf {
namespace {

std::uint64_t sum(std::uint64_t a, std::uint64_t b) { return Range::sized(a, b).end; }

/// A part of the initrd: what it unpacks to, and where the next one begins.
struct Part {
  InitrdFiles files;
  std::uint64_t end = 0;
};

/// One cpio archive in the portable format (cpio(5), "New ASCII Format").
class Cpio {
 public:
  static bool is_at(const Bytes& bytes, std::uint64_t at) {
    return bytes.has(at, "070701") || bytes.has(at, "070702");
  }

  Cpio(const Bytes& bytes, std::uint64_t page_size_bytes)
      : bytes_(bytes), page_size_bytes_(page_size_bytes) {}

  /// Nothing when the archive is damaged.
  [[nodiscard]] std::optional<Part> walk(std::uint64_t at) const {
    std::uint64_t files = 0;
    for (;;) {
      if (!is_at(bytes_, at)) return std::nullopt;
      const auto name_size = field(at, 11);
      const auto file_size = field(at, 6);
      if (!name_size || !file_size) return std::nullopt;
      const std::uint64_t content = padded(at + header_bytes + *name_size);
      const std::uint64_t next = padded(content + *file_size);
      const auto name = bytes_.slice(at + header_bytes, *name_size);
      // The padding behind the last file may be missing.
      if (!name || !bytes_.slice(content, *file_size)) return std::nullopt;
      if (text_of(*name).starts_with(std::string_view("TRAILER!!!\0", 11)))
        return Part{{files, SizeEvidence::counted}, next};
      files = sum(files, align_up(*file_size, page_size_bytes_).value_or(*file_size));
      at = next;
    }
  }

 private:
  static constexpr std::uint64_t header_bytes = 110;

  static std::uint64_t padded(std::uint64_t offset) { return (offset + 3) & ~std::uint64_t{3}; }

  /// The fields behind the magic have 8 hexadecimal digits each.
  [[nodiscard]] std::optional<std::uint32_t> field(std::uint64_t at, std::uint64_t index) const {
    const auto digits = bytes_.slice(at + 6 + 8 * index, 8);
    return digits ? whole_number<std::uint32_t>(text_of(*digits), 16) : std::nullopt;
  }

  const Bytes& bytes_;
  std::uint64_t page_size_bytes_;
};

/// One frame of zstd (RFC 8878, section 3.1.1). Nothing when it is damaged.
std::optional<Part> zstd_frame(const Bytes& bytes, std::uint64_t at) {
  constexpr std::uint64_t magic_bytes = 4;
  constexpr std::uint64_t most_per_block = 128U << 10U;
  std::uint64_t next = at + magic_bytes;
  const auto little = [&](std::uint64_t size) -> std::optional<std::uint64_t> {
    const auto field = bytes.slice(next, size);
    if (!field) return std::nullopt;
    next += size;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < field->size(); ++i) value |= std::uint64_t{(*field)[i]} << (8 * i);
    return value;
  };
  const auto descriptor = little(1);
  if (!descriptor) return std::nullopt;
  const bool single_segment = (*descriptor & 0x20U) != 0;
  const auto window = single_segment ? std::optional<std::uint64_t>(0) : little(1);
  constexpr std::uint64_t dictionary_bytes[] = {0, 1, 2, 4};
  const auto dictionary = little(dictionary_bytes[*descriptor & 3U]);
  const std::uint64_t content_bytes[] = {single_segment ? 1U : 0U, 2, 4, 8};
  const std::uint64_t content_flag = *descriptor >> 6U;
  auto content = little(content_bytes[content_flag]);
  if (!window || !dictionary || !content) return std::nullopt;
  if (content_flag == 1) *content += 256;

  std::uint64_t per_block = most_per_block;
  if (!single_segment) {
    const std::uint64_t base = std::uint64_t{1} << (10 + (*window >> 3U));
    per_block = std::min(per_block, base + base / 8 * (*window & 7U));
  }
  std::uint64_t at_most = 0;
  for (bool last = false; !last;) {
    const auto block = little(3);
    if (!block) return std::nullopt;
    last = (*block & 1U) != 0;
    const std::uint64_t type = (*block >> 1U) & 3U;
    const std::uint64_t size = *block >> 3U;
    constexpr std::uint64_t raw = 0;
    constexpr std::uint64_t repeated = 1;
    constexpr std::uint64_t reserved = 3;
    const std::uint64_t stored = type == repeated ? 1 : size;
    if (type == reserved || !bytes.slice(next, stored)) return std::nullopt;
    next += stored;
    at_most = sum(at_most, type == raw || type == repeated ? size : per_block);
  }
  constexpr std::uint64_t checksum_bytes = 4;
  if ((*descriptor & 4U) != 0) next += checksum_bytes;
  const bool stated = content_bytes[content_flag] != 0 && *content <= at_most;
  return Part{stated ? InitrdFiles{*content, SizeEvidence::stated}
                     : InitrdFiles{at_most, SizeEvidence::bound},
              next};
}

/// gzip to the end of the initrd: where a member ends only its decompressor knows. The last field
/// of a member is its size unpacked, modulo 2^32 (RFC 1952, section 2.3.1).
std::optional<InitrdFiles> gzip_to_end(const Bytes& bytes, std::uint64_t at) {
  // Deflate cannot do better (RFC 1951: 258 bytes from two bits).
  constexpr std::uint64_t best_ratio = 1032;
  constexpr std::uint64_t field_bytes = 4;
  constexpr std::uint64_t header_bytes = 10;
  const std::uint64_t packed = bytes.size_bytes() - at;
  if (packed < header_bytes + field_bytes) return std::nullopt;
  const auto size = bytes.read<std::uint32_t>(bytes.size_bytes() - field_bytes);
  // Less than it takes packed: of the last of several members, or of 4 GiB and more.
  if (size && *size >= packed && *size <= packed * best_ratio)
    return InitrdFiles{*size, SizeEvidence::stated};
  return std::nullopt;
}

}  // namespace

InitrdFiles initrd_files(ByteView initrd, std::uint64_t page_size_bytes) {
  const Bytes bytes(initrd);
  const Cpio cpio(bytes, page_size_bytes);
  InitrdFiles all;
  const auto add = [&](const InitrdFiles& files) {
    all.bytes = sum(all.bytes, files.bytes);
    all.evidence = std::max(all.evidence, files.evidence);
  };
  for (std::uint64_t at = 0; at < bytes.size_bytes();) {
    std::optional<Part> part;
    if (initrd[at] == 0) {  // archives may have any number of zeros between them
      ++at;
      continue;
    }
    if (Cpio::is_at(bytes, at)) part = cpio.walk(at);
    if (bytes.has(at, "\x28\xb5\x2f\xfd")) part = zstd_frame(bytes, at);
    if (part) {
      add(part->files);
      at = part->end;
      continue;
    }
    std::optional<InitrdFiles> rest;
    if (bytes.has(at, "\x1f\x8b")) rest = gzip_to_end(bytes, at);
    add(rest.value_or(
        InitrdFiles{(bytes.size_bytes() - at) * files_per_compressed_byte, SizeEvidence::guess}));
    break;
  }
  return all;
}

std::string_view text_of(SizeEvidence evidence) {
  switch (evidence) {
    case SizeEvidence::counted: return "counted in its archive";
    case SizeEvidence::stated: return "by the word of its compressed form";
    case SizeEvidence::bound: return "at most, by the blocks of its compressed form";
    case SizeEvidence::guess: return "estimated as four times what is compressed";
  }
  return "unknown";
}

}  // namespace kxf
