/* SPDX-License-Identifier: Apache-2.0
 *
 * In place of firmware and of the kernel that leaves, for QEMU's pseries: what Linux does in the end
 * of a kexec (kexec_sequence() in arch/powerpc/kexec) with a plan that is in memory already. Starts
 * the other CPUs, copies 256 bytes from the entry to 0, sends the others to 0x60, big-endian and with
 * their number in r3, and enters the plan.
 *
 * QEMU enters at 0x100, big-endian, in real mode.
 *   0x3000 entry   0x3008 1: leave as a little-endian kernel   0x3010 number of CPUs   0x3018 r3 at the entry
 */
#define ENTRY     0x3000
#define LITTLE    0x3008
#define CPUS      0x3010
#define MASTER    0x3018
#define SUM       0x3020	/* of the vectors, for the next kernel */
#define GO        0x3040	/* not 0: the others may leave */
#define WAITING   0x3048	/* how many of them wait */
#define RTAS_CALL 0x3100

#define H_RTAS     0xf000
#define H_SET_MODE 0x31c	/* PAPR; resource 4 is the byte order of exceptions */
#define START_CPU 0x2006	/* QEMU's number of this RTAS call, include/hw/ppc/spapr.h */

	.macro	le_word word
	.long	(((\word) & 0xff) << 24) | (((\word) & 0xff00) << 8) | (((\word) >> 8) & 0xff00) | (((\word) >> 24) & 0xff)
	.endm

	.text
	.globl	_start
	.org	0x100
_start:
	ld	20, CPUS(0)
	li	21, 1
1:	cmpd	21, 20
	bge	2f
	li	4, RTAS_CALL			/* token, 3 arguments, 1 result, CPU, address, r3 */
	li	5, START_CPU
	stw	5, 0(4)
	li	5, 3
	stw	5, 4(4)
	li	5, 1
	stw	5, 8(4)
	stw	21, 12(4)
	li	5, secondary
	stw	5, 16(4)
	stw	21, 20(4)
	li	3, 0
	ori	3, 3, H_RTAS
	sc	1
	addi	21, 21, 1
	b	1b

2:	addi	20, 20, -1			/* the others are there */
3:	ld	4, WAITING(0)
	cmpd	4, 20
	blt	3b

	ld	30, ENTRY(0)
	li	4, 0
4:	ldx	5, 30, 4
	stdx	5, 0, 4
	addi	4, 4, 8
	cmpdi	4, 0x100
	blt	4b
	sync
	li	4, 0
5:	icbi	0, 4
	addi	4, 4, 32
	cmpdi	4, 0x100
	blt	5b
	isync
	li	5, 1
	std	5, GO(0)

	/* What the next kernel is to find at the vectors: the sum of their doublewords. */
	li	4, 0x100
	li	5, 0
8:	ldx	6, 0, 4
	add	5, 5, 6
	addi	4, 4, 8
	cmpdi	4, 0x1000
	blt	8b
	std	5, SUM(0)

	li	3, H_SET_MODE			/* Linux does this when it starts */
	ld	4, LITTLE(0)
	li	5, 4
	li	6, 0
	li	7, 0
	sc	1

	ld	3, MASTER(0)
	mr	4, 30
	li	5, 0
	ld	7, LITTLE(0)
	li	8, 1				/* MSR[SF]: QEMU enters in 32-bit mode, Linux leaves in 64-bit mode */
	sldi	8, 8, 63
	rldimi	8, 7, 0, 63			/* MSR[LE] */
	mtsrr0	30
	mtsrr1	8
	rfid

	/* The next kernel's trap: r25 says in which byte order it was taken. */
	.org	0x700
	.long	0x48000008			/* BE: b .+8. LE: a no-operation */
	le_word	0x48000000 + (trap_little - (trap_big - 4))
trap_big:
	li	25, 0
	mfsrr0	4
	addi	4, 4, 4
	mtsrr0	4
	rfid
trap_little:
	le_word	0x3b200001			/* li r25,1 */
	le_word	0x7c9a02a6			/* mfsrr0 r4 */
	le_word	0x38840004			/* addi r4,r4,4 */
	le_word	0x7c9a03a6			/* mtsrr0 r4 */
	le_word	0x4c000024			/* rfid: to the byte order of the trap */

	/* Other CPUs wait behind the vectors, as in Linux: the purgatory has these. */
	.org	0x1000
secondary:
	li	7, WAITING
6:	ldarx	8, 0, 7
	addi	8, 8, 1
	stdcx.	8, 0, 7
	bne-	6b
7:	ld	8, GO(0)
	cmpdi	8, 0
	beq	7b
	isync
	ba	0x60
