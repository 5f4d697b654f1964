/* SPDX-License-Identifier: Apache-2.0
 *
 * Around trace.c on QEMU's pseries: 64-bit mode, a table of contents, a stack and a terminal. QEMU
 * enters at 0x100, big-endian, in real mode, and stops it when it has seen the end of the trace.
 */
#define TERMINAL 0x30000001
#define SCRIPT   0x2000000
#define STACK    0x1000000

#define H_PUT_TERM_CHAR 0x58	/* PAPR, 14.11.2 */

	.text
	.globl	_start
	.org	0x100
_start:
	li	8, 1				/* MSR[SF] */
	sldi	8, 8, 63
	mtmsrd	8
	isync
	bcl	20, 31, 1f
1:	mflr	29
	addis	2, 29, (.TOC. - 1b)@ha
	addi	2, 2, (.TOC. - 1b)@l
	lis	1, STACK >> 16
	li	0, 0
	stdu	0, -64(1)
	lis	3, SCRIPT >> 16
	bl	kxf_trace_run
	nop
2:	b	2b

	.globl	kxf_trace_put
	.type	kxf_trace_put, @function
kxf_trace_put:
	sldi	6, 3, 56			/* the first character is the highest byte */
	li	7, 0
	li	5, 1
	lis	4, TERMINAL >> 16
	ori	4, 4, TERMINAL & 0xffff
	li	3, H_PUT_TERM_CHAR
	sc	1
	blr
	.size	kxf_trace_put, . - kxf_trace_put
