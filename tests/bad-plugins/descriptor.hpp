// SPDX-License-Identifier: Apache-2.0
#pragma once

/// A plugin whose note is right and whose descriptor is right but for one change.

#include "plugin.hpp"

// KXF_PLUGIN() defines note and descriptor; its descriptor gets another name here.
#define kxf_plugin_v1 bad_right_descriptor
BAD_PLUGIN(bad::add_bad)
#undef kxf_plugin_v1

/// `change` is a statement on the descriptor `d`.
#define BAD_DESCRIPTOR(change)                                        \
  static kxf_plugin_descriptor bad_changed(kxf_plugin_descriptor d) { \
    change;                                                           \
    return d;                                                         \
  }                                                                   \
  extern "C" KXF_API const kxf_plugin_descriptor kxf_plugin_v1;       \
  extern "C" const kxf_plugin_descriptor kxf_plugin_v1 = bad_changed(bad_right_descriptor);
