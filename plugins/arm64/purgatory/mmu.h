/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables of the plan, before the MMU uses them. Compiled for the machine that runs the tests,
 * too.
 */
#ifndef KXF_ARM64_PURGATORY_MMU_H
#define KXF_ARM64_PURGATORY_MMU_H

#include "arm64/purgatory/params.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Do the tables map all of it to itself, with these attributes? Walks them as the MMU would
 * (Arm ARM DDI 0487, D8.2), and reads nothing outside of them. */
int kxf_mmu_maps(const struct kxf_mmu* mmu, const struct kxf_mapping* mapping);

/* FNV-1a over the 64-bit words of the tables. It finds what was overwritten by accident, as no word
 * can change without changing it; against who means harm, the sum would be no better kept than the
 * tables. */
uint64_t kxf_mmu_sum(const void* tables, uint64_t size_bytes);

#ifdef __cplusplus
}
#endif
#endif
