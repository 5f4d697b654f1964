/* SPDX-License-Identifier: Apache-2.0
 *
 * Say that it runs, verify, save what a crash kernel overwrites, say where it goes. Exceptions are
 * caught all the while. entry.S does what needs registers.
 */
#include "ppc64/purgatory/exceptions.h"
#include "ppc64/purgatory/firmware.h"
#include "purgatory/backup.h"
#include "purgatory/breadcrumb.h"
#include "purgatory/relocate.h"
#include "purgatory/text.h"
#include "purgatory/verify.h"

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

/* boot_cpuid_phys (Devicetree Specification v0.4, 5.2): which CPU this is nobody knows before. The
 * tree's digest has been checked by then. */
static uint32_t* boot_cpu_of(uint64_t tree) { return (uint32_t*)(tree + 28); }

/* The tree of a bundle is of the machine that was captured, and says where its firmware is, what it
 * has reserved and which CPUs it has. With firmware at another place none of that is to be relied
 * on, even if we passed the right addresses on. */
static void check_firmware(struct kxf_params* params, uint64_t base, uint64_t entry) {
  const uint64_t planned_base = params->opal_base, planned_entry = params->opal_entry;
  if (base == planned_base && entry == planned_entry) return;
  params->opal_base = base; /* the console is behind it */
  params->opal_entry = entry;
  const struct kxf_console* console = &params->console;
  kxf_put_text(console, "\r\nkxf: OPAL is at ");
  kxf_put_hex(console, base);
  kxf_put_text(console, ", entry ");
  kxf_put_hex(console, entry);
  kxf_put_text(console, "; this bundle is for firmware with OPAL at ");
  kxf_put_hex(console, planned_base);
  kxf_put_text(console, ", entry ");
  kxf_put_hex(console, planned_entry);
  kxf_breadcrumb_stop(console, "OPAL is not where it was");
  kxf_stop(console);
}

/* All is cacheable in real mode, and caches are coherent. */
void kxf_before_stores(uint64_t start, uint64_t size_bytes) {
  (void)start;
  (void)size_bytes;
}

/* Instruction caches are not. OPAL's machines have cache lines of 128 bytes (POWER8 and later). */
void kxf_after_stores(uint64_t start, uint64_t size_bytes) {
  kxf_synchronise_instructions(start, start + size_bytes, 128);
}

static void put_start(const struct kxf_params* params, uint64_t cpu, uint64_t entered_little) {
  const struct kxf_console* console = &params->console;
  kxf_put_text(console, "\r\nkxf: purgatory, CPU ");
  kxf_put_number(console, cpu);
  kxf_put_text(console, params->relocation.count != 0 ? ", from firmware\r\n"
                        : entered_little              ? ", from a little-endian kernel\r\n"
                                                      : ", from a big-endian kernel\r\n");
}

/* Called by entry.S. The last three are those of a bundle. */
void kxf_purgatory(struct kxf_params* params, uint64_t cpu, uint64_t entered_little, uint64_t image,
                   uint64_t opal_base, uint64_t opal_entry);
void kxf_purgatory(struct kxf_params* params, uint64_t cpu, uint64_t entered_little, uint64_t image,
                   uint64_t opal_base, uint64_t opal_entry) {
  const struct kxf_console* console = &params->console;
  kxf_catch_exceptions();
  kxf_breadcrumb_start(console);
  if (params->relocation.count != 0) check_firmware(params, opal_base, opal_entry);
  put_start(params, cpu, entered_little);
  if (params->relocation.count != 0) {
    kxf_set_stage(KXF_STAGE_MOVE);
    kxf_bring(console, &params->relocation, image);
    kxf_put_text(console, "in place\r\n");
  }
  kxf_set_stage(KXF_STAGE_VERIFY);
  if (params->digest_count != 0) {
    kxf_verify(console, params->digests, params->digest_count);
    if (!secondary_code_is_intact(params)) {
      kxf_put_text(console,
                   "failed\r\nkxf: the code of the secondary CPUs at 0x60 is not the kernel's");
      kxf_breadcrumb_stop(console, "code of secondary CPUs damaged");
      kxf_stop(console);
    }
    kxf_put_text(console, "ok\r\n");
  }
  kxf_set_stage(KXF_STAGE_LEAVE);
  /* The first KXF_FIRST_BYTES are the next kernel's already: the old one put them there, for the
   * secondary CPUs that run them now. The copy has what the crash left of the rest. */
  kxf_back_up(console, &params->backup);
  kxf_correct_copy(&params->backup);
  *boot_cpu_of(params->tree) = (uint32_t)cpu;
  kxf_put_entering(console, params->kernel, params->tree);
  kxf_return_vectors();
  /* Linux sets the partition to little-endian when it starts and, with radix page tables, does not
   * set it back when it leaves: a big-endian kernel would lose its way at its first exception. */
  if (params->flags & KXF_FLAG_HYPERVISOR)
    kxf_ppc64_hypervisor_byte_order((params->flags & KXF_FLAG_KERNEL_LITTLE) != 0);
}
