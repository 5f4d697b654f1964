// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What makes a shared object a kxf plugin. A complete plugin:
///
///     #include <kxf/codec.hpp>
///     #include <kxf/plugin.hpp>
///
///     namespace {
///     class Rot13 final : public kxf::Codec { ... };
///     bool add_all(kxf::Registrar& registrar) noexcept {
///       static const Rot13 rot13;
///       return registrar.add(rot13);
///     }
///     }  // namespace
///     KXF_PLUGIN("acme-rot13", "1.0.0", "ACME", "a cipher of antiquity", "codec:rot13", add_all)
///
/// Build it with `kxf_add_plugin()` of the CMake package `kxf`: it links libkxf, hides every symbol
/// but the descriptor and sets the link flags that the loader insists on.

#include <bit>
#include <cstddef>
#include <cstdint>

#include "kxf/export.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

class Architecture;
class BoardCheck;
class Codec;
class ConsoleSink;
class CpuEnableMethod;
class ImageFormat;
class MemorySource;

/// The core's side of registration. Each add() returns false when the implementation is refused
/// (its name is malformed or not among those that the plugin's note announces, or taken twice in
/// this plugin); the plugin then returns false too and the core says why.
class KXF_API Registrar {
 public:
  virtual ~Registrar();
  virtual bool add(const Architecture& implementation) noexcept = 0;
  virtual bool add(const ImageFormat& implementation) noexcept = 0;
  virtual bool add(const Codec& implementation) noexcept = 0;
  virtual bool add(const CpuEnableMethod& implementation) noexcept = 0;
  virtual bool add(const ConsoleSink& implementation) noexcept = 0;
  virtual bool add(const MemorySource& implementation) noexcept = 0;
  virtual bool add(const BoardCheck& implementation) noexcept = 0;
};

using RegisterFunction = bool (*)(Registrar& registrar) noexcept;

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf

/// The symbol `kxf_plugin_v1`: plain C data, so that it can be checked before anything else of the
/// plugin is trusted. Every field but the strings and the function is compared for equality with
/// the core's own; a difference is refused with a message that names the field.
extern "C" struct kxf_plugin_descriptor {
  std::uint32_t struct_size;   ///< sizeof(kxf_plugin_descriptor)
  std::uint16_t abi_major;     ///< KXF_ABI_MAJOR
  std::uint16_t abi_minor;     ///< KXF_ABI_MINOR; at most the core's
  std::uint32_t compiler_abi;  ///< __GXX_ABI_VERSION
  std::uint8_t cxx11_strings;  ///< _GLIBCXX_USE_CXX11_ABI
  std::uint8_t word_bits;      ///< 8 * sizeof(void*)
  std::uint8_t big_endian;     ///< byte order of the host that the plugin runs on
  std::uint8_t reserved;       ///< 0
  const char* name;            ///< lower case letters, digits and dashes
  const char* version;
  const char* vendor;
  kxf::RegisterFunction register_plugin;
};

#define KXF_DETAIL_TEXT_(x) #x
#define KXF_DETAIL_TEXT(x) KXF_DETAIL_TEXT_(x)

/// The ELF note `kxf` of type 1 in section `.note.kxf`: `key=value` lines that are read without
/// loading the plugin. `kxf plugin list` and `kxf plugin inspect` show them and run no code.
#define KXF_PLUGIN_NOTE_TYPE 1

/// All arguments but the last are string literals. `provides` lists every implementation as
/// `kind:name`, separated by spaces; kinds are architecture, image-format, codec,
/// cpu-enable-method, console-sink, memory-source and board-check.
#define KXF_PLUGIN(name_, version_, vendor_, summary_, provides_, register_)                        \
  extern "C" KXF_API const kxf_plugin_descriptor kxf_plugin_v1;                                     \
  extern "C" const kxf_plugin_descriptor kxf_plugin_v1 = {sizeof(kxf_plugin_descriptor),            \
                                                          KXF_ABI_MAJOR,                            \
                                                          KXF_ABI_MINOR,                            \
                                                          __GXX_ABI_VERSION,                        \
                                                          _GLIBCXX_USE_CXX11_ABI,                   \
                                                          8 * sizeof(void*),                        \
                                                          std::endian::native == std::endian::big,  \
                                                          0,                                        \
                                                          name_,                                    \
                                                          version_,                                 \
                                                          vendor_,                                  \
                                                          register_};                               \
  namespace {                                                                                       \
  constexpr char kxf_note_text[] =                                                                \
      "abi=" KXF_DETAIL_TEXT(KXF_ABI_MAJOR) "." KXF_DETAIL_TEXT(KXF_ABI_MINOR) "\n"               \
      "compiler-abi=" KXF_DETAIL_TEXT(__GXX_ABI_VERSION) "\n"                                     \
      "cxx11-strings=" KXF_DETAIL_TEXT(_GLIBCXX_USE_CXX11_ABI) "\n"                               \
      "name=" name_ "\n"                                                                          \
      "version=" version_ "\n"                                                                    \
      "vendor=" vendor_ "\n"                                                                      \
      "summary=" summary_ "\n"                                                                    \
      "provides=" provides_ "\n"; \
  struct KxfNote {                                                                                  \
    std::uint32_t owner_size, text_size, type;                                                      \
    char owner[4];                                                                                  \
    char text[(sizeof kxf_note_text + 3) / 4 * 4];                                                  \
  };                                                                                                \
  template <std::size_t N>                                                                          \
  constexpr KxfNote kxf_make_note(const char (&text)[N]) {                                          \
    KxfNote note{4, N, KXF_PLUGIN_NOTE_TYPE, {'k', 'x', 'f', 0}, {}};                               \
    for (std::size_t i = 0; i < N; ++i) note.text[i] = text[i];                                     \
    return note;                                                                                    \
  }                                                                                                 \
  [[gnu::used, gnu::section(".note.kxf"), gnu::aligned(4)]] constinit const KxfNote kxf_note =      \
      kxf_make_note(kxf_note_text);                                                                 \
  }
