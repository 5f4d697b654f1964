// SPDX-License-Identifier: Apache-2.0
#include "formats/signature.hpp"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include <algorithm>
#include <array>
#include <memory>

namespace kxf::formats {
namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using BignumContext = std::unique_ptr<BN_CTX, Freed<BN_CTX_free>>;
using Group = std::unique_ptr<EC_GROUP, Freed<EC_GROUP_free>>;
using Point = std::unique_ptr<EC_POINT, Freed<EC_POINT_free>>;

Number number(ByteView bytes) {
  return Number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}

// DigestInfo up to the digest: RFC 8017, 9.2, note 1.
constexpr std::array<std::uint8_t, 19> sha256_info{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60,
                                                   0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                                                   0x01, 0x05, 0x00, 0x04, 0x20};
constexpr std::array<std::uint8_t, 19> sha384_info{0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60,
                                                   0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                                                   0x02, 0x05, 0x00, 0x04, 0x30};
constexpr std::array<std::uint8_t, 19> sha512_info{0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60,
                                                   0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                                                   0x03, 0x05, 0x00, 0x04, 0x40};

ByteView digest_info(HashKind kind) {
  switch (kind) {
    case HashKind::sha256: return sha256_info;
    case HashKind::sha384: return sha384_info;
    case HashKind::sha512: return sha512_info;
    default: return {};
  }
}

/// RSAVP1 (RFC 8017, 5.2.2): the encoded message, as long as the modulus. Empty when there is none.
ByteVector recovered(const RsaKey& key, ByteView signature) {
  if (signature.size() != key.modulus.size()) return {};
  const BignumContext context(BN_CTX_new());
  const Number n = number(key.modulus);
  const Number e = number(key.exponent);
  const Number s = number(signature);
  const Number m(BN_new());
  if (!context || !n || !e || !s || !m || BN_cmp(s.get(), n.get()) >= 0 ||
      BN_mod_exp(m.get(), s.get(), e.get(), n.get(), context.get()) != 1)
    return {};
  ByteVector message(key.modulus.size());
  if (BN_bn2binpad(m.get(), message.data(), static_cast<int>(message.size())) < 0) return {};
  return message;
}

/// RFC 8017, 9.2: the one encoding that there is, made and compared.
bool is_pkcs1(ByteView message, const SignedDigest& what) {
  const ByteView info = digest_info(what.hash.kind);
  const std::size_t tail = 1 + info.size() + what.digest.size();
  if (info.empty() || message.size() < tail + 2 + 8) return false;
  ByteVector expected(message.size(), 0xff);
  expected[0] = 0;
  expected[1] = 1;
  auto at = expected.end() - static_cast<std::ptrdiff_t>(tail);
  *at++ = 0;
  at = std::ranges::copy(info, at).out;
  std::ranges::copy(what.digest, at);
  return std::ranges::equal(message, expected);
}

/// MGF1: RFC 8017, B.2.1.
Result<ByteVector> mask_of(const Hash& hash, ByteView seed, std::size_t size) {
  ByteVector mask;
  for (std::uint32_t counter = 0; mask.size() < size; ++counter) {
    std::array<std::uint8_t, 4> count{};
    store(std::span<std::uint8_t>(count), 0, counter, Endian::big);
    const ByteView parts[] = {seed, count};
    KXF_TRY(block, hash_of(hash, parts));
    mask.insert(mask.end(), block.begin(), block.end());
  }
  mask.resize(size);
  return mask;
}

/// EMSA-PSS-VERIFY (RFC 8017, 9.1.2) for a modulus of whole bytes: emBits is 8 * size - 1. The salt
/// is as long as it turns out to be.
bool is_pss(ByteView message, const SignedDigest& what) {
  const std::size_t hash_size = what.hash.size_bytes;
  if (message.size() < hash_size + 2 || message.back() != 0xbc) return false;
  const std::size_t masked_size = message.size() - hash_size - 1;
  const ByteView h = message.subspan(masked_size, hash_size);
  if (message[0] >= 0x80) return false;
  const auto mask = mask_of(what.hash, h, masked_size);
  if (!mask) return false;
  ByteVector db(masked_size);
  for (std::size_t i = 0; i < masked_size; ++i)
    db[i] = static_cast<std::uint8_t>(message[i] ^ (*mask)[i]);
  db[0] &= 0x7f;
  const auto one = std::ranges::find_if(db, [](std::uint8_t byte) { return byte != 0; });
  if (one == db.end() || *one != 1) return false;
  const ByteView salt(one + 1, db.end());
  constexpr std::array<std::uint8_t, 8> zeros{};
  const ByteView parts[] = {zeros, what.digest, salt};
  const auto again = hash_of(what.hash, parts);
  return again && std::ranges::equal(*again, h);
}

bool is_ecdsa(const EcKey& key, ByteView digest, ByteView signature) {
  const bool p256 = key.curve == Curve::p256;
  const std::size_t size = p256 ? 32 : 48;
  if (signature.size() != 2 * size) return false;
  const BignumContext context(BN_CTX_new());
  const Group group(EC_GROUP_new_by_curve_name(p256 ? NID_X9_62_prime256v1 : NID_secp384r1));
  if (!context || !group) return false;
  const Point owner(EC_POINT_new(group.get()));
  const Point sum(EC_POINT_new(group.get()));
  const Number r = number(signature.first(size));
  const Number s = number(signature.subspan(size));
  // Bits beyond the order's length do not count; all of ours are whole bytes.
  const Number z = number(digest.first(std::min(digest.size(), size)));
  const Number u1(BN_new());
  const Number u2(BN_new());
  const Number x(BN_new());
  if (!owner || !sum || !r || !s || !z || !u1 || !u2 || !x) return false;
  const BIGNUM* order = EC_GROUP_get0_order(group.get());
  const auto in_range = [order](const Number& value) {
    return !BN_is_zero(value.get()) && BN_cmp(value.get(), order) < 0;
  };
  if (!in_range(r) || !in_range(s)) return false;
  // Checks that the point lies on the curve; the curves have no other subgroups.
  if (EC_POINT_oct2point(group.get(), owner.get(), key.point.data(), key.point.size(),
                         context.get()) != 1)
    return false;
  const Number inverse(BN_mod_inverse(nullptr, s.get(), order, context.get()));
  if (!inverse || BN_mod_mul(u1.get(), z.get(), inverse.get(), order, context.get()) != 1 ||
      BN_mod_mul(u2.get(), r.get(), inverse.get(), order, context.get()) != 1 ||
      EC_POINT_mul(group.get(), sum.get(), u1.get(), owner.get(), u2.get(), context.get()) != 1 ||
      EC_POINT_is_at_infinity(group.get(), sum.get()) == 1 ||
      EC_POINT_get_affine_coordinates(group.get(), sum.get(), x.get(), nullptr, context.get()) !=
          1 ||
      BN_nnmod(x.get(), x.get(), order, context.get()) != 1)
    return false;
  return BN_cmp(x.get(), r.get()) == 0;
}

}  // namespace

bool is_signature(const PublicKey& key, const SignedDigest& what, ByteView signature) {
  if (!what.hash.strong || what.digest.size() != what.hash.size_bytes) return false;
  if (const auto* ec = std::get_if<EcKey>(&key.key)) return is_ecdsa(*ec, what.digest, signature);
  const ByteVector message = recovered(std::get<RsaKey>(key.key), signature);
  if (message.empty()) return false;
  return what.padding == RsaPadding::pss ? is_pss(message, what) : is_pkcs1(message, what);
}

}  // namespace kxf::formats
