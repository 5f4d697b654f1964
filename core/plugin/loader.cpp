// SPDX-License-Identifier: Apache-2.0
#include "plugin/loader.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <system_error>

// std::filesystem instead of Boost.Filesystem: nothing of Boost is linked.
#define BOOST_DLL_USE_STD_FS
#include <boost/dll/shared_library.hpp>

namespace kxf {
namespace {

/// What dlerror() said, out of Boost.DLL's sentence around it, with the file's own name in place
/// of the descriptor's.
std::string linker_text(std::string_view what, std::string_view loaded_as, std::string_view path) {
  constexpr std::string_view before = "(dlerror system message: ";
  if (const std::size_t start = what.find(before); start != std::string_view::npos) {
    what.remove_prefix(start + before.size());
    what = what.substr(0, what.rfind(')'));
  }
  std::string text(what);
  for (std::size_t at = 0; (at = text.find(loaded_as, at)) != std::string::npos; at += path.size())
    text.replace(at, loaded_as.size(), path);
  return text;
}

}  // namespace

Result<const kxf_plugin_descriptor*> load_plugin_library(OpenFile file,
                                                         const std::filesystem::path& path) {
  namespace dll = boost::dll;
  // Boost.DLL knows no name for RTLD_NODELETE. A plugin that was linked without `-z nodelete`
  // stays all the same.
  constexpr auto mode = dll::load_mode::rtld_now | dll::load_mode::rtld_local |
                        static_cast<dll::load_mode::type>(RTLD_NODELETE);
  const std::string loaded_as = fmt::format("/proc/self/fd/{}", file.get());
  try {
    const dll::shared_library library(loaded_as, mode);
    // The dynamic linker now knows the library by this path. Were the number used again, it would
    // take the next plugin for this one: so the descriptor is never closed.
    file.release();
    if (!library.has(descriptor_symbol))
      return refuse(fmt::format("no symbol {}", descriptor_symbol),
                    "build it with kxf_add_plugin() and KXF_PLUGIN() of the kxf SDK");
    return &library.get<const kxf_plugin_descriptor>(descriptor_symbol);
  } catch (const std::exception& error) {
    return refuse(fmt::format("the dynamic linker says: {}",
                              linker_text(error.what(), loaded_as, path.string())),
                  "install what it needs, or build it against the kxf that is installed");
  }
}

}  // namespace kxf
