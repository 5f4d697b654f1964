// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "image/claims.hpp"

namespace claims_test {
namespace {

using namespace kxf;

TEST_CASE("a view is inside when both of its ends are") {
  const ByteVector image(16);
  const ByteView all(image);
  CHECK(is_inside(all, all));
  CHECK(is_inside(all.last(4), all));
  CHECK(is_inside(all.last(0), all));
  CHECK_FALSE(is_inside(all, all.first(15)));
  CHECK_FALSE(is_inside(all, all.last(15)));
}

TEST_CASE("every part of what a format gives is held against the image") {
  const ByteVector image(16);
  const ByteVector elsewhere(4);
  const ByteView inside = ByteView(image).first(4);
  const auto refused = [&](auto give) {
    ImageContents contents;
    give(contents, inside);
    CHECK(check_claims(contents, image, "test"));
    give(contents, ByteView(elsewhere));
    const auto claims = check_claims(contents, image, "test");
    return !claims &&
           claims.error().message == "image format test gives bytes that are not in its image";
  };
  CHECK(refused([](ImageContents& contents, ByteView view) { contents.payload = view; }));
  CHECK(refused([](ImageContents& contents, ByteView view) { contents.initrd = view; }));
  CHECK(refused([](ImageContents& contents, ByteView view) { contents.device_tree = view; }));
  CHECK(refused([](ImageContents& contents, ByteView view) {
    contents.kernel = KernelSpec();
    contents.kernel->parts = {{view, 0, 4096}};
  }));
  CHECK(refused([&](ImageContents& contents, ByteView view) {
    contents.device_tree = inside;
    contents.overlays = {view};
  }));
}

TEST_CASE("a part of a kernel without bytes is zeros, wherever it points") {
  const ByteVector image(16);
  ImageContents contents;
  contents.kernel = KernelSpec();
  contents.kernel->parts = {{ByteView(), 0, 4096}};
  CHECK(check_claims(contents, image, "test"));
}

TEST_CASE("overlays need a tree") {
  const ByteVector image(16);
  ImageContents contents;
  contents.overlays = {ByteView(image)};
  CHECK_FALSE(check_claims(contents, image, "test"));
}

}  // namespace

}  // namespace claims_test
