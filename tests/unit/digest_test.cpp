// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <string>

#include "digest/sha256.hpp"
#include "digest/sha256_lanes.hpp"

namespace digest_test {
namespace {

using namespace kxf;  // NOLINT(google-build-using-namespace)

std::string digits(const Sha256& digest) {
  std::string text;
  for (const std::uint8_t byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

/// Random bytes in an allocation of their own: a sanitizer sees each access beyond them.
class Sample {
 public:
  Sample(std::mt19937& random, std::size_t size, std::size_t offset)
      : bytes_(std::make_unique<std::uint8_t[]>(size + offset)), size_(size), offset_(offset) {
    for (std::size_t i = 0; i < size + offset; ++i) bytes_[i] = static_cast<std::uint8_t>(random());
  }
  [[nodiscard]] ByteView view() const { return {bytes_.get() + offset_, size_}; }

 private:
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t size_;
  std::size_t offset_;
};

std::vector<Sha256> by_lanes(const std::vector<ByteView>& views) {
  std::vector<Sha256> digests(views.size());
  sha256_lanes(views, digests);
  return digests;
}

void check_against_libcrypto(const std::vector<Sample>& samples) {
  std::vector<ByteView> views;
  for (const Sample& sample : samples) views.push_back(sample.view());
  const std::vector<Sha256> found = by_lanes(views);
  for (std::size_t i = 0; i < views.size(); ++i) {
    CAPTURE(i);
    CAPTURE(views[i].size());
    const auto wanted = sha256(views[i]);
    REQUIRE(wanted);
    CHECK(digits(found[i]) == digits(*wanted));
  }
}

}  // namespace

TEST_CASE("sha256: the examples of FIPS 180") {
  const std::string million(1'000'000, 'a');
  const std::vector<ByteView> views = {
      bytes_of("abc"), bytes_of(""),
      bytes_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), bytes_of(million)};
  const std::vector<std::string> wanted = {
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"};
  const std::vector<Sha256> lanes = by_lanes(views);
  const auto each = sha256_each(views);
  REQUIRE(each);
  REQUIRE(each->size() == views.size());
  for (std::size_t i = 0; i < views.size(); ++i) {
    const auto one = sha256(views[i]);
    REQUIRE(one);
    CHECK(digits(*one) == wanted[i]);
    CHECK(digits(lanes[i]) == wanted[i]);
    CHECK(digits((*each)[i]) == wanted[i]);
  }
}

TEST_CASE("sha256: nothing to hash gives no digests") {
  const auto each = sha256_each({});
  REQUIRE(each);
  CHECK(each->empty());
  sha256_lanes({}, {});
}

TEST_CASE("sha256: lanes agree with libcrypto for every size around one and two blocks") {
  std::mt19937 random(1);
  std::vector<Sample> samples;
  for (std::size_t size = 0; size <= 130; ++size) samples.emplace_back(random, size, 0);
  check_against_libcrypto(samples);
}

TEST_CASE("sha256: lanes agree with libcrypto for any number of views, sizes and addresses") {
  std::mt19937 random(2);
  for (std::size_t count = 1; count <= 9; ++count) {
    CAPTURE(count);
    std::vector<Sample> samples;
    for (std::size_t i = 0; i < count; ++i)
      samples.emplace_back(random, random() % 5000, random() % 17);
    check_against_libcrypto(samples);
  }
}

TEST_CASE("sha256: digests stay in the order of the views, whichever is the longest") {
  std::mt19937 random(3);
  std::vector<Sample> samples;
  for (const std::size_t size :
       std::initializer_list<std::size_t>{64, 640'000, 0, 63, 128'000, 640'000, 1, 640'000})
    samples.emplace_back(random, size, 0);
  check_against_libcrypto(samples);
}

}  // namespace digest_test
