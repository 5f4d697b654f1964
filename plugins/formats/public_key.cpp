// SPDX-License-Identifier: Apache-2.0
#include "formats/public_key.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "formats/flat_tree.hpp"

namespace kxf::formats {
namespace {

// Tags of DER (X.690).
constexpr std::uint8_t integer = 0x02;
constexpr std::uint8_t bit_string = 0x03;
constexpr std::uint8_t object_identifier = 0x06;
constexpr std::uint8_t sequence = 0x30;
constexpr std::uint8_t explicit_0 = 0xa0;

// Object identifiers: RFC 3279, 2.3.1 and 2.3.5; RFC 5480, 2.1.1.1.
constexpr std::string_view rsa_encryption("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", 9);
constexpr std::string_view ec_public_key("\x2a\x86\x48\xce\x3d\x02\x01", 7);
constexpr std::string_view prime256v1("\x2a\x86\x48\xce\x3d\x03\x01\x07", 8);
constexpr std::string_view secp384r1("\x2b\x81\x04\x00\x22", 5);

constexpr std::size_t smallest_rsa_bits = 2048;
constexpr std::size_t largest_rsa_bits = 8192;
constexpr std::size_t largest_exponent_bytes = 8;

/// Reads the elements of one DER value in their order.
class Der {
 public:
  explicit Der(ByteView bytes) : bytes_(bytes, Endian::big) {}

  [[nodiscard]] bool at_end() const { return at_ == bytes_.size_bytes(); }
  /// The tag of the next element; 0 at the end.
  [[nodiscard]] std::uint8_t peek() const {
    return bytes_.read<std::uint8_t>(at_).value_or(std::uint8_t{0});
  }
  /// The contents of the next element, which must have this tag.
  Result<ByteView> take(std::uint8_t tag) {
    if (peek() != tag) return refuse(fmt::format("no DER element {:#04x} at byte {}", tag, at_));
    KXF_TRY(first, bytes_.read<std::uint8_t>(at_ + 1));
    std::uint64_t start = at_ + 2;
    std::uint64_t length = first;
    if (first >= 0x80) {
      const unsigned count = first & 0x7fU;
      if (count == 0 || count > 4) return refuse("a DER length of no use");
      length = 0;
      for (unsigned i = 0; i < count; ++i) {
        KXF_TRY(digit, bytes_.read<std::uint8_t>(start + i));
        length = length << 8U | digit;
      }
      start += count;
    }
    KXF_TRY(contents, bytes_.slice(start, length));
    at_ = start + length;
    return contents;
  }

 private:
  Bytes bytes_;
  std::uint64_t at_ = 0;
};

/// A positive INTEGER without its sign.
Result<ByteVector> positive(Der& der) {
  KXF_TRY(bytes, der.take(integer));
  if (bytes.empty() || bytes[0] >= 0x80) return refuse("a number that is not positive");
  const auto first = std::ranges::find_if(bytes, [](std::uint8_t byte) { return byte != 0; });
  if (first == bytes.end()) return refuse("a number that is zero");
  return ByteVector(first, bytes.end());
}

Result<RsaKey> rsa_key(ByteView contents) {
  Der outer(contents);
  KXF_TRY(numbers, outer.take(sequence));
  Der der(numbers);
  KXF_TRY(modulus, positive(der));
  KXF_TRY(exponent, positive(der));
  if (!der.at_end() || !outer.at_end()) return refuse("something behind the RSA key");
  const std::size_t bits =
      modulus.size() * 8 - static_cast<std::size_t>(std::countl_zero(modulus[0]));
  if (bits < smallest_rsa_bits || bits > largest_rsa_bits || bits % 8 != 0)
    return refuse(fmt::format("RSA of {} bits: wanted {} to {}, in whole bytes", bits,
                              smallest_rsa_bits, largest_rsa_bits),
                  "use a larger key");
  if (modulus.back() % 2 == 0 || exponent.back() % 2 == 0 || exponent == ByteVector{1} ||
      exponent.size() > largest_exponent_bytes)
    return refuse("numbers that no RSA key has");
  return RsaKey{std::move(modulus), std::move(exponent)};
}

Result<EcKey> ec_key(std::string_view curve, ByteView point) {
  EcKey key;
  if (curve == secp384r1)
    key.curve = Curve::p384;
  else if (curve != prime256v1)
    return refuse("an elliptic curve that is not known (prime256v1 and secp384r1 are)");
  const std::size_t size = key.curve == Curve::p256 ? 32 : 48;
  if (point.size() != 1 + 2 * size || point[0] != 4)
    return refuse("no uncompressed point of its curve");
  key.point.assign(point.begin(), point.end());
  return key;
}

/// SubjectPublicKeyInfo, its contents: RFC 5280, 4.1.
Result<std::variant<RsaKey, EcKey>> key_info(ByteView contents) {
  Der der(contents);
  KXF_TRY(algorithm, der.take(sequence));
  KXF_TRY(bits, der.take(bit_string));
  if (!der.at_end() || bits.empty() || bits[0] != 0) return refuse("no public key in it");
  Der names(algorithm);
  KXF_TRY(name, names.take(object_identifier));
  if (text_of(name) == rsa_encryption) {
    KXF_TRY(key, rsa_key(bits.subspan(1)));
    return key;
  }
  if (text_of(name) != ec_public_key)
    return refuse("an algorithm that is not known (RSA and ECDSA are)");
  KXF_TRY(curve, names.take(object_identifier));
  KXF_TRY(key, ec_key(text_of(curve), bits.subspan(1)));
  return key;
}

/// The key of an X.509 certificate: RFC 5280, 4.1. Who issued it and until when is not asked.
Result<std::variant<RsaKey, EcKey>> certificate_key(ByteView der_bytes) {
  Der outer(der_bytes);
  KXF_TRY(certificate, outer.take(sequence));
  Der parts(certificate);
  KXF_TRY(signed_part, parts.take(sequence));
  Der fields(signed_part);
  if (fields.peek() == explicit_0) KXF_CHECK(fields.take(explicit_0).map([](ByteView) {}));
  KXF_CHECK(fields.take(integer).map([](ByteView) {}));  // serialNumber
  for (int i = 0; i < 4; ++i)                            // signature, issuer, validity, subject
    KXF_CHECK(fields.take(sequence).map([](ByteView) {}));
  KXF_TRY(info, fields.take(sequence));
  return key_info(info);
}

/// RFC 4648, section 4; line breaks are left out.
std::optional<ByteVector> from_base64(std::string_view text) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  ByteVector bytes;
  std::uint32_t bits = 0;
  unsigned count = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == ' ' || c == '\t') continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const std::size_t digit = digits.find(c);
    if (digit == std::string_view::npos || padding != 0) return std::nullopt;
    bits = bits << 6U | static_cast<std::uint32_t>(digit);
    if (++count % 4 == 0)
      for (const unsigned shift : {16U, 8U, 0U})
        bytes.push_back(static_cast<std::uint8_t>(bits >> shift));
  }
  if ((count + padding) % 4 != 0 || padding > 2) return std::nullopt;
  if (padding == 1) {
    bytes.push_back(static_cast<std::uint8_t>(bits >> 10U));
    bytes.push_back(static_cast<std::uint8_t>(bits >> 2U));
  }
  if (padding == 2) bytes.push_back(static_cast<std::uint8_t>(bits >> 4U));
  return bytes;
}

