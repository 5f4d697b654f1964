/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KXF_PURGATORY_SINK_H
#define KXF_PURGATORY_SINK_H

#include "purgatory/layout.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Values of kxf::SinkOp. */
enum {
  KXF_SINK_POLL = 1,
  KXF_SINK_WRITE = 2,
  KXF_SINK_PUT = 3,
  KXF_SINK_FIRMWARE = 4,
  KXF_SINK_POLL_WHILE = 5,
  KXF_SINK_CLEAR = 6
};

/* Write one byte to the console: run its program once. Silent without one. */
void kxf_sink_put(const struct kxf_console* console, uint8_t byte);

/* A register's value as a CPU of either byte order loads or stores it. */
static inline uint32_t kxf_register_order(const struct kxf_sink_step* step, int cpu_is_big_endian,
                                          uint32_t value) {
  if ((step->big_endian != 0) == (cpu_is_big_endian != 0)) return value;
  switch (step->width_bytes) {
    case 2: return __builtin_bswap16((uint16_t)value);
    case 4: return __builtin_bswap32(value);
    default: return value;
  }
}

/* What is different for every machine. In a purgatory these are instructions; tests put models
 * behind them. */

/* Registers, 1, 2 or 4 bytes wide, in the CPU's byte order. */
uint32_t kxf_mmio_read(uint64_t phys_address, unsigned width_bytes);
void kxf_mmio_write(uint64_t phys_address, unsigned width_bytes, uint32_t value);
/* A call of firmware that writes one byte to its terminal of that number. */
void kxf_firmware_put(const struct kxf_console* console, uint32_t terminal, uint8_t byte);

#ifdef __cplusplus
}
#endif
#endif
