// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "arm64/arm64.hpp"
#include "arm64/purgatory/params.h"

// The bytes that purgatory/blob.S brings in.
extern "C" const std::uint8_t kxf_arm64_purgatory_blob[];
extern "C" const std::uint8_t kxf_arm64_purgatory_blob_end[];

namespace kxf::arm64 {
namespace {

static_assert(SinkProgram::max_steps == KXF_MAX_STEPS);
static_assert(sizeof(Sha256) == sizeof(kxf_digest::sha256));

struct BlobHeader {
  std::uint32_t params_offset = 0;
  std::uint32_t memory_size = 0;
};

Result<BlobHeader> read_header(ByteView blob) {
  const Bytes bytes(blob);
  const auto at = [](std::size_t field) { return KXF_BLOB_HEADER_OFFSET + field; };
  KXF_TRY(magic, bytes.read<std::uint64_t>(at(offsetof(kxf_blob_header, magic))));
  KXF_TRY(version, bytes.read<std::uint32_t>(at(offsetof(kxf_blob_header, version))));
  if (magic != KXF_BLOB_MAGIC || version != KXF_BLOB_VERSION)
    return broken(
        fmt::format("arm64 purgatory: magic {:#x} and version {}, {:#x} and {} are wanted", magic,
                    version, KXF_BLOB_MAGIC, KXF_BLOB_VERSION));
  KXF_TRY(params, bytes.read<std::uint32_t>(at(offsetof(kxf_blob_header, params_offset))));
  KXF_TRY(memory, bytes.read<std::uint32_t>(at(offsetof(kxf_blob_header, memory_size))));
  KXF_CHECK(bytes.slice(params, sizeof(kxf_params)).map([](ByteView) {}));
  if (memory < blob.size()) return broken("arm64 purgatory: its memory is smaller than its bytes");
  return BlobHeader{params, memory};
}

Status check_steps(const SinkProgram& sink) {
  if (sink.steps.size() > KXF_MAX_STEPS)
    return refuse(fmt::format("the console's program has {} steps, the arm64 purgatory takes {}",
                              sink.steps.size(), KXF_MAX_STEPS),
                  "shorten the program of the console sink");
  for (std::size_t i = 0; i < sink.steps.size(); ++i) {
    const SinkStep& step = sink.steps[i];
    if (step.op == SinkOp::firmware)
      return refuse("the console is behind a firmware call, which the arm64 purgatory cannot make",
                    "choose a console sink with registers, or none");
    if (step.op != SinkOp::poll && step.op != SinkOp::write && step.op != SinkOp::put)
      return broken(fmt::format("console step {} has the unknown operation {}", i,
                                static_cast<unsigned>(step.op)));
    if (step.width_bytes != 1 && step.width_bytes != 2 && step.width_bytes != 4)
      return broken(fmt::format("console step {} is {} bytes wide, not 1, 2 or 4", i,
                                static_cast<unsigned>(step.width_bytes)));
    // With the MMU off memory is Device: an unaligned access faults.
    if ((sink.phys_base + step.offset) % step.width_bytes != 0)
      return refuse(
          fmt::format("console step {} would access {} bytes at {}, which is unaligned", i,
                      static_cast<unsigned>(step.width_bytes), hex(sink.phys_base + step.offset)),
          "correct the console's address or its access width");
    if (step.op == SinkOp::put && step.count > 31)
      return broken(fmt::format("console step {} shifts the byte by {} bits", i, step.count));
  }
  return {};
}

Status check_digests(const PurgatoryQuestion& question, const Range& own) {
  if (question.digests.size() > KXF_MAX_DIGESTS)
    return refuse(fmt::format("{} segments are to be verified, the arm64 purgatory takes {}",
                              question.digests.size(), KXF_MAX_DIGESTS),
                  "verify fewer segments");
  for (const DigestEntry& digest : question.digests) {
    if (digest.range.start % 8 != 0)
      return broken(fmt::format("segment {} at {} is to be verified and not aligned to 8 bytes",
                                digest.name, hex(digest.range.start)));
    // It would hash its own stack.
    if (question.own_address != 0 && digest.range.overlaps(own))
      return broken(fmt::format("segment {} ({}) is to be verified and overlaps the purgatory ({})",
                                digest.name, to_text(digest.range), to_text(own)));
  }
  return {};
}

Result<bool> icache_wanted(const Settings& settings) {
  const auto found = settings.find(icache_setting);
  if (found == settings.end() || found->second == "on") return true;
  if (found->second == "off") return false;
  return refuse(fmt::format("setting {} of the architecture arm64 is \"{}\", it takes on or off",
                            icache_setting, found->second),
                fmt::format("set {} to on or off", icache_setting));
}

/// Writes fields of kxf_params into the copy of the blob; purgatory runs little-endian.
class ParamsWriter {
 public:
  explicit ParamsWriter(std::span<std::uint8_t> out) : out_(out) {}

