/* SPDX-License-Identifier: Apache-2.0
 *
 * What an exception finds at its vector (exceptions.c puts it there), and the way from there to the
 * report and back. The byte order in which exceptions are taken is that of the old kernel
 * (LPCR[ILE], on PowerNV HID0[HILE]), so each vector begins with a word that branches in one order
 * and does nothing in the other, as entry.S does.
 *
 * Nobody returns to the interrupted code, so any register may be changed; from the report on, for
 * who looks with a debugger:
 *
 *   r20, r21  SRR0 and SRR1, or HSRR0 and HSRR1 of an exception that has those
 *   r22       the vector, where the CPU stays
 *   r23, r24  DAR and DSISR, or HDAR and HDSISR
 */
#include "ppc64/purgatory/byte_order.inc"
#include "ppc64/purgatory/exceptions.h"

#define HDSISR 306
#define HDAR 307
#define HSRR0 314
#define HSRR1 315
#define MSR_HV 60			/* from the right */

	.section .text.vectors, "ax", %progbits

	/* At each vector. The word for a CPU in the other byte order is `tdi 0,0,0x48`, which never
	 * traps. */
	.globl	kxf_vector_code
kxf_vector_code:
	.long	0x48000008			/* BE: b .+8. LE: a no-operation */
	le_word	0x48000003 + KXF_FROM_LITTLE	/* LE: bla KXF_FROM_LITTLE */
	bla	KXF_FROM_BIG
	.globl	kxf_vector_code_end
kxf_vector_code_end:

	/* At KXF_FROM_BIG and behind it; absolute addresses, since the purgatory may be out of reach of a
	 * branch. */
	.balign	8
	.globl	kxf_way_to_report
kxf_way_to_report:
	mflr	22
	addi	22, 22, -12			/* the branch was the third word of the vector */
	mfsrr0	20
	mfsrr1	21
	ld	23, KXF_REPORT_BIG(0)
	mtctr	23
	bctr
	.org	kxf_way_to_report + KXF_FROM_LITTLE - KXF_FROM_BIG
	le_word	0x7ec802a6			/* mflr r22 */
	le_word	0x3ad6fff8			/* addi r22,r22,-8: it was the second */
	le_word	0x7e9a02a6			/* mfsrr0 r20 */
	le_word	0x7ebb02a6			/* mfsrr1 r21 */
	le_word	0xeae00000 + KXF_REPORT_LITTLE	/* ld r23,KXF_REPORT_LITTLE(0) */
	le_word	0x7f0000a6			/* mfmsr r24 */
	le_word	0x6b180001			/* xori r24,r24,1: MSR[LE] off */
	le_word	0x7efa03a6			/* mtsrr0 r23 */
	le_word	0x7f1b03a6			/* mtsrr1 r24 */
	le_word	0x4c000024			/* rfid */
	.org	kxf_way_to_report + KXF_REPORT_BIG - KXF_FROM_BIG
	.quad	0				/* address of kxf_exception, big-endian */
	.quad	0				/* little-endian */
	.org	kxf_way_to_report + KXF_VECTORS_END - KXF_FROM_BIG

	.globl	kxf_exception
kxf_exception:
	mfdar	23
	mfdsisr	24
	/* Those of the hypervisor: 0x980, 0xe00 to 0xeff, 0xf80, as in exceptions.c. */
	mfmsr	9
	rldicl.	9, 9, 64 - MSR_HV, 63
	beq	1f
	cmpwi	22, 0x980
	beq	2f
	cmpwi	22, 0xf80
	beq	2f
	rlwinm	9, 22, 0, 0xff00
	cmpwi	9, 0xe00
	bne	1f
2:	mfspr	20, HSRR0
	mfspr	21, HSRR1
	mfspr	23, HDAR
	mfspr	24, HDSISR
1:
	bcl	20, 31, 3f
3:	mflr	29
	addis	2, 29, (.TOC. - 3b)@ha
	addi	2, 2, (.TOC. - 3b)@l
	/* One report: not of an exception in the report, nor behind another CPU's, nor of one in firmware,
	 * which the report would enter once more. All of these stay at their vectors at once. */
	addis	4, 2, kxf_reported@toc@ha
	addi	4, 4, kxf_reported@toc@l
	li	5, 1
4:	lwarx	6, 0, 4
	stwcx.	5, 0, 4
	bne-	4b
	cmpwi	6, 0
	bne	5f
	addis	4, 2, kxf_fault_stack_top@toc@ha
	addi	1, 4, kxf_fault_stack_top@toc@l
	li	0, 0
	stdu	0, -64(1)
	mr	3, 22
	mr	4, 20
	mr	5, 21
	mr	6, 23
	mr	7, 24
	bl	kxf_report_exception
	nop
	/* A branch to itself, at the vector's first word. */
5:	lis	4, 0x4800
	stw	4, 0(22)
	dcbst	0, 22
	sync
	icbi	0, 22
	sync
	isync
	mtctr	22
	bctr

	.section .stack, "aw", %nobits
	.balign	16
	.zero	4096
kxf_fault_stack_top:
	.globl	kxf_saved_vectors
kxf_saved_vectors:
	.zero	KXF_VECTORS_END - KXF_VECTORS
	.globl	kxf_stage
kxf_stage:
	.zero	4
	.globl	kxf_reported
kxf_reported:				/* not 0: nothing is reported any more */
	.zero	4
	.section .note.GNU-stack, "", %progbits
