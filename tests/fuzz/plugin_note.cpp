// SPDX-License-Identifier: Apache-2.0
// The note of a plugin file, which is read before anything of it is trusted.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "elf/object.hpp"
#include "machine/file.hpp"
#include "plugin/metadata.hpp"
#include "require.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using kxf_fuzz::require;
  const kxf::OpenFile file(memfd_create("kxf-fuzz", MFD_CLOEXEC));
  for (std::size_t done = 0; done < size;) {
    const ssize_t written = write(file.get(), data + done, size - done);
    require(written > 0, "a memory file takes all bytes");
    done += static_cast<std::size_t>(written);
  }
  const auto metadata = kxf::read_plugin_metadata(file.get(), "fuzz.so");
  if (!metadata) {
    require(!metadata.error().message.empty(), "a refusal has a message");
    return 0;
  }
  require(kxf::is_well_formed_name(metadata->name), "a plugin's name is well formed");
  require(!metadata->provides.empty(), "a plugin provides something");
  const auto printable = [](const std::string& text) {
    return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < ' '; });
  };
  require(printable(metadata->vendor) && printable(metadata->summary),
          "what is shown has no control characters");
  (void)kxf::metadata_mismatches(*metadata);
  return 0;
}
