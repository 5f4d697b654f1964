// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "ppc64/ppc64.hpp"
#include "ppc64/purgatory/params.h"

// The bytes that purgatory/blob.S brings in.
extern "C" const std::uint8_t kxf_ppc64_purgatory_blob[];
extern "C" const std::uint8_t kxf_ppc64_purgatory_blob_end[];

namespace kxf::ppc64 {
namespace {

static_assert(SinkProgram::max_steps == KXF_MAX_STEPS);
static_assert(sizeof(Sha256) == sizeof(kxf_digest::sha256));
static_assert(head_bytes == KXF_FIRST_BYTES);
static_assert(own_head_bytes == KXF_OWN_FIRST_BYTES);

struct BlobHeader {
  std::uint32_t params_offset = 0;
  std::uint32_t memory_size = 0;
};

ByteView pristine_blob() { return {kxf_ppc64_purgatory_blob, kxf_ppc64_purgatory_blob_end}; }

/// Errors: these bytes do not begin as the blob does, which version they are, where they end.
Result<BlobHeader> read_header(ByteView blob) {
  const Bytes bytes(blob, Endian::big);
  const auto at = [](std::size_t field) { return KXF_BLOB_HEADER_OFFSET + field; };
  KXF_TRY(magic, bytes.read<std::uint64_t>(at(offsetof(kxf_blob_header, magic))));
  KXF_TRY(version, bytes.read<std::uint32_t>(at(offsetof(kxf_blob_header, version))));
  if (magic != KXF_BLOB_MAGIC || version != KXF_BLOB_VERSION)
    return broken(
        fmt::format("ppc64 purgatory: magic {:#x} and version {}, {:#x} and {} are wanted", magic,
                    version, KXF_BLOB_MAGIC, KXF_BLOB_VERSION));
  KXF_TRY(entry, bytes.slice(0, own_head_bytes));
  if (!std::ranges::equal(entry, pristine_blob().first(own_head_bytes)))
    return broken("ppc64 purgatory: its first two words are not the branches to its code");
  KXF_TRY(params, bytes.read<std::uint32_t>(at(offsetof(kxf_blob_header, params_offset))));
  KXF_TRY(memory, bytes.read<std::uint32_t>(at(offsetof(kxf_blob_header, memory_size))));
  KXF_CHECK(bytes.slice(params, sizeof(kxf_params)).map([](ByteView) {}));
  if (memory < blob.size()) return broken("ppc64 purgatory: its memory is smaller than its bytes");
  return BlobHeader{params, memory};
}

/// Who answers SinkOp::firmware, and what the next kernel finds in r8 and r9.
struct Firmware {
  bool hypervisor = false;
  std::uint64_t opal_base = 0;
  std::uint64_t opal_entry = 0;

