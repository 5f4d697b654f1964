/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 (FIPS 180-4, section 6.2) in general registers: real mode on Power is cached, so the
 * round constants may be a table, and sixteen rounds are a turn of a loop. The vector registers
 * belong to the next kernel.
 */
#include "sha256.h"

static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BIG_ENDIAN_WORD(value) __builtin_bswap32(value)
#else
#define BIG_ENDIAN_WORD(value) (value)
#endif

typedef uint32_t __attribute__((may_alias)) word;

#define ROTR(x, n) (((x) >> (n)) | ((x) << (32 - (n))))
#define CH(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define MAJ(x, y, z) (((x) & (y)) | ((z) & ((x) | (y))))
#define BIG0(x) (ROTR(x, 2) ^ ROTR(x, 13) ^ ROTR(x, 22))
#define BIG1(x) (ROTR(x, 6) ^ ROTR(x, 11) ^ ROTR(x, 25))
#define SMALL0(x) (ROTR(x, 7) ^ ROTR(x, 18) ^ ((x) >> 3))
#define SMALL1(x) (ROTR(x, 17) ^ ROTR(x, 19) ^ ((x) >> 10))

/* One round. The letters rotate through the arguments instead of through the registers. */
#define ROUND(a, b, c, d, e, f, g, h, i)        \
  do {                                          \
    (h) += BIG1(e) + CH(e, f, g) + k[i] + w[i]; \
    (d) += (h);                                 \
    (h) += BIG0(a) + MAJ(a, b, c);              \
  } while (0)

#define EIGHT_ROUNDS(i)                     \
  do {                                      \
    ROUND(a, b, c, d, e, f, g, h, (i) + 0); \
    ROUND(h, a, b, c, d, e, f, g, (i) + 1); \
    ROUND(g, h, a, b, c, d, e, f, (i) + 2); \
    ROUND(f, g, h, a, b, c, d, e, (i) + 3); \
    ROUND(e, f, g, h, a, b, c, d, (i) + 4); \
    ROUND(d, e, f, g, h, a, b, c, (i) + 5); \
    ROUND(c, d, e, f, g, h, a, b, (i) + 6); \
    ROUND(b, c, d, e, f, g, h, a, (i) + 7); \
  } while (0)

static void hash_blocks(uint32_t state[8], const word* in, uint64_t blocks) {
  for (; blocks != 0; --blocks, in += 16) {
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    uint32_t w[16];
    for (unsigned i = 0; i < 16; ++i) w[i] = BIG_ENDIAN_WORD(in[i]);
    const uint32_t* k = round_constants;
    EIGHT_ROUNDS(0);
    EIGHT_ROUNDS(8);
    for (unsigned turn = 1; turn < 4; ++turn) {
      k += 16;
      /* The schedule 16 rounds on, in place. */
      for (unsigned i = 0; i < 16; ++i)
        w[i] += SMALL0(w[(i + 1) % 16]) + w[(i + 9) % 16] + SMALL1(w[(i + 14) % 16]);
      EIGHT_ROUNDS(0);
      EIGHT_ROUNDS(8);
    }
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

void kxf_ppc64_sha256(const void* start, uint64_t size_bytes, uint8_t digest[32]) {
  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  const uint8_t* bytes = start;
  const uint64_t whole = size_bytes / 64;
  hash_blocks(state, start, whole);

  /* What is left, a one bit, zeros, and the length in bits: one block or two (section 5.1.1). */
  union {
    word words[32];
    uint8_t bytes[128];
  } last;
  for (unsigned i = 0; i < 32; ++i) last.words[i] = 0;
  const unsigned left = (unsigned)(size_bytes % 64);
  for (unsigned i = 0; i < left; ++i) last.bytes[i] = bytes[64 * whole + i];
  last.bytes[left] = 0x80;
  const unsigned blocks = left < 56 ? 1 : 2;
  for (unsigned i = 0; i < 8; ++i)
    last.bytes[64 * blocks - 1 - i] = (uint8_t)((size_bytes << 3) >> (8 * i));
  hash_blocks(state, last.words, blocks);

  for (unsigned i = 0; i < 32; ++i) digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}
