// SPDX-License-Identifier: Apache-2.0
//
// ppc64-writer DIR [WORD...]: writes DIR/purgatory.bin, the ppc64 purgatory as the plugin makes it,
// for QEMU's pseries: virtual terminal 0x30000001, purgatory at 0xa000000, "kernel"
// (DIR/kernel.bin) at 0x2000000, and two segments that are there to be verified, the second one in
// four parts as a plan has it. Writes DIR/tree.bin as well, the header of a device tree for
// 0xf000000. All digests match and the kernel is big-endian, unless a word says otherwise:
//
//   little    a little-endian kernel
//   none      nothing is verified
//   silent    no console
//   whole     the second segment is one range
//   portable  SHA-256 without the CPU's instructions for it
//   breadcrumb  it leaves a record where the last word of a crash kernel's copy would be
//   opal      for QEMU's powernv9: DIR/opal-at says where OPAL's addresses belong
//   crash     the first 64 KiB are saved at 0x9000000
//   wild      a bit of the code for other CPUs is wrong
//   initrd=ADDRESS  of the second segment; else 0x8000000
//   bundle    as opal, and DIR/bundle.bin instead: kernel, second segment and tree are in it, a
//             second purgatory is for 0xc000000
//   place=ADDRESS   of the bundle's first purgatory; else 0xa000000
//   base=ADDRESS entry=ADDRESS  where the plan says that OPAL is; else 1
#include <fmt/format.h>
#include <libfdt.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "ppc64/ppc64.hpp"
#include "ppc64/purgatory/params.h"
#include "purgatory/blob.hpp"
#include "writer.hpp"

