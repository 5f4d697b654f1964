// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What a profile pins to a SHA-256: a mismatch refuses, whoever named the file.

#include <string>
#include <string_view>
#include <vector>

#include "kxf/bytes.hpp"
#include "kxf/record.hpp"
#include "policy/policy.hpp"

namespace kxf {

/// `what` names the bytes in messages: `kernel "/boot/Image"`.
/// Errors: another digest; both are named.
[[nodiscard]] Status check_pin(const Setting<std::string>& pin, ByteView bytes,
                               std::string_view what, Record& record);

/// A pin for each initrd, in their order.
/// Errors: another number of initrds than pins; another digest.
[[nodiscard]] Status check_initrd_pins(const Setting<std::vector<std::string>>& pins,
                                       const std::vector<Blob>& initrds, Record& record);

}  // namespace kxf
