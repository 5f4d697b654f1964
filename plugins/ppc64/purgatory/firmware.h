/* SPDX-License-Identifier: Apache-2.0
 *
 * The calls of the two kinds of firmware. In the purgatory they are instructions (firmware.c);
 * tests put models behind them.
 */
#ifndef KXF_PPC64_PURGATORY_FIRMWARE_H
#define KXF_PPC64_PURGATORY_FIRMWARE_H

#include "ppc64/purgatory/params.h"

#ifdef __cplusplus
extern "C" {
#endif

/* H_PUT_TERM_CHAR of one byte (PAPR, 14.11.2); the hypervisor's return code. */
int64_t kxf_ppc64_hypervisor_put(uint32_t terminal, uint8_t byte);
/* H_SET_MODE: the byte order in which all CPUs of the partition take exceptions. A hypervisor that
 * does not have it knows only big-endian. */
void kxf_ppc64_hypervisor_byte_order(int little);
/* OPAL_CONSOLE_WRITE of one byte; the firmware's return code. */
int64_t kxf_ppc64_opal_put(const struct kxf_params* params, uint32_t terminal, uint8_t byte);
/* Let the firmware work, that is empty its buffers; with `until_empty` as long as it says that more
 * is to come. */
void kxf_ppc64_opal_work(const struct kxf_params* params, uint32_t terminal, int until_empty);

#ifdef __cplusplus
}
#endif
#endif
