// SPDX-License-Identifier: Apache-2.0
#pragma once

/// A complete plugin that announces and registers the codec `bad`, for defects to be put into.

#include "kxf/plugin.hpp"

namespace bad {

// Codecs that recognise nothing, of the usual rank.
const kxf::Codec& codec_bad();
const kxf::Codec& codec_good();
const kxf::Codec& codec_other();
const kxf::Codec& codec_malformed();  ///< its name is "Not A Name"

inline bool add_bad(kxf::Registrar& registrar) noexcept { return registrar.add(codec_bad()); }

}  // namespace bad

#define BAD_PLUGIN(register_) \
  KXF_PLUGIN("bad", "1.0", "nobody", "has a defect", "codec:bad", register_)
