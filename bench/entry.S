/* SPDX-License-Identifier: Apache-2.0
 *
 * entry.S: the first code of an arm64 kernel, which says when it runs, in ticks of the counter:
 *
 *   BENCH: entered 16 HEXADECIMAL DIGITS
 *
 * entry.py puts it into an Image. MMU and caches are off, and x0 to x3 are the kernel's arguments
 * (Documentation/arch/arm64/booting.rst). The last instruction becomes a branch into the kernel.
 */
#define UART 0x09000000     /* the PL011 of QEMU's -M virt */
#define DATA 0x00           /* PrimeCell UART (PL011) TRM, 3.3.1 */
#define FLAGS 0x18          /* 3.3.3 */
#define TRANSMIT_FULL 5

	.text
	.globl	_start
_start:
	isb
	mrs	x4, cntvct_el0
	movz	x5, #(UART >> 16), lsl #16
	adr	x6, text
1:	ldrb	w7, [x6], #1
	cbz	w7, 2f
	bl	put
	b	1b
2:	mov	w8, #60             /* of the digit's lowest bit */
3:	lsr	x7, x4, x8
	and	w7, w7, #15
	cmp	w7, #10
	add	w9, w7, #'0'
	add	w7, w7, #'a' - 10
	csel	w7, w9, w7, lo
	bl	put
	subs	w8, w8, #4
	b.pl	3b
	mov	w7, #'\n'
	bl	put
	b	leave

/* w7, a character */
put:	ldr	w9, [x5, #FLAGS]
	tbnz	w9, #TRANSMIT_FULL, put
	str	w7, [x5, #DATA]
	ret

text:	.asciz	"\r\nBENCH: entered "
	.balign	4
leave:	b	.
