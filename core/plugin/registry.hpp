// SPDX-License-Identifier: Apache-2.0
#pragma once

/// All implementations that are there, from the built-in plugin and from shared objects, and how
/// one is chosen among them.

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kxf/architecture.hpp"
#include "kxf/board_check.hpp"
#include "kxf/codec.hpp"
#include "kxf/console_sink.hpp"
#include "kxf/cpu_enable_method.hpp"
#include "kxf/image_format.hpp"
#include "kxf/memory_source.hpp"
#include "kxf/plugin.hpp"
#include "kxf/record.hpp"
#include "plugin/crash_guard.hpp"
#include "plugin/metadata.hpp"
#include "uart/uart_files.hpp"

namespace kxf {

/// A registered implementation and the plugin that it came from.
template <class Interface>
struct Registered {
  const Interface* implementation = nullptr;
  std::string plugin;
};

struct PluginOptions {
  std::vector<std::filesystem::path> directories;  ///< absolute, searched in order
  std::map<std::string, std::string> sha256;       ///< file name to pinned digest
  std::vector<std::string> required;               ///< plugin names that must be there
  std::vector<UartSpec> uarts = {};                ///< of the profile
  std::filesystem::path uart_files = uart_directory();
  std::chrono::milliseconds load_limit = plugin_load_limit;  ///< for each plugin
};

/// The compiled-in plugin directory.
[[nodiscard]] std::filesystem::path default_plugin_directory();

/// The directories to search: those that the user gave, then the compiled-in one.
[[nodiscard]] std::vector<std::filesystem::path> plugin_search_path(
    const std::vector<std::filesystem::path>& given);

class Registry {
 public:
  /// An empty one.
  Registry();
  ~Registry();
  Registry(Registry&&) noexcept;
  Registry& operator=(Registry&&) noexcept;

  /// Load every plugin of the directories, after trust, metadata and handshake have been checked.
  /// A plugin in the search path that is unfit is an error, not skipped in silence; two plugins
  /// of one name: the earlier directory wins, recorded.
  /// Errors: untrusted, mismatching or failing plugins (a message per field), a required plugin
  /// that is not there (the ones that are get listed), a pin for a file that is not loaded, an
  /// unfit description of a UART, a relative directory, an absent one (but for the compiled-in
  /// one).
  [[nodiscard]] static Result<Registry> load(const PluginOptions& options, Record& record);

  /// One that holds the built-in plugin and what `function` registers, and nothing from files:
  /// where what comes behind plugins is tested.
  /// Errors: as for a plugin file whose note says `metadata`.
  [[nodiscard]] static Result<Registry> in_process(PluginMetadata metadata,
                                                   RegisterFunction function);

  /// All implementations of an interface: by descending rank, then by name.
  template <class Interface>
  [[nodiscard]] const std::vector<Registered<Interface>>& all() const;

  /// The implementation with this name: the highest rank of that name.
  /// Errors: none (the known names and the nearest one are listed), a tie of ranks (both listed).
  template <class Interface>
  [[nodiscard]] Result<const Interface*> named(std::string_view name) const;

  /// One of `candidates`: the profile's choice for this kind (`chosen`, may be empty) > rank.
  /// Errors: a chosen one that is not among them; a tie, listing all that tie; none at all is a
  /// bug of the caller.
  template <class Interface>
  [[nodiscard]] static Result<const Interface*> choose(
      const std::vector<Registered<Interface>>& candidates, std::string_view chosen);

  /// The plugins that were loaded: the built-in one first, then in the order of the search path.
  [[nodiscard]] const std::vector<PluginMetadata>& plugins() const;

 private:
  struct Contents;
  std::unique_ptr<Contents> contents_;
};

/// As Registry::choose(), but a chosen one that is not among the candidates is no error: for
/// questions that come up several times in one load (layers of an image, CPUs), where it may fit
/// another time.
template <class Interface>
[[nodiscard]] Result<const Interface*> prefer(const std::vector<Registered<Interface>>& candidates,
                                              std::string_view chosen) {
  for (const auto& candidate : candidates)
    if (candidate.implementation->name() == chosen) return Registry::choose(candidates, chosen);
  return Registry::choose(candidates, "");
}

}  // namespace kxf