namespace {

using kxf_test::bundle_of;
using kxf_test::entry_of;
using kxf_test::number_of;
using kxf_test::purgatory_of;
using kxf_test::read_file;
using kxf_test::write_file;

constexpr std::uint64_t purgatory_at = 0xa000000;
constexpr std::uint64_t kernel_at = 0x2000000;
constexpr std::uint64_t tree_at = 0xf000000;
constexpr std::uint64_t backup_at = 0x9000000;
constexpr std::uint64_t terminal = 0x30000001;

void must(const kxf::Status& status) {
  if (!status) kxf_test::fail(status.error());
}

/// All that the purgatory asks of a machine: who is below.
kxf::DeviceTree tree_of(bool opal, const kxf_test::Words& words) {
  kxf::ByteVector blob(4096);
  if (fdt_create_empty_tree(blob.data(), static_cast<int>(blob.size())) != 0) std::abort();
  kxf::TreeEditor editor(*kxf::DeviceTree::parse(blob, "the test's tree"));
  if (opal) {
    must(editor.set_u64("/ibm,opal", "opal-base-address", number_of(words, "base", 1)));
    must(editor.set_u64("/ibm,opal", "opal-entry-address", number_of(words, "entry", 1)));
  } else {
    must(editor.set_text("/rtas", "ibm,hypertas-functions", "hcall-term"));
  }
  return *editor.tree();
}

/// In so many ranges, each but the last a multiple of a SHA-256 block.
void add_initrd(std::vector<kxf::DigestEntry>& digests, std::uint64_t at, kxf::ByteView bytes,
                std::size_t parts) {
  const std::size_t step = ((bytes.size() + parts - 1) / parts + 63) / 64 * 64;
  for (std::size_t part = 0; part < parts; ++part) {
    const std::size_t start = part * step;
    digests.push_back(
        kxf_test::entry_of(parts == 1 ? "initrd" : fmt::format("initrd#{}", part + 1).c_str(),
                           at + start, bytes.subspan(start, std::min(step, bytes.size() - start))));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: ppc64-writer DIR WORD...\n");
    return 2;
  }
  const std::filesystem::path dir = argv[1];
  const kxf_test::Words words(argv + 2, argv + argc);
  const auto has = [&](std::string_view word) { return words.contains(word); };
  const std::uint64_t initrd_at = number_of(words, "initrd", 0x8000000);

  kxf::ByteVector tree(64);
  kxf::store<std::uint32_t>(tree, 0, FDT_MAGIC, kxf::Endian::big);
  kxf::store<std::uint32_t>(tree, 20, 17, kxf::Endian::big);          // version
  kxf::store<std::uint32_t>(tree, 28, 0xdeadbeef, kxf::Endian::big);  // boot_cpuid_phys
  write_file(dir / "tree.bin", tree);

  const kxf::ByteVector kernel_bytes = read_file(dir / "kernel.bin");
  kxf::KernelSpec kernel;
  kernel.machine = "ppc64";
  const bool opal = has("opal") || has("bundle");
  kernel.endian = has("little") ? kxf::Endian::little : kxf::Endian::big;
  kernel.parts = {{kernel_bytes, 0, kernel_bytes.size()}};
  kernel.memory_size = kernel_bytes.size();

  kxf::ConsoleDevice device;
  device.driver = opal ? "ibm,opal-console-raw" : "hvterm1";
  device.terminal = opal ? 0 : terminal;
  device.origin = "stdout-path";
  const auto sink = (opal ? kxf::ppc64::opal() : kxf::ppc64::hvc()).program(device);
  const kxf_test::TreeMachine machine(tree_of(opal, words));
  const kxf::Settings settings{
      {std::string(kxf::purgatory::sha256_setting.key), has("portable") ? "portable" : "auto"}};
  kxf::PurgatoryQuestion question{kernel, purgatory_at, kernel_at, tree_at,
                                  &*sink, {},           machine,   settings};
  if (has("silent")) question.sink = nullptr;
  if (!has("none")) {
    question.digests = {entry_of("kernel", kernel_at, kernel_bytes)};
    add_initrd(question.digests, initrd_at, read_file(dir / "initrd.bin"),
               has("whole") ? 1 : kxf::ppc64::architecture().traits().digest_parts);
    question.digests.push_back(entry_of("dtb", tree_at, tree));
  }
  if (has("crash")) question.backup = {{0, 64 * 1024}, backup_at};
  if (has("breadcrumb"))
    question.breadcrumb = {kxf::Range::sized(backup_at + 0xfff8, sizeof(kxf_breadcrumb))};
  const kxf::Architecture& architecture = kxf::ppc64::architecture();
  if (has("bundle")) {
    const auto pages = [](std::uint64_t at, const kxf::ByteVector& bytes) {
      return kxf::Range{at, *kxf::align_up(at + bytes.size(), 0x10000)};
    };
    const kxf::ByteVector initrd = read_file(dir / "initrd.bin");
    write_file(dir / "bundle.bin", bundle_of(architecture, question,
                                             {{{kernel_bytes, pages(kernel_at, kernel_bytes)},
                                               {initrd, pages(initrd_at, initrd)},
                                               {tree, pages(tree_at, tree)}},
                                              {number_of(words, "place", purgatory_at), 0xc000000},
                                              0xe000000,
                                              {{0, 0x40000000}}}));
    return 0;
  }
  const kxf::PurgatoryImage image = purgatory_of(architecture, question);
  kxf::ByteVector memory = kxf_test::memory_of(image);
  if (has("wild")) memory[0x9f] ^= 1;
  write_file(dir / "purgatory.bin", memory);
  if (opal) {
    const kxf::Bytes bytes(image.bytes, kxf::Endian::big);
    const auto params = bytes.read<std::uint32_t>(KXF_BLOB_HEADER_OFFSET +
                                                  offsetof(kxf_blob_header, params_offset));
    std::ofstream(dir / "opal-at") << purgatory_at + *params + offsetof(kxf_params, opal_base);
  }
  fmt::print("purgatory: {} bytes, {} in memory\n", image.bytes.size(), image.memory_size);
  return 0;
}
