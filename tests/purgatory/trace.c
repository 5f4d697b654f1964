/* SPDX-License-Identifier: Apache-2.0 */
#include "trace.h"

#include "purgatory/sink.h"

/* What is behind the interpreter's registers while a case runs. */
static const uint8_t* answers;
static uint32_t answer_count;
static uint32_t used;

/* A register as the bus has it, and as a load or a store of the CPU sees it. */
union on_bus {
  uint8_t bytes[4];
  uint8_t one;
  uint16_t two;
  uint32_t four;
};

static void put_text(const char* text) {
  for (; *text != 0; ++text) kxf_trace_put(*text);
}

static void put_hex(uint64_t value, unsigned digits) {
  while (digits-- != 0) kxf_trace_put("0123456789abcdef"[(value >> (4 * digits)) & 15]);
}

static void put_access(const char* kind, uint64_t address, unsigned width,
                       const union on_bus* data) {
  put_text(kind);
  put_hex(address, 16);
  put_text("/");
  put_hex(width, 1);
  put_text(" ");
  for (unsigned i = 0; i < width; ++i) put_hex(data->bytes[i], 2);
  put_text("\n");
}

uint32_t kxf_mmio_read(uint64_t phys_address, unsigned width_bytes) {
  union on_bus data = {{0, 0, 0, 0}};
  if (used < answer_count)
    for (unsigned i = 0; i < 4; ++i) data.bytes[i] = answers[4 * used + i];
  ++used;
  put_access("r ", phys_address, width_bytes, &data);
  return width_bytes == 1 ? data.one : width_bytes == 2 ? data.two : data.four;
}

void kxf_mmio_write(uint64_t phys_address, unsigned width_bytes, uint32_t value) {
  union on_bus data = {{0, 0, 0, 0}};
  switch (width_bytes) {
    case 1: data.one = (uint8_t)value; break;
    case 2: data.two = (uint16_t)value; break;
    default: data.four = value; break;
  }
  put_access("w ", phys_address, width_bytes, &data);
}

void kxf_firmware_put(const struct kxf_console* console, uint32_t terminal, uint8_t byte) {
  (void)console;
  put_text("f ");
  put_hex(terminal, 8);
  put_text(" ");
  put_hex(byte, 2);
  put_text("\n");
}

void kxf_trace_run(const void* script) {
  uint64_t left = *(const uint64_t*)script;
  const uint8_t* at = (const uint8_t*)script + sizeof left;
  for (; left != 0; --left) {
    const struct kxf_trace_case* one = (const struct kxf_trace_case*)(const void*)at;
    answers = at + sizeof *one;
    answer_count = one->answer_count;
    used = 0;
    put_text("= ");
    put_text(one->name);
    put_text("\n");
    for (uint32_t i = 0; i < one->text_size; ++i) kxf_sink_put(&one->console, one->text[i]);
    put_text("answers ");
    put_hex(used, 4);
    put_text(" of ");
    put_hex(answer_count, 4);
    put_text("\n");
    at = answers + (4 * (uint64_t)answer_count + 7) / 8 * 8;
  }
  put_text("end\n");
}
