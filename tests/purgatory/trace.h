/* SPDX-License-Identifier: Apache-2.0
 *
 * Console programs with scripted registers behind them: what to run, and a trace of what the
 * interpreter did. One source for the host and for the machines of purgatories.
 */
#ifndef KXF_TESTS_PURGATORY_TRACE_H
#define KXF_TESTS_PURGATORY_TRACE_H

#include "purgatory/layout.h"

#define KXF_TRACE_NAME_SIZE 64
#define KXF_TRACE_TEXT_SIZE 8

/* A script is a uint64_t, how many cases follow, and the cases, in the byte order of the CPU that
 * runs it. Behind each are its answers, padded to 8 bytes: for every read the 4 bytes that begin at
 * the register's address, of which as many are read as the register is wide. */
struct kxf_trace_case {
  struct kxf_console console;
  uint32_t answer_count;
  uint32_t text_size;
  uint8_t text[KXF_TRACE_TEXT_SIZE]; /* to print */
  char name[KXF_TRACE_NAME_SIZE];    /* ends with a zero */
};
KXF_STATIC_ASSERT(sizeof(struct kxf_trace_case) % 8 == 0, "cases follow one another");

#ifdef __cplusplus
extern "C" {
#endif

/* Run all cases. The trace, a line each: "= NAME", then "r ADDRESS/WIDTH BYTES", "w ADDRESS/WIDTH
 * BYTES" (bytes by their address, as the device sees them) or "f TERMINAL BYTE" (a call of
 * firmware), then how many answers were used; in the end "end". */
void kxf_trace_run(const void* script);

/* One character of the trace. */
void kxf_trace_put(char character);

#ifdef __cplusplus
}
#endif
#endif
