/* SPDX-License-Identifier: Apache-2.0
 *
 * The purgatory's only function: say that it runs, verify, say where it goes. entry.S does what
 * needs registers.
 */
#include "sha256.h"
#include "sink.h"

static void put_text(const struct kxf_params* params, const char* text) {
  for (; *text != 0; ++text) kxf_ppc64_sink_put(params, (uint8_t)*text);
}

static void put_number(const struct kxf_params* params, uint64_t value) {
  char digits[20];
  unsigned count = 0;
  do {
    digits[count++] = (char)('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (count != 0) kxf_ppc64_sink_put(params, (uint8_t)digits[--count]);
}

static void put_hex(const struct kxf_params* params, uint64_t value) {
  unsigned shift = 60;
  while (shift != 0 && value >> shift == 0) shift -= 4;
  put_text(params, "0x");
  for (;; shift -= 4) {
    const unsigned digit = (unsigned)(value >> shift) & 15;
    kxf_ppc64_sink_put(params, (uint8_t)(digit < 10 ? '0' + digit : 'a' + digit - 10));
    if (shift == 0) return;
  }
}

static _Noreturn void stop(const struct kxf_params* params) {
  put_text(params, "; the kernel is not entered\r\n");
  for (;;) __asm__ volatile("or 31,31,31"); /* at the lowest priority of a thread */
}

static int is_intact(const struct kxf_digest* wanted) {
  uint8_t found[32];
  kxf_ppc64_sha256((const void*)wanted->start, wanted->size_bytes, found);
  unsigned difference = 0;
  for (unsigned i = 0; i < sizeof found; ++i)
    difference |= (unsigned)(found[i] ^ wanted->sha256[i]);
  return difference == 0;
}

/* Secondary CPUs run what the old kernel copied from our first bytes to 0. No digest covers those,
 * but the kernel's own first bytes, which are the same, have just been verified. */
static int secondary_code_is_intact(const struct kxf_params* params) {
  const uint8_t* copy = (const uint8_t*)KXF_SECONDARY_ENTRY;
  __asm__("" : "+r"(copy)); /* an address like any other: the compiler knows nothing so low */
  const uint8_t* kernel = (const uint8_t*)params->kernel + KXF_SECONDARY_ENTRY;
  for (unsigned i = 0; i < KXF_FIRST_BYTES - KXF_SECONDARY_ENTRY; ++i)
    if (copy[i] != kernel[i]) return 0;
  return 1;
}

/* Returns only when every digest matches: a kernel with a wrong bit is not entered. */
static void verify(const struct kxf_params* params) {
  put_text(params, "kxf: verifying ");
  put_number(params, params->digest_count);
  put_text(params, params->digest_count == 1 ? " segment ... " : " segments ... ");
  for (uint32_t i = 0; i < params->digest_count; ++i) {
    const struct kxf_digest* digest = &params->digests[i];
    if (is_intact(digest)) continue;
    put_text(params, "failed\r\nkxf: segment ");
    put_number(params, i);
    put_text(params, " (");
    put_text(params, digest->name);
    put_text(params, ") at ");
    put_hex(params, digest->start);
    put_text(params, ", ");
    put_number(params, digest->size_bytes);
    put_text(params, " bytes: SHA-256 does not match");
    stop(params);
  }
  if (!secondary_code_is_intact(params)) {
    put_text(params, "failed\r\nkxf: the code of the secondary CPUs at 0x60 is not the kernel's");
    stop(params);
  }
  put_text(params, "ok\r\n");
}

/* Called by entry.S. */
void kxf_purgatory(const struct kxf_params* params, uint64_t cpu, uint64_t entered_little);
void kxf_purgatory(const struct kxf_params* params, uint64_t cpu, uint64_t entered_little) {
  put_text(params, "\r\nkxf: purgatory, CPU ");
  put_number(params, cpu);
  put_text(params,
           entered_little ? ", from a little-endian kernel\r\n" : ", from a big-endian kernel\r\n");
  if (params->digest_count != 0) verify(params);
  put_text(params, "kxf: entering the kernel at ");
  put_hex(params, params->kernel);
  put_text(params, ", device tree ");
  put_hex(params, params->tree);
  put_text(params, "\r\n");
  /* Linux sets the partition to little-endian when it starts and, with radix page tables, does not
   * set it back when it leaves: a big-endian kernel would lose its way at its first exception. */
  if (params->flags & KXF_FLAG_HYPERVISOR)
    kxf_ppc64_hypervisor_byte_order((params->flags & KXF_FLAG_KERNEL_LITTLE) != 0);
}
