/* SPDX-License-Identifier: Apache-2.0
 *
 * All sixteen exception vectors (Arm ARM DDI 0487, chapter D1, "Exception vectors"): 0x80 bytes
 * each from a multiple of 2 KiB. The purgatory expects no exception; each is reported, and then the
 * CPU stays at the first instruction of its vector for ever: the PC in a debugger tells which one
 * it was, also on a board without a console. After the report x20 to x26 hold what report_exception
 * below says.
 *
 * x28 is 0 until an exception is taken. An exception in the report, for which the console itself
 * may be the reason, finds it set and stays at its own vector at once.
 */
#include "arm64/purgatory/stage.h"

#define SCTLR_M 0
#define SCTLR_C 2
#define SCTLR_EE 25

	.section .text.vectors, "ax", %progbits

	/* .org puts each where the architecture looks for it, and is an error of the assembler when the
	 * one before does not end by then. */
	.macro vector index
	.org	kxf_vectors + \index * 0x80
kxf_vector_\index:
	cbnz	x28, kxf_vector_\index
	mov	x28, #(\index + 1)
	b	report_exception
	.endm

	.balign	0x800
	.globl	kxf_vectors
kxf_vectors:
	.irp	index, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vector	\index
	.endr
	.org	kxf_vectors + 0x800

	/* x20 ESR, x21 ELR, x22 FAR, x23 SP, x24 exception level, x25 SPSR, x26 address of the vector;
	 * those of the interrupted code are lost. */
report_exception:
	mov	x23, sp
	/* The first four are for SP_EL0, which nobody here uses; SP is then of the handler. */
	cmp	x28, #4
	b.hi	1f
	mrs	x23, sp_el0
1:	mrs	x24, CurrentEL
	ubfx	x24, x24, #2, #2
	adr	x26, kxf_vectors
	sub	x9, x28, #1
	add	x26, x26, x9, lsl #7
	/*
	 * The report is made with the MMU off, so it needs no mapping: also the fault of a mapping of
	 * the console's or the stack's is reported. We run on a page that is mapped to itself, so the
	 * next instruction is the same with the MMU off. Stores that were under way complete first;
	 * what is dirty in the cache stays there: nothing reads it any more. The report's stack lies
	 * where nobody wrote with the cache on, and its other data is read-only and clean.
	 */
	dsb	sy
	cmp	x24, #2
	b.eq	2f
	mrs	x20, esr_el1
	mrs	x21, elr_el1
	mrs	x22, far_el1
	mrs	x25, spsr_el1
	mrs	x9, sctlr_el1
	bic	x9, x9, #(1 << SCTLR_M)
	bic	x9, x9, #(1 << SCTLR_C)
	bic	x9, x9, #(1 << SCTLR_EE)
	msr	sctlr_el1, x9
	b	3f
2:	mrs	x20, esr_el2
	mrs	x21, elr_el2
	mrs	x22, far_el2
	mrs	x25, spsr_el2
	mrs	x9, sctlr_el2
	bic	x9, x9, #(1 << SCTLR_M)
	bic	x9, x9, #(1 << SCTLR_C)
	bic	x9, x9, #(1 << SCTLR_EE)
	msr	sctlr_el2, x9
3:	isb
	adr	x9, kxf_fault_stack_top
	mov	sp, x9
	adr	x0, kxf_params
	sub	x1, x28, #1
	mov	x2, x27
	mov	x3, x24
	mov	x4, x20
	mov	x5, x21
	mov	x6, x22
	mov	x7, x23
	bl	kxf_report_exception
	/* x28 is set: this is where the CPU stays. */
	br	x26

	.section .note.GNU-stack, "", %progbits