Result<std::variant<RsaKey, EcKey>> key_of_block(std::string_view label, std::string_view body) {
  if (label.ends_with("PRIVATE KEY"))
    return refuse("a private key, which nobody needs to verify with",
                  "name a file with the public key (openssl pkey -pubout)");
  if (label != "PUBLIC KEY" && label != "CERTIFICATE")
    return refuse(
        fmt::format("a PEM block \"{}\": wanted PUBLIC KEY or CERTIFICATE", shown(label)));
  const auto der = from_base64(body);
  if (!der) return refuse("damaged base64 in its PEM block");
  if (label == "CERTIFICATE") return certificate_key(*der);
  Der outer(*der);
  KXF_TRY(info, outer.take(sequence));
  if (!outer.at_end()) return refuse("something behind the public key");
  return key_info(info);
}

/// RFC 7468.
Result<std::vector<PublicKey>> keys_of_file(const NamedBytes& file) {
  constexpr std::string_view begin = "-----BEGIN ";
  constexpr std::string_view rule = "-----";
  std::vector<PublicKey> keys;
  std::string_view text = text_of(file.bytes);
  for (std::size_t at = text.find(begin); at != std::string_view::npos; at = text.find(begin)) {
    text.remove_prefix(at + begin.size());
    const std::size_t label_end = text.find(rule);
    if (label_end == std::string_view::npos ||
        text.substr(0, label_end).find('\n') != std::string_view::npos)
      return refuse("a PEM block whose first line has no end");
    const std::string_view label = text.substr(0, label_end);
    text.remove_prefix(label_end + rule.size());
    const std::size_t body_end = text.find(fmt::format("-----END {}-----", label));
    if (body_end == std::string_view::npos)
      return refuse(fmt::format("a PEM block \"{}\" without its last line", shown(label)));
    KXF_TRY(key, key_of_block(label, text.substr(0, body_end)));
    keys.push_back({file.name, std::move(key)});
    text.remove_prefix(body_end + begin.size());
  }
  if (keys.empty()) return refuse("no PEM block in it");
  return keys;
}

}  // namespace

std::string PublicKey::algorithm() const {
  if (const auto* rsa = std::get_if<RsaKey>(&key))
    return fmt::format("rsa{}", rsa->modulus.size() * 8);
  return std::get<EcKey>(key).curve == Curve::p256 ? "ecdsa256" : "ecdsa384";
}

Result<std::vector<PublicKey>> read_keys(std::span<const NamedBytes> files) {
  std::vector<PublicKey> keys;
  for (const NamedBytes& file : files) {
    auto found = keys_of_file(file);
    if (!found) {
      Error error = std::move(found).error();
      if (error.remedy.empty()) error.remedy = "name a PEM file with an RSA or ECDSA public key";
      return tl::unexpected(std::move(error).within(fmt::format("public key \"{}\"", file.name)));
    }
    for (PublicKey& key : *found) keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace kxf::formats
