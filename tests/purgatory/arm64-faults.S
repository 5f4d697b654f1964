/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs the arm64 purgatory many times in one emulator, each time with another fault, at EL1 or EL2,
 * and tells how each run ended: what stands under it is a monitor at EL3 (QEMU: virt,secure=on,
 * virtualization=on,gic-version=2), entered at MONITOR. The runs are those of cases.inc, 64 bits each:
 * how to enter (0: EL1, 1: EL2, 2: EL2 with HCR_EL2.E2H and TGE), how many words of memory are
 * changed before, and for each its address and a value: stored, or with bit 0 of the address set
 * flipped. -1 ends the list.
 *
 * Before each run the purgatory is copied from PRISTINE to its place, and its breadcrumb is cleared.
 * In place of an instruction of the purgatory's a case may have SMC #n: then EL3 hands exception
 * n (the number of its vector) down to the level that was interrupted, as firmware does with SErrors
 * that are routed to it. An emulated CPU has no other way to an SError at EL2.
 *
 * A run ends when the CPU stays at a vector, seen twice in a row by a timer of EL3's; at WFI, where the
 * purgatory stops; when the kernel, at KERNEL, is entered; or after two seconds.
 */
#include "arm64-text.inc"

#define MONITOR   0x41000000
#define STACK     0x41080000
#define PRISTINE  0x44000000
#define PURGATORY 0x4a000000
#define UART      0x09000000
#define GICD      0x08000000
#define GICC      0x08010000
#define TICK      62500		/* 1 ms of 62.5 MHz */
#define MOST_TICKS 2000

	.text
	.globl	_start
