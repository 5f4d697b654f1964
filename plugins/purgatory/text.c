/* SPDX-License-Identifier: Apache-2.0 */
#include "purgatory/text.h"

#include "purgatory/breadcrumb.h"
#include "purgatory/sink.h"

static void put_byte(const struct kxf_console* console, char byte) {
  kxf_breadcrumb_put(console, (uint8_t)byte);
  kxf_sink_put(console, (uint8_t)byte);
}

void kxf_put_text(const struct kxf_console* console, const char* text) {
  for (; *text != 0; ++text) put_byte(console, *text);
}

void kxf_put_number(const struct kxf_console* console, uint64_t value) {
  char digits[20];
  unsigned count = 0;
  do {
    digits[count++] = (char)('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (count != 0) put_byte(console, digits[--count]);
}

void kxf_put_hex(const struct kxf_console* console, uint64_t value) {
  unsigned shift = 60;
  while (shift != 0 && value >> shift == 0) shift -= 4;
  kxf_put_text(console, "0x");
  for (;; shift -= 4) {
    const unsigned digit = (unsigned)(value >> shift) & 15;
    put_byte(console, (char)(digit < 10 ? '0' + digit : 'a' + digit - 10));
    if (shift == 0) return;
  }
}