  template <std::unsigned_integral T>
  void put(std::size_t offset, T value) {
    store(out_, offset, value, Endian::little);
  }
  void put_bytes(std::size_t offset, ByteView bytes) {
    std::copy(bytes.begin(), bytes.end(), out_.begin() + static_cast<std::ptrdiff_t>(offset));
  }

 private:
  std::span<std::uint8_t> out_;
};

void write_steps(ParamsWriter& params, const SinkProgram& sink) {
  params.put<std::uint64_t>(offsetof(kxf_params, sink_base), sink.phys_base);
  params.put(offsetof(kxf_params, step_count), static_cast<std::uint32_t>(sink.steps.size()));
  for (std::size_t i = 0; i < sink.steps.size(); ++i) {
    const SinkStep& step = sink.steps[i];
    const std::size_t at = offsetof(kxf_params, steps) + i * sizeof(kxf_sink_step);
    params.put(at + offsetof(kxf_sink_step, operation), static_cast<std::uint8_t>(step.op));
    params.put(at + offsetof(kxf_sink_step, width_bytes), step.width_bytes);
    params.put<std::uint8_t>(at + offsetof(kxf_sink_step, big_endian), step.big_endian ? 1 : 0);
    params.put(at + offsetof(kxf_sink_step, offset), step.offset);
    params.put(at + offsetof(kxf_sink_step, mask), step.mask);
    params.put(at + offsetof(kxf_sink_step, value), step.value);
    params.put(at + offsetof(kxf_sink_step, count), step.count);
  }
}

void write_digests(ParamsWriter& params, const std::vector<DigestEntry>& digests) {
  params.put(offsetof(kxf_params, digest_count), static_cast<std::uint32_t>(digests.size()));
  for (std::size_t i = 0; i < digests.size(); ++i) {
    const DigestEntry& digest = digests[i];
    const std::size_t at = offsetof(kxf_params, digests) + i * sizeof(kxf_digest);
    params.put(at + offsetof(kxf_digest, start), digest.range.start);
    params.put(at + offsetof(kxf_digest, size_bytes), digest.range.size_bytes());
    params.put_bytes(at + offsetof(kxf_digest, sha256), digest.sha256);
    // For the message only; the last byte stays zero.
    const std::string_view name = std::string_view(digest.name).substr(0, KXF_NAME_SIZE - 1);
    params.put_bytes(at + offsetof(kxf_digest, name), bytes_of(name));
  }
}

}  // namespace

Result<PurgatoryImage> make_purgatory(const PurgatoryQuestion& question) {
  const ByteView blob(kxf_arm64_purgatory_blob, kxf_arm64_purgatory_blob_end);
  KXF_TRY(header, read_header(blob));
  const Range own = Range::sized(question.own_address, header.memory_size);
  if (question.own_address % KXF_BLOB_ALIGNMENT != 0)
    return broken(fmt::format("arm64 purgatory at {}: not a multiple of {}",
                              hex(question.own_address), KXF_BLOB_ALIGNMENT));
  if (question.kernel_entry % 4 != 0)
    return refuse(fmt::format("the kernel's entry {} is no address of an arm64 instruction",
                              hex(question.kernel_entry)),
                  "check the kernel image");
  if (question.tree_address % 8 != 0)  // booting.rst, "Setup the device tree"
    return broken(
        fmt::format("device tree at {}: not a multiple of 8", hex(question.tree_address)));
  if (question.sink != nullptr) KXF_CHECK(check_steps(*question.sink));
  KXF_CHECK(check_digests(question, own));
  KXF_TRY(icache, icache_wanted(question.settings));

  PurgatoryImage image;
  image.bytes.assign(blob.begin(), blob.end());
  image.memory_size = header.memory_size;
  image.alignment = KXF_BLOB_ALIGNMENT;
  image.entry_offset = 0;

  ParamsWriter params(std::span(image.bytes).subspan(header.params_offset, sizeof(kxf_params)));
  params.put(offsetof(kxf_params, kernel_entry), question.kernel_entry);
  params.put(offsetof(kxf_params, tree), question.tree_address);
  params.put<std::uint32_t>(offsetof(kxf_params, flags), icache ? KXF_FLAG_ICACHE : 0);
  if (question.sink != nullptr) write_steps(params, *question.sink);
  write_digests(params, question.digests);
  return image;
}

}  // namespace kxf::arm64
