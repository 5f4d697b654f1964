// SPDX-License-Identifier: Apache-2.0
#include "formats/public_key.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "fake_registry.hpp"
#include "formats/signature.hpp"

namespace public_key_test {
namespace {

using kxf::ByteVector;
using kxf::ByteView;
using kxf::formats::PublicKey;
using kxf_test::contains;

std::string file(const std::string& name) {
  std::ifstream stream(KXF_SOURCE_DIR "/tests/images/" + name, std::ios::binary);
  REQUIRE_MESSAGE(stream, name);
  return {std::istreambuf_iterator<char>(stream), {}};
}

kxf::Result<std::vector<PublicKey>> read(std::string_view text) {
  const kxf::NamedBytes files[] = {{"dev.pem", kxf::bytes_of(text)}};
  return kxf::formats::read_keys(files);
}

std::string refusal(std::string_view text) {
  const auto keys = read(text);
  if (keys) return "";
  CHECK_FALSE(keys.error().remedy.empty());
  return keys.error().message;
}

std::string block(const std::string& label, const std::string& body) {
  return "-----BEGIN " + label + "-----\n" + body + "\n-----END " + label + "-----\n";
}

ByteVector bytes(std::string_view hexadecimal) {
  ByteVector result;
  for (std::size_t i = 0; i < hexadecimal.size(); i += 2)
    result.push_back(
        static_cast<std::uint8_t>(std::stoi(std::string(hexadecimal.substr(i, 2)), nullptr, 16)));
  return result;
}

}  // namespace

TEST_CASE("keys: RSA and ECDSA, as keys and in certificates") {
  const auto algorithm = [](const char* name) {
    const auto keys = read(file(name));
    REQUIRE_MESSAGE(keys, (keys ? "" : keys.error().message));
    REQUIRE(keys->size() == 1);
    CHECK(keys->front().name == "dev.pem");
    return keys->front().algorithm();
  };
  CHECK(algorithm("rsa2048.pem") == "rsa2048");
  CHECK(algorithm("rsa4096.pem") == "rsa4096");
  CHECK(algorithm("prime256v1.pem") == "ecdsa256");
  CHECK(algorithm("secp384r1.pem") == "ecdsa384");
  CHECK(algorithm("rsa2048.crt") == "rsa2048");
  const auto key = read(file("rsa2048.pem"));
  const auto certificate = read(file("rsa2048.crt"));
  CHECK(std::get<kxf::formats::RsaKey>(key->front().key).modulus ==
        std::get<kxf::formats::RsaKey>(certificate->front().key).modulus);
}

TEST_CASE("keys: several in a file, with text around them") {
  const auto keys = read("who: me\n" + file("rsa2048.pem") + "\nand\n" + file("prime256v1.pem"));
  REQUIRE(keys);
  CHECK(keys->size() == 2);
}

TEST_CASE("keys: what is no public key is refused by name") {
  CHECK(contains(refusal(""), "public key \"dev.pem\": no PEM block in it"));
  CHECK(contains(refusal("ssh-rsa AAAA"), "no PEM block in it"));
  CHECK(contains(refusal(block("PRIVATE KEY", "AAAA")), "a private key"));
  CHECK(contains(refusal(block("EC PRIVATE KEY", "AAAA")), "a private key"));
  CHECK(contains(refusal(block("PGP MESSAGE", "AAAA")), "a PEM block \"PGP MESSAGE\""));
  CHECK(contains(refusal("-----BEGIN PUBLIC KEY-----\nAAAA\n"), "without its last line"));
  CHECK(contains(refusal("-----BEGIN PUBLIC KEY\nAAAA\n"), "whose first line has no end"));
  for (const char* body : {"A", "AA", "AAA", "AAAA=", "AA=A", "A===", "A*AA"})
    CHECK(contains(refusal(block("PUBLIC KEY", body)), "damaged base64"));
  CHECK(contains(refusal(block("PUBLIC KEY", "")), "no DER element"));
  CHECK(contains(refusal(block("CERTIFICATE", "MAA=")), "no DER element"));
  // RSA of 8 bits: SEQUENCE { SEQUENCE { rsaEncryption, NULL }, BIT STRING { SEQUENCE { 187, 3 } }
  // }
  CHECK(contains(refusal(block("PUBLIC KEY", "MBswDQYJKoZIhvcNAQEBBQADCgAwBwICALsCAQM=")),
                 "RSA of 8 bits"));
  // Ed25519: RFC 8410, 10.1
  CHECK(contains(
      refusal(block("PUBLIC KEY", "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=")),
      "an algorithm that is not known"));
}

TEST_CASE("keys: no damage is read beyond") {
  for (const char* name : {"rsa2048.pem", "prime256v1.pem", "rsa2048.crt"}) {
    const std::string text = file(name);
    for (std::size_t size = 0; size < text.size(); ++size)
      CHECK_FALSE(read(std::string_view(text).substr(0, size < 26 ? size : size - 1)));
    CHECK(rc::check([&](std::uint16_t at, std::uint8_t value) {
      std::string changed = text;
      changed[at % changed.size()] = static_cast<char>(value);
      static_cast<void>(read(changed));
    }));
  }
}

TEST_CASE("signatures: ECDSA as RFC 6979 has it, and nothing near it") {
  // A.2.5 (P-256, SHA-256, "sample") and A.2.6 (P-384, SHA-384, "sample")
  const kxf::formats::Hash& sha256 = *kxf::formats::find_hash("sha256");
  const PublicKey p256{
      "p256", kxf::formats::EcKey{
                  kxf::formats::Curve::p256,
                  bytes("04"
                        "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
                        "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299")}};
  const ByteVector signature = bytes(
      "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
      "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8");
  const ByteView message[] = {kxf::bytes_of("sample")};
  const ByteVector digest = kxf::formats::hash_of(sha256, message).value();
  CHECK(is_signature(p256, {sha256, digest}, signature));
  for (std::size_t at = 0; at < signature.size(); ++at) {
    ByteVector changed = signature;
    changed[at] ^= 1;
    CHECK_FALSE(is_signature(p256, {sha256, digest}, changed));
  }
  CHECK_FALSE(is_signature(p256, {sha256, digest}, ByteVector(64)));
  CHECK_FALSE(is_signature(p256, {sha256, digest}, ByteVector(64, 0xff)));
  CHECK_FALSE(is_signature(p256, {sha256, digest}, ByteView(signature).first(63)));
  CHECK_FALSE(is_signature(p256, {sha256, ByteVector(32)}, signature));
  PublicKey off_curve = p256;
  std::get<kxf::formats::EcKey>(off_curve.key).point[64] ^= 1;
  CHECK_FALSE(is_signature(off_curve, {sha256, digest}, signature));

  const kxf::formats::Hash& sha384 = *kxf::formats::find_hash("sha384");
  const PublicKey p384{
      "p384",
      kxf::formats::EcKey{kxf::formats::Curve::p384,
                          bytes("04"
                                "EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B300C64"
                                "DEF8F0EA9055866064A254515480BC13"
                                "8015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9F54CA84B3F1C9DB1"
                                "288B231C3AE0D4FE7344FD2533264720")}};
  const ByteVector signature384 = bytes(
      "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C"
      "81A648152E44ACF96E36DD1E80FABE46"
      "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94F"
      "A329C145786E679E7B82C71A38628AC8");
  const ByteVector digest384 = kxf::formats::hash_of(sha384, message).value();
  CHECK(is_signature(p384, {sha384, digest384}, signature384));
  CHECK_FALSE(is_signature(p384, {sha256, digest}, signature384));
}

TEST_CASE("signatures: a forged RSA padding is none, whatever the exponent") {
  // With a modulus that is no product and the exponent 3, 1 is the cube root of 1: an encoded
  // message of zeros and a one, which is no padding.
  kxf::formats::RsaKey rsa{ByteVector(256, 0xff), {3}};
  const PublicKey key{"k", rsa};
  const kxf::formats::Hash& sha256 = *kxf::formats::find_hash("sha256");
  ByteVector one(256);
  one.back() = 1;
  for (const auto padding : {kxf::formats::RsaPadding::pkcs1, kxf::formats::RsaPadding::pss}) {
    CHECK_FALSE(is_signature(key, {sha256, ByteVector(32), padding}, one));
    CHECK_FALSE(is_signature(key, {sha256, ByteVector(32), padding}, ByteVector(256)));
    CHECK_FALSE(is_signature(key, {sha256, ByteVector(32), padding}, ByteVector(256, 0xff)));
    CHECK_FALSE(is_signature(key, {sha256, ByteVector(32), padding}, {}));
  }
}

TEST_CASE("hashes: FIPS 180-4's examples, RFC 1321's and a CRC") {
  const auto hash = [](const char* name) {
    const ByteView parts[] = {kxf::bytes_of("a"), {}, kxf::bytes_of("bc")};
    return kxf::formats::hash_of(*kxf::formats::find_hash(name), parts).value();
  };
  CHECK(hash("crc32") == bytes("352441c2"));
  CHECK(hash("md5") == bytes("900150983cd24fb0d6963f7d28e17f72"));
  CHECK(hash("sha1") == bytes("a9993e364706816aba3e25717850c26c9cd0d89d"));
  CHECK(hash("sha256") ==
        bytes("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  CHECK(hash("sha384") == bytes("cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                                "8086072ba1e7cc2358baeca134c825a7"));
  CHECK(hash("sha512") ==
        bytes("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
              "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"));
  CHECK(kxf::formats::find_hash("sha2") == nullptr);
  CHECK(kxf::formats::find_hash("") == nullptr);
}

}  // namespace public_key_test
