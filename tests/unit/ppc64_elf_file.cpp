// SPDX-License-Identifier: Apache-2.0
#include "ppc64_elf_file.hpp"

namespace ppc64_test {

using kxf::ByteVector;
using kxf::Endian;

ByteVector kernel_code(Endian endian, std::size_t size) {
  ByteVector code(size, 0x60);
  const std::span<std::uint8_t> out(code);
  // The kernel's first instruction in its own byte order: tdi 0,0,0x48
  if (size >= 4) kxf::store<std::uint32_t>(out, 0, 0x08000048, endian);
  if (size >= 0x60) kxf::store(out, 0x5c, run0, endian);
  if (size >= 0x64) kxf::store<std::uint32_t>(out, 0x60, 0x08000048, endian);
  return code;
}

ElfFile kernel(Endian endian) {
  ElfFile elf{.endian = endian, .machine = 21, .virtual_base = kernel_base, .entry = kernel_base};
  elf.type = endian == Endian::little ? 2 : 3;
  elf.flags = endian == Endian::little ? 2 : 1;
  elf.segments = {{.contents = kernel_code(endian), .memory_bytes = 0x30000},
                  {.contents = ByteVector(32, 0), .memory_bytes = 32, .type = 4}};
  elf.sections = {{".head.text", {}}, {".text", {}}};
  return elf;
}

ElfFile wrapper(ByteVector packed_kernel, bool wide) {
  ElfFile elf{.endian = wide ? Endian::little : Endian::big,
              .wide = wide,
              .type = 3,
              .virtual_base = wide ? kernel_base : 0};
  elf.machine = wide ? 21 : 20;
  elf.flags = wide ? 2 : 0;
  elf.entry = 0x20000100;
  elf.segments = {{.contents = ByteVector(0x200, 0x38),
                   .physical = 0x20000000,
                   .memory_bytes = 0x1000,
                   .virtual_address = 0x20000000}};
  elf.sections = {{".text", ByteVector(16, 1)},
                  {".kernel:dtb", {}},
                  {".kernel:vmlinux.strip", std::move(packed_kernel)},
                  {".kernel:initrd", {}}};
  return elf;
}

}  // namespace ppc64_test
