// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Files from outside, as bytes.

#include <string>
#include <vector>

#include "kxf/bytes.hpp"
#include "kxf/image_format.hpp"

namespace kxf {

/// Map a file. Nothing is copied, so a large initrd costs no anonymous memory.
///
/// If another process truncates the file while it is used, reading the lost part raises SIGBUS;
/// main() turns that into an error message (see core/cli/main.cpp).
/// Errors: not there, unreadable, no regular file, empty.
[[nodiscard]] Result<Blob> read_file(const std::string& path);

/// The same as a copy of our own: what was verified is what is loaded, whoever writes to the file
/// meanwhile.
[[nodiscard]] Result<Blob> copy_file(const std::string& path);

/// Files that are handed on by name; `named` points into them.
struct NamedFiles {
  std::vector<Blob> files;
  std::vector<NamedBytes> named;

  void add(std::string name, Blob file) {
    named.push_back({std::move(name), file.view()});
    files.push_back(std::move(file));
  }
};

/// Several initrds as the kernel wants them: one behind the other, each on a multiple of 4 bytes
/// (initramfs buffer format, Documentation/driver-api/early-userspace/buffer-format.rst). A single
/// one is not copied.
[[nodiscard]] Blob join_initrds(const std::vector<Blob>& files);

}  // namespace kxf
