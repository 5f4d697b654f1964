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

/* The index of the first digest that does not match, or `count`. Records in the console's
 * breadcrumb what it verifies. An architecture that computes several at once brings its own, and
 * says so by KXF_OWN_MISMATCH among the compiler's flags; where the CPU does not allow that, it can
 * do as the kit does. */
uint32_t kxf_mismatch(const struct kxf_console* console, const struct kxf_digest* digests,
                      uint32_t count);
uint32_t kxf_mismatch_one_by_one(const struct kxf_console* console,
                                 const struct kxf_digest* digests, uint32_t count);
/* Is it what the digest wants? */
int kxf_is_sha256(const struct kxf_digest* wanted, const uint8_t found[32]);

/* End a line that says what is wrong, and stay here for ever. */
_Noreturn void kxf_stop(const struct kxf_console* console);

/* Say where it goes on. */
void kxf_put_entering(const struct kxf_console* console, uint64_t kernel, uint64_t tree);

/* The architecture's instruction for a CPU with nothing to do; it may return at once. */
void kxf_idle(void);

#endif
