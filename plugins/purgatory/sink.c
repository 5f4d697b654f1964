/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs the program that a ConsoleSink made (kxf/console.hpp): the purgatory knows no UART.
 */
#include "purgatory/sink.h"

static uint32_t in_register_order(const struct kxf_sink_step* step, uint32_t value) {
  return kxf_register_order(step, __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__, value);
}

static void run_step(const struct kxf_console* console, const struct kxf_sink_step* step,
                     uint8_t byte) {
  const uint64_t address = console->phys_base + step->offset;
  const unsigned width = step->width_bytes;
  switch (step->operation) {
    case KXF_SINK_POLL:
    case KXF_SINK_POLL_WHILE:
      /* Bounded: a UART that never gets ready costs characters, never the boot. */
      for (uint32_t i = 0; i < step->count; ++i) {
        const int is_value =
            (in_register_order(step, kxf_mmio_read(address, width)) & step->mask) == step->value;
        if (is_value == (step->operation == KXF_SINK_POLL)) return;
      }
      return;
    case KXF_SINK_WRITE:
      kxf_mmio_write(address, width, in_register_order(step, step->value));
      return;
    case KXF_SINK_PUT:
      kxf_mmio_write(address, width, in_register_order(step, (uint32_t)byte << step->count));
      return;
    case KXF_SINK_CLEAR: {
      const uint32_t found = in_register_order(step, kxf_mmio_read(address, width));
      kxf_mmio_write(address, width, in_register_order(step, found & ~step->mask));
      return;
    }
    case KXF_SINK_FIRMWARE: kxf_firmware_put(console, step->value, byte); return;
    default: return; /* the C++ side lets no other through */
  }
}

void kxf_sink_put(const struct kxf_console* console, uint8_t byte) {
  for (uint32_t i = 0; i < console->step_count; ++i) run_step(console, &console->steps[i], byte);
}
