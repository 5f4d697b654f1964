/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes at the vectors, and what is said of an exception. vectors.S does what needs registers.
 */
#include "ppc64/purgatory/exceptions.h"

#include "purgatory/breadcrumb.h"
#include "purgatory/text.h"

#define HIDDEN __attribute__((visibility("hidden")))

extern const struct kxf_params kxf_params HIDDEN;
/* vectors.S: instructions, and memory that nobody has zeroed. */
extern const uint32_t kxf_vector_code[] HIDDEN, kxf_vector_code_end[] HIDDEN;
extern const uint64_t kxf_way_to_report[] HIDDEN;
extern const uint32_t kxf_exception[] HIDDEN;
extern uint64_t kxf_saved_vectors[] HIDDEN;
extern volatile uint32_t kxf_stage HIDDEN, kxf_reported HIDDEN;

#define WORDS(bytes) ((bytes) / sizeof(uint64_t))
#define SMALLEST_LINE 32 /* of every CPU */

/* A physical address like any other: the compiler knows nothing so low. */
static uint64_t* at_address(uint64_t address) {
  __asm__("" : "+r"(address));
  return (uint64_t*)address;
}

static void copy(uint64_t* to, const uint64_t* from, uint64_t size_bytes) {
  /* Else the compiler asks a table of contents, which we lack, for an address 8 bytes before. */
  __asm__("" : "+r"(to), "+r"(from));
  for (uint64_t i = 0; i < WORDS(size_bytes); ++i) to[i] = from[i];
}

/* By all CPUs: stores reach memory before the old instructions go, and none that was fetched before
 * is used (Power ISA, Book II, "Instruction Storage"). */
void kxf_synchronise_instructions(uint64_t start, uint64_t end, uint64_t line_bytes) {
  for (uint64_t line = start; line < end; line += line_bytes)
    __asm__ volatile("dcbst 0,%0" : : "r"(line) : "memory");
  __asm__ volatile("sync" : : : "memory");
  for (uint64_t line = start; line < end; line += line_bytes)
    __asm__ volatile("icbi 0,%0" : : "r"(line) : "memory");
  __asm__ volatile("sync; isync" : : : "memory");
}

void kxf_catch_exceptions(void) {
  kxf_stage = KXF_STAGE_START;
  kxf_reported = 0;
  copy(kxf_saved_vectors, at_address(KXF_VECTORS), KXF_VECTORS_END - KXF_VECTORS);
  for (uint64_t vector = KXF_VECTORS; vector < KXF_FROM_BIG; vector += KXF_VECTOR_SIZE) {
    uint32_t* to = (uint32_t*)at_address(vector);
    for (const uint32_t* from = kxf_vector_code; from != kxf_vector_code_end;) *to++ = *from++;
  }
  copy(at_address(KXF_FROM_BIG), kxf_way_to_report, KXF_VECTORS_END - KXF_FROM_BIG);
  const uint64_t report = (uint64_t)(uintptr_t)kxf_exception;
  *at_address(KXF_REPORT_BIG) = report;
  *at_address(KXF_REPORT_LITTLE) = __builtin_bswap64(report);
  kxf_synchronise_instructions(KXF_VECTORS, KXF_VECTORS_END, SMALLEST_LINE);
}

void kxf_set_stage(uint32_t stage) { kxf_stage = stage; }

void kxf_return_vectors(void) {
  copy(at_address(KXF_VECTORS), kxf_saved_vectors, KXF_VECTORS_END - KXF_VECTORS);
  kxf_synchronise_instructions(KXF_VECTORS, KXF_VECTORS_END, SMALLEST_LINE);
}

void kxf_correct_copy(const struct kxf_backup* backup) {
  if (backup->source > KXF_VECTORS || backup->source + backup->size_bytes < KXF_VECTORS_END) return;
  copy(at_address(backup->destination + (KXF_VECTORS - backup->source)), kxf_saved_vectors,
       KXF_VECTORS_END - KXF_VECTORS);
}

