/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 by the CPU's instructions for it (FEAT_SHA256; Arm ARM DDI 0487, chapter C7, SHA256H,
 * SHA256H2, SHA256SU0, SHA256SU1), a sixteenth of what sha256_vectors.S takes.
 *
 * void kxf_sha256_instructions(uint32_t state[8], const void* in, uint64_t blocks);
 *
 * `in` is a multiple of 4: with the MMU off memory is Device, where an element must be aligned. All
 * constants stay in registers, so a block is read by one instruction and touches no other memory.
 * FP/SIMD must be enabled (entry.S).
 */
#include "arm64/purgatory/sha256_registers.inc"

	.arch	armv8-a+crypto
	.section .text.sha256, "ax", %progbits

	/* v0 and v1: the working variables a to d and e to h; v16 to v31: the constants; v4 to v7: the
	 * last 16 words of the message schedule, of which these four rounds use w0. */
	.macro	four_rounds w0, k
	add	v2.4s, \w0\().4s, \k\().4s
	mov	v3.16b, v0.16b
	sha256h	q0, q1, v2.4s
	sha256h2 q1, q3, v2.4s
	.endm

	/* The same, and w0 becomes the words of 16 rounds later. */
	.macro	four_rounds_scheduled w0, w1, w2, w3, k
	add	v2.4s, \w0\().4s, \k\().4s
	sha256su0 \w0\().4s, \w1\().4s
	mov	v3.16b, v0.16b
	sha256h	q0, q1, v2.4s
	sha256h2 q1, q3, v2.4s
	sha256su1 \w0\().4s, \w2\().4s, \w3\().4s
	.endm

	.globl	kxf_sha256_instructions
kxf_sha256_instructions:
	cbz	x2, 2f
	load_sha256_constants
	ld1	{v0.4s, v1.4s}, [x0]
1:	ld1	{v4.4s, v5.4s, v6.4s, v7.4s}, [x1], #64
	mov	v8.16b, v0.16b
	mov	v9.16b, v1.16b
	/* The message is big-endian. */
	rev32	v4.16b, v4.16b
	rev32	v5.16b, v5.16b
	rev32	v6.16b, v6.16b
	rev32	v7.16b, v7.16b
	four_rounds_scheduled v4, v5, v6, v7, v16
	four_rounds_scheduled v5, v6, v7, v4, v17
	four_rounds_scheduled v6, v7, v4, v5, v18
	four_rounds_scheduled v7, v4, v5, v6, v19
	four_rounds_scheduled v4, v5, v6, v7, v20
	four_rounds_scheduled v5, v6, v7, v4, v21
	four_rounds_scheduled v6, v7, v4, v5, v22
	four_rounds_scheduled v7, v4, v5, v6, v23
	four_rounds_scheduled v4, v5, v6, v7, v24
	four_rounds_scheduled v5, v6, v7, v4, v25
	four_rounds_scheduled v6, v7, v4, v5, v26
	four_rounds_scheduled v7, v4, v5, v6, v27
	four_rounds v4, v28
	four_rounds v5, v29
	four_rounds v6, v30
	four_rounds v7, v31
	add	v0.4s, v0.4s, v8.4s
	add	v1.4s, v1.4s, v9.4s
	sub	x2, x2, #1
	cbnz	x2, 1b
	st1	{v0.4s, v1.4s}, [x0]
2:	ret

	.balign	16
	.globl	kxf_sha256_constants
kxf_sha256_constants:	/* FIPS 180-4, section 4.2.2 */
	.word	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5
	.word	0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5
	.word	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3
	.word	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174
	.word	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc
	.word	0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da
	.word	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7
	.word	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967
	.word	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13
	.word	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85
	.word	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3
	.word	0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070
	.word	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5
	.word	0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3
	.word	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208
	.word	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2

	.section .note.GNU-stack, "", %progbits
