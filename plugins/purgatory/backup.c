/* SPDX-License-Identifier: Apache-2.0 */
#include "purgatory/backup.h"

#include "purgatory/text.h"

void kxf_back_up(const struct kxf_console* console, const struct kxf_backup* backup) {
  if (backup->size_bytes == 0) return;
  /* Physical addresses. NOLINTBEGIN(performance-no-int-to-ptr) */
  const uint64_t* from = (const uint64_t*)backup->source;
  uint64_t* to = (uint64_t*)backup->destination;
  /* NOLINTEND(performance-no-int-to-ptr) */
  __asm__("" : "+r"(from)); /* 0 is an address like any other: the compiler knows nothing there */
  for (uint64_t i = 0; i < backup->size_bytes / sizeof *to; ++i) to[i] = from[i];
  kxf_put_text(console, "kxf: saved ");
  kxf_put_number(console, backup->size_bytes);
  kxf_put_text(console, " bytes from ");
  kxf_put_hex(console, backup->source);
  kxf_put_text(console, " to ");
  kxf_put_hex(console, backup->destination);
  kxf_put_text(console, "\r\n");
}
