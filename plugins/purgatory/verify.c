/* SPDX-License-Identifier: Apache-2.0 */
#include "purgatory/verify.h"

#include "purgatory/sha256.h"
#include "purgatory/text.h"

static int is_intact(const struct kxf_digest* wanted) {
  uint8_t found[32];
  kxf_sha256((const void*)wanted->start, wanted->size_bytes, found);
  unsigned difference = 0;
  for (unsigned i = 0; i < sizeof found; ++i)
    difference |= (unsigned)(found[i] ^ wanted->sha256[i]);
  return difference == 0;
}

void kxf_verify(const struct kxf_console* console, const struct kxf_digest* digests,
                uint32_t count) {
  kxf_put_text(console, "kxf: verifying ");
  kxf_put_number(console, count);
  kxf_put_text(console, count == 1 ? " segment ... " : " segments ... ");
  for (uint32_t i = 0; i < count; ++i) {
    const struct kxf_digest* digest = &digests[i];
    if (is_intact(digest)) continue;
    kxf_put_text(console, "failed\r\nkxf: segment ");
    kxf_put_number(console, i);
    kxf_put_text(console, " (");
    kxf_put_text(console, digest->name);
    kxf_put_text(console, ") at ");
    kxf_put_hex(console, digest->start);
    kxf_put_text(console, ", ");
    kxf_put_number(console, digest->size_bytes);
    kxf_put_text(console, " bytes: SHA-256 does not match");
    kxf_stop(console);
  }
}

_Noreturn void kxf_stop(const struct kxf_console* console) {
  kxf_put_text(console, "; the kernel is not entered\r\n");
  for (;;) kxf_idle();
}

void kxf_put_entering(const struct kxf_console* console, uint64_t kernel, uint64_t tree) {
  kxf_put_text(console, "kxf: entering the kernel at ");
  kxf_put_hex(console, kernel);
  kxf_put_text(console, ", device tree ");
  kxf_put_hex(console, tree);
  kxf_put_text(console, "\r\n");
}
