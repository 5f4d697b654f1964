// SPDX-License-Identifier: Apache-2.0
#include "purgatory/blob.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <span>

namespace kxf::purgatory {
namespace {

static_assert(SinkProgram::max_steps == KXF_MAX_STEPS);
static_assert(sizeof(Sha256) == sizeof(kxf_digest::sha256));
static_assert(LoadPlan::max_segments == KXF_MAX_MOVES);
static_assert(move_alignment == KXF_BUNDLE_BLOCK);
static_assert(static_cast<int>(Breadcrumb::Form::record) == KXF_BREADCRUMB_RECORD);
static_assert(static_cast<int>(Breadcrumb::Form::ramoops) == KXF_BREADCRUMB_RAMOOPS);

Status check_register(const SinkProgram& sink, const SinkStep& step, std::size_t index) {
  if (step.width_bytes != 1 && step.width_bytes != 2 && step.width_bytes != 4)
    return broken(fmt::format("console step {} is {} bytes wide, not 1, 2 or 4", index,
                              static_cast<unsigned>(step.width_bytes)));
  if ((sink.phys_base + step.offset) % step.width_bytes != 0)
    return refuse(
        fmt::format("console step {} would access {} bytes at {}, which is unaligned", index,
                    static_cast<unsigned>(step.width_bytes), hex(sink.phys_base + step.offset)),
        "correct the console's address or its access width");
  if (step.op == SinkOp::put && step.count > 31)
    return broken(fmt::format("console step {} shifts the byte by {} bits", index, step.count));
  return {};
}

/// Addresses are checked only where they are no placeholders.
Status check_backup(const BlobFormat& format, const BackupCopy& backup, const Range& own,
                    const PurgatoryQuestion& question) {
  if (!format.backup_offset)
    return broken(fmt::format("the {} purgatory saves no memory, and {} is to be saved",
                              format.architecture, to_text(backup.source)));
  const std::uint64_t size = backup.source.size_bytes();
  const Range copy = Range::sized(backup.destination, size);
  if (backup.source.start % KXF_BACKUP_ALIGNMENT != 0 || size % KXF_BACKUP_ALIGNMENT != 0 ||
      backup.destination % KXF_BACKUP_ALIGNMENT != 0 || copy.size_bytes() != size)
    return broken(
        fmt::format("{} is to be saved at {}, which is not aligned to {} bytes or does "
                    "not end",
                    to_text(backup.source), hex(backup.destination), KXF_BACKUP_ALIGNMENT));
  if (question.own_address == 0) return {};
  if (copy.overlaps(backup.source) || copy.overlaps(own) || backup.source.overlaps(own))
    return broken(fmt::format("{} is to be saved at {}, over itself or the purgatory ({})",
                              to_text(backup.source), to_text(copy), to_text(own)));
  for (const DigestEntry& digest : question.digests)
    if (digest.range.overlaps(copy))
      return broken(fmt::format("{} is to be saved at {}, over segment {} ({})",
                                to_text(backup.source), to_text(copy), digest.name,
                                to_text(digest.range)));
  return {};
}

/// What holds also of placeholders.
Status check_moves(const BlobFormat& format, const Relocation& relocation) {
  if (!format.relocation_offset)
    return broken(
        fmt::format("the {} purgatory brings no segments to their places", format.architecture));
  if (relocation.moves.empty() || relocation.moves.size() > KXF_MAX_MOVES)
    return broken(
        fmt::format("{} segments are to be brought to their places, the {} purgatory "
                    "takes 1 to {}",
                    relocation.moves.size(), format.architecture, KXF_MAX_MOVES));
  for (const BundleMove& move : relocation.moves)
    if (move.destination.empty() || move.size_bytes > move.destination.size_bytes() ||
        move.destination.start % KXF_BLOB_ALIGNMENT != 0 ||
        move.destination.end % KXF_BLOB_ALIGNMENT != 0)
      return broken(
          fmt::format("{} bytes are to be brought to {}, which is too small or no whole "
                      "pages",
                      move.size_bytes, to_text(move.destination)));
  return {};
}

/// The payload and its parts, by offsets in the image.
Status check_payload(const Relocation& relocation) {
  std::uint64_t end = relocation.payload.start;
  for (const BundleMove& move : relocation.moves) {
    const Range source = Range::sized(move.source_offset, move.size_bytes);
    if (source.start < end || source.end > relocation.payload.end ||
        source.start % move_alignment != 0)
      return broken(
          fmt::format("{} of the bundle is to be moved, which is not aligned to {} bytes "
                      "or lies outside of {} to {}",
                      to_text(source), move_alignment, hex(end), hex(relocation.payload.end)));
    end = source.end;
  }
  return {};
}

Status check_relocation(const BlobFormat& format, const Relocation& relocation, const Range& own,
                        const PurgatoryQuestion& question) {
  KXF_CHECK(check_moves(format, relocation));
  if (question.own_address == 0) return {};
  KXF_CHECK(check_payload(relocation));
  if (relocation.staging.size_bytes() < relocation.payload.size_bytes() ||
      relocation.staging.start % move_alignment != 0)
    return broken(fmt::format("staging {} is not aligned to {} bytes or too small for {} bytes",
                              to_text(relocation.staging), move_alignment,
                              relocation.payload.size_bytes()));
  std::vector<Range> written{relocation.staging};
  for (const BundleMove& move : relocation.moves) written.push_back(move.destination);
  for (std::size_t i = 0; i < written.size(); ++i) {
    if (!relocation.memory.contains(written[i]))
      return broken(fmt::format("a bundle's segment would be brought to {}, outside of memory",
                                to_text(written[i])));
    const auto rest = std::span(written).subspan(i + 1);
    const auto other =
        std::ranges::find_if(rest, [&](const Range& range) { return range.overlaps(written[i]); });
    if (other != rest.end() || own.overlaps(written[i]))
      return broken(fmt::format("a bundle's segment would be brought to {}, over {}",
                                to_text(written[i]), to_text(other != rest.end() ? *other : own)));
  }
  return {};
}

Status check_place(const BundlePurgatory& purgatory) {
  if (purgatory.address % KXF_BLOB_ALIGNMENT == 0 && !purgatory.bytes.empty() &&
      purgatory.bytes.size() <= purgatory.memory_size)
    return {};
  return broken(
      fmt::format("a bundle's purgatory of {} bytes goes to {}, which is no page or has "
                  "{} bytes only",
                  purgatory.bytes.size(), hex(purgatory.address), purgatory.memory_size));
}

void append_whole_blocks(ByteVector& head, ByteView bytes) {
  head.insert(head.end(), bytes.begin(), bytes.end());
  head.resize(align_up(head.size(), KXF_BUNDLE_BLOCK).value_or(head.size()));
}

/// Addresses of others are checked only where they are no placeholders.
Status check_breadcrumb(const Breadcrumb& breadcrumb, const Range& own,
                        const PurgatoryQuestion& question) {
  const Range& range = breadcrumb.range;
  if (range.start % KXF_BREADCRUMB_ALIGNMENT != 0 || range.size_bytes() < sizeof(kxf_breadcrumb) ||
      range.size_bytes() > std::numeric_limits<std::uint32_t>::max())
    return broken(
        fmt::format("a breadcrumb at {}: not a multiple of {}, or not of {} to 2^32 "
                    "bytes",
                    to_text(range), KXF_BREADCRUMB_ALIGNMENT, sizeof(kxf_breadcrumb)));
  if (question.own_address == 0) return {};
  if (range.overlaps(own))
    return broken(
        fmt::format("a breadcrumb at {}, over the purgatory ({})", to_text(range), to_text(own)));
  for (const DigestEntry& digest : question.digests)
    if (digest.range.overlaps(range))
      return broken(fmt::format("a breadcrumb at {}, over segment {} ({})", to_text(range),
                                digest.name, to_text(digest.range)));
  return {};
}

Result<DigestEntry> read_digest(const BlobFormat& format, const Bytes& params, std::size_t index) {
  const std::size_t at = format.digests_offset + index * sizeof(kxf_digest);
  KXF_TRY(start, params.read<std::uint64_t>(at + offsetof(kxf_digest, start)));
  KXF_TRY(size, params.read<std::uint64_t>(at + offsetof(kxf_digest, size_bytes)));
  KXF_TRY(sha256, params.slice(at + offsetof(kxf_digest, sha256), sizeof(Sha256)));
  KXF_TRY(name, params.slice(at + offsetof(kxf_digest, name), KXF_NAME_SIZE));
  if (size > std::numeric_limits<std::uint64_t>::max() - start)
    return broken(fmt::format("{} purgatory: range {} begins at {} and has {} bytes",
                              format.architecture, index, hex(start), size));
  DigestEntry entry;
  entry.name = std::string(text_of(name.first(static_cast<std::size_t>(
      std::distance(name.begin(), std::ranges::find(name, std::uint8_t{0}))))));
  entry.range = Range::sized(start, size);
  std::ranges::copy(sha256, entry.sha256.begin());
  return entry;
}

}  // namespace

Result<BlobHeader> read_header(const BlobFormat& format, ByteView blob) {
  const Bytes bytes(blob, format.endian);
  const auto at = [&](std::size_t field) { return format.header_offset + field; };
  KXF_TRY(magic, bytes.read<std::uint64_t>(at(offsetof(kxf_blob_header, magic))));
  KXF_TRY(version, bytes.read<std::uint32_t>(at(offsetof(kxf_blob_header, version))));
  if (magic != format.magic || version != KXF_BLOB_VERSION)
    return broken(fmt::format("{} purgatory: magic {:#x} and version {}, {:#x} and {} are wanted",
                              format.architecture, magic, version, format.magic, KXF_BLOB_VERSION));
  KXF_TRY(params, bytes.read<std::uint32_t>(at(offsetof(kxf_blob_header, params_offset))));
  KXF_TRY(memory, bytes.read<std::uint32_t>(at(offsetof(kxf_blob_header, memory_size))));
  KXF_CHECK(bytes.slice(params, format.params_size).map([](ByteView) {}));
  if (memory < blob.size())
    return broken(
        fmt::format("{} purgatory: its memory is smaller than its bytes", format.architecture));
  KXF_TRY(bundle, bytes.read<std::uint32_t>(at(offsetof(kxf_blob_header, bundle_offset))));
  KXF_CHECK(bytes.slice(bundle, 0).map([](ByteView) {}));
  return BlobHeader{params, memory, bundle};
}

Status check_console(const BlobFormat& format, const SinkProgram& sink, const StepCheck& allowed) {
  if (sink.steps.size() > KXF_MAX_STEPS)
    return refuse(fmt::format("the console's program has {} steps, the {} purgatory takes {}",
                              sink.steps.size(), format.architecture, KXF_MAX_STEPS),
                  "shorten the program of the console sink");
  for (std::size_t i = 0; i < sink.steps.size(); ++i) {
    const SinkStep& step = sink.steps[i];
    switch (step.op) {
      case SinkOp::firmware: KXF_CHECK(allowed(step)); break;
      case SinkOp::poll:
      case SinkOp::poll_while:
      case SinkOp::write:
      case SinkOp::put:
      case SinkOp::clear:
        KXF_CHECK(allowed(step));
        KXF_CHECK(check_register(sink, step, i));
        break;
      default:
        return broken(fmt::format("console step {} has the unknown operation {}", i,
                                  static_cast<unsigned>(step.op)));
    }
  }
  return {};
}

Status check_question(const BlobFormat& format, const BlobHeader& header,
                      const PurgatoryQuestion& question) {
  if (question.own_address % KXF_BLOB_ALIGNMENT != 0)
    return broken(fmt::format("{} purgatory at {}: not a multiple of {}", format.architecture,
                              hex(question.own_address), KXF_BLOB_ALIGNMENT));
  if (question.tree_address % 8 != 0)
    return broken(
        fmt::format("device tree at {}: not a multiple of 8", hex(question.tree_address)));
  if (question.digests.size() > format.max_digests)
    return refuse(fmt::format("{} ranges are to be verified, the {} purgatory takes {}",
                              question.digests.size(), format.architecture, format.max_digests),
                  "verify fewer segments");
  const Range own = Range::sized(question.own_address, header.memory_size);
  for (const DigestEntry& digest : question.digests) {
    if (digest.range.start % KXF_DIGEST_ALIGNMENT != 0)
      return broken(fmt::format("segment {} at {} is to be verified and not aligned to {} bytes",
                                digest.name, hex(digest.range.start), KXF_DIGEST_ALIGNMENT));
    if (question.own_address != 0 && digest.range.overlaps(own))
      return broken(fmt::format("segment {} ({}) is to be verified and overlaps the purgatory ({})",
                                digest.name, to_text(digest.range), to_text(own)));
  }
  if (question.backup) KXF_CHECK(check_backup(format, *question.backup, own, question));
  if (question.relocation != nullptr)
    KXF_CHECK(check_relocation(format, *question.relocation, own, question));
  if (question.breadcrumb) KXF_CHECK(check_breadcrumb(*question.breadcrumb, own, question));
  return {};
}

Result<bool> is_second(const BlobFormat& format, const Settings& settings, std::string_view key,
                       std::string_view first, std::string_view second) {
  const auto found = settings.find(key);
  if (found == settings.end() || found->second == first) return false;
  if (found->second == second) return true;
  return refuse(fmt::format("setting {} of the architecture {} is \"{}\", it takes {} or {}", key,
                            format.architecture, found->second, first, second),
                fmt::format("set {} to {} or {}", key, first, second));
}

Result<bool> wants_portable_sha256(const BlobFormat& format, const Settings& settings) {
  return is_second(format, settings, sha256_setting.key, sha256_setting.default_value, "portable");
}

FilledBlob::FilledBlob(const BlobFormat& format, const BlobHeader& header, ByteView pristine)
    : format_(format), params_offset_(header.params_offset) {
  image_.bytes.assign(pristine.begin(), pristine.end());
  image_.memory_size = header.memory_size;
  image_.alignment = KXF_BLOB_ALIGNMENT;
  image_.entry_offset = 0;
}

std::span<std::uint8_t> FilledBlob::params() {
  return std::span(image_.bytes).subspan(params_offset_, format_.params_size);
}

void FilledBlob::put_bytes(std::size_t offset, ByteView bytes) {
  std::ranges::copy(bytes, params().subspan(offset, bytes.size()).begin());
}

void FilledBlob::put_console(const SinkProgram* sink) {
  if (sink == nullptr) return;  // no steps in the blob as it was made
  put<std::uint64_t>(offsetof(kxf_console, phys_base), sink->phys_base);
  put(offsetof(kxf_console, step_count), static_cast<std::uint32_t>(sink->steps.size()));
  for (std::size_t i = 0; i < sink->steps.size(); ++i) {
    const SinkStep& step = sink->steps[i];
    const std::size_t at = offsetof(kxf_console, steps) + i * sizeof(kxf_sink_step);
    put(at + offsetof(kxf_sink_step, operation), static_cast<std::uint8_t>(step.op));
    put(at + offsetof(kxf_sink_step, width_bytes), step.width_bytes);
    put<std::uint8_t>(at + offsetof(kxf_sink_step, big_endian), step.big_endian ? 1 : 0);
    put(at + offsetof(kxf_sink_step, offset), step.offset);
    put(at + offsetof(kxf_sink_step, mask), step.mask);
    put(at + offsetof(kxf_sink_step, value), step.value);
    put(at + offsetof(kxf_sink_step, count), step.count);
  }
}

void FilledBlob::put_breadcrumb(const std::optional<Breadcrumb>& breadcrumb) {
  if (!breadcrumb) return;  // of no size in the blob as it was made
  constexpr std::size_t at = offsetof(kxf_console, breadcrumb);
  put(at + offsetof(kxf_breadcrumb_place, start), breadcrumb->range.start);
  put(at + offsetof(kxf_breadcrumb_place, size_bytes),
      static_cast<std::uint32_t>(breadcrumb->range.size_bytes()));
  put(at + offsetof(kxf_breadcrumb_place, form), static_cast<std::uint32_t>(breadcrumb->form));
}

void FilledBlob::put_digests(const std::vector<DigestEntry>& digests) {
  put(format_.digest_count_offset, static_cast<std::uint32_t>(digests.size()));
  for (std::size_t i = 0; i < digests.size(); ++i) {
    const DigestEntry& digest = digests[i];
    const std::size_t at = format_.digests_offset + i * sizeof(kxf_digest);
    put(at + offsetof(kxf_digest, start), digest.range.start);
    put(at + offsetof(kxf_digest, size_bytes), digest.range.size_bytes());
    put_bytes(at + offsetof(kxf_digest, sha256), digest.sha256);
    // For the message only; the last byte stays zero.
    const std::string_view name = std::string_view(digest.name).substr(0, KXF_NAME_SIZE - 1);
    put_bytes(at + offsetof(kxf_digest, name), bytes_of(name));
  }
}

void FilledBlob::put_backup(const std::optional<BackupCopy>& backup) {
  if (!backup || !format_.backup_offset) return;  // nothing to save in the blob as it was made
  const std::size_t at = *format_.backup_offset;
  put(at + offsetof(kxf_backup, source), backup->source.start);
  put(at + offsetof(kxf_backup, destination), backup->destination);
  put(at + offsetof(kxf_backup, size_bytes), backup->source.size_bytes());
}

void FilledBlob::put_relocation(const Relocation* relocation) {
  if (relocation == nullptr || !format_.relocation_offset)
    return;  // none in the blob as it was made
  const std::size_t at = *format_.relocation_offset;
  put(at + offsetof(kxf_relocation, count), static_cast<std::uint32_t>(relocation->moves.size()));
  put(at + offsetof(kxf_relocation, payload_start), relocation->payload.start);
  put(at + offsetof(kxf_relocation, payload_end), relocation->payload.end);
  put(at + offsetof(kxf_relocation, staging), relocation->staging.start);
  for (std::size_t i = 0; i < relocation->moves.size(); ++i) {
    const BundleMove& move = relocation->moves[i];
    const std::size_t here = at + offsetof(kxf_relocation, moves) + i * sizeof(kxf_move);
    put(here + offsetof(kxf_move, source), move.source_offset);
    put(here + offsetof(kxf_move, size_bytes), move.size_bytes);
    put(here + offsetof(kxf_move, destination), move.destination.start);
    put(here + offsetof(kxf_move, memory_size), move.destination.size_bytes());
  }
}

Result<ByteVector> bundle_head(ByteView start, std::size_t places_offset, Endian endian,
                               const BundleQuestion& question) {
  ByteVector head;
  append_whole_blocks(head, start);
  std::size_t place = places_offset;
  const auto put = [&](std::size_t field, std::uint64_t value) {
    store(std::span(head), place + field, value, endian);
  };
  for (const BundlePurgatory& purgatory : question.purgatories) {
    KXF_CHECK(check_place(purgatory));
    const std::size_t offset = head.size();
    append_whole_blocks(head, purgatory.bytes);
    put(offsetof(kxf_bundle_place, address), purgatory.address);
    put(offsetof(kxf_bundle_place, memory_size), purgatory.memory_size);
    put(offsetof(kxf_bundle_place, offset), offset);
    put(offsetof(kxf_bundle_place, size_bytes), head.size() - offset);
    put(offsetof(kxf_bundle_place, entry), purgatory.address + purgatory.entry_offset);
    place += sizeof(kxf_bundle_place);
  }
  return head;
}

Result<std::optional<BackupCopy>> read_backup(const BlobFormat& format, const Bytes& params) {
  if (!format.backup_offset) return std::optional<BackupCopy>{};
  const std::size_t at = *format.backup_offset;
  KXF_TRY(source, params.read<std::uint64_t>(at + offsetof(kxf_backup, source)));
  KXF_TRY(destination, params.read<std::uint64_t>(at + offsetof(kxf_backup, destination)));
  KXF_TRY(size, params.read<std::uint64_t>(at + offsetof(kxf_backup, size_bytes)));
  if (size == 0) return std::optional<BackupCopy>{};
  if (size > std::numeric_limits<std::uint64_t>::max() - source)
    return broken(fmt::format("{} purgatory: {} bytes from {} are to be saved", format.architecture,
                              size, hex(source)));
  return std::optional(BackupCopy{Range::sized(source, size), destination});
}

Result<std::vector<DigestEntry>> read_digests(const BlobFormat& format, const Bytes& params) {
  KXF_TRY(count, params.read<std::uint32_t>(format.digest_count_offset));
  if (count > format.max_digests)
    return broken(fmt::format("{} purgatory: {} ranges to verify, there is room for {}",
                              format.architecture, count, format.max_digests));
  std::vector<DigestEntry> digests;
  for (std::uint32_t i = 0; i < count; ++i) {
    KXF_TRY(entry, read_digest(format, params, i));
    digests.push_back(std::move(entry));
  }
  return digests;
}

}  // namespace kxf::purgatory
