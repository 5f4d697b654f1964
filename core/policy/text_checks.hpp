// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What the strings of a profile must look like, and the numbers and bytes that are written as
/// strings.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "policy/schema.hpp"

namespace kxf {

inline constexpr std::string_view name_rule = "names are lower case letters, digits and dashes";

[[nodiscard]] bool is_name(std::string_view text);
[[nodiscard]] std::string lower_case(std::string_view text);

/// What is wrong with `text` as a value of this type (for lists and maps: as an element);
/// nothing when it is fine.
[[nodiscard]] std::optional<std::string> text_fault(KeyType type, std::string_view text);

/// What is wrong with a key inside a value of type names_map or digests.
[[nodiscard]] std::optional<std::string> map_key_fault(const Key& key, std::string_view name);

/// `64 KiB`, `4096`, `0x1000`: bytes; KiB, MiB, GiB and TiB are powers of 1024. Nothing when it is
/// no size or does not fit 64 bits.
[[nodiscard]] std::optional<std::uint64_t> size_from(std::string_view text);
/// `0x9000000`.
[[nodiscard]] std::optional<std::uint64_t> hexadecimal_from(std::string_view text);
/// `00 ff`, `00ff`: whole bytes; nothing when it is not that, or empty.
[[nodiscard]] std::optional<ByteVector> bytes_from_hexadecimal(std::string_view text);

}  // namespace kxf
