/* SPDX-License-Identifier: Apache-2.0
 *
 * Exceptions while the purgatory runs. In real mode a CPU takes them at the first 4 KiB of memory
 * (Power ISA, Book III, "Interrupt Vectors"), where the old kernel's code still is. So these bytes
 * are lent: saved, replaced by ours (vectors.S), and put back before the next kernel is entered.
 * Below KXF_VECTORS other CPUs run; nothing there is touched.
 */
#ifndef KXF_PPC64_PURGATORY_EXCEPTIONS_H
#define KXF_PPC64_PURGATORY_EXCEPTIONS_H

#define KXF_VECTORS 0x100      /* the first, system reset */
#define KXF_VECTORS_END 0x1000 /* behind all that a CPU since POWER7 takes without EE */
#define KXF_VECTOR_SIZE 0x20   /* the least that is from one to the next */

/* Behind the last vector, facility unavailable at 0xf80: one way for each byte order, from there to
 * the purgatory, whose address is behind it. */
#define KXF_FROM_BIG 0xfa0
#define KXF_FROM_LITTLE 0xfc0
#define KXF_REPORT_BIG 0xfe8
#define KXF_REPORT_LITTLE 0xff0

#define KXF_STAGE_START 0  /* nothing is verified yet */
#define KXF_STAGE_MOVE 1   /* segments of a bundle are brought to their places */
#define KXF_STAGE_VERIFY 2 /* segments are read */
#define KXF_STAGE_LEAVE 3  /* all of them are good */

#ifndef __ASSEMBLER__

#include "ppc64/purgatory/params.h"

/* Take exceptions from here on. */
void kxf_catch_exceptions(void);
/* Say where an exception comes from. */
void kxf_set_stage(uint32_t stage);
/* Put the old kernel's bytes where they were. */
void kxf_return_vectors(void);
/* What was stored from `start` on is what is executed from here on. `line_bytes` divides the size
 * of a cache line. */
void kxf_synchronise_instructions(uint64_t start, uint64_t end, uint64_t line_bytes);
/* If a copy of memory has been made that has our vectors, put the old kernel's bytes there. */
void kxf_correct_copy(const struct kxf_backup* backup);

#endif /* __ASSEMBLER__ */
#endif
