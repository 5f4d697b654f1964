// SPDX-License-Identifier: Apache-2.0
#pragma once

/// From a file to a kernel: unwrap codecs and formats, layer by layer, until a kernel is found.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "devicetree/next_tree.hpp"
#include "image/files.hpp"
#include "kxf/image_format.hpp"
#include "kxf/kernel.hpp"
#include "kxf/record.hpp"
#include "plugin/registry.hpp"
#include "policy/policy.hpp"
#include "sandbox/run_confined.hpp"

namespace kxf {

/// What an implementation said of a layer's bytes.
struct LayerVerdict {
  std::string name;
  ProbeVerdict verdict = ProbeVerdict::not_mine;
  std::string reason;  ///< for `damaged`
};

/// What travels in a layer beside the kernel: sizes in bytes, as they are in the file.
struct LayerContents {
  std::optional<std::uint64_t> initrd_bytes;
  std::optional<std::uint64_t> tree_bytes;
  std::vector<std::uint64_t> overlay_bytes;
  std::optional<std::string> command_line;
  std::string configuration;  ///< that was taken; empty: none to choose from
  std::string signature;      ///< that was verified and covers all of the above
  std::string says;           ///< of what is inside: "a Linux kernel for AArch64"
};

/// One layer: `gzip`, then the kernel in it.
struct ImageLayer {
  std::string name;  ///< of format or codec; empty: nobody knows it
  bool is_codec = false;
  std::uint64_t size_bytes = 0;        ///< of what the layer was given
  std::string sha256;                  ///< of the same, where asked for; lower case hexadecimal
  std::vector<LayerVerdict> verdicts;  ///< of all that know it: formats, else codecs
  LayerContents contents;
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

/// The public keys of the policy, by path. Errors: one cannot be read.
[[nodiscard]] Result<NamedFiles> read_public_keys(const Policy& policy);

/// How the work is done; the same findings come out.
struct UnwrapOptions {
  std::shared_ptr<OutputMemory> output = nullptr;  ///< to unpack into; null: memory of this process
  Doing* doing = nullptr;                          ///< told which plugin is at work
  bool digests = false;                            ///< ImageLayer::sha256
};

/// All that was found, also where no kernel was.
struct ImageFindings {
  std::vector<ImageLayer> layers;  ///< outermost first; of those behind an error nothing is known
  Result<LoadedImage> image;
};

/// Settings of an implementation: what the policy says over what it declares.
/// Errors: a key that the implementation does not declare (the nearest one is named).
[[nodiscard]] Result<Settings> settings_of(const Extension& implementation, const Policy& policy);

/// Find the kernel in a file.
/// Errors, in ImageFindings::image: no format knows the bytes; one knows them and says how they are
/// damaged; two formats claim them and the profile does not choose; too many layers; more than the
/// policy's unpack-limit; a compression that is not what the image says; a configuration that is
/// not there; no verified signature where the policy requires one, or one that does not cover all;
/// a kernel for another machine than its wrapping says.
[[nodiscard]] ImageFindings unwrap_image(const ImageFile& file, const Registry& registry,
                                         const Policy& policy, Record& record,
                                         const UnwrapOptions& options = {});

/// The image of the findings, recorded, or their error.
[[nodiscard]] Result<LoadedImage> found_image(ImageFindings findings, const ImageFile& file,
                                              Record& record);

/// Both, in this process.
[[nodiscard]] Result<LoadedImage> load_image(const ImageFile& file, const Registry& registry,
                                             const Policy& policy, Record& record);

}  // namespace kxf
