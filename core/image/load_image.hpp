// SPDX-License-Identifier: Apache-2.0
#pragma once

/// From a file to a kernel: unwrap codecs and formats, layer by layer, until a kernel is found.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "devicetree/next_tree.hpp"
#include "kxf/image_format.hpp"
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
  std::optional<Blob> initrd;
  std::optional<CarriedTree> device_tree;
  std::optional<std::string> command_line;
  /// The verified signature that covers the kernel and all of the above; empty: there is none.
  std::string verified_by;
};

/// `gzip > fit > ...`, for the record and messages.
[[nodiscard]] std::string layer_names(const LoadedImage& image);

/// What unwrapping begins with. References live for the call.
struct ImageFile {
  std::string path;  ///< for messages
  Blob bytes;
  std::span<const std::string_view> board = {};  ///< see ImageQuestion
  std::span<const NamedBytes> keys = {};
};

/// Settings of an implementation: what the policy says over what it declares.
/// Errors: a key that the implementation does not declare (the nearest one is named).
[[nodiscard]] Result<Settings> settings_of(const Extension& implementation, const Policy& policy);

/// Find the kernel in a file.
/// Errors: no format knows the bytes; one knows them and says how they are damaged; two formats
/// claim them and the profile does not choose; too many layers; more than the policy's
/// unpack-limit; a compression that is not what the image says; a configuration that is not there;
/// no verified signature where the policy requires one, or one that does not cover all; a kernel
/// for another machine than its wrapping says.
[[nodiscard]] Result<LoadedImage> load_image(const ImageFile& file, const Registry& registry,
                                             const Policy& policy, Record& record);

}  // namespace kxf
