// SPDX-License-Identifier: Apache-2.0
#include "ppc64/run_at_load.hpp"

#include "ppc64_scene.hpp"

namespace ppc64_run_at_load_test {
namespace {

using kxf::Endian;
using kxf::ppc64::RunAtLoad;
using namespace kxf_test::power;

constexpr Endian both[] = {Endian::little, Endian::big};
constexpr std::uint64_t kernel_size = 16 * mib;

/// A kernel with bytes of its own.
struct Kernel {
  kxf::ByteVector bytes;
  kxf::KernelSpec spec;

  Kernel(Endian endian, std::uint32_t flag)
      : bytes(kernel_bytes(endian, flag)), spec(kernel_of(bytes, endian, kernel_size)) {}
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  Kernel& linked_at(std::uint64_t address) {
    spec.window = kxf::Range::sized(address, kernel_size);
    return *this;
  }

  [[nodiscard]] kxf::Result<kxf::KernelSpec> adapt(RunAtLoad policy, bool crash = false) const {
    kxf::Record record;
    return kxf::ppc64::with_run_at_load(spec, policy, crash, record);
  }
};

constexpr std::uint32_t no_flag = 0x7c0802a6;  // an instruction

kxf::ByteVector bytes(std::initializer_list<std::uint8_t> list) { return list; }

}  // namespace

TEST_CASE("a relocatable kernel is left alone and moves to 0 unless something wants it to stay") {
  for (const Endian endian : both) {
    CAPTURE(name_of(endian));
    const Kernel kernel(endian, run0);
    const auto adapted = value_of(kernel.adapt(RunAtLoad::automatic));
    CHECK(adapted.patches.empty());
    CHECK(kxf::ppc64::home_of(adapted) == kxf::Range{0, kernel_size});
    CHECK(value_of(kernel.adapt(RunAtLoad::never)).patches.empty());
  }
}

TEST_CASE("to stay, the flag becomes 1 in the kernel's own byte order, in memory only") {
  for (const bool crash : {false, true})
    for (const Endian endian : both) {
      CAPTURE(crash);
      CAPTURE(name_of(endian));
      const Kernel kernel(endian, run0);
      const kxf::ByteVector before = kernel.bytes;
      const auto adapted =
          value_of(kernel.adapt(crash ? RunAtLoad::automatic : RunAtLoad::always, crash));
      REQUIRE(adapted.patches.size() == 1);
      CHECK(adapted.patches[0].memory_offset == 0x5c);
      CHECK(adapted.patches[0].bytes ==
            (endian == Endian::little ? bytes({1, 0, 0, 0}) : bytes({0, 0, 0, 1})));
      CHECK_FALSE(adapted.patches[0].reason.empty());
      CHECK_FALSE(kxf::ppc64::home_of(adapted).has_value());
      CHECK(kernel.bytes == before);
    }
}

TEST_CASE("a kernel that was built to stay does, and moves when the profile says never") {
  const Kernel kernel(Endian::big, 1);
  for (const RunAtLoad policy : {RunAtLoad::automatic, RunAtLoad::always}) {
    const auto adapted = value_of(kernel.adapt(policy));
    CHECK(adapted.patches.empty());
    CHECK_FALSE(kxf::ppc64::home_of(adapted).has_value());
  }
  const auto adapted = value_of(kernel.adapt(RunAtLoad::never));
  REQUIRE(adapted.patches.size() == 1);
  CHECK(adapted.patches[0].bytes == bytes({'r', 'u', 'n', '0'}));
  CHECK(kxf::ppc64::home_of(adapted) == kxf::Range{0, kernel_size});
}

TEST_CASE("a crash kernel must not move") {
  const Kernel kernel(Endian::little, run0);
  CHECK(contains(refusal_of(kernel.adapt(RunAtLoad::never, true)),
                 "a crash kernel that moves to 0 overwrites the memory that it should save"));
}

TEST_CASE("a kernel without the flag that was linked for 0 cannot stay") {
  for (const Endian endian : both) {
    Kernel kernel(endian, no_flag);
    kernel.linked_at(0);
    CHECK(kxf::ppc64::home_of(value_of(kernel.adapt(RunAtLoad::automatic))) ==
          kxf::Range{0, kernel_size});
    CHECK(contains(refusal_of(kernel.adapt(RunAtLoad::always)),
                   "run-at-load is always, and this "
                   "kernel is not relocatable"));
    CHECK(contains(refusal_of(kernel.adapt(RunAtLoad::automatic, true)),
                   "a crash kernel must stay where it is loaded, and this kernel is not"));
  }
}

TEST_CASE("a kernel without the flag that was linked elsewhere runs there only") {
  Kernel kernel(Endian::big, no_flag);
  kernel.linked_at(32 * mib);
  for (const RunAtLoad policy : {RunAtLoad::automatic, RunAtLoad::always}) {
    const auto adapted = value_of(kernel.adapt(policy));
    CHECK(adapted.patches.empty());
    CHECK(kxf::ppc64::home_of(adapted) == kxf::Range::sized(32 * mib, kernel_size));
  }
}

TEST_CASE("position-independent code without the flag stays where it is put") {
  const Kernel kernel(Endian::little, no_flag);
  CHECK_FALSE(kxf::ppc64::home_of(value_of(kernel.adapt(RunAtLoad::always))).has_value());
  CHECK(contains(refusal_of(kernel.adapt(RunAtLoad::never)), "run-at-load is never"));
}

TEST_CASE("a flag in the other byte order is a damaged kernel, not one without a flag") {
  for (const std::uint32_t flag : {0x306e7572U, 0x01000000U}) {
    const Kernel kernel(Endian::little, flag);
    CHECK(refusal_of(kernel.adapt(RunAtLoad::automatic)) ==
          "the run-at-load flag at 0x5c is in the other byte order than the kernel, which is "
          "little-endian");
  }
}

TEST_CASE("the head of a kernel is its first 256 bytes with the patches") {
  const Kernel kernel(Endian::little, run0);
  CHECK(value_of(kxf::ppc64::kernel_head(kernel.spec)) ==
        kxf::ByteVector(kernel.bytes.begin(), kernel.bytes.begin() + 0x100));
  kxf::KernelSpec patched = kernel.spec;
  patched.patches = {{0xfe, bytes({0xaa, 0xbb, 0xcc, 0xdd}), "the last two are outside"},
                     {0x5c, bytes({1, 0, 0, 0}), "the flag"}};
  const kxf::ByteVector head = value_of(kxf::ppc64::kernel_head(patched));
  REQUIRE(head.size() == 0x100);
  CHECK(head[0x5c] == 1);
  CHECK(head[0xfe] == 0xaa);
  CHECK(head[0xff] == 0xbb);
  CHECK(head[0x60] == kernel.bytes[0x60]);
}

TEST_CASE("the head is taken at the entry, wherever in the kernel that is") {
  const Kernel kernel(Endian::little, run0);
  kxf::KernelSpec moved = kernel.spec;
  moved.parts.front().memory_offset = 0x10000;
  moved.memory_size += 0x10000;
  moved.entry_offset = 0x10000;
  CHECK(value_of(kxf::ppc64::kernel_head(moved)) == value_of(kxf::ppc64::kernel_head(kernel.spec)));
  kxf::Record record;
  const auto adapted =
      value_of(kxf::ppc64::with_run_at_load(moved, RunAtLoad::always, false, record));
  REQUIRE(adapted.patches.size() == 1);
  CHECK(adapted.patches[0].memory_offset == 0x1005c);
}

TEST_CASE("a kernel that is shorter than its head is refused") {
  const kxf::ByteVector short_bytes(0xff);
  const kxf::KernelSpec kernel = kernel_of(short_bytes, Endian::big);
  CHECK(contains(refusal_of(kxf::ppc64::kernel_head(kernel)), "has no 256 bytes at its entry"));
  kxf::KernelSpec outside = kernel;
  outside.entry_offset = outside.memory_size - 4;
  CHECK(contains(refusal_of(kxf::ppc64::kernel_head(outside)), "has no 256 bytes at its entry"));
}

TEST_CASE("kexec_file_load is no way for a flag that it would not find") {
  using kxf::ppc64::file_load_problem;
  const Kernel little(Endian::little, run0);
  const auto plain = value_of(little.adapt(RunAtLoad::automatic));
  CHECK(file_load_problem(plain, Endian::little, false).empty());
  CHECK(contains(file_load_problem(plain, Endian::big, false), "in its own byte order"));
  const auto stays = value_of(little.adapt(RunAtLoad::always));
  CHECK(contains(file_load_problem(stays, Endian::little, false), "changed in memory"));
  const auto crash = value_of(little.adapt(RunAtLoad::automatic, true));
  CHECK(file_load_problem(crash, Endian::little, true).empty());
  CHECK(contains(file_load_problem(crash, Endian::big, true), "in its own byte order"));
}

TEST_CASE("run-at-load is auto, always or never") {
  CHECK(value_of(kxf::ppc64::run_at_load_policy(automatic)) == RunAtLoad::automatic);
  CHECK(value_of(kxf::ppc64::run_at_load_policy(always)) == RunAtLoad::always);
  CHECK(value_of(kxf::ppc64::run_at_load_policy(never)) == RunAtLoad::never);
  CHECK(refusal_of(kxf::ppc64::run_at_load_policy({{"run-at-load", "yes"}})) ==
        "setting run-at-load of the architecture ppc64 is \"yes\"");
}

}  // namespace ppc64_run_at_load_test
