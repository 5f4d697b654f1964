/* SPDX-License-Identifier: Apache-2.0
 *
 * One byte to a terminal of firmware: what SinkOp::firmware means here.
 */
#include "ppc64/purgatory/firmware.h"
#include "purgatory/sink.h"

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

void kxf_firmware_put(const struct kxf_console* console, uint32_t terminal, uint8_t byte) {
  const struct kxf_params* params = (const struct kxf_params*)console; /* which begins with it */
  if (params->flags & KXF_FLAG_OPAL)
    put_by_opal(params, terminal, byte);
  else if (params->flags & KXF_FLAG_HYPERVISOR)
    put_by_hypervisor(terminal, byte);
}
