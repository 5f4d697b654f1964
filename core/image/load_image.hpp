// SPDX-License-Identifier: Apache-2.0
#pragma once

/// From a file to a kernel: unwrap codecs and formats, layer by layer, until a kernel is found.

#include <optional>
#include <string>
#include <vector>

#include "kxf/kernel.hpp"
#include "kxf/record.hpp"
#include "plugin/registry.hpp"
#include "policy/policy.hpp"

namespace kxf {

/// One layer: `gzip`, then the kernel in it.
struct ImageLayer {
  std::string name;
  std::uint64_t size_bytes = 0;  ///< of what the layer was given
};

struct LoadedImage {
  KernelSpec kernel;
  std::string format;              ///< name of the ImageFormat that found the kernel
  Blob bytes;                      ///< that the kernel's parts point into
  std::vector<ImageLayer> layers;  ///< outermost first
  std::vector<Blob> held;          ///< outer layers that views below point into
  std::optional<ByteView> initrd;
  std::optional<ByteView> device_tree;
  std::optional<std::string> command_line;
};

/// Settings of an implementation: what the policy says over what it declares.
/// Errors: a key that the implementation does not declare (the nearest one is named).
[[nodiscard]] Result<Settings> settings_of(const Extension& implementation, const Policy& policy);

/// Find the kernel in `file` (read from `path`, for messages).
/// Errors: no format knows the bytes; one knows them and says how they are damaged; two formats
/// claim them and the profile does not choose; too many layers; more than the policy's
/// unpack-limit.
[[nodiscard]] Result<LoadedImage> load_image(const std::string& path, Blob file,
                                             const Registry& registry, const Policy& policy,
                                             Record& record);

}  // namespace kxf
