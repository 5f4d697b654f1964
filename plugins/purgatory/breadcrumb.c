/* SPDX-License-Identifier: Apache-2.0 */
#include "purgatory/breadcrumb.h"

#define WORDS (sizeof(struct kxf_breadcrumb) / 8)
#define EXCEPTION (offsetof(struct kxf_breadcrumb, exception) / 8)

/* The record as it is made, on the stack, and as it is stored. */
union record {
  struct kxf_breadcrumb fields;
  uint64_t words[WORDS];
};

/* Accesses to what may be mapped as a device: never wider, never joined, never left out. */
static volatile uint64_t* words_at(uint64_t phys_address) {
  /* A physical address. NOLINTNEXTLINE(performance-no-int-to-ptr) */
  return (volatile uint64_t*)phys_address;
}

static int leaves_record(const struct kxf_console* console) {
  return console->breadcrumb.size_bytes != 0 && console->breadcrumb.form == KXF_BREADCRUMB_RECORD;
}

static uint64_t sum_of(const uint64_t* words) {
  uint64_t sum = KXF_SUM_START;
  for (unsigned i = 0; i + 1 < WORDS; ++i) sum = (sum ^ words[i]) * KXF_SUM_PRIME;
  return sum;
}

static void fill(char* to, const char* text, unsigned size) {
  unsigned i = 0;
  for (; i + 1 < size && text[i] != 0; ++i) to[i] = text[i];
  for (; i < size; ++i) to[i] = 0;
}

/* The record that is there; an empty one if none is. */
static void load_record(const struct kxf_console* console, union record* record) {
  const uint64_t start = console->breadcrumb.start;
  kxf_to_memory(start, sizeof *record);
  for (unsigned i = 0; i < WORDS; ++i) record->words[i] = words_at(start)[i];
  const struct kxf_breadcrumb* fields = &record->fields;
  if (fields->magic == KXF_BREADCRUMB_MAGIC && fields->version == KXF_BREADCRUMB_VERSION &&
      fields->size_bytes == sizeof *fields && fields->sum == sum_of(record->words))
    return;
  for (unsigned i = 0; i < WORDS; ++i) record->words[i] = 0;
  record->fields.magic = KXF_BREADCRUMB_MAGIC;
  record->fields.version = KXF_BREADCRUMB_VERSION;
  record->fields.size_bytes = sizeof *fields;
}

static void store_record(const struct kxf_console* console, union record* record) {
  const uint64_t start = console->breadcrumb.start;
  record->fields.sum = sum_of(record->words);
  for (unsigned i = 0; i < WORDS; ++i) words_at(start)[i] = record->words[i];
  kxf_to_memory(start, sizeof *record);
}

void kxf_breadcrumb_segment(const struct kxf_console* console, uint32_t phase, uint32_t index,
                            uint32_t count, const char* name) {
  if (!leaves_record(console)) return;
  union record record;
  load_record(console, &record);
  record.fields.phase = phase;
  record.fields.index = index;
  record.fields.count = count;
  fill(record.fields.name, name, sizeof record.fields.name);
  /* An exception ends all of this, so one that is here is an earlier jump's. */
  for (unsigned i = EXCEPTION; i < WORDS; ++i) record.words[i] = 0;
  store_record(console, &record);
}

void kxf_breadcrumb_phase(const struct kxf_console* console, uint32_t phase) {
  kxf_breadcrumb_segment(console, phase, 0, 0, "");
}

void kxf_breadcrumb_stop(const struct kxf_console* console, const char* why) {
  kxf_breadcrumb_segment(console, KXF_PHASE_STOPPED, 0, 0, why);
}

void kxf_breadcrumb_start(const struct kxf_console* console) {
  if (!leaves_record(console)) return;
  union record record;
  load_record(console, &record);
  ++record.fields.jumps;
  store_record(console, &record);
  kxf_breadcrumb_phase(console, KXF_PHASE_STARTED);
}

void kxf_breadcrumb_exception(const struct kxf_console* console, const char* exception,
                              const struct kxf_breadcrumb_register* registers, uint32_t count) {
  if (!leaves_record(console)) return;
  union record record;
  load_record(console, &record);
  fill(record.fields.exception, exception, sizeof record.fields.exception);
  for (unsigned i = 0; i < count && i < KXF_BREADCRUMB_REGISTERS; ++i) {
    fill(record.fields.registers[i].name, registers[i].name, sizeof registers[i].name);
    record.fields.registers[i].value = registers[i].value;
  }
  store_record(console, &record);
}

int kxf_breadcrumb_has(const struct kxf_console* console, uint64_t phys_address) {
  return phys_address >= console->breadcrumb.start &&
         phys_address - console->breadcrumb.start < console->breadcrumb.size_bytes;
}

/* A zone of Linux's persistent RAM: three words, in the CPU's byte order, and a ring of bytes. The
 * place that is written next is `start`; while the ring has not been full, that is `size`, too. */
struct ramoops_zone {
  uint32_t signature;
  uint32_t start;
  uint32_t size;
  uint8_t bytes[];
};

void kxf_breadcrumb_put(const struct kxf_console* console, uint8_t byte) {
  const struct kxf_breadcrumb_place* place = &console->breadcrumb;
  if (place->size_bytes <= sizeof(struct ramoops_zone) || place->form != KXF_BREADCRUMB_RAMOOPS)
    return;
  /* A physical address. NOLINTNEXTLINE(performance-no-int-to-ptr) */
  volatile struct ramoops_zone* zone = (volatile struct ramoops_zone*)place->start;
  const uint32_t room = place->size_bytes - (uint32_t)sizeof(struct ramoops_zone);
  kxf_to_memory(place->start, sizeof *zone);
  uint32_t start = zone->start;
  uint32_t size = zone->size;
  if (zone->signature != KXF_RAMOOPS_SIGNATURE || size > room || start > size) start = size = 0;
  if (start == room) start = 0;
  zone->bytes[start] = byte;
  kxf_to_memory(place->start + sizeof *zone + start, 1);
  if (size < room) ++size;
  zone->signature = KXF_RAMOOPS_SIGNATURE;
  zone->start = start + 1 == room ? 0 : start + 1;
  zone->size = size;
  kxf_to_memory(place->start, sizeof *zone);
}
