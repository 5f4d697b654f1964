/* SPDX-License-Identifier: Apache-2.0
 *
 * What the purgatory enters in its test, in place of a kernel: prints the registers that the boot
 * protocol speaks of, which of those that arm64-first.S set have another value now (a bit for each),
 * and powers off by PSCI. Position-independent, no stack.
 */
#include "arm64-first.inc"
#include "arm64-text.inc"

#define UART 0x09000000

	.text
	.globl	_start
_start:
	mov	x20, x0
	mov	x21, x1
	mov	x22, x2
	mov	x23, x3
	mrs	x24, daif
	mrs	x25, CurrentEL
	mov	x9, #UART
	cmp	x25, #8
	b.eq	1f
	mrs	x26, sctlr_el1
	bic	x10, x26, #(1 << 25)
	msr	sctlr_el1, x10
	isb
	mov	x15, xzr
	ldr	x12, =SAVED
	compare_values el1, cpacr_el1
	b	2f
1:	mrs	x26, sctlr_el2
	bic	x10, x26, #(1 << 25)	/* this program is little-endian */
	msr	sctlr_el2, x10
	isb
	mov	x15, xzr
	ldr	x12, =SAVED
	compare_values el2, cptr_el2
	compare_value hcr_el2, 40, 5
2:	mov	x27, x15
	ldr	x10, =0x02001005	/* EE, I, C, M */
	and	x26, x26, x10
	put_text text_x0
	put_register x20
	put_text text_x1
	put_register x21
	put_text text_x2
	put_register x22
	put_text text_x3
	put_register x23
	put_text text_daif
	put_register x24
	put_text text_el
	put_register x25
	put_text text_sctlr
	put_register x26
	put_text text_changed
	put_register x27
	put_text text_end
	/* SYSTEM_OFF; QEMU's PSCI is behind HVC at EL1 and behind SMC at EL2 */
	movz	x0, #0x8400, lsl #16
	movk	x0, #8
	cmp	x25, #8
	b.eq	3f
	hvc	#0
3:	smc	#0
4:	b	4b

text_x0:	.asciz "KERNEL x0="
text_x1:	.asciz " x1="
text_x2:	.asciz " x2="
text_x3:	.asciz " x3="
text_daif:	.asciz " daif="
text_el:	.asciz " el="
text_sctlr:	.asciz " sctlr="
text_changed:	.asciz " changed="
text_end:	.asciz "\r\n"
	.balign 8
	.zero	131		/* a length that is no multiple of a SHA-256 block */
