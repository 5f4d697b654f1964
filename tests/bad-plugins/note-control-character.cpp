// SPDX-License-Identifier: Apache-2.0
#include "plugin.hpp"

KXF_PLUGIN("bad", "1.0", "nobody\x1b[2J", "has a defect", "codec:bad", bad::add_bad)
