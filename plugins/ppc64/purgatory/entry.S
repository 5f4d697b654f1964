/* SPDX-License-Identifier: Apache-2.0
 *
 * The first and the last instructions of the purgatory. The contract on both sides is told in
 * ../architecture.cpp. Instruction and register names are those of the Power ISA.
 *
 * The running kernel copies the first 256 bytes from here to address 0, sends secondary CPUs to
 * 0x60 of the copy (big-endian, real mode, r3 = their number), and enters here in its own byte
 * order with r3 = the number of this CPU, r4 = this address, r5 = 0, real mode, EE off, no stack.
 * The first instructions of a bundle (bundle_head.S) enter as a big-endian kernel does, and with
 * r6 = the first byte of the bundle, r8 and r9 = OPAL's base and entry.
 *
 * All but the first two words of the 256 bytes are the next kernel's own: the C++ side copies them
 * from its image. So secondary CPUs wait in that kernel's own loop from the start, and nothing
 * rewrites what they execute. The other way, a loop of our own that is replaced by the kernel's
 * code, has no safe moment: nobody tells how many CPUs are still on their way to 0x60, and an
 * instruction that is changed while others execute it has defined results only for branches and
 * no-operations (Power ISA, Book II, "Concurrent Modification and Execution of Instructions").
 */
#include "ppc64/purgatory/byte_order.inc"
#include "ppc64/purgatory/params.h"

	.section .head, "ax", %progbits
	.globl	kxf_blob_start
kxf_blob_start:
	.long	KXF_ENTRY_WORD			/* BE: b entered_big. LE: a no-operation */
	le_word	0x48000000 + (entered_little - (kxf_blob_start + 4))	/* LE: b entered_little */

	.org	KXF_ENTRY_WORD & 0xffff
entered_big:
	li	31, 0
	b	start
	.org	0x110
entered_little:
	le_word	0x3be00001			/* li r31,1 */
	le_word	0x7d6000a6			/* mfmsr r11 */
	le_word	0x696b0001			/* xori r11,r11,1: MSR[LE] off; only rfid can change it */
	le_word	0x429f0005			/* bcl 20,31,.+4 */
here:	le_word	0x7d4802a6			/* mflr r10 */
	le_word	0x394a0000 + (start - here)	/* addi r10,r10,start-here */
	le_word	0x7d5a03a6			/* mtsrr0 r10 */
	le_word	0x7d7b03a6			/* mtsrr1 r11 */
	le_word	0x4c000024			/* rfid */

	.org	KXF_BLOB_HEADER_OFFSET
	/* struct kxf_blob_header */
	.quad	KXF_BLOB_MAGIC
	.long	KXF_BLOB_VERSION
	.long	kxf_params - kxf_blob_start
	.long	kxf_blob_end - kxf_blob_start
	.long	kxf_bundle_head - kxf_blob_start

start:
	mr	30, 3				/* this CPU */
	bcl	20, 31, 1f
1:	mflr	29
	addis	28, 29, (kxf_params - 1b)@ha
	addi	28, 28, (kxf_params - 1b)@l
	addis	2, 29, (.TOC. - 1b)@ha
	addi	2, 2, (.TOC. - 1b)@l
	addis	1, 29, (kxf_stack_top - 1b)@ha
	addi	1, 1, (kxf_stack_top - 1b)@l
	li	0, 0
	stdu	0, -64(1)			/* the end of the chain of frames (ELFv2 ABI, 2.2.2.1) */

	mr	3, 28
	mr	4, 30
	mr	5, 31
	mr	7, 8				/* r6, r8 and r9 are of a bundle */
	mr	8, 9
	bl	kxf_purgatory
	nop

	ld	3, KXF_PARAMS_TREE(28)

	/*
	 * Linux looks at r3 to r5, on OPAL also at r8 and r9. Kernels take either byte order at their
	 * first instruction; they get the one that they are written in.
	 */
	ld	4, KXF_PARAMS_KERNEL(28)
	lwz	11, KXF_PARAMS_FLAGS(28)
	mfmsr	12
	rldimi	12, 11, 0, 63			/* MSR[LE] = KXF_FLAG_KERNEL_LITTLE */
	mtsrr0	4
	mtsrr1	12
	li	5, 0
	li	6, 0
	li	7, 0
	ld	8, KXF_PARAMS_OPAL_BASE(28)
	ld	9, KXF_PARAMS_OPAL_ENTRY(28)
	sync
	isync
	rfid

	/*
	 * int64_t kxf_opal(uint64_t base, uint64_t entry, uint64_t token, a, b, c): OPAL is entered
	 * big-endian, in real mode, with r0 = token, r2 = base and the arguments from r3 on; it keeps
	 * r1 and r13 to r31 and may change the condition register (skiboot, doc/opal-api).
	 */
	.text
	.globl	kxf_opal
	.type	kxf_opal, @function
kxf_opal:
	mflr	0
	std	0, 16(1)
	mfcr	0
	stw	0, 8(1)
	std	31, -8(1)
	std	30, -16(1)
	std	29, -24(1)
	stdu	1, -64(1)
	mr	30, 2
	addis	31, 2, kxf_reported@toc@ha
	addi	31, 31, kxf_reported@toc@l
	lwz	29, 0(31)
	li	9, 1				/* an exception in OPAL is not reported by way of OPAL */
	stw	9, 0(31)
	mr	2, 3
	mtctr	4
	mr	0, 5
	mr	3, 6
	mr	4, 7
	mr	5, 8
	bctrl
	mr	2, 30
	stw	29, 0(31)
	addi	1, 1, 64
	ld	29, -24(1)
	ld	30, -16(1)
	ld	31, -8(1)
	lwz	0, 8(1)
	mtcr	0
	ld	0, 16(1)
	mtlr	0
	blr
	.size	kxf_opal, . - kxf_opal

	.section .params, "a", %progbits
	.balign	64
	.globl	kxf_params
kxf_params:
	.zero	KXF_PARAMS_SIZE

	.section .stack, "aw", %nobits
	.balign	16
	.zero	8192
kxf_stack_top:
	.section .note.GNU-stack, "", %progbits
