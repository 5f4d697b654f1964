// SPDX-License-Identifier: Apache-2.0
#pragma once

/// A plugin with the format `bad`, which reads images that begin with "BAD ", for defects that show
/// at work; or with a codec `bad` for the same bytes.

#include <algorithm>

#include "kxf/codec.hpp"
#include "kxf/image_format.hpp"
#include "kxf/plugin.hpp"

namespace bad {

inline bool is_bad(kxf::ByteView bytes) { return kxf::Bytes(bytes).has(0, "BAD "); }

class Format : public kxf::ImageFormat {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "bad"; }
  [[nodiscard]] std::string_view summary() const noexcept override { return "has a defect"; }
  [[nodiscard]] kxf::Probe probe(kxf::ByteView image) const noexcept override {
    return {is_bad(image) ? kxf::ProbeVerdict::mine : kxf::ProbeVerdict::not_mine, {}};
  }
  [[nodiscard]] kxf::Result<kxf::ImageContents> parse(kxf::ByteView image,
                                                      const kxf::ImageQuestion&,
                                                      kxf::Record&) const noexcept override {
    return kernel_of(image);
  }

 protected:
  /// A kernel in which nothing is wrong.
  static kxf::ImageContents kernel_of(kxf::ByteView image) {
    kxf::ImageContents contents;
    kxf::KernelSpec& kernel = contents.kernel.emplace();
    kernel.machine = "aarch64";
    kernel.parts = {{image, 0, 1U << 20U}};
    kernel.memory_size = 2U << 20U;
    kernel.base_alignment = 2U << 20U;
    return contents;
  }
};

class Codec : public kxf::Codec {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "bad"; }
  [[nodiscard]] std::string_view summary() const noexcept override { return "has a defect"; }
  [[nodiscard]] bool recognises(kxf::ByteView packed) const noexcept override {
    return is_bad(packed);
  }
};

template <class Defective>
bool add(kxf::Registrar& registrar) noexcept {
  static const Defective implementation;
  return registrar.add(implementation);
}

}  // namespace bad

#define BAD_FORMAT(Class) \
  KXF_PLUGIN("bad", "1.0", "nobody", "has a defect", "image-format:bad", bad::add<Class>)
#define BAD_CODEC(Class) \
  KXF_PLUGIN("bad", "1.0", "nobody", "has a defect", "codec:bad", bad::add<Class>)
