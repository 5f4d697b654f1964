/* SPDX-License-Identifier: Apache-2.0
 *
 * What outlives a reset: for boards without a UART, and for the morning after. Every function does
 * nothing where the plan has no breadcrumb.
 */
#ifndef KXF_PURGATORY_BREADCRUMB_H
#define KXF_PURGATORY_BREADCRUMB_H

#include "purgatory/layout.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The first thing that a purgatory records; counts it. */
void kxf_breadcrumb_start(const struct kxf_console* console);

/* A phase begins (KXF_PHASE_*) that is about no segment. */
void kxf_breadcrumb_phase(const struct kxf_console* console, uint32_t phase);

/* A phase that is about the segment `index` of `count`. */
void kxf_breadcrumb_segment(const struct kxf_console* console, uint32_t phase, uint32_t index,
                            uint32_t count, const char* name);

/* It stops for a reason of the architecture's, told in few words. */
void kxf_breadcrumb_stop(const struct kxf_console* console, const char* why);

/* An exception: which one in few words, and up to KXF_BREADCRUMB_REGISTERS registers. The phase
 * that it ended stays as it is. */
void kxf_breadcrumb_exception(const struct kxf_console* console, const char* exception,
                              const struct kxf_breadcrumb_register* registers, uint32_t count);

/* Does an access to this address belong to the breadcrumb? Who reports a fault must not cause it
 * again. */
int kxf_breadcrumb_has(const struct kxf_console* console, uint64_t phys_address);

/* One byte of text, for ramoops: all that goes to the console goes there, too. */
void kxf_breadcrumb_put(const struct kxf_console* console, uint8_t byte);

/* Of the architecture: what was stored there is in memory, where it survives a reset, and no cache
 * keeps a copy that could be written over it later. Whole cache lines around it. */
void kxf_to_memory(uint64_t phys_address, uint64_t size_bytes);

#ifdef __cplusplus
}
#endif
#endif
