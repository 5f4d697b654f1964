/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KXF_PPC64_PURGATORY_SINK_H
#define KXF_PPC64_PURGATORY_SINK_H

#include "params.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Values of kxf::SinkOp. */
enum { KXF_SINK_POLL = 1, KXF_SINK_WRITE = 2, KXF_SINK_PUT = 3, KXF_SINK_FIRMWARE = 4 };

/* Write one byte to the console: run the program of `params` once. Silent without one. */
void kxf_ppc64_sink_put(const struct kxf_params* params, uint8_t byte);

/* What is different for every machine: registers, 1, 2 or 4 bytes wide, in the CPU's byte order,
 * and the two kinds of firmware. In the purgatory these are instructions; tests put models behind
 * them. */
uint32_t kxf_ppc64_mmio_read(uint64_t phys_address, unsigned width_bytes);
void kxf_ppc64_mmio_write(uint64_t phys_address, unsigned width_bytes, uint32_t value);
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
