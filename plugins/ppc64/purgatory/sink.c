/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs the program that a ConsoleSink made (kxf/console.hpp): the purgatory knows no UART, only the
 * calls of its two kinds of firmware.
 */
#include "sink.h"

/* Busy firmware is asked again, but not for ever: a console that nobody reads costs characters,
 * never the boot. A call takes a microsecond or more. */
#define MOST_TRIES 100000U

/* PAPR: H_BUSY, and H_LONG_BUSY_ORDER_1_MSEC to H_LONG_BUSY_ORDER_100_SEC. */
#define H_BUSY 1
#define H_LONG_BUSY_FIRST 9900
#define H_LONG_BUSY_LAST 9905
/* skiboot, doc/opal-api/return-codes.rst */
#define OPAL_BUSY (-2)
#define OPAL_BUSY_EVENT (-12)

static uint32_t in_register_order(const struct kxf_sink_step* step, uint32_t value) {
  if (step->big_endian) return value;
  switch (step->width_bytes) {
    case 2: return __builtin_bswap16((uint16_t)value);
    case 4: return __builtin_bswap32(value);
    default: return value;
  }
}

static void put_by_hypervisor(uint32_t terminal, uint8_t byte) {
  for (unsigned i = 0; i < MOST_TRIES; ++i) {
    const int64_t answer = kxf_ppc64_hypervisor_put(terminal, byte);
    if (answer != H_BUSY && (answer < H_LONG_BUSY_FIRST || answer > H_LONG_BUSY_LAST)) return;
  }
}

static void put_by_opal(const struct kxf_params* params, uint32_t terminal, uint8_t byte) {
  for (unsigned i = 0; i < MOST_TRIES; ++i) {
    const int64_t answer = kxf_ppc64_opal_put(params, terminal, byte);
    if (answer != OPAL_BUSY && answer != OPAL_BUSY_EVENT) break;
    kxf_ppc64_opal_work(params, terminal, 0);
  }
  /* OPAL buffers; the next kernel polls it late, and a loop after a mismatch never does. */
  if (byte == '\n') kxf_ppc64_opal_work(params, terminal, 1);
}

static void run_step(const struct kxf_params* params, const struct kxf_sink_step* step,
                     uint8_t byte) {
  const uint64_t address = params->sink_base + step->offset;
  const unsigned width = step->width_bytes;
  switch (step->operation) {
    case KXF_SINK_POLL:
      /* Bounded, for the same reason. */
      for (uint32_t i = 0; i < step->count; ++i) {
        const uint32_t found = in_register_order(step, kxf_ppc64_mmio_read(address, width));
        if ((found & step->mask) == step->value) return;
      }
      return;
    case KXF_SINK_WRITE:
      kxf_ppc64_mmio_write(address, width, in_register_order(step, step->value));
      return;
    case KXF_SINK_PUT:
      kxf_ppc64_mmio_write(address, width, in_register_order(step, (uint32_t)byte << step->count));
      return;
    case KXF_SINK_FIRMWARE:
      if (params->flags & KXF_FLAG_OPAL)
        put_by_opal(params, step->value, byte);
      else if (params->flags & KXF_FLAG_HYPERVISOR)
        put_by_hypervisor(step->value, byte);
      return;
    default: return; /* the C++ side lets no other through */
  }
}

void kxf_ppc64_sink_put(const struct kxf_params* params, uint8_t byte) {
  for (uint32_t i = 0; i < params->step_count; ++i) run_step(params, &params->steps[i], byte);
}
