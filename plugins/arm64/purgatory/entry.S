/* SPDX-License-Identifier: Apache-2.0
 *
 * The first and the last instructions of the purgatory. The contract on both sides is told in
 * ../architecture.cpp.
 *
 * Entered at EL1 or EL2 with the MMU and the data cache off, interrupts masked, no stack; x0 is the
 * first byte of the bundle that this is the purgatory of, else of no meaning. Section names of Arm
 * documents are those of the Architecture Reference Manual for A-profile (DDI 0487).
 */
#include "arm64/purgatory/params.h"
#include "arm64/purgatory/stage.h"

#define SCTLR_I  12	/* instruction cache enable */
#define SCTLR_EE 25	/* data accesses at this exception level are big-endian */
#define FPEN     (3 << 20)	/* CPACR_EL1, and CPTR_EL2 with E2H: FP/SIMD is not trapped */
#define TFP      (1 << 10)	/* CPTR_EL2 without E2H: it is */
#define HCR_AMO  (1 << 5)	/* physical SErrors are taken to EL2 */
#define HCR_E2H  34

	.section .head, "ax", %progbits
	.globl	kxf_blob_start
kxf_blob_start:
	b	start
	.balign	KXF_BLOB_HEADER_OFFSET
	/* struct kxf_blob_header */
	.quad	KXF_BLOB_MAGIC
	.long	KXF_BLOB_VERSION
	.long	kxf_params - kxf_blob_start
	.long	kxf_blob_end - kxf_blob_start
	.long	kxf_bundle_head - kxf_blob_start

start:
	mov	x25, x0
	/* Who started us masked these already; the next kernel demands it (booting.rst). Vectors 4 to 7
	 * are ours: SP_ELx. */
	msr	daifset, #15
	msr	spsel, #1
	mov	x27, #KXF_STAGE_START
	mov	x28, xzr

	/*
	 * Vectors of our own, first of all. A big-endian kernel leaves with EE set, which would turn our
	 * loads round. x22 and x19 keep what was found, for the next kernel to find it so. Registers of
	 * EL2 by their own names are right with HCR_EL2.E2H set or clear.
	 */
	mrs	x20, CurrentEL
	ubfx	x20, x20, #2, #2
	adr	x21, kxf_params
	adr	x10, kxf_vectors
	cmp	x20, #2
	b.eq	1f
	mrs	x22, vbar_el1
	msr	vbar_el1, x10
	mrs	x19, sctlr_el1
	bic	x9, x19, #(1 << SCTLR_EE)
	msr	sctlr_el1, x9
	b	2f
1:	mrs	x22, vbar_el2
	msr	vbar_el2, x10
	mrs	x19, sctlr_el2
	bic	x9, x19, #(1 << SCTLR_EE)
	msr	sctlr_el2, x9
2:	isb

	/*
	 * With the MMU off SCTLR.I alone decides whether instruction fetches are cacheable ("Behavior
	 * of instruction accesses when stage 1 address translation is disabled": Normal,
	 * write-through). Without it every fetch goes to memory, and the SHA-256 is all fetches. The
	 * old kernel, or bundle_head.S, cleaned our bytes to the point of coherency, so nothing stale
	 * can be fetched once this CPU's own lines are gone.
	 */
	ldr	w10, [x21, #KXF_PARAMS_FLAGS]
	tbz	w10, #0, 4f		/* KXF_FLAG_ICACHE */
	ic	iallu
	dsb	nsh
	isb
	orr	x9, x9, #(1 << SCTLR_I)
	cmp	x20, #2
	b.eq	3f
	msr	sctlr_el1, x9
	b	4f
3:	msr	sctlr_el2, x9
4:
	/*
	 * FP/SIMD for the SHA-256: FPEN, which CPTR_EL2 has where CPACR_EL1 has it when E2H is set, and
	 * TFP, the other way round, when it is clear. x23 and x24 keep what was found. x26: the regime.
	 */
	cmp	x20, #2
	b.eq	5f
	mov	x26, #KXF_REGIME_EL1
	mrs	x23, cpacr_el1
	orr	x10, x23, #FPEN
	msr	cpacr_el1, x10
	b	7f
5:	mrs	x23, cptr_el2
	mrs	x24, hcr_el2
	mov	x26, #KXF_REGIME_EL2
	bic	x10, x23, #TFP
	tbz	x24, #HCR_E2H, 6f
	mov	x26, #KXF_REGIME_EL2_HOST
	orr	x10, x23, #FPEN
6:	msr	cptr_el2, x10
	/* Without AMO an SError is never taken at EL2 ("Establishing the target Exception level of an
	 * asynchronous exception"). */
	orr	x10, x24, #HCR_AMO
	msr	hcr_el2, x10
7:	isb
	/* An SError is reported where it happens: the next kernel would blame itself. */
	msr	daifclr, #4

	adr	x9, kxf_stack_top
	mov	sp, x9
	mov	x0, x21
	mov	x1, x20
	mov	x2, x26
	mov	x3, x25
	bl	kxf_purgatory

	/* Nothing of ours is to be seen by the next kernel. */
	msr	daifset, #15
	cmp	x20, #2
	b.eq	8f
	msr	vbar_el1, x22
	msr	cpacr_el1, x23
	b	9f
8:	msr	vbar_el2, x22
	msr	cptr_el2, x23
	msr	hcr_el2, x24
9:
	ldr	x17, [x21, #KXF_PARAMS_KERNEL_ENTRY]
	ldr	x0, [x21, #KXF_PARAMS_TREE]
	mov	x1, xzr
	mov	x2, xzr
	mov	x3, xzr

	/*
	 * DSB: what we wrote, to memory and to the UART, is complete before the kernel runs. IC IALLU:
	 * no line that was fetched ahead while the cache was on survives ("any I-cache state, but no
	 * stale lines", booting.rst); the DSB behind it waits for its end, and the ISB makes the new
	 * SCTLR and the empty cache hold for the next fetch.
	 */
	dsb	sy
	cmp	x20, #2
	b.eq	10f
	msr	sctlr_el1, x19
	b	11f
10:	msr	sctlr_el2, x19
11:	isb
	ic	iallu
	dsb	nsh
	isb
	br	x17

	.section .params, "a", %progbits
	.balign	64
	.globl	kxf_params
kxf_params:
	.zero	KXF_PARAMS_SIZE

	/* The pages below are not mapped: a stack that overflows is a fault. The report of a fault has a
	 * stack on a page of its own, which nobody writes with the data cache on. */
	.section .stack, "aw", %nobits
	.balign	4096
	.zero	8192
kxf_stack_top:
	.zero	4096
	.globl	kxf_fault_stack_top
kxf_fault_stack_top:
	.section .note.GNU-stack, "", %progbits