  [[nodiscard]] bool is_opal() const { return opal_entry != 0; }
};

/// Errors: OPAL without its addresses.
Result<Firmware> firmware_of(const Machine& machine) {
  Firmware firmware;
  const DeviceTree* tree = machine.device_tree();
  if (tree == nullptr) return firmware;
  // skiboot, doc/device-tree/ibm,opal.rst
  if (const auto opal = tree->find("/ibm,opal")) {
    const auto base = opal->number("opal-base-address");
    const auto entry = opal->number("opal-entry-address");
    if (!base || !entry || *entry == 0)
      return refuse(
          "the device tree's /ibm,opal does not say where OPAL is (opal-base-address and "
          "opal-entry-address)",
          "use the device tree of the running system");
    firmware.opal_base = *base;
    firmware.opal_entry = *entry;
    return firmware;
  }
  // Power Architecture Platform Reference, "RTAS Node Properties": what a partition has.
  const auto rtas = tree->find("/rtas");
  firmware.hypervisor = rtas && rtas->has("ibm,hypertas-functions");
  return firmware;
}

Status check_registers(const SinkProgram& sink, const SinkStep& step, std::size_t index) {
  if (step.width_bytes != 1 && step.width_bytes != 2 && step.width_bytes != 4)
    return broken(fmt::format("console step {} is {} bytes wide, not 1, 2 or 4", index,
                              static_cast<unsigned>(step.width_bytes)));
  // Caching-inhibited accesses must be aligned (Power ISA, Book III).
  if ((sink.phys_base + step.offset) % step.width_bytes != 0)
    return refuse(
        fmt::format("console step {} would access {} bytes at {}, which is unaligned", index,
                    static_cast<unsigned>(step.width_bytes), hex(sink.phys_base + step.offset)),
        "correct the console's address or its access width");
  if (step.op == SinkOp::put && step.count > 31)
    return broken(fmt::format("console step {} shifts the byte by {} bits", index, step.count));
  return {};
}

Status check_steps(const SinkProgram& sink, const Firmware& firmware) {
  if (sink.steps.size() > KXF_MAX_STEPS)
    return refuse(fmt::format("the console's program has {} steps, the ppc64 purgatory takes {}",
                              sink.steps.size(), KXF_MAX_STEPS),
                  "shorten the program of the console sink");
  for (std::size_t i = 0; i < sink.steps.size(); ++i) {
    const SinkStep& step = sink.steps[i];
    switch (step.op) {
      case SinkOp::firmware:
        if (!firmware.is_opal() && !firmware.hypervisor)
          return refuse(
              "the console is behind firmware, and the device tree shows neither OPAL "
              "(/ibm,opal) nor a hypervisor (/rtas with ibm,hypertas-functions)",
              "choose a console sink with registers, or none");
        break;
      case SinkOp::poll:
      case SinkOp::write:
      case SinkOp::put:
        // In real mode only a hypervisor reaches registers: Power ISA, Book III, "Load and Store
        // Caching Inhibited Instructions".
        if (!firmware.is_opal())
          return refuse(
              "the console has registers, which the ppc64 purgatory reaches on machines "
              "with OPAL only, and the device tree shows no /ibm,opal",
              "choose a console behind the hypervisor, or none");
        KXF_CHECK(check_registers(sink, step, i));
        break;
      default:
        return broken(fmt::format("console step {} has the unknown operation {}", i,
                                  static_cast<unsigned>(step.op)));
    }
  }
  return {};
}

Status check_digests(const PurgatoryQuestion& question, const Range& own) {
  if (question.digests.size() > KXF_MAX_DIGESTS)
    return refuse(fmt::format("{} ranges are to be verified, the ppc64 purgatory takes {}",
                              question.digests.size(), KXF_MAX_DIGESTS),
                  "verify fewer segments");
  for (const DigestEntry& digest : question.digests) {
    if (digest.range.start % 4 != 0)
      return broken(fmt::format("segment {} at {} is to be verified and not aligned to 4 bytes",
                                digest.name, hex(digest.range.start)));
    // It would hash its own stack.
    if (question.own_address != 0 && digest.range.overlaps(own))
      return broken(fmt::format("segment {} ({}) is to be verified and overlaps the purgatory ({})",
                                digest.name, to_text(digest.range), to_text(own)));
  }
  return {};
}

/// Writes fields of kxf_params into the copy of the blob; the purgatory runs big-endian.
class ParamsWriter {
 public:
  explicit ParamsWriter(std::span<std::uint8_t> out) : out_(out) {}

