/* SPDX-License-Identifier: Apache-2.0
 *
 * What stands before the arm64 purgatory in its test, in place of the old kernel: gives the registers
 * that the purgatory has to put back values of their own, and enters it at the exception level that
 * is wanted. Entered at EL1 or EL2 with the MMU off, at FIRST.
 *
 * At CONFIG, 64 bits each: where the purgatory is; how to enter it (0: as we were entered, 1: with
 * HCR_EL2.E2H and TGE set, 2: at EL1 under the monitor below, 3: as we were, with FP/SIMD enabled,
 * 4: as we were, big-endian); for the monitor at which write of SCTLR_EL1 by the purgatory, from 1,
 * an SError becomes pending.
 *
 * From SAVED on it writes what the registers are, for arm64-kernel.S to compare.
 */
#include "arm64-first.inc"

#define TVM (1 << 26)
#define VSE (1 << 8)
#define AMO (1 << 5)

	.macro	enter el
	cmp	x11, #4
	b.ne	9f
	mrs	x13, sctlr_\el
	orr	x13, x13, #(1 << 25)	/* EE */
	msr	sctlr_\el, x13
	isb
9:	br	x10
	.endm

	.text
	.globl	_start
_start:
	ldr	x9, =CONFIG
	ldp	x10, x11, [x9]
	ldr	x12, =SAVED
	cmp	x11, #1
	b.eq	host
	cmp	x11, #2
	b.eq	monitor
	mrs	x13, CurrentEL
	cmp	x13, #8
	b.eq	at_el2
at_el1:
	cmp	x11, #3
	b.ne	1f
	mov	x13, #(3 << 20)
	msr	cpacr_el1, x13
1:	set_values el1, cpacr_el1
	save_values el1, cpacr_el1
	enter el1

host:	mrs	x13, hcr_el2
	orr	x13, x13, #(1 << 34)
	orr	x13, x13, #(1 << 27)
	msr	hcr_el2, x13
	isb
at_el2:	set_values el2, cptr_el2
	save_values el2, cptr_el2
	mrs	x13, hcr_el2
	str	x13, [x12, #40]
	enter el2

	/* Writes of EL1's translation registers trap to EL2, where they are counted and done. */
monitor:
	adr	x13, monitor_vectors
	msr	vbar_el2, x13
	ldr	x13, =(1 << 31 | AMO | TVM)	/* RW: EL1 is 64-bit */
	msr	hcr_el2, x13
	mov	x13, #0x3c5		/* EL1h, all masked */
	msr	spsr_el2, x13
	adr	x13, at_el1_below
	msr	elr_el2, x13
	mov	x13, #0x33ff
	bic	x13, x13, #(1 << 10)
	msr	cptr_el2, x13
	ldr	x13, =MONITOR_STACK
	mov	sp, x13
	msr	tpidr_el2, xzr		/* writes of SCTLR_EL1 so far */
	isb
	eret
at_el1_below:
	ldr	x9, =CONFIG
	ldr	x10, [x9]
	ldr	x12, =SAVED
	set_values el1, cpacr_el1	/* trapped as well; none of them is SCTLR */
	save_values el1, cpacr_el1
	br	x10

	.balign	0x800
monitor_vectors:
	.org	monitor_vectors + 0x400	/* synchronous, from EL1 in 64-bit state */
	stp	x0, x1, [sp, #-32]!
	stp	x2, x3, [sp, #16]
	b	trapped
	.org	monitor_vectors + 0x800
trapped:
	/* The value that was to be written: Rt, ISS bits 9 to 5. All that is written so comes from x3 to
	 * x6, x9 or x19 (mmu_switch.S, entry.S, arm64-first.inc). */
	mrs	x0, esr_el2
	lsr	x1, x0, #26
	cmp	x1, #0x18
	b.ne	unexpected
	ubfx	x2, x0, #5, #5
	cmp	x2, #3
	b.ne	1f
	ldr	x1, [sp, #24]
1:	.irp	n, 4, 5, 6, 7, 8, 9, 10, 13, 19
	cmp	x2, #\n
	b.ne	2f
	mov	x1, x\n
2:
	.endr
	/* Op0, Op2, Op1, CRn, Rt, CRm: which register */
	mov	x2, #0x3e0
	orr	x2, x2, #1
	bic	x0, x0, x2
	and	x0, x0, #0x1ffffff
	ldr	x2, =(3 << 20 | 1 << 10)
	cmp	x0, x2
	b.eq	sctlr
	ldr	x2, =(3 << 20 | 2 << 10)
	cmp	x0, x2
	b.eq	ttbr0
	orr	x2, x2, #(2 << 17)
	cmp	x0, x2
	b.eq	tcr
	ldr	x2, =(3 << 20 | 10 << 10 | 2 << 1)
	cmp	x0, x2
	b.eq	mair
unexpected:
	b	unexpected
ttbr0:	msr	ttbr0_el1, x1
	b	done
tcr:	msr	tcr_el1, x1
	b	done
mair:	msr	mair_el1, x1
	b	done
sctlr:	msr	sctlr_el1, x1
	mrs	x0, tpidr_el2
	add	x0, x0, #1
	msr	tpidr_el2, x0
	ldr	x2, =CONFIG
	ldr	x1, [x2, #16]
	cmp	x0, x1
	b.ne	done
	mrs	x0, hcr_el2
	orr	x0, x0, #VSE
	msr	hcr_el2, x0
done:	mrs	x0, elr_el2
	add	x0, x0, #4
	msr	elr_el2, x0
	isb
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp], #32
	eret
