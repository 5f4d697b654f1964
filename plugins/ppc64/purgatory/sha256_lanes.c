/* SPDX-License-Identifier: Apache-2.0
 *
 * Which digest does not match: four are computed side by side (sha256_lanes.S). The plan digests a
 * large segment in four parts (ArchitectureTraits::digest_parts), so that there are four.
 */
#include "ppc64/purgatory/firmware.h"
#include "purgatory/breadcrumb.h"
#include "purgatory/sha256.h"
#include "purgatory/verify.h"

#define LANES 4

void kxf_sha256_lanes(uint32_t state[8][LANES], const void* const in[LANES], uint64_t blocks);
extern const struct kxf_params kxf_params __attribute__((visibility("hidden")));

/* Has the CPU vshasigmaw and lxvw4x, those of ISA v2.07? The upper half of the PVR tells its family
 * (Power ISA, Book III, "Processor Version Register"; numbers as in Linux,
 * arch/powerpc/include/asm/reg.h): POWER8E to POWER9 have 0x4b to 0x4f, POWER10 and its successors
 * 0x80 and more; from 0x90 on there are others. A compatibility mode of the CPU takes instructions
 * from problem state alone (Book III, "Processor Compatibility Register"). */
static int has_lanes(void) {
  uint64_t version;
  __asm__("mfpvr %0" : "=r"(version));
  const unsigned family = (unsigned)(version >> 16) & 0xffff;
  return (family >= 0x4b && family <= 0x4f) || (family >= 0x80 && family < 0x90);
}

struct lane {
  const struct kxf_digest* digest; /* 0: nothing left to do */
  const uint8_t* in;
  uint64_t blocks; /* left of what `in` points to */
  int at_last;     /* it points to `last` */
  union kxf_sha256_last last;
};

static void pad(struct lane* lane) {
  lane->blocks =
      kxf_sha256_pad((const void*)lane->digest->start, lane->digest->size_bytes, &lane->last);
  lane->in = lane->last.bytes;
  lane->at_last = 1;
}

static void begin(struct lane* lane, const struct kxf_digest* digest) {
  lane->digest = digest;
  lane->in = (const uint8_t*)digest->start;
  lane->blocks = digest->size_bytes / 64;
  lane->at_last = 0;
  if (lane->blocks == 0) pad(lane);
}

/* As many blocks of all lanes as the one with the fewest has. A lane with nothing to do reads what
 * another one reads; nobody looks at its state. Returns 0 when there is nothing left in any. */
static int advance(struct lane lanes[LANES], uint32_t state[8][LANES]) {
  const struct lane* fewest = 0;
  for (unsigned i = 0; i < LANES; ++i)
    if (lanes[i].digest != 0 && (fewest == 0 || lanes[i].blocks < fewest->blocks))
      fewest = &lanes[i];
  if (fewest == 0) return 0;
  const uint64_t blocks = fewest->blocks;
  const void* in[LANES];
  for (unsigned i = 0; i < LANES; ++i) in[i] = lanes[i].digest != 0 ? lanes[i].in : fewest->in;
  kxf_sha256_lanes(state, in, blocks);
  for (unsigned i = 0; i < LANES; ++i) {
    lanes[i].in += 64 * blocks;
    lanes[i].blocks -= blocks;
  }
  return 1;
}

static int is_intact(const struct kxf_digest* digest, uint32_t state[8][LANES], unsigned lane) {
  uint8_t found[32];
  for (unsigned i = 0; i < 32; ++i) found[i] = (uint8_t)(state[i / 4][lane] >> (24 - 8 * (i % 4)));
  return kxf_is_sha256(digest, found);
}

uint32_t kxf_mismatch(const struct kxf_console* console, const struct kxf_digest* digests,
                      uint32_t count) {
  if ((kxf_params.flags & KXF_FLAG_PORTABLE_SHA) != 0 || !has_lanes())
    return kxf_mismatch_one_by_one(console, digests, count);
  kxf_breadcrumb_segment(console, KXF_PHASE_VERIFYING, count, count, "");
  struct lane lanes[LANES];
  uint32_t state[8][LANES], initial[8];
  uint32_t next = 0, first_mismatch = count;
  kxf_sha256_start(initial);
  for (unsigned i = 0; i < LANES; ++i) {
    lanes[i].digest = 0;
    lanes[i].blocks = 0;
  }
  do {
    for (unsigned i = 0; i < LANES; ++i) {
      struct lane* lane = &lanes[i];
      if (lane->blocks != 0 && lane->digest != 0) continue;
      if (lane->digest != 0 && !lane->at_last) {
        pad(lane);
        continue;
      }
      if (lane->digest != 0 && !is_intact(lane->digest, state, i)) {
        const uint32_t index = (uint32_t)(lane->digest - digests);
        if (index < first_mismatch) first_mismatch = index;
      }
      lane->digest = 0;
      if (next == count) continue;
      begin(lane, &digests[next++]);
      for (unsigned word = 0; word < 8; ++word) state[word][i] = initial[word];
    }
  } while (advance(lanes, state));
  return first_mismatch;
}
