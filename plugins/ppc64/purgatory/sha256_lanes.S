/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 (FIPS 180-4, section 6.2) of four messages at once, each in one lane of the vector
 * registers. vshasigmaw (Power ISA v2.07 and later, Book I, "Vector SHA-256 Sigma Word") computes
 * a sigma of four words; of one message it would compute the same one four times, since a round
 * waits for the round before it. Four blocks take as many instructions as one block takes in one
 * lane.
 *
 * void kxf_sha256_lanes(uint32_t state[8][4], const void* const in[4], uint64_t blocks);
 *
 * state[word][lane]; each `in` is a multiple of 8, and lanes may read the same bytes. Constants and
 * state stay in registers, so that a block is read by four loads and touches no other memory.
 * MSR[VEC] and MSR[VSX] are on in here only: firmware and the next kernel find MSR as it was.
 *
 * v0 to v15: the last 16 words of the message schedule; v16 to v23: the working variables a to h;
 * v24 to v31: temporary. vs0 to vs15: the constants, four to a register; vs16 to vs23: the state.
 */
#define MSR_VEC_VSX_UPPER 0x280		/* MSR[VEC] and MSR[VSX], of the bits 16 to 31 from the right */

	.machine push
	.machine power8
	.section .text.sha256, "ax", %progbits

	/* The words 4 * q to 4 * q + 3 of the block in each lane become v(4q) to v(4q + 3). */
	.macro	load_words q, offset
	lxvw4x	32 + 24, \offset, 6
	lxvw4x	32 + 25, \offset, 7
	lxvw4x	32 + 26, \offset, 8
	lxvw4x	32 + 27, \offset, 9
	vmrghw	28, 24, 25
	vmrghw	29, 26, 27
	vmrglw	30, 24, 25
	vmrglw	31, 26, 27
	xxpermdi 32 + 4 * \q, 32 + 28, 32 + 29, 0
	xxpermdi 32 + 4 * \q + 1, 32 + 28, 32 + 29, 3
	xxpermdi 32 + 4 * \q + 2, 32 + 30, 32 + 31, 0
	xxpermdi 32 + 4 * \q + 3, 32 + 30, 32 + 31, 3
	.endm

	/* W(t), in place of W(t - 16). */
	.macro	schedule t
	vshasigmaw 24, (\t + 1) % 16, 0, 0
	vshasigmaw 25, (\t + 14) % 16, 0, 15
	vadduwm	\t % 16, \t % 16, (\t + 9) % 16
	vadduwm	24, 24, 25
	vadduwm	\t % 16, \t % 16, 24
	.endm

	/* Maj(a, b, c) is c where a and b differ, else b. */
	.macro	round t, a, b, c, d, e, f, g, h
	.if	\t >= 16
	schedule \t
	.endif
	xxspltw	32 + 26, \t / 4, \t % 4
	vadduwm	\h, \h, \t % 16
	vsel	27, \g, \f, \e
	vadduwm	26, 26, 27
	vshasigmaw 28, \e, 1, 15
	vadduwm	\h, \h, 26
	vxor	29, \a, \b
	vadduwm	\h, \h, 28
	vsel	30, \b, \c, 29
	vadduwm	\d, \d, \h
	vshasigmaw 31, \a, 1, 0
	vadduwm	30, 30, 31
	vadduwm	\h, \h, 30
	.endm

	.globl	kxf_sha256_lanes
	.type	kxf_sha256_lanes, @function
kxf_sha256_lanes:
	cmpdi	5, 0
	beqlr
	mtctr	5
	mflr	10
	mfmsr	12
	oris	11, 12, MSR_VEC_VSX_UPPER
	mtmsrd	11
	/* Power ISA, Book III, "Synchronization Requirements for Context Alterations" */
	isync

	bcl	20, 31, 1f
1:	mflr	11
	addi	11, 11, kxf_sha256_constants - 1b
	.irp	index, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	lxvw4x	\index, 0, 11
	addi	11, 11, 16
	.endr
	mtlr	10
	mr	11, 3
	.irp	index, 0, 1, 2, 3, 4, 5, 6, 7
	lxvw4x	32 + 16 + \index, 0, 11
	addi	11, 11, 16
	.endr
	ld	6, 0(4)
	ld	7, 8(4)
	ld	8, 16(4)
	ld	9, 24(4)
	li	4, 16
	li	5, 32
	li	11, 48

2:	.irp	index, 0, 1, 2, 3, 4, 5, 6, 7
	xxlor	16 + \index, 32 + 16 + \index, 32 + 16 + \index
	.endr
	load_words 0, 0
	load_words 1, 4
	load_words 2, 5
	load_words 3, 11
	addi	6, 6, 64
	addi	7, 7, 64
	addi	8, 8, 64
	addi	9, 9, 64
	.irp	t, 0, 8, 16, 24, 32, 40, 48, 56
	round	(\t + 0), 16, 17, 18, 19, 20, 21, 22, 23
	round	(\t + 1), 23, 16, 17, 18, 19, 20, 21, 22
	round	(\t + 2), 22, 23, 16, 17, 18, 19, 20, 21
	round	(\t + 3), 21, 22, 23, 16, 17, 18, 19, 20
	round	(\t + 4), 20, 21, 22, 23, 16, 17, 18, 19
	round	(\t + 5), 19, 20, 21, 22, 23, 16, 17, 18
	round	(\t + 6), 18, 19, 20, 21, 22, 23, 16, 17
	round	(\t + 7), 17, 18, 19, 20, 21, 22, 23, 16
	.endr
	.irp	index, 0, 1, 2, 3, 4, 5, 6, 7
	xxlor	32 + 24, 16 + \index, 16 + \index
	vadduwm	16 + \index, 16 + \index, 24
	.endr
	bdnz	2b

	.irp	index, 0, 1, 2, 3, 4, 5, 6, 7
	stxvw4x	32 + 16 + \index, 0, 3
	addi	3, 3, 16
	.endr
	mtmsrd	12
	isync
	blr
	.size	kxf_sha256_lanes, . - kxf_sha256_lanes

	.balign	16
kxf_sha256_constants:	/* FIPS 180-4, section 4.2.2 */
	.long	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5
	.long	0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5
	.long	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3
	.long	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174
	.long	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc
	.long	0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da
	.long	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7
	.long	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967
	.long	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13
	.long	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85
	.long	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3
	.long	0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070
	.long	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5
	.long	0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3
	.long	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208
	.long	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
	.machine pop
	.section .note.GNU-stack, "", %progbits
