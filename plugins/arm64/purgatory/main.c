/* SPDX-License-Identifier: Apache-2.0
 *
 * Say that it runs, verify, say where it goes; and the instructions that the kit asks an
 * architecture for. entry.S does what needs registers.
 */
#include "arm64/purgatory/params.h"
#include "purgatory/sink.h"
#include "purgatory/text.h"
#include "purgatory/verify.h"

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

/* The C++ side lets no program through that needs firmware. */
void kxf_firmware_put(const struct kxf_console* console, uint32_t terminal, uint8_t byte) {
  (void)console;
  (void)terminal;
  (void)byte;
}

void kxf_idle(void) { __asm__ volatile("wfi"); }

/* Called by entry.S. */
void kxf_purgatory(const struct kxf_params* params);
void kxf_purgatory(const struct kxf_params* params) {
  const struct kxf_console* console = &params->console;
  uint64_t current_el;
  __asm__ volatile("mrs %0, CurrentEL" : "=r"(current_el));
  kxf_put_text(console, "\r\nkxf: purgatory, EL");
  kxf_put_number(console, (current_el >> 2) & 3); /* bits [3:2] */
  kxf_put_text(console, "\r\n");
  if (params->digest_count != 0) {
    kxf_verify(console, params->digests, params->digest_count);
    kxf_put_text(console, "ok\r\n");
  }
  kxf_put_entering(console, params->kernel_entry, params->tree);
}
