// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The names of the extension points, as notes (`codec:gzip`) and profiles (`[plugins.use]`) spell
/// them.

#include <array>
#include <string_view>

#include "kxf/plugin.hpp"

namespace kxf {

template <class Interface>
inline constexpr std::string_view kind_name = {};
template <>
inline constexpr std::string_view kind_name<Architecture> = "architecture";
template <>
inline constexpr std::string_view kind_name<ImageFormat> = "image-format";
template <>
inline constexpr std::string_view kind_name<Codec> = "codec";
template <>
inline constexpr std::string_view kind_name<CpuEnableMethod> = "cpu-enable-method";
template <>
inline constexpr std::string_view kind_name<ConsoleSink> = "console-sink";
template <>
inline constexpr std::string_view kind_name<MemorySource> = "memory-source";
template <>
inline constexpr std::string_view kind_name<BoardCheck> = "board-check";

inline constexpr std::array kind_names = {kind_name<Architecture>, kind_name<ImageFormat>,
                                          kind_name<Codec>,        kind_name<CpuEnableMethod>,
                                          kind_name<ConsoleSink>,  kind_name<MemorySource>,
                                          kind_name<BoardCheck>};

}  // namespace kxf
