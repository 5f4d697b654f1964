/* SPDX-License-Identifier: Apache-2.0
 *
 * Text on the console, and in ramoops where that is the breadcrumb.
 */
#ifndef KXF_PURGATORY_TEXT_H
#define KXF_PURGATORY_TEXT_H

#include "purgatory/layout.h"

#ifdef __cplusplus
extern "C" {
#endif

void kxf_put_text(const struct kxf_console* console, const char* text);
/* Decimal. */
void kxf_put_number(const struct kxf_console* console, uint64_t value);
/* Hexadecimal, with 0x. */
void kxf_put_hex(const struct kxf_console* console, uint64_t value);

#ifdef __cplusplus
}
#endif

#endif
