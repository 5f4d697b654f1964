// SPDX-License-Identifier: Apache-2.0
#include "plugin/handshake.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstdint>

#include "plugin/loader.hpp"

namespace kxf {
namespace {

class Comparison {
 public:
  void own(std::string_view field, std::uint32_t theirs, std::uint32_t ours) {
    if (theirs != ours)
      messages_.push_back(
          fmt::format("descriptor field {} is {}, this kxf has {}", field, theirs, ours));
  }

  void note(std::string_view field, const char* text, std::string_view in_note) {
    if (text == nullptr)
      messages_.push_back(fmt::format("descriptor field {} is null", field));
    else if (text != in_note)
      messages_.push_back(
          fmt::format("descriptor field {} is \"{}\", the note says \"{}\"", field, text, in_note));
  }

  void add(std::string message) { messages_.push_back(std::move(message)); }
  std::vector<std::string> take() && { return std::move(messages_); }

 private:
  std::vector<std::string> messages_;
};

}  // namespace

std::vector<std::string> descriptor_mismatches(const kxf_plugin_descriptor& descriptor,
                                               const PluginMetadata& metadata) {
  Comparison compare;
  compare.own("struct_size", descriptor.struct_size, sizeof(kxf_plugin_descriptor));
  if (descriptor.struct_size != sizeof(kxf_plugin_descriptor)) return std::move(compare).take();

  compare.own("abi_major", descriptor.abi_major, KXF_ABI_MAJOR);
  if (descriptor.abi_minor > KXF_ABI_MINOR)
    compare.own("abi_minor", descriptor.abi_minor, KXF_ABI_MINOR);
  compare.own("compiler_abi", descriptor.compiler_abi, __GXX_ABI_VERSION);
  compare.own("cxx11_strings", descriptor.cxx11_strings, _GLIBCXX_USE_CXX11_ABI);
  compare.own("word_bits", descriptor.word_bits, 8 * sizeof(void*));
  compare.own("big_endian", descriptor.big_endian, std::endian::native == std::endian::big);
  compare.own("reserved", descriptor.reserved, 0);
  compare.note("name", descriptor.name, metadata.name);
  compare.note("version", descriptor.version, metadata.version);
  compare.note("vendor", descriptor.vendor, metadata.vendor);
  if (descriptor.register_plugin == nullptr)
    compare.add("descriptor field register_plugin is null");
  return std::move(compare).take();
}

std::vector<std::string> other_exports(const ElfDynamic& dynamic) {
  std::vector<std::string> others;
  for (const std::string& symbol : dynamic.exported)
    if (symbol != descriptor_symbol) others.push_back(shown(symbol));
  return others;
}

}  // namespace kxf
