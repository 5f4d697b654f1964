/* SPDX-License-Identifier: Apache-2.0
 *
 * replay.S: firmware for qemu-system-ppc64 -M pseries that does nothing but what the end of Linux' kexec does, for a plan
 * whose segments lie in memory already: no first kernel and no other firmware has run.
 *   - it starts the other CPUs (RTAS start-cpu by the H_RTAS hypercall); they wait for a word
 *   - copies 0x100 bytes from the plan's entry to address 0
 *   - lets the others go: each enters absolute 0x60, big-endian, real mode, r3 = its hardware number
 *   - enters the plan in the byte order of the first kernel, r3 = its own number, r4 = entry, r5 = 0
 * Parameters, big-endian doublewords: 0x3000 entry, 0x3008 1: enter little-endian, 0x3010 number of CPUs, 0x3018 the token of
 * start-cpu.  Words of its own: 0x3040 go, 0x3048 CPUs that wait, 0x3050 CPUs that have gone, 0x3100 arguments for RTAS.
 *
 * How to run: by replay.sh, as -bios.  QEMU enters at 0x100, big-endian, with one CPU.
 */
	.machine power8
	.text
	.org 0x100
	.globl _start
_start:
	lis	29,starting@h
	ori	29,29,starting@l
	bl	puts
	ld	20,0x3010(0)
	li	21,1
1:	cmpd	21,20
	bge	2f
	li	5,0x3100		/* struct rtas_args: token, 3 inputs, 1 output, cpu, address, r3 */
	ld	4,0x3018(0)
	stw	4,0(5)
	li	4,3
	stw	4,4(5)
	li	4,1
	stw	4,8(5)
	stw	21,12(5)
	lis	4,other@h
	ori	4,4,other@l
	stw	4,16(5)
	stw	21,20(5)
	li	3,0
	ori	3,3,0xf000		/* H_RTAS, QEMU's own */
	mr	4,5
	sc	1
	addi	21,21,1
	b	1b
2:	addi	22,20,-1
3:	ld	4,0x3048(0)
	cmpd	4,22
	blt	3b
	ld	30,0x3000(0)
	li	4,0
4:	ldx	5,30,4
	stdx	5,0,4
	addi	4,4,8
	cmpdi	4,0x100
	blt	4b
	sync
	icbi	0,0
	isync
	li	5,1
	std	5,0x3040(0)
	sync
5:	ld	4,0x3050(0)
	cmpd	4,22
	blt	5b
	lis	29,entering@h
	ori	29,29,entering@l
	bl	puts
	li	3,0
	mr	4,30
	li	5,0
	ld	7,0x3008(0)
	andi.	7,7,1
	mfmsr	8
	or	8,8,7			/* MSR[LE] is bit 0 */
	mtsrr0	30
	mtsrr1	8
	rfid

other:	mr	24,3
	li	7,0x3048
	bl	count
6:	ld	8,0x3040(0)
	cmpdi	8,0
	beq	6b
	isync
	li	7,0x3050
	bl	count
	mr	3,24
	li	6,0x60
	mtctr	6
	bctr

count:	ldarx	8,0,7			/* add 1 to the doubleword at r7 */
	addi	8,8,1
	stdcx.	8,0,7
	bne-	count
	blr

puts:	lbz	6,0(29)			/* the text at r29, by H_PUT_TERM_CHAR to QEMU's usual terminal */
	cmpwi	6,0
	beqlr
	sldi	6,6,56
	li	7,0
	lis	4,0x7100
	li	5,1
	li	3,0x58
	sc	1
	addi	29,29,1
	b	puts
starting: .asciz "REPLAY: no firmware, no first kernel\r\n"
entering: .asciz "REPLAY: entering the plan\r\n"
