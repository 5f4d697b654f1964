/* SPDX-License-Identifier: Apache-2.0
 *
 * The MMU on and off. Section names are those of the Arm Architecture Reference Manual for
 * A-profile (DDI 0487). Emulation shows no missing barrier and no missing maintenance: each has its
 * reason here.
 *
 * void kxf_mmu_on(const struct kxf_translation* wanted, struct kxf_translation* found,
 *                 uint64_t regime);
 * void kxf_mmu_off(const struct kxf_translation* found, uint64_t regime);
 *
 * The stack is used before, between and after, with other attributes each time. That is sound by
 * "Mismatched memory attributes" (chapter B2) only because of the maintenance by VA below, and
 * because between the switch and the maintenance nothing is loaded or stored.
 */
#include "arm64/purgatory/stage.h"

/* struct kxf_translation (main.c) */
#define TTBR0 0
#define TCR   8
#define MAIR  16
#define SCTLR 24

	.section .text.mmu, "ax", %progbits

	/*
	 * Data from kxf_data_start to kxf_blob_end, all that is ever written: clean and invalidate to
	 * the point of coherency, by VA (chapter D7, "A64 Cache maintenance instructions"). Never by
	 * set/way, which says nothing about lines that move between caches. CTR_EL0.DminLine is
	 * log2 of the words in the smallest line.
	 */
	.macro	clean_and_invalidate_data
	mrs	x9, ctr_el0
	ubfx	x9, x9, #16, #4
	mov	x10, #4
	lsl	x9, x10, x9
	adr	x10, kxf_data_start
	adr	x11, kxf_blob_end
8:	dc	civac, x10
	add	x10, x10, x9
	cmp	x10, x11
	b.lo	8b
	/* Complete, for every observer, before anything that comes behind it ("Ordering and completion
	 * of data and instruction cache instructions"). */
	dsb	sy
	.endm

	.macro	switch_on el
	mrs	x9, ttbr0_\el
	mrs	x10, tcr_\el
	stp	x9, x10, [x1, #TTBR0]
	mrs	x9, mair_\el
	mrs	x10, sctlr_\el
	stp	x9, x10, [x1, #MAIR]
	/*
	 * With the MMU off our stores went past the caches, into which lines of the same memory can
	 * have been read ahead, as instructions or by the old kernel. Such lines would answer our loads
	 * once the cache is on. They are clean, as the old kernel, or bundle_head.S, left memory clean
	 * to the point of coherency, so this writes nothing back over what we stored. The stores are
	 * complete first.
	 */
	dsb	sy
	clean_and_invalidate_data
	msr	mair_\el, x5
	msr	tcr_\el, x4
	msr	ttbr0_\el, x3
	/* The invalidation must see the new registers, or a walk could fill the TLB by the old ones
	 * once more (chapter D8, "TLB maintenance"; "Synchronization requirements for AArch64 System
	 * registers"). */
	isb
	.endm

	/*
	 * Entries that the old kernel's tables left would translate our addresses. Only this CPU runs:
	 * local and non-shareable is enough. DSB: complete; ISB: for the instructions behind it.
	 */
	.macro	invalidate_tlb operation
	tlbi	\operation
	dsb	nsh
	isb
	.endm

	.macro	switch_off el
	ldp	x3, x4, [x0, #TTBR0]
	ldp	x5, x6, [x0, #MAIR]
	/* Everything that was stored with the MMU on, to the UART too, is complete. */
	dsb	sy
	msr	sctlr_\el, x6
	isb
	/* What we wrote is dirty in the cache: to memory, where we and the next kernel read it with
	 * the cache off; and out of the cache, so that no line comes back over what is stored there
	 * next (booting.rst: clean to the point of coherency). A bundle's segments are clean
	 * since they were moved (bundle.c); nothing else was written. */
	clean_and_invalidate_data
	msr	ttbr0_\el, x3
	msr	tcr_\el, x4
	msr	mair_\el, x5
	isb
	.endm

	/*
	 * All of the code that runs while the MMU changes lies on one page, whatever the granule: the
	 * next instruction is at the same address before and after. 1 KiB that is aligned to itself
	 * never crosses a page.
	 */
	.balign	1024
switching_code:
	.globl	kxf_mmu_on
kxf_mmu_on:
	ldp	x3, x4, [x0, #TTBR0]
	ldp	x5, x6, [x0, #MAIR]
	cbnz	x2, 1f
	switch_on el1
	invalidate_tlb vmalle1
	msr	sctlr_el1, x6
	/* From here on every fetch and every access is translated. */
	isb
	ret
1:	switch_on el2
	/* With E2H set this is about the EL2&0 regime, else about EL2's. */
	invalidate_tlb alle2
	msr	sctlr_el2, x6
	isb
	ret

	.globl	kxf_mmu_off
kxf_mmu_off:
	cbnz	x1, 1f
	switch_off el1
	/* The next kernel invalidates before it turns its MMU on; but our addresses are not to be in
	 * its way if it does not. */
	invalidate_tlb vmalle1
	ret
1:	switch_off el2
	invalidate_tlb alle2
	ret

	/* An error of the assembler when it does not fit. */
	.org	switching_code + 1024

	.section .note.GNU-stack, "", %progbits
