/* SPDX-License-Identifier: Apache-2.0
 *
 * Saving the memory that a crash kernel runs over while it starts.
 */
#ifndef KXF_PURGATORY_BACKUP_H
#define KXF_PURGATORY_BACKUP_H

#include "purgatory/layout.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Copies it, and says so on the console; nothing when there is nothing to save. To be called when
 * all segments have been verified, and before anything writes to the source. */
void kxf_back_up(const struct kxf_console* console, const struct kxf_backup* backup);

#ifdef __cplusplus
}
#endif
#endif
