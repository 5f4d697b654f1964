/* SPDX-License-Identifier: Apache-2.0 */
#include "purgatory/verify.h"

#include "purgatory/breadcrumb.h"
#include "purgatory/sha256.h"
#include "purgatory/text.h"

int kxf_is_sha256(const struct kxf_digest* wanted, const uint8_t found[32]) {
  unsigned difference = 0;
  for (unsigned i = 0; i < 32; ++i) difference |= (unsigned)(found[i] ^ wanted->sha256[i]);
  return difference == 0;
}

uint32_t kxf_mismatch_one_by_one(const struct kxf_console* console,
                                 const struct kxf_digest* digests, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    kxf_breadcrumb_segment(console, KXF_PHASE_VERIFYING, i, count, digests[i].name);
    uint8_t found[32];
    kxf_sha256((const void*)digests[i].start, digests[i].size_bytes, found);
    if (!kxf_is_sha256(&digests[i], found)) return i;
  }
  return count;
}

#ifndef KXF_OWN_MISMATCH
uint32_t kxf_mismatch(const struct kxf_console* console, const struct kxf_digest* digests,
                      uint32_t count) {
  return kxf_mismatch_one_by_one(console, digests, count);
}
#endif

void kxf_verify(const struct kxf_console* console, const struct kxf_digest* digests,
                uint32_t count) {
  kxf_put_text(console, "kxf: verifying ");
  kxf_put_number(console, count);
  kxf_put_text(console, count == 1 ? " segment ... " : " segments ... ");
  const uint32_t index = kxf_mismatch(console, digests, count);
  if (index == count) {
    kxf_breadcrumb_phase(console, KXF_PHASE_VERIFIED);
    return;
  }
  const struct kxf_digest* digest = &digests[index];
  kxf_breadcrumb_segment(console, KXF_PHASE_MISMATCH, index, count, digest->name);
  kxf_put_text(console, "failed\r\nkxf: segment ");
  kxf_put_number(console, index);
  kxf_put_text(console, " (");
  kxf_put_text(console, digest->name);
  kxf_put_text(console, ") at ");
  kxf_put_hex(console, digest->start);
  kxf_put_text(console, ", ");
  kxf_put_number(console, digest->size_bytes);
  kxf_put_text(console, " bytes: SHA-256 does not match");
  kxf_stop(console);
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
  kxf_breadcrumb_phase(console, KXF_PHASE_ENTERING);
}