  template <std::unsigned_integral T>
  void put(std::size_t offset, T value) {
    store(out_, offset, value, Endian::big);
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

Result<DigestEntry> read_digest(const Bytes& params, std::size_t index) {
  const std::size_t at = offsetof(kxf_params, digests) + index * sizeof(kxf_digest);
  KXF_TRY(start, params.read<std::uint64_t>(at + offsetof(kxf_digest, start)));
  KXF_TRY(size, params.read<std::uint64_t>(at + offsetof(kxf_digest, size_bytes)));
  KXF_TRY(sha256, params.slice(at + offsetof(kxf_digest, sha256), sizeof(Sha256)));
  KXF_TRY(name, params.slice(at + offsetof(kxf_digest, name), KXF_NAME_SIZE));
  if (size > std::numeric_limits<std::uint64_t>::max() - start)
    return broken(fmt::format("ppc64 purgatory: range {} begins at {} and has {} bytes", index,
                              hex(start), size));
  DigestEntry entry;
  entry.name = std::string(text_of(name.first(static_cast<std::size_t>(
      std::distance(name.begin(), std::ranges::find(name, std::uint8_t{0}))))));
  entry.range = Range::sized(start, size);
  std::ranges::copy(sha256, entry.sha256.begin());
  return entry;
}

}  // namespace

Result<PurgatoryImage> make_purgatory(const PurgatoryQuestion& question) {
  const ByteView blob = pristine_blob();
  KXF_TRY(header, read_header(blob));
  const Range own = Range::sized(question.own_address, header.memory_size);
  if (question.own_address % KXF_BLOB_ALIGNMENT != 0)
    return broken(fmt::format("ppc64 purgatory at {}: not a multiple of {}",
                              hex(question.own_address), KXF_BLOB_ALIGNMENT));
  if (question.kernel_entry % 4 != 0)
    return refuse(fmt::format("the kernel's entry {} is no address of a Power instruction",
                              hex(question.kernel_entry)),
                  "check the kernel image");
  if (question.tree_address % 8 != 0)  // Devicetree Specification v0.4, section 5.6
    return broken(
        fmt::format("device tree at {}: not a multiple of 8", hex(question.tree_address)));
  KXF_TRY(firmware, firmware_of(question.machine));
  if (question.sink != nullptr) KXF_CHECK(check_steps(*question.sink, firmware));
  KXF_CHECK(check_digests(question, own));
  KXF_TRY(head, kernel_head(question.kernel));
  if (head.size() != head_bytes)
    return broken(
        fmt::format("{} bytes of the kernel's head instead of {}", head.size(), head_bytes));

  PurgatoryImage image;
  image.bytes.assign(blob.begin(), blob.end());
  image.memory_size = header.memory_size;
  image.alignment = KXF_BLOB_ALIGNMENT;
  image.entry_offset = 0;
  std::copy(head.begin() + own_head_bytes, head.end(), image.bytes.begin() + own_head_bytes);

  std::uint32_t flags = 0;
  if (question.kernel.endian == Endian::little) flags |= KXF_FLAG_KERNEL_LITTLE;
  if (firmware.is_opal()) flags |= KXF_FLAG_OPAL;
  if (firmware.hypervisor) flags |= KXF_FLAG_HYPERVISOR;
  ParamsWriter params(std::span(image.bytes).subspan(header.params_offset, sizeof(kxf_params)));
  params.put(offsetof(kxf_params, kernel), question.kernel_entry);
  params.put(offsetof(kxf_params, tree), question.tree_address);
  params.put(offsetof(kxf_params, opal_base), firmware.opal_base);
  params.put(offsetof(kxf_params, opal_entry), firmware.opal_entry);
  params.put(offsetof(kxf_params, flags), flags);
  if (question.sink != nullptr) write_steps(params, *question.sink);
  write_digests(params, question.digests);
  return image;
}

Result<PurgatoryContents> read_purgatory(ByteView purgatory) {
  KXF_TRY(header, read_header(purgatory));
  KXF_TRY(block, Bytes(purgatory).slice(header.params_offset, sizeof(kxf_params)));
  const Bytes params(block, Endian::big);
  KXF_TRY(kernel, params.read<std::uint64_t>(offsetof(kxf_params, kernel)));
  KXF_TRY(tree, params.read<std::uint64_t>(offsetof(kxf_params, tree)));
  KXF_TRY(opal_base, params.read<std::uint64_t>(offsetof(kxf_params, opal_base)));
  KXF_TRY(opal_entry, params.read<std::uint64_t>(offsetof(kxf_params, opal_entry)));
  KXF_TRY(flags, params.read<std::uint32_t>(offsetof(kxf_params, flags)));
  KXF_TRY(count, params.read<std::uint32_t>(offsetof(kxf_params, digest_count)));
  if (count > KXF_MAX_DIGESTS)
    return broken(fmt::format("ppc64 purgatory: {} ranges to verify, there is room for {}", count,
                              KXF_MAX_DIGESTS));
  PurgatoryContents contents;
  contents.kernel_address = kernel;
  contents.tree_address = tree;
  contents.opal_base = opal_base;
  contents.opal_entry = opal_entry;
  contents.kernel_little_endian = (flags & KXF_FLAG_KERNEL_LITTLE) != 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    KXF_TRY(entry, read_digest(params, i));
    contents.digests.push_back(std::move(entry));
  }
  return contents;
}

}  // namespace kxf::ppc64
