/* SPDX-License-Identifier: Apache-2.0
 *
 * Say that it runs, verify, save what a crash kernel overwrites, say where it goes. Exceptions are
 * caught all the while. entry.S does what needs registers.
 */
#include "ppc64/purgatory/exceptions.h"
#include "ppc64/purgatory/firmware.h"
#include "purgatory/backup.h"
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

/* Called by entry.S. */
void kxf_purgatory(const struct kxf_params* params, uint64_t cpu, uint64_t entered_little);
void kxf_purgatory(const struct kxf_params* params, uint64_t cpu, uint64_t entered_little) {
  const struct kxf_console* console = &params->console;
  kxf_catch_exceptions();
  kxf_put_text(console, "\r\nkxf: purgatory, CPU ");
  kxf_put_number(console, cpu);
  kxf_put_text(console, entered_little ? ", from a little-endian kernel\r\n"
                                       : ", from a big-endian kernel\r\n");
  kxf_set_stage(KXF_STAGE_VERIFY);
  if (params->digest_count != 0) {
    kxf_verify(console, params->digests, params->digest_count);
    if (!secondary_code_is_intact(params)) {
      kxf_put_text(console,
                   "failed\r\nkxf: the code of the secondary CPUs at 0x60 is not the kernel's");
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
