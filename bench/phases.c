/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin of QEMU's translator: what an arm64 machine does between the last character that one
 * kernel writes to the console and the first instruction of the next one. In that time nothing but
 * the purgatory and the kernel's own code for the jump run at low addresses, where RAM is; what
 * they do is counted from one write of SCTLR to the next, for that is how the MMU goes on and off.
 * At the kernel's first instruction it prints on the standard error
 *
 *   BENCH NAME total instructions N
 *   BENCH NAME phase I instructions N accesses N
 *   BENCH NAME gap I instructions N accesses N
 *
 * where phase 0 ends with the first write of SCTLR, and the total has the old kernel's instructions
 * too. A gap is what lies between two characters that the purgatory writes to the console, when it
 * is much: the work between two messages. Where no kernel runs before, all begins with the reset.
 * One CPU only.
 *
 * Arguments: name=NAME, ram=ADDRESS,end=ADDRESS (physical), first=WORD, the kernel's first
 * instruction, which is at a multiple of 2 MiB (Documentation/arch/arm64/booting.rst).
 *
 * Distributions package no header of the interface (version 1, QEMU 4.2 and later), so what is used
 * of it is declared here, after include/qemu/qemu-plugin.h's documentation.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))

typedef uint64_t plugin_id;
struct tb;
struct insn;
struct info;
struct hwaddr;
size_t qemu_plugin_tb_n_insns(const struct tb* tb);
uint64_t qemu_plugin_tb_vaddr(const struct tb* tb);
struct insn* qemu_plugin_tb_get_insn(const struct tb* tb, size_t index);
const void* qemu_plugin_insn_data(const struct insn* insn);
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, void (*callback)(plugin_id, struct tb*));
void qemu_plugin_register_vcpu_tb_exec_inline(struct tb* tb, int operation, void* at, uint64_t add);
void qemu_plugin_register_vcpu_insn_exec_cb(struct insn* insn, void (*callback)(unsigned, void*),
                                            int flags, void* data);
void qemu_plugin_register_vcpu_mem_cb(struct insn* insn,
                                      void (*callback)(unsigned, uint32_t, uint64_t, void*),
                                      int flags, int which, void* data);
void qemu_plugin_register_vcpu_mem_inline(struct insn* insn, int which, int operation, void* at,
                                          uint64_t add);
struct hwaddr* qemu_plugin_get_hwaddr(uint32_t kind, uint64_t address);
bool qemu_plugin_hwaddr_is_io(const struct hwaddr* address);
const char* qemu_plugin_hwaddr_device_name(const struct hwaddr* address);

enum {
  NO_REGISTERS = 0,
  ADD = 0,
  STORES = 2,
  LOADS_AND_STORES = 3,
  MOST_PHASES = 16,
  GAP = 100000
};

EXPORTED int qemu_plugin_version = 1;
EXPORTED int qemu_plugin_install(plugin_id id, const struct info* info, int argc, char** argv);

struct counters {
  uint64_t instructions, accesses;
};

static const char* name = "";
static uint64_t ram, end, first;
static uint64_t kernels;      /* instructions of code at high addresses */
static struct counters low;   /* of code where RAM is */
static uint64_t line_kernels; /* kernels at the last character of a kernel */
static struct counters closed;
static struct counters last; /* low at the last character of the purgatory */
static struct counters phases[MOST_PHASES], gaps[MOST_PHASES];
static unsigned phase, gap;

static struct counters since(struct counters then) {
  return (struct counters){low.instructions - then.instructions, low.accesses - then.accesses};
}

static void close_phase(void) {
  phases[phase] = since(closed);
  closed = low;
  if (phase + 1 < MOST_PHASES) ++phase;
}

static void on_sctlr(unsigned cpu, void* data) {
  (void)cpu, (void)data;
  close_phase();
}

static void begin(void) {
  line_kernels = kernels;
  closed = last = low;
  phase = gap = 0;
}

/* The data register is the first one of the PL011's page. */
static bool writes_character(uint32_t kind, uint64_t address) {
  const struct hwaddr* device = qemu_plugin_get_hwaddr(kind, address);
  return (address & 0xfff) == 0 && device != NULL && qemu_plugin_hwaddr_is_io(device) &&
         strcmp(qemu_plugin_hwaddr_device_name(device), "pl011") == 0;
}

