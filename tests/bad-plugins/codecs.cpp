// SPDX-License-Identifier: Apache-2.0
#include "kxf/codec.hpp"
#include "plugin.hpp"

namespace bad {
namespace {

class NullCodec final : public kxf::Codec {
 public:
  explicit NullCodec(std::string_view name) : name_(name) {}
  [[nodiscard]] std::string_view name() const noexcept override { return name_; }
  [[nodiscard]] std::string_view summary() const noexcept override { return "recognises nothing"; }
  [[nodiscard]] bool recognises(kxf::ByteView) const noexcept override { return false; }
  [[nodiscard]] kxf::Status unpack(kxf::ByteView, kxf::OutputBuffer&) const noexcept override {
    return kxf::refuse("nothing is recognised");
  }

 private:
  std::string_view name_;
};

}  // namespace

const kxf::Codec& codec_bad() {
  static const NullCodec codec("bad");
  return codec;
}
const kxf::Codec& codec_good() {
  static const NullCodec codec("good");
  return codec;
}
const kxf::Codec& codec_other() {
  static const NullCodec codec("other");
  return codec;
}
const kxf::Codec& codec_malformed() {
  static const NullCodec codec("Not A Name");
  return codec;
}

}  // namespace bad
