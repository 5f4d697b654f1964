// SPDX-License-Identifier: Apache-2.0
// Captures: the archive, the snapshot that it becomes, the machine that this becomes.
#include "machine/tar.hpp"

#include "machine/captured.hpp"
#include "machine/snapshot.hpp"
#include "require.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const kxf::ByteView archive(data, size);
  const auto entries = kxf::read_tar(archive);
  if (!entries) {
    kxf_fuzz::require(!entries.error().remedy.empty(), "a refusal has a remedy");
    return 0;
  }
  for (const kxf::TarEntry& entry : *entries) {
    kxf_fuzz::require(!entry.path.starts_with("/") && !entry.path.starts_with("../"),
                      "paths are relative");
    kxf_fuzz::require(
        entry.bytes.empty() ||
            (entry.bytes.data() >= data && entry.bytes.data() + entry.bytes.size() <= data + size),
        "content lies inside the archive");
  }
  auto snapshot = kxf::Snapshot::from_tar(kxf::ByteVector(archive.begin(), archive.end()));
  if (!snapshot) return 0;
  const auto machine = kxf::captured_machine(std::move(*snapshot), "capture");
  if (!machine) return 0;
  for (const char* path : {"/proc/iomem", "/sys/firmware/fdt", "/sys/class/tty/ttyAMA0/type"}) {
    (void)(*machine)->read(path);
    (void)(*machine)->exists(path);
    (void)(*machine)->link_target(path);
  }
  for (const std::string& name : (*machine)->list("/sys/devices/system/cpu"))
    (void)(*machine)->list("/sys/devices/system/cpu/" + name);
  (void)(*machine)->device_tree_problem();
  return 0;
}
