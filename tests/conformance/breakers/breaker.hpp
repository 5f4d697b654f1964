// SPDX-License-Identifier: Apache-2.0
#pragma once

/// A codec and a format that keep every rule, for a plugin to break one.

#include <algorithm>

#include "kxf/codec.hpp"
#include "kxf/image_format.hpp"
#include "kxf/plugin.hpp"

namespace breaker {

/// What files of the codec and of the format begin with; run.py makes such samples.
inline constexpr std::string_view magic = "breaker\n";

class Codec : public kxf::Codec {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "breaker"; }
  [[nodiscard]] std::string_view summary() const noexcept override { return "copies bytes"; }
  [[nodiscard]] bool recognises(kxf::ByteView packed) const noexcept override {
    return kxf::Bytes(packed).has(0, magic);
  }
  [[nodiscard]] kxf::Status unpack(kxf::ByteView packed,
                                   kxf::OutputBuffer& out) const noexcept override {
    KXF_TRY(room, out.tail(packed.size()));
    std::copy_n(packed.begin(), room.size(), room.begin());
    out.commit(room.size());
    return {};
  }
};

class Format : public kxf::ImageFormat {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "breaker"; }
  [[nodiscard]] std::string_view summary() const noexcept override { return "a magic, a payload"; }
  [[nodiscard]] kxf::Probe probe(kxf::ByteView image) const noexcept override {
    if (!kxf::Bytes(image).has(0, magic)) return {};
    return {kxf::ProbeVerdict::mine, {}};
  }
  [[nodiscard]] kxf::Result<kxf::ImageContents> parse(kxf::ByteView image,
                                                      const kxf::ImageQuestion&,
                                                      kxf::Record&) const noexcept override {
    kxf::ImageContents contents;
    contents.payload = image.subspan(magic.size());
    return contents;
  }
};

template <class Implementation>
bool add_one(kxf::Registrar& registrar) noexcept {
  static const Implementation one;
  return registrar.add(one);
}

}  // namespace breaker

/// `kind`: as in notes; `Implementation` has the name `breaker`.
#define BREAKER(kind, Implementation)                                        \
  KXF_PLUGIN("breaker", "1.0", "nobody", "breaks one rule", kind ":breaker", \
             breaker::add_one<Implementation>)
