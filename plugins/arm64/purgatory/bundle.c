/* SPDX-License-Identifier: Apache-2.0
 *
 * What moving the segments of a bundle takes on arm64. Section names are those of the Arm
 * Architecture Reference Manual for A-profile (DDI 0487).
 */
#include "arm64/purgatory/bundle.h"

#include "arm64/purgatory/mmu.h"
#include "purgatory/text.h"

int kxf_bundle_is_mapped(const struct kxf_params* params, uint64_t image) {
  const struct kxf_console* console = &params->console;
  /* RAM is mapped as the purgatory's own data is. */
  const struct kxf_mapping payload = {image + params->relocation.payload_start,
                                      image + params->relocation.payload_end,
                                      params->mmu.own[KXF_OWN_DATA].attributes};
  if (kxf_mmu_maps(&params->mmu, &payload)) return 1;
  kxf_put_text(console, "kxf: bundle at ");
  kxf_put_hex(console, image);
  kxf_put_text(console, ", outside of the memory that the plan maps: the MMU goes off\r\n");
  return 0;
}

/*
 * Clean and invalidate by VA, to the point of coherency (chapter D7, "A64 Cache maintenance
 * instructions"). Cleaning alone would do behind the copy; but some CPUs lose data over DC CVAC
 * (errata 819472, 824069, 826319 and 827319 of Cortex-A53), for which DC CIVAC is the way round.
 */
static void clean_and_invalidate(uint64_t start, uint64_t size_bytes) {
  uint64_t ctr;
  __asm__ volatile("mrs %0, ctr_el0" : "=r"(ctr));
  const uint64_t line = UINT64_C(4) << ((ctr >> 16) & 15); /* DminLine: log2 of words */
  const uint64_t end = start + size_bytes;
  for (uint64_t at = start & ~(line - 1); at < end; at += line)
    __asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
  /* Complete, for every observer, before anything that comes behind it ("Ordering and completion
   * of data and instruction cache instructions"). */
  __asm__ volatile("dsb sy" : : : "memory");
}

/*
 * Firmware cleaned the image and nothing else (booting.rst, "Call the kernel image"). With the MMU
 * off the stores that follow go past the caches, and a line that firmware left dirty there would be
 * written back over them later. With the MMU on they go into that line, and this is not needed; it
 * costs a twentieth of what the digest does.
 */
void kxf_before_stores(uint64_t start, uint64_t size_bytes) {
  clean_and_invalidate(start, size_bytes);
}

/*
 * With the MMU on what was stored is dirty in the cache: to memory, where the next kernel fetches
 * and reads it with the MMU off. Before the digest, so that this is made of what memory holds, as
 * the next kernel will find it. With the MMU off: the stores first (DSB), then lines out of the
 * caches that were read ahead before them, as instructions are, which would be hit once the next
 * kernel turns its caches on. The instruction cache is invalidated as the last thing of all
 * (entry.S).
 */
void kxf_after_stores(uint64_t start, uint64_t size_bytes) {
  __asm__ volatile("dsb sy" : : : "memory");
  clean_and_invalidate(start, size_bytes);
}