_start:
	ldr	x0, =STACK
	mov	sp, x0
	adr	x0, vectors
	msr	vbar_el3, x0
	msr	cptr_el3, xzr
	/* The secure timer, PPI 29, in group 0, which is an FIQ */
	ldr	x0, =GICD
	mov	w1, #1
	str	w1, [x0]
	mov	w1, #(1 << 29)
	str	w1, [x0, #0x100]	/* GICD_ISENABLER0 */
	ldr	x0, =GICC
	mov	w1, #0xff
	str	w1, [x0, #4]		/* GICC_PMR */
	mov	w1, #9			/* group 0, as FIQ */
	str	w1, [x0]
	/* NS, RES1, FIQ to EL3, HVC, RW: 64-bit below, WFI traps to EL3 */
	ldr	x0, =(1 | 0x30 | 1 << 2 | 1 << 8 | 1 << 10 | 1 << 12)
	msr	scr_el3, x0
	isb
	adr	x28, cases
	mov	x27, xzr		/* number of the case */

next_case:
	mov	x9, #UART
	ldr	x19, [x28], #8
	cmn	x19, #1
	b.eq	all_done
	put_text text_case
	put_register x27
	put_text text_line
	add	x27, x27, #1

	ldr	x0, =PRISTINE
	ldr	x1, =PURGATORY
	ldr	x2, =PURGATORY_BYTES
1:	ldr	x3, [x0], #8
	str	x3, [x1], #8
	subs	x2, x2, #8
	b.hi	1b
	ldr	x0, =BREADCRUMB
	mov	x2, #BREADCRUMB_WORDS
2:	str	xzr, [x0], #8
	subs	x2, x2, #1
	b.ne	2b

	/* Changes. What was there is kept beside, to be put back behind the run. */
	adr	x20, saved
	ldr	x21, [x28], #8
	mov	x22, x21
	cbz	x22, 5f
3:	ldp	x0, x1, [x28], #16
	bic	x2, x0, #1
	ldr	w3, [x2]
	stp	x2, x3, [x20], #16
	tbz	x0, #0, 4f
	eor	w1, w1, w3
4:	str	w1, [x2]
	subs	x22, x22, #1
	b.ne	3b
5:
	/* The registers as a kernel that leaves could have them. */
	ldr	x0, =(1 << 31)		/* RW: EL1 is 64-bit */
	mov	x1, #0x33ff
	cmp	x19, #2
	b.ne	6f
	orr	x0, x0, #(1 << 34)
	orr	x0, x0, #(1 << 27)
	mov	x1, xzr
6:	msr	hcr_el2, x0
	isb
	msr	cptr_el2, x1
	msr	cpacr_el1, xzr
	ldr	x0, =0x30d00800
	msr	sctlr_el1, x0
	ldr	x0, =0x30c50830
	msr	sctlr_el2, x0
	tlbi	alle1
	tlbi	alle2
	ic	iallu
	dsb	sy
	isb
	mov	x0, #0x3c5		/* EL1h, all masked */
	cbz	x19, 7f
	mov	x0, #0x3c9		/* EL2h */
7:	msr	spsr_el3, x0
	ldr	x0, =PURGATORY
	msr	elr_el3, x0
	adr	x0, state
	stp	x27, x28, [x0]
	stp	xzr, xzr, [x0, #16]	/* ticks, last PC */
	str	x21, [x0, #32]
	ldr	x0, =TICK
	msr	cntps_tval_el1, x0
	mov	x0, #1
	msr	cntps_ctl_el1, x0
	isb
	mov	x0, xzr
	eret

all_done:
	put_text text_end
8:	wfi
	b	8b

	/* What the breadcrumb holds, the PC in x18; then memory as it was. */
ended:	msr	cntps_ctl_el1, xzr
	put_text text_pc
	put_register x18
	put_text text_line
	put_text text_breadcrumb
	ldr	x15, =BREADCRUMB
	mov	x16, #BREADCRUMB_WORDS
1:	ldr	x17, [x15], #8
	put_register x17
	subs	x16, x16, #1
	b.ne	1b
	put_text text_line
	adr	x0, state
	ldp	x27, x28, [x0]
	ldr	x21, [x0, #32]
	/* the last change first */
	adr	x20, saved
	add	x20, x20, x21, lsl #4
2:	cbz	x21, next_case
	ldp	x2, x3, [x20, #-16]!
	str	w3, [x2]
	sub	x21, x21, #1
	b	2b

	.balign	0x800
vectors:
	.org	vectors + 0x200		/* our own fault */
1:	b	1b
	.org	vectors + 0x400		/* synchronous, from a lower level */
	stp	x0, x1, [sp, #-32]!
	stp	x2, x3, [sp, #16]
	b	synchronous
	.org	vectors + 0x500		/* FIQ */
	stp	x0, x1, [sp, #-32]!
	stp	x2, x3, [sp, #16]
	b	tick
	.org	vectors + 0x800

	.macro	end_case text
	ldr	x0, =STACK
	mov	sp, x0
	mov	x9, #UART
	put_text \text
	mrs	x18, elr_el3
	b	ended
	.endm

tick:
	ldr	x0, =GICC
	ldr	w1, [x0, #12]		/* GICC_IAR */
	ldr	x2, =TICK
	msr	cntps_tval_el1, x2
	isb
	str	w1, [x0, #16]		/* GICC_EOIR */
	adr	x0, state
	ldp	x1, x2, [x0, #16]
	mrs	x3, elr_el3
	add	x1, x1, #1
	stp	x1, x3, [x0, #16]
	cmp	x2, x3
	b.ne	1f
	ldr	x2, =(PURGATORY + VECTORS)
	sub	x3, x3, x2
	cmp	x3, #0x800
	b.lo	stays
1:	ldr	x2, =MOST_TICKS
	cmp	x1, x2
	b.hi	hangs
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp], #32
	eret
stays:	end_case text_vector
hangs:	end_case text_hangs

synchronous:
	mrs	x0, esr_el3
	lsr	x1, x0, #26
	cmp	x1, #0x01		/* WFI */
	b.eq	stops
	cmp	x1, #0x17		/* SMC */
	b.ne	other
	and	x0, x0, #0xffff
	cmp	x0, #16
	b.hs	entered
	/* Exception x0 to the level that was interrupted; an SError only where it is not masked. */
	mrs	x1, spsr_el3
	and	x2, x0, #3
	cmp	x2, #3
	b.ne	1f
	tbnz	x1, #8, masked
1:	mrs	x3, elr_el3
	sub	x3, x3, #4		/* it took the place of the SMC */
	ldr	x2, =0xbe000011		/* ESR of an asynchronous SError (EC 0x2f, DFSC 0x11) */
	tbnz	x1, #3, 2f
	msr	elr_el1, x3
	msr	spsr_el1, x1
	msr	esr_el1, x2
	mrs	x3, vbar_el1
	mov	x1, #0x3c5
	b	3f
2:	msr	elr_el2, x3
	msr	spsr_el2, x1
	msr	esr_el2, x2
	mrs	x3, vbar_el2
	mov	x1, #0x3c9
3:	add	x3, x3, x0, lsl #7
	msr	elr_el3, x3
	msr	spsr_el3, x1
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp], #32
	eret
stops:	end_case text_stops
entered: end_case text_entered
masked:	end_case text_masked
other:	end_case text_other

	.ltorg
text_case:	.asciz "\r\n= "
text_line:	.asciz "\r\n"
text_end:	.asciz "\r\n= END\r\n"
text_pc:	.asciz " PC "
text_breadcrumb: .asciz "BREADCRUMB "
text_vector:	.asciz "ENDED at a vector,"
text_stops:	.asciz "ENDED by WFI,"
text_hangs:	.asciz "ENDED by the clock,"
text_entered:	.asciz "ENDED in the kernel,"
text_masked:	.asciz "ENDED as SErrors are masked,"
text_other:	.asciz "ENDED by an exception to EL3,"
	.balign 8
cases:
#include "cases.inc"
	.quad	-1
state:	.zero	40	/* case, next case, ticks, last PC, changes */
	.balign	16
saved:	.zero	256	/* address and value of each change */
