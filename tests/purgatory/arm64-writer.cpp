// SPDX-License-Identifier: Apache-2.0
//
// arm64-writer DIR CASE: writes DIR/purgatory.bin, the arm64 purgatory as the plugin makes it, for
// QEMU's machine `virt`: PL011 at 0x9000000, purgatory at 0x4a000000, "kernel" (DIR/kernel.bin) at
// 0x40200000, and two segments that are there to be verified.
//
//   good     all digests match
//   bad      one bit of the second segment's digest is wrong
//   none     nothing is verified
//   nocache  as good, with the instruction cache left off
#include <fmt/format.h>

#include "arm64/arm64.hpp"
#include "writer.hpp"

namespace {

constexpr std::uint64_t purgatory_at = 0x4a000000;
constexpr std::uint64_t kernel_at = 0x40200000;
constexpr std::uint64_t initrd_at = 0x48000000;
constexpr std::uint64_t tree_at = 0x4f000000;
constexpr std::uint64_t uart_at = 0x9000000;

}  // namespace

using kxf_test::entry_of;
using kxf_test::read_file;

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: arm64-writer DIR good|bad|none|nocache\n");
    return 2;
  }
  const std::filesystem::path dir = argv[1];
  const std::string_view name = argv[2];

  // A PL011: wait until the transmit FIFO is not full, write the byte.
  const kxf::SinkProgram sink{
      uart_at,
      0x1a,
      {{.op = kxf::SinkOp::poll, .width_bytes = 2, .offset = 0x18, .mask = 0x20, .count = 100'000},
       {.op = kxf::SinkOp::put, .width_bytes = 2}}};
  const kxf_test::TreeMachine machine;
  const kxf::KernelSpec kernel;
  const kxf::Settings settings{
      {std::string(kxf::arm64::icache_setting), name == "nocache" ? "off" : "on"}};
  kxf::PurgatoryQuestion question{kernel, purgatory_at, kernel_at, tree_at,
                                  &sink,  {},           machine,   settings};
  if (name != "none") {
    question.digests = {entry_of("kernel", kernel_at, read_file(dir / "kernel.bin")),
                        entry_of("initrd", initrd_at, read_file(dir / "initrd.bin"))};
    if (name == "bad") question.digests[1].sha256[31] ^= 1;
  }
  const auto image = kxf::arm64::architecture().purgatory(question);
  if (!image) kxf_test::fail(image.error());
  kxf_test::write_file(dir / "purgatory.bin", kxf_test::memory_of(*image));
  fmt::print("purgatory: {} bytes, {} in memory\n", image->bytes.size(), image->memory_size);
  return 0;
}
