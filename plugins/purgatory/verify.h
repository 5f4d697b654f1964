/* SPDX-License-Identifier: Apache-2.0
 *
 * What every purgatory does between its first line and the next kernel. For purgatories only.
 */
#ifndef KXF_PURGATORY_VERIFY_H
#define KXF_PURGATORY_VERIFY_H

#include "purgatory/layout.h"

/* Say that `count` segments are verified, and verify them. Returns only when every digest matches:
 * a kernel with a wrong bit is not entered. The line is open, for more checks or "ok". */
void kxf_verify(const struct kxf_console* console, const struct kxf_digest* digests,
                uint32_t count);

/* End a line that says what is wrong, and stay here for ever. */
_Noreturn void kxf_stop(const struct kxf_console* console);

/* Say where it goes on. */
void kxf_put_entering(const struct kxf_console* console, uint64_t kernel, uint64_t tree);

/* The architecture's instruction for a CPU with nothing to do; it may return at once. */
void kxf_idle(void);

#endif
