// SPDX-License-Identifier: Apache-2.0
#include "plugin/registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "elf/dynamic.hpp"
#include "image/files.hpp"
#include "plugin/builtin.hpp"
#include "plugin/candidates.hpp"
#include "plugin/handshake.hpp"
#include "plugin/kinds.hpp"
#include "plugin/loader.hpp"
#include "plugin/registrar.hpp"
#include "text/nearest.hpp"

namespace kxf {

struct Registry::Contents {
  Implementations implementations;
  std::vector<PluginMetadata> plugins;
  UartSinks uarts;  ///< owned here; all others belong to their plugins

  void append(Implementations more, PluginMetadata metadata);
  void append(UartSinks more);
  void sort();
};

namespace {

template <class Interface>
using List = std::vector<Registered<Interface>>;

/// For messages: `gzip (plugin formats, rank 100)`.
template <class Interface>
std::string described(const List<Interface>& list) {
  std::vector<std::string> texts;
  texts.reserve(list.size());
  for (const auto& item : list)
    texts.push_back(fmt::format("{} (plugin {}, rank {})", item.implementation->name(), item.plugin,
                                item.implementation->rank()));
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string listed(const std::vector<std::string>& names) {
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

/// Says which name was probably meant, else names them all.
std::string remedy_for(std::string_view name, const std::vector<std::string>& known,
                       std::string_view otherwise) {
  const std::string nearest = nearest_name(name, known);
  return nearest.empty() ? std::string(otherwise) : fmt::format("did you mean \"{}\"?", nearest);
}

template <class Interface>
std::vector<std::string> names_of(const List<Interface>& list) {
  std::vector<std::string> names;
  for (const auto& item : list) {
    std::string name(item.implementation->name());
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  return names;
}

template <class Interface>
List<Interface> with_name(const List<Interface>& list, std::string_view name) {
  List<Interface> matching;
  std::ranges::copy_if(list, std::back_inserter(matching),
                       [&](const auto& item) { return item.implementation->name() == name; });
  return matching;
}

/// The only one of the highest rank. `list` is not empty.
template <class Interface>
Result<const Interface*> highest(const List<Interface>& list) {
  const auto rank = [](const auto& item) { return item.implementation->rank(); };
  const int best = rank(*std::ranges::max_element(list, {}, rank));
  List<Interface> top;
  std::ranges::copy_if(list, std::back_inserter(top),
                       [&](const auto& item) { return rank(item) == best; });
  if (top.size() == 1) return top.front().implementation;
  if (names_of(top).size() == 1)
    return refuse(fmt::format("several plugins have a {} of the same name and rank: {}",
                              kind_name<Interface>, described(top)),
                  "remove one of these plugins");
  return refuse(fmt::format("several {} implementations of the same rank fit: {}",
                            kind_name<Interface>, described(top)),
                fmt::format("choose one in the profile: {} = \"...\" in [plugins.use]",
                            kind_name<Interface>));
}

template <class Interface>
tl::unexpected<Error> unknown(std::string_view name, const List<Interface>& list,
                              std::string_view among) {
  const std::vector<std::string> names = names_of(list);
  return refuse(fmt::format("no {} \"{}\" {}; there are: {}", kind_name<Interface>, name, among,
                            listed(names)),
                remedy_for(name, names, "install the plugin that has it, or name another one"));
}

Status check_exports(const OpenFile& file) {
  KXF_TRY(bytes, read_file(fmt::format("/proc/self/fd/{}", file.get())));
  KXF_TRY(dynamic, read_elf_dynamic(bytes.view()));
  const std::vector<std::string> others = other_exports(dynamic);
  if (others.empty()) return {};
  return refuse(fmt::format("exports more than its descriptor: {}", fmt::join(others, ", ")),
                "build it with kxf_add_plugin() of the kxf SDK");
}

/// Nothing of the plugin runs before this; all that can be checked from outside has been.
Status load_candidate(PluginCandidate& candidate, const PluginOptions& options, Record& record,
                      Implementations& implementations) {
  if (const auto pin = options.sha256.find(candidate.path.filename().string());
      pin != options.sha256.end()) {
    KXF_TRY(copy, pinned_copy(candidate.file, pin->second));
    candidate.file = std::move(copy);
    record.decide("plugin", candidate.metadata.name, "its SHA-256 is the pinned one");
  }
  KXF_CHECK(check_exports(candidate.file));
  const CrashGuard guard(candidate.path.string(), options.load_limit);
  KXF_TRY(descriptor, load_plugin_library(std::move(candidate.file), candidate.path));
  if (const auto problems = descriptor_mismatches(*descriptor, candidate.metadata);
      !problems.empty())
    return refuse(fmt::format("{}", fmt::join(problems, "; ")),
                  fmt::format("install a build of it for this kxf (plugin ABI {}.{})",
                              KXF_ABI_MAJOR, KXF_ABI_MINOR));
  KXF_TRY(registered, register_checked(candidate.metadata, descriptor->register_plugin));
  implementations = std::move(registered);
  return {};
}

/// All unfit plugins in one error, a line each: nobody wants to meet them one by one.
Status check_fit(const std::vector<PluginCandidate>& candidates) {
  std::vector<std::string> messages;
  std::vector<std::string> remedies;
  for (const PluginCandidate& candidate : candidates) {
    if (candidate.problems.empty() || !candidate.shadowed_by.empty()) continue;
    Error error = candidate.error();
    messages.push_back(std::move(error.message));
    if (std::ranges::find(remedies, error.remedy) == remedies.end())
      remedies.push_back(std::move(error.remedy));
  }
  if (messages.empty()) return {};
  return refuse(
      fmt::format("{}", fmt::join(messages, "\n")),
      fmt::format("{}; or remove it from the plugin directory", fmt::join(remedies, "; ")));
}

Status check_pins(const std::vector<PluginCandidate>& candidates, const PluginOptions& options) {
  for (const auto& pin : options.sha256) {
    const bool used = std::ranges::any_of(candidates, [&](const PluginCandidate& candidate) {
      return candidate.shadowed_by.empty() && candidate.path.filename() == pin.first;
    });
    if (!used)
      return refuse(
          fmt::format("the profile pins {}, and no plugin file of this name is there", pin.first),
          "correct the file name, install the plugin, or take the pin out");
  }
  return {};
}

Status check_required(const std::vector<PluginMetadata>& plugins,
                      const std::vector<std::string>& required) {
  std::vector<std::string> names;
  for (const PluginMetadata& plugin : plugins) names.push_back(plugin.name);
  for (const std::string& name : required)
    if (std::ranges::find(names, name) == names.end())
      return refuse(
          fmt::format("required plugin \"{}\" is not there; there are: {}", name, listed(names)),
          remedy_for(name, names, "install it, or name its directory with --plugin-dir"));
  return {};
}

}  // namespace

void Registry::Contents::append(Implementations more, PluginMetadata metadata) {
  const auto append_list = [&]<class Interface>(List<Interface>& list) {
    auto& all = std::get<List<Interface>>(implementations);
    all.insert(all.end(), list.begin(), list.end());
  };
  std::apply([&](auto&... lists) { (append_list(lists), ...); }, more);
  plugins.push_back(std::move(metadata));
}

void Registry::Contents::append(UartSinks more) {
  uarts = std::move(more);
  auto& sinks = std::get<List<ConsoleSink>>(implementations);
  for (const auto& uart : uarts) sinks.push_back({uart.get(), std::string(uart_plugin_name)});
  plugins.push_back(uart_metadata(uarts));
}

void Registry::Contents::sort() {
  const auto key = [](const auto& item) {
    return std::tuple(-item.implementation->rank(), item.implementation->name(),
                      std::string_view(item.plugin));
  };
  std::apply([&](auto&... lists) { (std::ranges::sort(lists, {}, key), ...); }, implementations);
}

Registry::Registry() : contents_(std::make_unique<Contents>()) {}
Registry::~Registry() = default;
Registry::Registry(Registry&&) noexcept = default;
Registry& Registry::operator=(Registry&&) noexcept = default;

Result<Registry> Registry::load(const PluginOptions& options, Record& record) {
  KXF_TRY(candidates, find_plugins(options.directories));
  KXF_CHECK(check_fit(candidates));
  KXF_CHECK(check_pins(candidates, options));

  Registry registry;
  PluginMetadata builtin = builtin_metadata();
  KXF_TRY(generic, register_checked(builtin, &register_builtin));
  registry.contents_->append(std::move(generic), std::move(builtin));
  KXF_TRY(uarts, load_uarts(options.uart_files, options.uarts, record));
  registry.contents_->append(std::move(uarts));
  for (PluginCandidate& candidate : candidates) {
    if (!candidate.shadowed_by.empty()) {
      record.decide("plugin", candidate.metadata.name,
                    fmt::format("{} hides {}: its directory is searched first",
                                candidate.shadowed_by, candidate.path.string()));
      continue;
    }
    Implementations implementations;
    if (auto loaded = load_candidate(candidate, options, record, implementations); !loaded)
      return pass(std::move(loaded), fmt::format("plugin {}", candidate.path.string()));
    registry.contents_->append(std::move(implementations), std::move(candidate.metadata));
  }
  registry.contents_->sort();
  KXF_CHECK(check_required(registry.plugins(), options.required));
  return registry;
}

Result<Registry> Registry::in_process(PluginMetadata metadata, RegisterFunction function) {
  Registry registry;
  PluginMetadata builtin = builtin_metadata();
  KXF_TRY(generic, register_checked(builtin, &register_builtin));
  registry.contents_->append(std::move(generic), std::move(builtin));
  KXF_TRY(implementations, register_checked(metadata, function));
  registry.contents_->append(std::move(implementations), std::move(metadata));
  registry.contents_->sort();
  return registry;
}

const std::vector<PluginMetadata>& Registry::plugins() const { return contents_->plugins; }

template <class Interface>
const List<Interface>& Registry::all() const {
  return std::get<List<Interface>>(contents_->implementations);
}

template <class Interface>
Result<const Interface*> Registry::named(std::string_view name) const {
  const List<Interface> matching = with_name(all<Interface>(), name);
  if (matching.empty()) return unknown(name, all<Interface>(), "in any plugin");
  return highest(matching);
}

template <class Interface>
Result<const Interface*> Registry::choose(const List<Interface>& candidates,
                                          std::string_view chosen) {
  if (candidates.empty())
    return broken(fmt::format("a choice among no {} at all", kind_name<Interface>));
  if (chosen.empty()) return highest(candidates);
  const List<Interface> matching = with_name(candidates, chosen);
  if (matching.empty()) return unknown(chosen, candidates, "fits here");
  return highest(matching);
}

#define KXF_INSTANTIATE(Interface)                                                      \
  template const List<Interface>& Registry::all<Interface>() const;                     \
  template Result<const Interface*> Registry::named<Interface>(std::string_view) const; \
  template Result<const Interface*> Registry::choose<Interface>(const List<Interface>&, \
                                                                std::string_view);
KXF_INSTANTIATE(Architecture)
KXF_INSTANTIATE(ImageFormat)
KXF_INSTANTIATE(Codec)
KXF_INSTANTIATE(CpuEnableMethod)
KXF_INSTANTIATE(ConsoleSink)
KXF_INSTANTIATE(MemorySource)
KXF_INSTANTIATE(BoardCheck)
#undef KXF_INSTANTIATE

}  // namespace kxf
