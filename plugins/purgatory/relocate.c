/* SPDX-License-Identifier: Apache-2.0
 *
 * The data cache may be off and memory Device, so nothing here is unaligned.
 */
#include "purgatory/relocate.h"

#include "purgatory/breadcrumb.h"
#include "purgatory/text.h"

#define BLOCK_BYTES 64
/* Of both addresses, for the blocks of an architecture's own; those of bundles are 64. */
#define BLOCK_ALIGNMENT 16

/* Physical addresses. NOLINTBEGIN(performance-no-int-to-ptr) */

#ifndef KXF_OWN_COPY

typedef uint64_t __attribute__((may_alias)) word;
enum { WORDS = BLOCK_BYTES / 8 };

/* Two places that overlap are no less than BLOCK_ALIGNMENT apart: all of a block is read before any
 * of it is written, and in the right order no block is written over one that is still to be read.
 */
static void copy_block(word* to, const word* from) {
  const uint64_t w0 = from[0], w1 = from[1], w2 = from[2], w3 = from[3];
  const uint64_t w4 = from[4], w5 = from[5], w6 = from[6], w7 = from[7];
  to[0] = w0, to[1] = w1, to[2] = w2, to[3] = w3;
  to[4] = w4, to[5] = w5, to[6] = w6, to[7] = w7;
}

void kxf_copy_up(uint64_t to, uint64_t from, uint64_t blocks) {
  word* out = (word*)to;
  const word* in = (const word*)from;
  for (; blocks != 0; --blocks, out += WORDS, in += WORDS) copy_block(out, in);
}

void kxf_copy_down(uint64_t to, uint64_t from, uint64_t blocks) {
  word* out = (word*)to + blocks * WORDS;
  const word* in = (const word*)from + blocks * WORDS;
  for (; blocks != 0; --blocks) copy_block(out -= WORDS, in -= WORDS);
}

void kxf_zero(uint64_t to, uint64_t blocks) {
  word* out = (word*)to;
  for (; blocks != 0; --blocks, out += WORDS)
    for (unsigned i = 0; i < WORDS; ++i) out[i] = 0;
}

#endif /* KXF_OWN_COPY */

/* How many bytes of so many blocks can move. */
static uint64_t in_blocks(uint64_t addresses, uint64_t size_bytes) {
  return addresses % BLOCK_ALIGNMENT == 0 ? size_bytes / BLOCK_BYTES * BLOCK_BYTES : 0;
}

/* From any place to any other: from the first byte on where the last bytes of the source may be
 * written over, from the last on where the first may. */
static void move(uint64_t to, uint64_t from, uint64_t size_bytes) {
  uint8_t* out = (uint8_t*)to;
  const uint8_t* in = (const uint8_t*)from;
  const uint64_t whole = in_blocks(to | from, size_bytes);
  if (to < from) {
    kxf_copy_up(to, from, whole / BLOCK_BYTES);
    for (uint64_t i = whole; i < size_bytes; ++i) out[i] = in[i];
  } else if (to > from) {
    for (uint64_t i = size_bytes; i > whole; --i) out[i - 1] = in[i - 1];
    kxf_copy_down(to, from, whole / BLOCK_BYTES);
  }
}

static void zero(uint64_t to, uint64_t end) {
  /* The bytes of a segment end anywhere, and its pages do not. */
  for (; to < end && to % BLOCK_BYTES != 0; ++to) *(uint8_t*)to = 0;
  const uint64_t whole = in_blocks(to, end - to);
  kxf_zero(to, whole / BLOCK_BYTES);
  for (to += whole; to < end; ++to) *(uint8_t*)to = 0;
}

/* NOLINTEND(performance-no-int-to-ptr) */

static int lies_on_a_destination(const struct kxf_relocation* relocation, uint64_t start,
                                 uint64_t end) {
  for (uint32_t i = 0; i < relocation->count; ++i) {
    const struct kxf_move* to = &relocation->moves[i];
    if (start < to->destination + to->memory_size && to->destination < end) return 1;
  }
  return 0;
}

void kxf_bring(const struct kxf_console* console, const struct kxf_relocation* relocation,
               uint64_t image) {
  const uint64_t start = image + relocation->payload_start;
  const uint64_t end = image + relocation->payload_end;
  kxf_breadcrumb_phase(console, KXF_PHASE_RELOCATING);
  kxf_put_text(console, "kxf: bundle at ");
  kxf_put_hex(console, image);
  kxf_put_text(console, ", ");
  kxf_put_number(console, relocation->count);
  kxf_put_text(console, relocation->count == 1 ? " segment" : " segments");
  if (lies_on_a_destination(relocation, start, end)) {
    kxf_put_text(console, " by way of ");
    kxf_put_hex(console, relocation->staging);
    kxf_put_text(console, " ... ");
    kxf_before_stores(relocation->staging, end - start);
    move(relocation->staging, start, end - start);
    kxf_after_stores(relocation->staging, end - start);
    image = relocation->staging - relocation->payload_start;
  } else {
    kxf_put_text(console, " ... ");
  }
  for (uint32_t i = 0; i < relocation->count; ++i) {
    const struct kxf_move* to = &relocation->moves[i];
    kxf_before_stores(to->destination, to->memory_size);
    move(to->destination, image + to->source, to->size_bytes);
    zero(to->destination + to->size_bytes, to->destination + to->memory_size);
    kxf_after_stores(to->destination, to->memory_size);
  }
}