static void on_kernels_store(unsigned cpu, uint32_t kind, uint64_t address, void* data) {
  (void)cpu, (void)data;
  if (writes_character(kind, address)) begin();
}

static void on_store(unsigned cpu, uint32_t kind, uint64_t address, void* data) {
  (void)cpu, (void)data;
  if (!writes_character(kind, address)) return;
  const struct counters between = since(last);
  last = low;
  if (between.instructions > GAP && gap < MOST_PHASES) gaps[gap++] = between;
}

static void print(const char* what, unsigned i, struct counters counted) {
  fprintf(stderr, "BENCH %s %s %u instructions %" PRIu64 " accesses %" PRIu64 "\n", name, what, i,
          counted.instructions, counted.accesses);
}

static void on_kernel(unsigned cpu, void* data) {
  (void)cpu, (void)data;
  close_phase();
  uint64_t total = kernels - line_kernels;
  for (unsigned i = 0; i < phase; ++i) {
    total += phases[i].instructions;
    print("phase", i, phases[i]);
  }
  for (unsigned i = 0; i < gap; ++i) print("gap", i, gaps[i]);
  fprintf(stderr, "BENCH %s total instructions %" PRIu64 "\n", name, total);
  begin();
}

static uint32_t word_of(const struct insn* insn) {
  uint32_t word;
  memcpy(&word, qemu_plugin_insn_data(insn), sizeof word);
  return word;
}

static void on_translation(plugin_id id, struct tb* tb) {
  (void)id;
  const uint64_t at = qemu_plugin_tb_vaddr(tb);
  const size_t count = qemu_plugin_tb_n_insns(tb);
  if (at >> 63 != 0) {
    qemu_plugin_register_vcpu_tb_exec_inline(tb, ADD, &kernels, count);
    for (size_t i = 0; i < count; ++i) {
      struct insn* insn = qemu_plugin_tb_get_insn(tb, i);
      /* STRH Wt, [Xn]: the kernel's driver writes the PL011's data register by half words */
      if ((word_of(insn) & 0xfffffc00) == 0x79000000)
        qemu_plugin_register_vcpu_mem_cb(insn, on_kernels_store, NO_REGISTERS, STORES, NULL);
    }
    return;
  }
  if (at < ram || at >= end) return;
  struct insn* insn = qemu_plugin_tb_get_insn(tb, 0);
  if (at % 0x200000 == 0 && word_of(insn) == first) {
    qemu_plugin_register_vcpu_insn_exec_cb(insn, on_kernel, NO_REGISTERS, NULL);
    return;
  }
  qemu_plugin_register_vcpu_tb_exec_inline(tb, ADD, &low.instructions, count);
  for (size_t i = 0; i < count; ++i) {
    insn = qemu_plugin_tb_get_insn(tb, i);
    const uint32_t word = word_of(insn) & ~UINT32_C(31); /* Rt */
    qemu_plugin_register_vcpu_mem_inline(insn, LOADS_AND_STORES, ADD, &low.accesses, 1);
    /* STRB, STRH, STR Wt, [Xn]: all sizes in which kxf writes registers of devices */
    if ((word & 0x3ffffc00) == 0x39000000)
      qemu_plugin_register_vcpu_mem_cb(insn, on_store, NO_REGISTERS, STORES, NULL);
    if (word == 0xd5181000 || word == 0xd51c1000) /* MSR SCTLR_EL1, SCTLR_EL2 */
      qemu_plugin_register_vcpu_insn_exec_cb(insn, on_sctlr, NO_REGISTERS, NULL);
  }
}

int qemu_plugin_install(plugin_id id, const struct info* info, int argc, char** argv) {
  (void)info;
  for (int i = 0; i < argc; ++i) {
    const char* value = strchr(argv[i], '=');
    if (value == NULL) return 1;
    const uint64_t number = strtoull(++value, NULL, 0);
    if (strncmp(argv[i], "name=", 5) == 0) name = strdup(value);
    if (strncmp(argv[i], "ram=", 4) == 0) ram = number;
    if (strncmp(argv[i], "end=", 4) == 0) end = number;
    if (strncmp(argv[i], "first=", 6) == 0) first = number;
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
  return 0;
}
