/* SPDX-License-Identifier: Apache-2.0
 *
 * The first and the last instructions of the purgatory. The contract on both sides is told in
 * ../architecture.cpp.
 *
 * Entered at EL1 or EL2 with the MMU and the data cache off, interrupts masked, x0 of no meaning,
 * no stack. Section names of Arm documents are those of the Architecture Reference Manual for
 * A-profile (DDI 0487).
 */
#include "arm64/purgatory/params.h"

#define SCTLR_I  12	/* instruction cache enable */
#define SCTLR_EE 25	/* data accesses at this exception level are big-endian */

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
	.long	0

start:
	/* The old kernel masked these already; the next one demands it (booting.rst). */
	msr	daifset, #15

	/*
	 * A big-endian kernel leaves with EE set, which would turn our loads round. x19 keeps what
	 * was found, for the next kernel to find it so. SCTLR_EL2 by its own name is right with
	 * HCR_EL2.E2H set or clear.
	 */
	mrs	x20, CurrentEL
	ubfx	x20, x20, #2, #2
	adr	x21, kxf_params
	cmp	x20, #2
	b.eq	1f
	mrs	x19, sctlr_el1
	bic	x9, x19, #(1 << SCTLR_EE)
	msr	sctlr_el1, x9
	b	2f
1:	mrs	x19, sctlr_el2
	bic	x9, x19, #(1 << SCTLR_EE)
	msr	sctlr_el2, x9
2:	isb

	/*
	 * With the MMU off SCTLR.I alone decides whether instruction fetches are cacheable ("Behavior
	 * of instruction accesses when stage 1 address translation is disabled": Normal,
	 * write-through). Without it every fetch goes to memory, and the SHA-256 is all fetches. The
	 * old kernel cleaned our bytes to the point of coherency, so nothing stale can be fetched once
	 * this CPU's own lines are gone.
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
4:	isb

	adr	x9, kxf_stack_top
	mov	sp, x9
	mov	x0, x21
	bl	kxf_purgatory

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
	b.eq	5f
	msr	sctlr_el1, x19
	b	6f
5:	msr	sctlr_el2, x19
6:	isb
	ic	iallu
	dsb	nsh
	isb
	br	x17

	.section .params, "a", %progbits
	.balign	64
kxf_params:
	.zero	KXF_PARAMS_SIZE

	.section .stack, "aw", %nobits
	.balign	16
	.zero	8192
kxf_stack_top:
	.section .note.GNU-stack, "", %progbits
