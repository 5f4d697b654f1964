// SPDX-License-Identifier: Apache-2.0
#include "descriptor.hpp"

BAD_DESCRIPTOR(d.compiler_abi = 1002)
