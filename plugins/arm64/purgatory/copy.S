/* SPDX-License-Identifier: Apache-2.0
 *
 * Blocks of 64 bytes by four vector registers: 6 instructions each, 4 for zeros
 * (purgatory/relocate.h). Nothing is unaligned, as memory is Device where the MMU is off; so there
 * is no DC ZVA either, which faults there. FP/SIMD must be enabled (entry.S).
 *
 * void kxf_copy_up(uint64_t to, uint64_t from, uint64_t blocks);
 * void kxf_copy_down(uint64_t to, uint64_t from, uint64_t blocks);
 * void kxf_zero(uint64_t to, uint64_t blocks);
 *
 * All of a block is read before any of it is written.
 */
	.section .text.copy, "ax", %progbits

	.globl	kxf_copy_up
kxf_copy_up:
	cbz	x2, 2f
1:	ldp	q2, q3, [x1, #32]
	ldp	q0, q1, [x1], #64
	stp	q2, q3, [x0, #32]
	stp	q0, q1, [x0], #64
	subs	x2, x2, #1
	b.ne	1b
2:	ret

	.globl	kxf_copy_down
kxf_copy_down:
	cbz	x2, 2f
	add	x0, x0, x2, lsl #6
	add	x1, x1, x2, lsl #6
1:	ldp	q2, q3, [x1, #-32]
	ldp	q0, q1, [x1, #-64]!
	stp	q2, q3, [x0, #-32]
	stp	q0, q1, [x0, #-64]!
	subs	x2, x2, #1
	b.ne	1b
2:	ret

	.globl	kxf_zero
kxf_zero:
	cbz	x1, 2f
	movi	v0.2d, #0
1:	stp	q0, q0, [x0, #32]
	stp	q0, q0, [x0], #64
	subs	x1, x1, #1
	b.ne	1b
2:	ret

	.section .note.GNU-stack, "", %progbits
