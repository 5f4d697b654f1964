/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 (FIPS 180-4, section 6.2) for a CPU whose data cache may be off.
 *
 * With the MMU off every load and store can be a transaction on the bus, also those of the stack
 * and of tables, and an instruction costs nothing beside it. So a block is read by eight loads of
 * 64 bits, the message schedule and the working variables live in registers (24, of which a 64-bit
 * RISC has enough), and the round constants are immediates of the instructions instead of a table:
 * the rounds are written out. Where real mode is cached that costs nothing but 5 KiB of code. Only
 * general registers: the vector unit may be trapped and belongs to the next kernel.
 */
#include "purgatory/sha256.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HIGH_WORD(pair) __builtin_bswap32((uint32_t)(pair))
#define LOW_WORD(pair) __builtin_bswap32((uint32_t)((pair) >> 32))
#else
#define HIGH_WORD(pair) ((uint32_t)((pair) >> 32))
#define LOW_WORD(pair) ((uint32_t)(pair))
#endif

typedef uint64_t __attribute__((may_alias)) pair_of_words;

#ifndef KXF_OWN_SHA256_BLOCKS

#define ROTR(x, n) (((x) >> (n)) | ((x) << (32 - (n))))
#define CH(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define MAJ(x, y, z) (((x) & (y)) | ((z) & ((x) | (y))))
#define BIG0(x) (ROTR(x, 2) ^ ROTR(x, 13) ^ ROTR(x, 22))
#define BIG1(x) (ROTR(x, 6) ^ ROTR(x, 11) ^ ROTR(x, 25))
#define SMALL0(x) (ROTR(x, 7) ^ ROTR(x, 18) ^ ((x) >> 3))
#define SMALL1(x) (ROTR(x, 17) ^ ROTR(x, 19) ^ ((x) >> 10))

/* One round. The letters rotate through the arguments instead of through the registers. */
#define ROUND(a, b, c, d, e, f, g, h, k, w)           \
  do {                                                \
    (h) += BIG1(e) + CH(e, f, g) + UINT32_C(k) + (w); \
    (d) += (h);                                       \
    (h) += BIG0(a) + MAJ(a, b, c);                    \
  } while (0)

/* The schedule 16 rounds on, in place: w0 is W[t-16], w1 W[t-15], w9 W[t-7], w14 W[t-2]. */
#define NEXT(w0, w1, w9, w14) ((w0) += SMALL0(w1) + (w9) + SMALL1(w14))

#define EIGHT_ROUNDS(w0, w1, w2, w3, w4, w5, w6, w7, k0, k1, k2, k3, k4, k5, k6, k7) \
  do {                                                                               \
    ROUND(a, b, c, d, e, f, g, h, k0, w0);                                           \
    ROUND(h, a, b, c, d, e, f, g, k1, w1);                                           \
    ROUND(g, h, a, b, c, d, e, f, k2, w2);                                           \
    ROUND(f, g, h, a, b, c, d, e, k3, w3);                                           \
    ROUND(e, f, g, h, a, b, c, d, k4, w4);                                           \
    ROUND(d, e, f, g, h, a, b, c, k5, w5);                                           \
    ROUND(c, d, e, f, g, h, a, b, k6, w6);                                           \
    ROUND(b, c, d, e, f, g, h, a, k7, w7);                                           \
  } while (0)

#define EIGHT_SCHEDULED(w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, wa, wb, wc, wd, we, wf, k0, k1, \
                        k2, k3, k4, k5, k6, k7)                                                 \
  do {                                                                                          \
    ROUND(a, b, c, d, e, f, g, h, k0, NEXT(w0, w1, w9, we));                                    \
    ROUND(h, a, b, c, d, e, f, g, k1, NEXT(w1, w2, wa, wf));                                    \
    ROUND(g, h, a, b, c, d, e, f, k2, NEXT(w2, w3, wb, w0));                                    \
    ROUND(f, g, h, a, b, c, d, e, k3, NEXT(w3, w4, wc, w1));                                    \
    ROUND(e, f, g, h, a, b, c, d, k4, NEXT(w4, w5, wd, w2));                                    \
    ROUND(d, e, f, g, h, a, b, c, k5, NEXT(w5, w6, we, w3));                                    \
    ROUND(c, d, e, f, g, h, a, b, k6, NEXT(w6, w7, wf, w4));                                    \
    ROUND(b, c, d, e, f, g, h, a, k7, NEXT(w7, w8, w0, w5));                                    \
  } while (0)