/* Power ISA, Book III, "Interrupt Vectors". No pointers: nobody relocates them. */
static const struct {
  uint32_t vector;
  char name[32];
} vector_names[] = {
    {0x100, "system reset"},
    {0x200, "machine check"},
    {0x300, "data storage"},
    {0x380, "data segment"},
    {0x400, "instruction storage"},
    {0x480, "instruction segment"},
    {0x500, "external"},
    {0x600, "alignment"},
    {0x700, "program"},
    {0x800, "floating-point unavailable"},
    {0x900, "decrementer"},
    {0x980, "hypervisor decrementer"},
    {0xc00, "system call"},
    {0xd00, "trace"},
    {0xe00, "hypervisor data storage"},
    {0xe20, "hypervisor instruction storage"},
    {0xe40, "hypervisor emulation assistance"},
    {0xe60, "hypervisor maintenance"},
    {0xf20, "vector unavailable"},
    {0xf40, "VSX unavailable"},
    {0xf60, "facility unavailable"},
    {0xf80, "hypervisor facility unavailable"},
};

static const char* name_of(uint64_t vector) {
  for (unsigned i = 0; i < sizeof vector_names / sizeof vector_names[0]; ++i)
    if (vector_names[i].vector == vector) return vector_names[i].name;
  return "unexpected";
}

static void put_register(const char* name, uint64_t value) {
  kxf_put_text(&kxf_params.console, name);
  kxf_put_hex(&kxf_params.console, value);
}

/* The exception as the breadcrumb has it. A fault of the breadcrumb's own memory would come again.
 */
static void record_exception(const char* name, int hypervisor, uint64_t srr0, uint64_t srr1,
                             uint64_t dar, uint64_t dsisr) {
  static const struct kxf_breadcrumb_register names[2][4] = {
      {{"SRR0", 0}, {"SRR1", 0}, {"DAR", 0}, {"DSISR", 0}},
      {{"HSRR0", 0}, {"HSRR1", 0}, {"HDAR", 0}, {"HDSISR", 0}}};
  if (kxf_breadcrumb_has(&kxf_params.console, dar)) return;
  const uint64_t values[4] = {srr0, srr1, dar, dsisr};
  struct kxf_breadcrumb_register registers[4];
  for (unsigned i = 0; i < 4; ++i) {
    for (unsigned j = 0; j < sizeof registers[i].name; ++j)
      registers[i].name[j] = names[hypervisor][i].name[j];
    registers[i].value = values[i];
  }
  kxf_breadcrumb_exception(&kxf_params.console, name, registers, 4);
}

/* Called by vectors.S. */
void kxf_report_exception(uint64_t vector, uint64_t srr0, uint64_t srr1, uint64_t dar,
                          uint64_t dsisr);
void kxf_report_exception(uint64_t vector, uint64_t srr0, uint64_t srr1, uint64_t dar,
                          uint64_t dsisr) {
  const struct kxf_console* console = &kxf_params.console;
  const int hypervisor = (vector & 0xf00) == 0xe00 || vector == 0x980 || vector == 0xf80;
  record_exception(name_of(vector), hypervisor, srr0, srr1, dar, dsisr);
  put_register("\r\nkxf: exception, vector ", vector);
  kxf_put_text(console, " (");
  kxf_put_text(console, name_of(vector));
  switch (kxf_stage) {
    case KXF_STAGE_START: kxf_put_text(console, ") before segments are verified"); break;
    case KXF_STAGE_MOVE: kxf_put_text(console, ") while segments are moved"); break;
    case KXF_STAGE_VERIFY: kxf_put_text(console, ") while segments are verified"); break;
    default: kxf_put_text(console, ") after the segments were verified"); break;
  }
  put_register(hypervisor ? "\r\nkxf: HSRR0 " : "\r\nkxf: SRR0 ", srr0);
  put_register(hypervisor ? ", HSRR1 " : ", SRR1 ", srr1);
  put_register(hypervisor ? ", HDAR " : ", DAR ", dar);
  put_register(hypervisor ? ", HDSISR " : ", DSISR ", dsisr);
  kxf_put_text(console, "; the kernel is not entered\r\n");
}
