// SPDX-License-Identifier: Apache-2.0
#include "plugin.hpp"

KXF_PLUGIN("bad", "1.0", "nobody", "has a defect", "", bad::add_bad)
