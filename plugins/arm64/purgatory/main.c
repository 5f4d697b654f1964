/* SPDX-License-Identifier: Apache-2.0
 *
 * The purgatory's only function: say that it runs, verify, say where it goes. entry.S does what
 * needs registers.
 */
#include "sha256.h"
#include "sink.h"

/* A load or store with immediate-free addressing and without write-back: a hypervisor that emulates
 * the device gets no usable syndrome for any other kind (ESR_EL2.ISV, Arm ARM DDI 0487). */
uint32_t kxf_mmio_read(uint64_t phys_address, unsigned width_bytes) {
  uint32_t value;
  switch (width_bytes) {
    case 1: __asm__ volatile("ldrb %w0, [%1]" : "=r"(value) : "r"(phys_address)); break;
    case 2: __asm__ volatile("ldrh %w0, [%1]" : "=r"(value) : "r"(phys_address)); break;
    default: __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(phys_address)); break;
  }
  return value;
}

void kxf_mmio_write(uint64_t phys_address, unsigned width_bytes, uint32_t value) {
  switch (width_bytes) {
    case 1: __asm__ volatile("strb %w0, [%1]" : : "r"(value), "r"(phys_address)); break;
    case 2: __asm__ volatile("strh %w0, [%1]" : : "r"(value), "r"(phys_address)); break;
    default: __asm__ volatile("str %w0, [%1]" : : "r"(value), "r"(phys_address)); break;
  }
}

static void put_text(const struct kxf_params* params, const char* text) {
  for (; *text != 0; ++text) kxf_sink_put(params, (uint8_t)*text);
}

static void put_number(const struct kxf_params* params, uint64_t value) {
  char digits[20];
  unsigned count = 0;
  do {
    digits[count++] = (char)('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (count != 0) kxf_sink_put(params, (uint8_t)digits[--count]);
}

static void put_hex(const struct kxf_params* params, uint64_t value) {
  unsigned shift = 60;
  while (shift != 0 && value >> shift == 0) shift -= 4;
  put_text(params, "0x");
  for (;; shift -= 4) {
    const unsigned digit = (unsigned)(value >> shift) & 15;
    kxf_sink_put(params, (uint8_t)(digit < 10 ? '0' + digit : 'a' + digit - 10));
    if (shift == 0) return;
  }
}

static int is_intact(const struct kxf_digest* wanted) {
  uint8_t found[32];
  kxf_sha256((const void*)wanted->start, wanted->size_bytes, found);
  unsigned difference = 0;
  for (unsigned i = 0; i < sizeof found; ++i) difference |= found[i] ^ wanted->sha256[i];
  return difference == 0;
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
    put_text(params, " bytes: SHA-256 does not match; the kernel is not entered\r\n");
    for (;;) __asm__ volatile("wfi");
  }
  put_text(params, "ok\r\n");
}

/* Called by entry.S. */
void kxf_purgatory(const struct kxf_params* params);
void kxf_purgatory(const struct kxf_params* params) {
  uint64_t current_el;
  __asm__ volatile("mrs %0, CurrentEL" : "=r"(current_el));
  put_text(params, "\r\nkxf: purgatory, EL");
  put_number(params, (current_el >> 2) & 3); /* bits [3:2] */
  put_text(params, "\r\n");
  if (params->digest_count != 0) verify(params);
  put_text(params, "kxf: entering the kernel at ");
  put_hex(params, params->kernel_entry);
  put_text(params, ", device tree ");
  put_hex(params, params->tree);
  put_text(params, "\r\n");
}
