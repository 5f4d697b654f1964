/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KXF_ARM64_PURGATORY_SINK_H
#define KXF_ARM64_PURGATORY_SINK_H

#include "params.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Values of kxf::SinkOp. */
enum { KXF_SINK_POLL = 1, KXF_SINK_WRITE = 2, KXF_SINK_PUT = 3 };

/* Write one byte to the console: run the program of `params` once. Silent without one. */
void kxf_sink_put(const struct kxf_params* params, uint8_t byte);

/* Registers, 1, 2 or 4 bytes wide. In the purgatory they are load and store instructions; tests
 * put a model of a UART behind them. */
uint32_t kxf_mmio_read(uint64_t phys_address, unsigned width_bytes);
void kxf_mmio_write(uint64_t phys_address, unsigned width_bytes, uint32_t value);

#ifdef __cplusplus
}
#endif
#endif
