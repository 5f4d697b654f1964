/* SPDX-License-Identifier: Apache-2.0
 *
 * The first bytes of a bundle: a kernel image to whoever starts one (Linux,
 * Documentation/arch/arm64/booting.rst, "Call the kernel image"). They bring one of the two
 * purgatories behind them to its place and go on there.
 *
 * Entered with the MMU and the data cache off, at EL1 or EL2, interrupts masked, the image clean to
 * the point of coherency, x0 a device tree that is of no use here: the bundle brings its own. No
 * stack. Section names of Arm documents are those of the Architecture Reference Manual for
 * A-profile (DDI 0487).
 *
 *   x0  the first byte of the image           x4  the purgatory's place, and where it ends
 *   x1  where the image ends in memory        x5
 *   x2  the entry of kxf_bundle_place         x6 and on: temporary
 */
#include "arm64/purgatory/params.h"

#define SCTLR_EE 25	/* data accesses at this exception level are big-endian */

	.section .bundle, "ax", %progbits
	.balign	KXF_BUNDLE_BLOCK
	.globl	kxf_bundle_head
kxf_bundle_head:
	b	bring_purgatory
	.long	0
	.quad	0			/* text_offset */
	.quad	0			/* image_size, which the C++ side knows */
	.quad	1 << 3			/* little-endian, of any page size, anywhere in memory */
	.quad	0, 0, 0
	.long	0x644d5241		/* "ARM\x64" */
	.long	0

	.org	kxf_bundle_head + KXF_BUNDLE_PLACES
places:	.zero	2 * KXF_BUNDLE_PLACE_SIZE

	/* From x4 to x5: clean and invalidate to the point of coherency, by VA (chapter D7, "A64 Cache
	 * maintenance instructions"). CTR_EL0.DminLine is log2 of the words in the smallest line. */
	.macro	clean_and_invalidate
	mrs	x6, ctr_el0
	ubfx	x6, x6, #16, #4
	mov	x7, #4
	lsl	x6, x7, x6
	sub	x7, x6, #1
	bic	x7, x4, x7
8:	dc	civac, x7
	add	x7, x7, x6
	cmp	x7, x5
	b.lo	8b
	/* Complete, for every observer, before anything that comes behind it ("Ordering and completion
	 * of data and instruction cache instructions"). */
	dsb	sy
	.endm

	/* A big-endian kernel that starts this by kexec leaves with EE set, which would turn round what
	 * is read of the table above; x8 keeps what was found. */
	.macro	little_endian el
	mrs	x8, sctlr_\el
	tbz	x8, #SCTLR_EE, 2f
	bic	x9, x8, #(1 << SCTLR_EE)
	msr	sctlr_\el, x9
	isb
	.endm

bring_purgatory:
	msr	daifset, #15
	adr	x0, kxf_bundle_head
	mrs	x3, CurrentEL
	cmp	x3, #(2 << 2)
	b.eq	1f
	little_endian el1
	b	2f
1:	little_endian el2
2:
	/* The first place that the image does not lie on. It cannot lie on both (kxf/bundle.hpp). */
	ldr	x1, [x0, #KXF_BUNDLE_IMAGE_SIZE]
	add	x1, x0, x1
	adr	x2, places
	ldp	x4, x5, [x2]
	add	x5, x4, x5
	cmp	x4, x1
	b.hs	3f
	cmp	x0, x5
	b.hs	3f
	add	x2, x2, #KXF_BUNDLE_PLACE_SIZE
	ldp	x4, x5, [x2]
	add	x5, x4, x5
3:
	/* Firmware cleaned the image and nothing else: a line that it left dirty here would be written
	 * back over what we store past the caches. */
	clean_and_invalidate

	/* By 64 bytes, which all sizes and addresses are multiples of. What is behind the bytes, the
	 * stacks and room for tables, nobody reads before it is written. */
	ldp	x6, x7, [x2, #16]
	add	x6, x6, x0
	mov	x9, x4
4:	ldp	x10, x11, [x6]
	ldp	x12, x13, [x6, #16]
	ldp	x14, x15, [x6, #32]
	ldp	x16, x17, [x6, #48]
	stp	x10, x11, [x9]
	stp	x12, x13, [x9, #16]
	stp	x14, x15, [x9, #32]
	stp	x16, x17, [x9, #48]
	add	x6, x6, #KXF_BUNDLE_BLOCK
	add	x9, x9, #KXF_BUNDLE_BLOCK
	subs	x7, x7, #KXF_BUNDLE_BLOCK
	b.ne	4b
	/* The stores are complete; then lines go that were read ahead before them, as instructions are:
	 * our fetches would hit them, and our loads once the MMU is on. */
	dsb	sy
	clean_and_invalidate
	ldr	x9, [x2, #32]

	tbz	x8, #SCTLR_EE, 6f
	cmp	x3, #(2 << 2)
	b.eq	5f
	msr	sctlr_el1, x8
	b	6f
5:	msr	sctlr_el2, x8
6:
	/* Nor may the instruction cache hold what was there before ("any I-cache state, but no stale
	 * lines" is about the image only): invalid, complete (DSB), and nothing fetched ahead of it
	 * (ISB). */
	ic	iallu
	dsb	nsh
	isb
	br	x9

	.balign	KXF_BUNDLE_BLOCK
	.section .note.GNU-stack, "", %progbits
