// SPDX-License-Identifier: Apache-2.0
#include "descriptor.hpp"

BAD_DESCRIPTOR(d.abi_major = 2)
