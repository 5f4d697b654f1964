/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 (FIPS 180-4, section 6.2) for a CPU without instructions for it: the message schedule four
 * words at a time in vector registers, the rounds in general registers, one sixth less of both than in
 * general registers alone. Nothing but the message is read from memory: with the MMU off every load
 * is a transaction on the bus.
 *
 * void kxf_sha256_vectors(uint32_t state[8], const void* in, uint64_t blocks);
 *
 * `in` is a multiple of 4; FP/SIMD must be enabled (entry.S).
 *
 * w4 to w11: the working variables, whose letters rotate; x3 and x13: two sums of word and constant
 * each; w16 and w17: a XOR b of this round and of the one before; w14, w15: temporary.
 * v0 to v3: the last 16 words of the schedule; v16 to v31: the constants; v7: 0; v4 to v6: temporary.
 */
#include "arm64/purgatory/sha256_registers.inc"

	.section .text.sha256, "ax", %progbits

	/* The rotations of one variable, by name: 6, 11, 25 or 2, 13, 22. */
	.macro	sum to, from, first, second, third
	ror	\to, \from, #\first
	eor	\to, \to, \from, ror #\second
	eor	\to, \to, \from, ror #\third
	.endm

	/*
	 * What is left of a round when the word and its constant have been added to h. Maj(a, b, c) is
	 * b XOR ((a XOR b) AND (b XOR c)), and a XOR b is b XOR c of the next round.
	 */
	.macro	round a, b, c, d, e, f, g, h, ab, bc
	sum	w14, w\e, 6, 11, 25
	eor	w15, w\f, w\g
	and	w15, w15, w\e
	eor	w15, w15, w\g
	add	w\h, w\h, w14
	add	w\h, w\h, w15
	add	w\d, w\d, w\h
	sum	w14, w\a, 2, 13, 22
	eor	w\ab, w\a, w\b
	and	w\bc, w\bc, w\ab
	eor	w\bc, w\bc, w\b
	add	w\h, w\h, w14
	add	w\h, w\h, w\bc
	.endm

	/* The upper half of a sum is added by its shift; what that leaves above bit 31 has no effect. */
	.macro	four_rounds a, b, c, d, e, f, g, h, w, k
	add	v4.4s, v\w\().4s, v\k\().4s
	mov	x3, v4.d[0]
	mov	x13, v4.d[1]
	add	w\h, w\h, w3
	round	\a, \b, \c, \d, \e, \f, \g, \h, 16, 17
	add	x\g, x\g, x3, lsr #32
	round	\h, \a, \b, \c, \d, \e, \f, \g, 17, 16
	add	w\f, w\f, w13
	round	\g, \h, \a, \b, \c, \d, \e, \f, 16, 17
	add	x\e, x\e, x13, lsr #32
	round	\f, \g, \h, \a, \b, \c, \d, \e, 17, 16
	.endm

	/* v5: the small sigma of the words `from`; there is no rotation of vectors, but shift and insert. */
	.macro	sigma arrangement, bytes, from, first, second, shift
	ushr	v5.\arrangement, v\from\().\arrangement, #\first
	sli	v5.\arrangement, v\from\().\arrangement, #(32 - \first)
	ushr	v6.\arrangement, v\from\().\arrangement, #\second
	sli	v6.\arrangement, v\from\().\arrangement, #(32 - \second)
	ushr	v4.\arrangement, v\from\().\arrangement, #\shift
	eor	v5.\bytes, v5.\bytes, v6.\bytes
	eor	v5.\bytes, v5.\bytes, v4.\bytes
	.endm

	/* w0 becomes the four words of 16 rounds later. Of these the first two are needed for the others. */
	.macro	schedule w0, w1, w2, w3
	ext	v4.16b, v\w0\().16b, v\w1\().16b, #4
	sigma	4s, 16b, 4, 7, 18, 3
	ext	v6.16b, v\w2\().16b, v\w3\().16b, #4
	add	v\w0\().4s, v\w0\().4s, v5.4s
	add	v\w0\().4s, v\w0\().4s, v6.4s
	ext	v4.16b, v\w3\().16b, v\w3\().16b, #8
	sigma	2s, 8b, 4, 17, 19, 10
	add	v\w0\().4s, v\w0\().4s, v5.4s
	sigma	2s, 8b, \w0, 17, 19, 10
	ext	v5.16b, v7.16b, v5.16b, #8
	add	v\w0\().4s, v\w0\().4s, v5.4s
	.endm

	/* New values to the state, where a to h go on. */
	.macro	add_state first, second, offset
	ldp	w14, w15, [x0, #\offset]
	add	w\first, w\first, w14
	add	w\second, w\second, w15
	stp	w\first, w\second, [x0, #\offset]
	.endm

	.globl	kxf_sha256_vectors
kxf_sha256_vectors:
	cbz	x2, 2f
	load_sha256_constants
	movi	v7.4s, #0
	ldp	w4, w5, [x0]
	ldp	w6, w7, [x0, #8]
	ldp	w8, w9, [x0, #16]
	ldp	w10, w11, [x0, #24]
1:	ld1	{v0.4s, v1.4s, v2.4s, v3.4s}, [x1], #64
	eor	w17, w5, w6
	/* The message is big-endian. */
	rev32	v0.16b, v0.16b
	rev32	v1.16b, v1.16b
	rev32	v2.16b, v2.16b
	rev32	v3.16b, v3.16b
	four_rounds 4, 5, 6, 7, 8, 9, 10, 11, 0, 16
	schedule 0, 1, 2, 3
	four_rounds 8, 9, 10, 11, 4, 5, 6, 7, 1, 17
	schedule 1, 2, 3, 0
	four_rounds 4, 5, 6, 7, 8, 9, 10, 11, 2, 18
	schedule 2, 3, 0, 1
	four_rounds 8, 9, 10, 11, 4, 5, 6, 7, 3, 19
	schedule 3, 0, 1, 2
	four_rounds 4, 5, 6, 7, 8, 9, 10, 11, 0, 20
	schedule 0, 1, 2, 3
	four_rounds 8, 9, 10, 11, 4, 5, 6, 7, 1, 21
	schedule 1, 2, 3, 0
	four_rounds 4, 5, 6, 7, 8, 9, 10, 11, 2, 22
	schedule 2, 3, 0, 1
	four_rounds 8, 9, 10, 11, 4, 5, 6, 7, 3, 23
	schedule 3, 0, 1, 2
	four_rounds 4, 5, 6, 7, 8, 9, 10, 11, 0, 24
	schedule 0, 1, 2, 3
	four_rounds 8, 9, 10, 11, 4, 5, 6, 7, 1, 25
	schedule 1, 2, 3, 0
	four_rounds 4, 5, 6, 7, 8, 9, 10, 11, 2, 26
	schedule 2, 3, 0, 1
	four_rounds 8, 9, 10, 11, 4, 5, 6, 7, 3, 27
	schedule 3, 0, 1, 2
	four_rounds 4, 5, 6, 7, 8, 9, 10, 11, 0, 28
	four_rounds 8, 9, 10, 11, 4, 5, 6, 7, 1, 29
	four_rounds 4, 5, 6, 7, 8, 9, 10, 11, 2, 30
	four_rounds 8, 9, 10, 11, 4, 5, 6, 7, 3, 31
	add_state 4, 5, 0
	add_state 6, 7, 8
	add_state 8, 9, 16
	add_state 10, 11, 24
	sub	x2, x2, #1
	cbnz	x2, 1b
2:	ret

	.section .note.GNU-stack, "", %progbits
