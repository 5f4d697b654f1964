/* SPDX-License-Identifier: Apache-2.0
 *
 * As ppc64-first.S, for QEMU's powernv9: what OPAL's firmware enters in place of a kernel, and what
 * leaves as a little-endian Linux does. Where OPAL is differs from version to version, and only the
 * firmware says it: both addresses are written into the purgatory's parameters, where the loader
 * would have put them.
 *
 * skiboot enters the first byte, big-endian, in real mode, with r8 = OPAL's base, r9 = its entry.
 *   0x2f000000 entry of the plan   0x2f000008 address of the parameter opal_base
 * and, for the next kernel:   0x2f000010 sum of the vectors
 */
#define ARGUMENTS 0x2f000000
#define OPAL_REINIT_CPUS 70		/* skiboot, doc/opal-api */
#define REINIT_HILE_LITTLE 2

	.text
	.globl	_start
_start:
	lis	27, ARGUMENTS >> 16
	ld	30, 0(27)
	ld	26, 8(27)
	std	8, 0(26)
	std	9, 8(26)
	li	0, OPAL_REINIT_CPUS		/* as Linux: exceptions are taken little-endian */
	li	3, REINIT_HILE_LITTLE
	mr	2, 8
	mtctr	9
	bctrl
	li	4, 0
1:	ldx	5, 30, 4
	stdx	5, 0, 4
	addi	4, 4, 8
	cmpdi	4, 0x100
	blt	1b
	li	5, 0
2:	ldx	6, 0, 4
	add	5, 5, 6
	addi	4, 4, 8
	cmpdi	4, 0x1000
	blt	2b
	std	5, 16(27)
	sync
	isync
	mfspr	3, 1023				/* PIR */
	mr	4, 30
	li	5, 0
	mfmsr	6
	ori	6, 6, 1
	mtsrr0	30
	mtsrr1	6
	rfid
