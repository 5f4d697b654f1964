/* SPDX-License-Identifier: Apache-2.0
 *
 * What the ppc64 purgatory enters in its test, in place of a kernel: prints what it finds in
 * registers, in the device tree and from other CPUs, by way of OPAL if r9 names it, and powers off if
 * a hypervisor is below. Position-independent, no stack.
 * Laid out as a kernel: entered in either byte order at 0, other CPUs at 0x60.
 */
#define TERMINAL 0x30000001
#define SLOTS    0x30		/* of 8 bytes; CPU 1 has the second */
#define BACKUP   0x9000000	/* where a crash load has the first 64 KiB */

#define SUM      0x3020		/* what the first program found at the vectors */
#define SUM_OPAL 0x2f000010

#define H_PUT_TERM_CHAR 0x58
#define H_RTAS    0xf000
#define OPAL_CONSOLE_WRITE 1
#define OPAL_CONSOLE_FLUSH 117
#define POWER_OFF 0x2003	/* QEMU's number of this RTAS call, include/hw/ppc/spapr.h */

	.macro	le_word word
	.long	(((\word) & 0xff) << 24) | (((\word) & 0xff00) << 8) | (((\word) >> 8) & 0xff00) | (((\word) >> 24) & 0xff)
	.endm

	.macro	put_text label
	addi	21, 20, \label - base
	bl	puts
	.endm

	.macro	put_register label, register
	put_text \label
	mr	22, \register
	bl	put_hex
	.endm

	.text
	.globl	_start
_start:
	.long	0x48000008			/* BE: b .+8. LE: a no-operation */
	le_word	0x48000000 + (entered_little - (_start + 4))
	b	entered_big

	.org	0x5c
	.ascii	"run0"

	.org	0x60				/* another CPU, at 0x60 of the copy */
	cmpdi	3, 5
	bgt	1f
	sldi	4, 3, 3
	std	3, SLOTS(4)
1:	b	1b

	.org	0x100
entered_little:
	le_word	0x7f8000a6			/* mfmsr r28 */
	le_word	0x6b8b0001			/* xori r11,r28,1 */
	le_word	0x429f0005			/* bcl 20,31,.+4 */
here:	le_word	0x7d4802a6			/* mflr r10 */
	le_word	0x394a0000 + (start - here)	/* addi r10,r10,start-here */
	le_word	0x7d5a03a6			/* mtsrr0 r10 */
	le_word	0x7d7b03a6			/* mtsrr1 r11 */
	le_word	0x4c000024			/* rfid */
entered_big:
	mfmsr	28
start:	mr	31, 3
	mr	30, 4
	mr	29, 5
	mr	27, 8
	mr	26, 9
	bcl	20, 31, base
base:	mflr	20

	put_register text_r3, 31
	put_register text_r4, 30
	put_register text_r5, 29
	put_register text_r8, 27
	put_register text_r9, 26
	li	4, 1				/* SF, EE, PR, FP, IR, DR, LE */
	sldi	4, 4, 63
	ori	4, 4, 0xe031
	and	28, 28, 4
	put_register text_msr, 28
	lwz	25, 28(31)
	put_register text_boot_cpu, 25

	li	25, 0
	cmpdi	26, 0
	bne	8f				/* with OPAL, that is its trap */
	trap
8:	put_register text_trap, 25

	/* The others had all the time that the purgatory took; wait a little more. */
	lis	4, 0x400
	mtctr	4
2:	bdnz	2b
	ld	25, (SLOTS + 8)(0)
	put_register text_first, 25
	ld	25, (SLOTS + 16)(0)
	put_register text_second, 25
	ld	25, (SLOTS + 24)(0)
	put_register text_third, 25
	lis	4, BACKUP >> 16
	ld	25, 0x3000(4)
	put_register text_saved, 25
	lis	4, (BACKUP + 0x10000) >> 16
	ld	25, -8(4)
	put_register text_last, 25
	/* The vectors, and their copy if there is one: sums less what the sum was before. */
	addi	4, 0, 0
	bl	vectors
	put_register text_vectors, 25
	lis	4, BACKUP >> 16
	bl	vectors
	ld	5, 0x3000(4)
	cmpdi	5, 0
	bne	10f
	li	25, 0
10:	put_register text_last, 25
	put_text text_end

	cmpdi	26, 0
	bne	3f
	addi	4, 20, rtas_power_off - base
	li	3, 0
	ori	3, 3, H_RTAS
	sc	1
3:	b	3b

/* The difference in r25, of the vectors from the address in r4 on. */
vectors:
	li	5, 0x100
	li	25, 0
11:	ldx	6, 4, 5
	add	25, 25, 6
	addi	5, 5, 8
	cmpdi	5, 0x1000
	blt	11b
	ld	6, SUM(0)
	cmpdi	26, 0
	beq	12f
	lis	6, SUM_OPAL >> 16
	ld	6, SUM_OPAL & 0xffff(6)
12:	subf	25, 6, 25
	cmpdi	6, 0				/* nobody before us looked */
	bne	13f
	li	25, 0
13:	blr

puts:	mflr	24				/* the text at r21; keeps r20, r22 and r25 to r31 */
4:	lbz	6, 0(21)
	cmpwi	6, 0
	beq	5f
	bl	putc
	addi	21, 21, 1
	b	4b
5:	mtlr	24
	blr

put_hex:
	mflr	24				/* the number in r22, as 16 digits */
	li	23, 16
6:	rldicl	6, 22, 4, 60
	sldi	22, 22, 4
	cmpwi	6, 10
	blt	7f
	addi	6, 6, 'a' - '0' - 10
7:	addi	6, 6, '0'
	bl	putc
	addi	23, 23, -1
	cmpwi	23, 0
	bne	6b
	mtlr	24
	blr

putc:	cmpdi	26, 0				/* the character in r6; firmware keeps r13 to r31 */
	bne	9f
	sldi	6, 6, 56
	li	7, 0
	lis	4, TERMINAL >> 16
	ori	4, 4, TERMINAL & 0xffff
	li	5, 1
	li	3, H_PUT_TERM_CHAR
	sc	1
	blr
9:	mflr	19
	addi	5, 20, character - base
	stb	6, 0(5)
	addi	4, 20, length - base
	li	3, 1
	std	3, 0(4)
	li	3, 0				/* the first terminal */
	li	0, OPAL_CONSOLE_WRITE
	mr	2, 27
	mtctr	26
	bctrl
	li	3, 0
	li	0, OPAL_CONSOLE_FLUSH
	mr	2, 27
	mtctr	26
	bctrl
	mtlr	19
	blr

	.balign	8
length:	.quad	1
character:
	.quad	0
rtas_power_off:
	.long	POWER_OFF, 2, 1, 0, 0, 0
text_r3:	.asciz "KERNEL r3="
text_r4:	.asciz " r4="
text_r5:	.asciz " r5="
text_r8:	.asciz " r8="
text_r9:	.asciz " r9="
text_msr:	.asciz " msr="
text_boot_cpu:	.asciz " boot-cpu="
text_trap:	.asciz " trap="
text_first:	.asciz "\r\nKERNEL others="
text_second:	.asciz ","
text_third:	.asciz ","
text_saved:	.asciz " saved="
text_last:	.asciz ","
text_vectors:	.asciz " vectors="
text_end:	.asciz "\r\n"
	.balign	8
	.zero	131		/* a length that is no multiple of a SHA-256 block */
