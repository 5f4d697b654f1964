/* SPDX-License-Identifier: Apache-2.0
 *
 * The instructions that the kit asks an architecture for, and the calls of firmware: what only
 * privileged Power code has.
 */
#include "ppc64/purgatory/firmware.h"

#include "purgatory/breadcrumb.h"
#include "purgatory/sink.h"
#include "purgatory/verify.h"

/* PAPR, "Hypervisor Call Functions" */
#define H_PUT_TERM_CHAR 0x58
#define H_SET_MODE 0x31c
#define H_SET_MODE_BYTE_ORDER 4
/* skiboot, doc/opal-api */
#define OPAL_CONSOLE_WRITE 1
#define OPAL_POLL_EVENTS 10
#define OPAL_CONSOLE_FLUSH 117
#define OPAL_BUSY (-2)
#define OPAL_PARTIAL (-3)
#define OPAL_BUSY_EVENT (-12)

#define MOST_TRIES 100000U

int64_t kxf_opal(uint64_t base, uint64_t entry, uint64_t token, uint64_t a, uint64_t b, uint64_t c);

/* In real mode storage is cacheable unless the instruction says otherwise (Power ISA, Book III,
 * "Load and Store Caching Inhibited"); these are the hypervisor's. */
#define CIX(instruction, order, ...)                                    \
  __asm__ volatile(".machine push; .machine power6; sync; " instruction \
                   " %0,0,%1; .machine pop; " order __VA_ARGS__)
#define CIX_LOAD(instruction, value, address) \
  CIX(instruction, "twi 0,%0,0; isync", : "=r"(value) : "r"(address) : "memory") /* read first */
#define CIX_STORE(instruction, value, address) \
  CIX(instruction, "sync", : : "r"(value), "r"(address) : "memory")

uint32_t kxf_mmio_read(uint64_t phys_address, unsigned width_bytes) {
  uint64_t value;
  switch (width_bytes) {
    case 1: CIX_LOAD("lbzcix", value, phys_address); break;
    case 2: CIX_LOAD("lhzcix", value, phys_address); break;
    default: CIX_LOAD("lwzcix", value, phys_address); break;
  }
  return (uint32_t)value;
}

void kxf_mmio_write(uint64_t phys_address, unsigned width_bytes, uint32_t value) {
  switch (width_bytes) {
    case 1: CIX_STORE("stbcix", value, phys_address); break;
    case 2: CIX_STORE("sthcix", value, phys_address); break;
    default: CIX_STORE("stwcix", value, phys_address); break;
  }
}

/* Stores of real mode go through the data cache, which a reset forgets: written back to memory,
 * block by block (Power ISA, Book II, "Data Cache Block Flush"). No block is smaller than 32
 * bytes. */
void kxf_to_memory(uint64_t phys_address, uint64_t size_bytes) {
  for (uint64_t at = phys_address & ~UINT64_C(31); at < phys_address + size_bytes; at += 32)
    __asm__ volatile("dcbf 0,%0" : : "r"(at) : "memory");
  __asm__ volatile("sync" : : : "memory");
}

void kxf_idle(void) { __asm__ volatile("or 31,31,31"); } /* at the lowest priority of a thread */

static int64_t hypervisor_call(uint64_t token, uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
  register uint64_t r3 __asm__("r3") = token;
  register uint64_t r4 __asm__("r4") = a;
  register uint64_t r5 __asm__("r5") = b;
  register uint64_t r6 __asm__("r6") = c;
  register uint64_t r7 __asm__("r7") = d;
  __asm__ volatile("sc 1"
                   : "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7)
                   :
                   : "r0", "r8", "r9", "r10", "r11", "r12", "ctr", "xer", "cr0", "cr1", "cr5",
                     "cr6", "cr7", "memory");
  return (int64_t)r3;
}

int64_t kxf_ppc64_hypervisor_put(uint32_t terminal, uint8_t byte) {
  /* One byte; the first is the highest of r6. */
  return hypervisor_call(H_PUT_TERM_CHAR, terminal, 1, (uint64_t)byte << 56, 0);
}

void kxf_ppc64_hypervisor_byte_order(int little) {
  (void)hypervisor_call(H_SET_MODE, little ? 1 : 0, H_SET_MODE_BYTE_ORDER, 0, 0);
}

static int64_t call(const struct kxf_params* params, uint64_t token, uint64_t a, uint64_t b,
                    uint64_t c) {
  return kxf_opal(params->opal_base, params->opal_entry, token, a, b, c);
}

int64_t kxf_ppc64_opal_put(const struct kxf_params* params, uint32_t terminal, uint8_t byte) {
  volatile uint64_t length = 1; /* OPAL writes here how many it took */
  const volatile uint8_t text = byte;
  const int64_t answer =
      call(params, OPAL_CONSOLE_WRITE, terminal, (uint64_t)&length, (uint64_t)&text);
  return answer == 0 && length == 0 ? OPAL_BUSY_EVENT : answer;
}

void kxf_ppc64_opal_work(const struct kxf_params* params, uint32_t terminal, int until_empty) {
  (void)call(params, OPAL_POLL_EVENTS, 0, 0, 0);
  if (!until_empty) return;
  /* A firmware without this call, before 2017, answers OPAL_PARAMETER, which ends the loop. */
  for (unsigned i = 0; i < MOST_TRIES; ++i) {
    const int64_t answer = call(params, OPAL_CONSOLE_FLUSH, terminal, 0, 0);
    if (answer != OPAL_BUSY && answer != OPAL_PARTIAL && answer != OPAL_BUSY_EVENT) return;
    (void)call(params, OPAL_POLL_EVENTS, 0, 0, 0);
  }
}
