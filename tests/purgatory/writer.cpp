// SPDX-License-Identifier: Apache-2.0
//
// writer DIR CASE: writes DIR/purgatory.bin, the arm64 purgatory as the plugin makes it, for QEMU's
// machine `virt`: PL011 at 0x9000000, purgatory at 0x4a000000, "kernel" (DIR/kernel.bin) at
// 0x40200000, and two segments that are there to be verified.
//
//   good     all digests match
//   bad      one bit of the second segment's digest is wrong
//   none     nothing is verified
//   nocache  as good, with the instruction cache left off
#include <fmt/format.h>
#include <openssl/sha.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "arm64/arm64.hpp"

namespace {

constexpr std::uint64_t purgatory_at = 0x4a000000;
constexpr std::uint64_t kernel_at = 0x40200000;
constexpr std::uint64_t initrd_at = 0x48000000;
constexpr std::uint64_t tree_at = 0x4f000000;
constexpr std::uint64_t uart_at = 0x9000000;

/// What the purgatory asks of a machine: nothing.
class NoMachine final : public kxf::Machine {
 public:
  [[nodiscard]] const kxf::MachineFacts& facts() const noexcept override { return facts_; }
  [[nodiscard]] kxf::Result<kxf::ByteVector> read(std::string_view) const noexcept override {
    return kxf::refuse("no files here");
  }
  [[nodiscard]] std::vector<std::string> list(std::string_view) const noexcept override {
    return {};
  }
  [[nodiscard]] bool exists(std::string_view) const noexcept override { return false; }
  [[nodiscard]] std::optional<std::string> link_target(std::string_view) const noexcept override {
    return std::nullopt;
  }
  [[nodiscard]] const kxf::DeviceTree* device_tree() const noexcept override { return nullptr; }
  [[nodiscard]] std::string device_tree_problem() const noexcept override { return {}; }

 private:
  kxf::MachineFacts facts_;
};

kxf::ByteVector read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

kxf::DigestEntry entry_of(const char* name, std::uint64_t at, const kxf::ByteVector& bytes) {
  kxf::DigestEntry entry{name, kxf::Range::sized(at, bytes.size()), {}};
  SHA256(bytes.data(), bytes.size(), entry.sha256.data());
  return entry;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: writer DIR good|bad|none|nocache\n");
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
  const NoMachine machine;
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
  if (!image) {
    fmt::print(stderr, "writer: {}\n", image.error().message);
    return 1;
  }
  // What is behind the bytes: the machine of the test starts with garbage there, as RAM would have.
  kxf::ByteVector memory = image->bytes;
  memory.resize(image->memory_size, 0xa5);
  std::ofstream(dir / "purgatory.bin", std::ios::binary)
      .write(reinterpret_cast<const char*>(memory.data()),
             static_cast<std::streamsize>(memory.size()));
  fmt::print("purgatory: {} bytes, {} in memory\n", image->bytes.size(), image->memory_size);
  return 0;
}