#define FIRST w0, w1, w2, w3, w4, w5, w6, w7
#define LAST w8, w9, wa, wb, wc, wd, we, wf
#define CALL(macro, ...) macro(__VA_ARGS__)

void kxf_sha256_blocks(uint32_t state[8], const void* start, uint64_t blocks) {
  const pair_of_words* in = start;
  for (; blocks != 0; --blocks, in += 8) {
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    /* Values of their own from here on: else the compiler reads the state once per use, or carries
       a second copy of it round the loop, on the stack. */
    __asm__ volatile(""
                     : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f), "+r"(g), "+r"(h)
                     :
                     : "memory");
    const uint64_t p0 = in[0], p1 = in[1], p2 = in[2], p3 = in[3];
    const uint64_t p4 = in[4], p5 = in[5], p6 = in[6], p7 = in[7];
    uint32_t w0 = HIGH_WORD(p0), w1 = LOW_WORD(p0), w2 = HIGH_WORD(p1), w3 = LOW_WORD(p1);
    uint32_t w4 = HIGH_WORD(p2), w5 = LOW_WORD(p2), w6 = HIGH_WORD(p3), w7 = LOW_WORD(p3);
    uint32_t w8 = HIGH_WORD(p4), w9 = LOW_WORD(p4), wa = HIGH_WORD(p5), wb = LOW_WORD(p5);
    uint32_t wc = HIGH_WORD(p6), wd = LOW_WORD(p6), we = HIGH_WORD(p7), wf = LOW_WORD(p7);

    CALL(EIGHT_ROUNDS, FIRST, 0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b,
         0x59f111f1, 0x923f82a4, 0xab1c5ed5);
    CALL(EIGHT_ROUNDS, LAST, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
         0x9bdc06a7, 0xc19bf174);
    CALL(EIGHT_SCHEDULED, FIRST, LAST, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
         0x4a7484aa, 0x5cb0a9dc, 0x76f988da);
    CALL(EIGHT_SCHEDULED, LAST, FIRST, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3,
         0xd5a79147, 0x06ca6351, 0x14292967);
    CALL(EIGHT_SCHEDULED, FIRST, LAST, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354,
         0x766a0abb, 0x81c2c92e, 0x92722c85);
    CALL(EIGHT_SCHEDULED, LAST, FIRST, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
         0xd6990624, 0xf40e3585, 0x106aa070);
    CALL(EIGHT_SCHEDULED, FIRST, LAST, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3,
         0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3);
    CALL(EIGHT_SCHEDULED, LAST, FIRST, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa,
         0xa4506ceb, 0xbef9a3f7, 0xc67178f2);

    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
  }
}

#endif /* KXF_OWN_SHA256_BLOCKS */

void kxf_sha256_start(uint32_t state[8]) {
  static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  for (unsigned i = 0; i < 8; ++i) state[i] = initial[i];
}

unsigned kxf_sha256_pad(const void* start, uint64_t size_bytes, union kxf_sha256_last* last) {
  for (unsigned i = 0; i < 16; ++i) last->pairs[i] = 0;
  const uint8_t* left_over = (const uint8_t*)start + size_bytes / 64 * 64;
  const unsigned left = (unsigned)(size_bytes % 64);
  for (unsigned i = 0; i < left; ++i) last->bytes[i] = left_over[i];
  last->bytes[left] = 0x80;
  const unsigned blocks = left < 56 ? 1 : 2;
  for (unsigned i = 0; i < 8; ++i)
    last->bytes[64 * blocks - 1 - i] = (uint8_t)((size_bytes << 3) >> (8 * i));
  return blocks;
}

void kxf_sha256(const void* start, uint64_t size_bytes, uint8_t digest[32]) {
  uint32_t state[8];
  kxf_sha256_start(state);
  kxf_sha256_blocks(state, start, size_bytes / 64);
  union kxf_sha256_last last;
  kxf_sha256_blocks(state, &last, kxf_sha256_pad(start, size_bytes, &last));
  for (unsigned i = 0; i < 32; ++i) digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}
