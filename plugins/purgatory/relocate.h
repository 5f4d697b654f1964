/* SPDX-License-Identifier: Apache-2.0
 *
 * Bringing the segments of a bundle to their places (kxf/bundle.hpp).
 */
#ifndef KXF_PURGATORY_RELOCATE_H
#define KXF_PURGATORY_RELOCATE_H

#include "purgatory/layout.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bring all segments out of the image whose first byte is at `image` to their places, and say so
 * on the console: the line is open, for "in place". The payload goes by way of staging when it lies
 * on a destination. Staging and destinations must be disjoint; the image may lie anywhere but on
 * the purgatory. */
void kxf_bring(const struct kxf_console* console, const struct kxf_relocation* relocation,
               uint64_t image);

/* What is different for every machine. Called for memory that is about to be written and for what
 * has been written, complete with its zeros: maintenance of caches. */
void kxf_before_stores(uint64_t start, uint64_t size_bytes);
void kxf_after_stores(uint64_t start, uint64_t size_bytes);

/* Whole blocks of 64 bytes, all at multiples of 16: in ascending order, in descending order from
 * the last block on, and zeros. `to` and `from` are the first bytes of all. An architecture that
 * has better ones than those of relocate.c, in general registers, brings them, and says so by
 * KXF_OWN_COPY among the compiler's flags. */
void kxf_copy_up(uint64_t to, uint64_t from, uint64_t blocks);
void kxf_copy_down(uint64_t to, uint64_t from, uint64_t blocks);
void kxf_zero(uint64_t to, uint64_t blocks);

#ifdef __cplusplus
}
#endif
#endif
