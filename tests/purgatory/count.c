/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin of QEMU's translator: how many instructions the purgatory runs and how many data
 * accesses they make, from one write of SCTLR to the next; that is, with the MMU off and on. When
 * QEMU ends, a line for each such phase: "PHASE INSTRUCTIONS ACCESSES".
 *
 * Arguments: start=ADDRESS,end=ADDRESS of the code to count.
 *
 * Distributions package no header of the interface (version 1, QEMU 4.2 and later), so what is used
 * of it is declared here, after include/qemu/qemu-plugin.h's documentation.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))

typedef uint64_t plugin_id;
struct tb;
struct insn;
struct info;
size_t qemu_plugin_tb_n_insns(const struct tb* tb);
struct insn* qemu_plugin_tb_get_insn(const struct tb* tb, size_t index);
const void* qemu_plugin_insn_data(const struct insn* insn);
uint64_t qemu_plugin_insn_vaddr(const struct insn* insn);
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, void (*callback)(plugin_id, struct tb*));
void qemu_plugin_register_vcpu_insn_exec_cb(struct insn* insn, void (*callback)(unsigned, void*),
                                            int flags, void* data);
void qemu_plugin_register_vcpu_mem_cb(struct insn* insn,
                                      void (*callback)(unsigned, uint32_t, uint64_t, void*),
                                      int flags, int which, void* data);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*callback)(plugin_id, void*), void* data);

enum { NO_REGISTERS = 0, LOADS_AND_STORES = 3, MOST_PHASES = 16 };

EXPORTED int qemu_plugin_version = 1;
EXPORTED int qemu_plugin_install(plugin_id id, const struct info* info, int argc, char** argv);

static uint64_t start, end;
static unsigned phase;
static uint64_t instructions[MOST_PHASES], accesses[MOST_PHASES];

static void on_instruction(unsigned cpu, void* writes_sctlr) {
  (void)cpu;
  ++instructions[phase];
  if (writes_sctlr != NULL && phase + 1 < MOST_PHASES) ++phase;
}

static void on_access(unsigned cpu, uint32_t kind, uint64_t address, void* data) {
  (void)cpu, (void)kind, (void)address, (void)data;
  ++accesses[phase];
}

static void on_translation(plugin_id id, struct tb* tb) {
  (void)id;
  static char yes;
  for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); ++i) {
    struct insn* insn = qemu_plugin_tb_get_insn(tb, i);
    const uint64_t at = qemu_plugin_insn_vaddr(insn);
    if (at < start || at >= end) continue;
    uint32_t word;
    memcpy(&word, qemu_plugin_insn_data(insn), sizeof word);
    word &= ~UINT32_C(31);                                             /* Rt */
    const int writes_sctlr = word == 0xd5181000 || word == 0xd51c1000; /* MSR SCTLR_EL1, _EL2 */
    qemu_plugin_register_vcpu_insn_exec_cb(insn, on_instruction, NO_REGISTERS,
                                           writes_sctlr ? &yes : NULL);
    qemu_plugin_register_vcpu_mem_cb(insn, on_access, NO_REGISTERS, LOADS_AND_STORES, NULL);
  }
}

static void on_exit_of_emulator(plugin_id id, void* data) {
  (void)id, (void)data;
  for (unsigned i = 0; i <= phase; ++i)
    fprintf(stderr, "phase %u %" PRIu64 " %" PRIu64 "\n", i, instructions[i], accesses[i]);
}

int qemu_plugin_install(plugin_id id, const struct info* info, int argc, char** argv) {
  (void)info;
  for (int i = 0; i < argc; ++i) {
    if (strncmp(argv[i], "start=", 6) == 0) start = strtoull(argv[i] + 6, NULL, 0);
    if (strncmp(argv[i], "end=", 4) == 0) end = strtoull(argv[i] + 4, NULL, 0);
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
  qemu_plugin_register_atexit_cb(id, on_exit_of_emulator, NULL);
  return 0;
}
