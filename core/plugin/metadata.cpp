// SPDX-License-Identifier: Apache-2.0
#include "plugin/metadata.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "elf/object.hpp"
#include "kxf/plugin.hpp"
#include "plugin/kinds.hpp"
#include "plugin/trust.hpp"

namespace kxf {
namespace {

constexpr std::string_view note_owner = "kxf";

constexpr std::string_view rebuild =
    "build it with kxf_add_plugin() and KXF_PLUGIN() of the kxf SDK";

struct NoteKey {
  std::string_view key;
  std::string PluginMetadata::*field;
};

constexpr std::array note_keys = {
    NoteKey{"abi", &PluginMetadata::abi},
    NoteKey{"compiler-abi", &PluginMetadata::compiler_abi},
    NoteKey{"cxx11-strings", &PluginMetadata::cxx11_strings},
    NoteKey{"name", &PluginMetadata::name},
    NoteKey{"version", &PluginMetadata::version},
    NoteKey{"vendor", &PluginMetadata::vendor},
    NoteKey{"summary", &PluginMetadata::summary},
};
constexpr std::string_view provides_key = "provides";

tl::unexpected<Error> malformed(std::string what) {
  return refuse("malformed kxf note: " + std::move(what), std::string(rebuild));
}

/// Listings print what the note says: nothing in it may steer a terminal.
bool is_printable(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end != 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

Result<std::vector<std::string>> parse_provides(std::string_view text) {
  std::vector<std::string> provides;
  for (const std::string_view item : split(text, ' ')) {
    const std::size_t colon = item.find(':');
    const std::string_view kind = item.substr(0, colon);
    if (colon == std::string_view::npos || !is_well_formed_name(item.substr(colon + 1)))
      return malformed(fmt::format("provides \"{}\", which is not kind:name", item));
    if (std::ranges::find(kind_names, kind) == kind_names.end())
      return malformed(
          fmt::format("provides \"{}\", but the kinds are {}", item, fmt::join(kind_names, ", ")));
    if (std::ranges::find(provides, item) != provides.end())
      return malformed(fmt::format("provides \"{}\" twice", item));
    provides.emplace_back(item);
  }
  if (provides.empty()) return malformed("provides nothing");
  return provides;
}

Result<PluginMetadata> parse_note(std::string_view text) {
  while (text.ends_with('\0')) text.remove_suffix(1);
  PluginMetadata metadata;
  std::vector<std::string_view> seen;
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return malformed("a line is not key=value");
    const std::string_view key = line.substr(0, equals);
    const std::string_view value = line.substr(equals + 1);
    if (!is_printable(line)) return malformed("a control character in a line");
    if (std::ranges::find(seen, key) != seen.end())
      return malformed(fmt::format("\"{}\" twice", key));
    seen.push_back(key);
    if (key == provides_key) {
      KXF_TRY(provides, parse_provides(value));
      metadata.provides = std::move(provides);
    } else if (const auto known = std::ranges::find(note_keys, key, &NoteKey::key);
               known != note_keys.end()) {
      metadata.*known->field = value;
    }
    // Keys of later minor versions are none of our business.
  }
  for (const NoteKey& wanted : note_keys)
    if (std::ranges::find(seen, wanted.key) == seen.end())
      return malformed(fmt::format("no \"{}\"", wanted.key));
  if (std::ranges::find(seen, provides_key) == seen.end()) return malformed("no \"provides\"");
  if (!is_well_formed_name(metadata.name))
    return malformed(fmt::format("name \"{}\" is not made of lower case letters, digits and dashes",
                                 metadata.name));
  return metadata;
}

struct AbiVersion {
  unsigned major = 0;
  unsigned minor = 0;
};

std::optional<AbiVersion> parse_abi(std::string_view text) {
  AbiVersion version;
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.major);
  if (major.ec != std::errc{} || major.ptr == end || *major.ptr != '.') return std::nullopt;
  const auto minor = std::from_chars(major.ptr + 1, end, version.minor);
  if (minor.ec != std::errc{} || minor.ptr != end) return std::nullopt;
  return version;
}

}  // namespace

bool is_well_formed_name(std::string_view name) noexcept {
  constexpr std::size_t longest = 64;
  return !name.empty() && name.size() <= longest && name.front() != '-' &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

Result<PluginMetadata> read_plugin_metadata(int descriptor, const std::filesystem::path& path) {
  KXF_TRY(object, read_elf_object(descriptor));
  if (!object.shared_object)
    return refuse("an ELF file, but not a shared object", std::string(rebuild));
  const ElfNote* found = nullptr;
  for (const ElfNote& note : object.notes) {
    if (note.owner != note_owner || note.type != KXF_PLUGIN_NOTE_TYPE) continue;
    if (found != nullptr)
      return refuse("two kxf notes in one file", "put one KXF_PLUGIN() into each shared object");
    found = &note;
  }
  if (found == nullptr)
    return refuse("no kxf note: a shared object, but not a kxf plugin", std::string(rebuild));
  KXF_TRY(metadata, parse_note(text_of(found->contents)));
  metadata.path = path.string();
  metadata.elf_machine = std::move(object.machine);
  return std::move(metadata);
}

Result<PluginMetadata> read_plugin_metadata(const std::filesystem::path& file) {
  // Reading runs nothing of the file, so whose it is does not matter here.
  auto opened = open_plugin(file, Trust::any_owner);
  if (!opened) return pass(std::move(opened), fmt::format("plugin {}", file.string()));
  auto metadata = read_plugin_metadata(opened->get(), file);
  if (!metadata) return pass(std::move(metadata), fmt::format("plugin {}", file.string()));
  return metadata;
}

std::vector<std::string> metadata_mismatches(const PluginMetadata& metadata) {
  std::vector<std::string> found;
  if (const std::string own = own_elf_machine(); metadata.elf_machine != own)
    found.push_back(
        fmt::format("built to run on {}, this kxf runs on {}", metadata.elf_machine, own));
  if (const auto abi = parse_abi(metadata.abi); !abi)
    found.push_back(fmt::format("abi \"{}\" in the note is not MAJOR.MINOR", metadata.abi));
  else if (abi->major != KXF_ABI_MAJOR)
    found.push_back(
        fmt::format("abi major is {} in the note, this kxf has {}", abi->major, KXF_ABI_MAJOR));
  else if (abi->minor > KXF_ABI_MINOR)
    found.push_back(
        fmt::format("abi minor is {} in the note, this kxf has {}", abi->minor, KXF_ABI_MINOR));
  const auto compare = [&](std::string_view field, std::string_view value, int own) {
    if (value != std::to_string(own))
      found.push_back(fmt::format("{} is {} in the note, this kxf has {}", field, value, own));
  };
  compare("compiler abi", metadata.compiler_abi, __GXX_ABI_VERSION);
  compare("cxx11 strings", metadata.cxx11_strings, _GLIBCXX_USE_CXX11_ABI);
  return found;
}

}  // namespace kxf
