/* SPDX-License-Identifier: Apache-2.0
 *
 * start.S: enters KERNEL with x0 = TREE at the exception level of reset, as the arm64 boot protocol wants it. In EL2 with HOST:
 * with E2H and TGE set, as a kernel in EL2 leaves them.
 *
 * How to run: start.sh puts it into memory and lets CPU 0 begin there.
 */
#define HCR_HOST ((1 << 34) | (1 << 31) | (1 << 27))    /* E2H, RW, TGE (DDI 0487, D19.2.48) */

	.text
	.globl _start
_start:
#ifdef HOST
	ldr	x0, =HCR_HOST
	msr	hcr_el2, x0
	isb
#endif
	ldr	x0, =TREE
	mov	x1, xzr
	mov	x2, xzr
	mov	x3, xzr
	ldr	x4, =KERNEL
	br	x4
