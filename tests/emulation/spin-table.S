/* SPDX-License-Identifier: Apache-2.0
 *
 * spin-table.S: firmware in EL3 for QEMU's virt,secure=on. With a boot ROM for EL3, QEMU leaves PSCI out and starts all
 * CPUs at address 0 in EL3. CPU 0 enters KERNEL, with x0 = TREE, in EL2 or, where there is none, in EL1. Each of the others
 * goes to the same exception level and waits there, MMU off, for an address in its release word at PEN + 8 * CPU.
 * The waiting loop lies in the same page, behind the words.
 *
 * How to run: spin-table.sh makes the ROM and a device tree that says the same.
 */
#define UART   0x09000000
#define GICD   0x08000000
#define GICR   0x080a0000
#define READY  (PEN + 0x3f8)            /* CPU 0 has written the code: behind the release words of 127 CPUs */
#define CODE   (PEN + 0x400)

	.text
	.globl _start
_start:
	mrs	x19, mpidr_el1
	and	x19, x19, #0xff

	/* GICv3 (IHI 0069): all interrupts are Non-secure group 1, affinity routing in both states */
	ldr	x0, =GICD
	cbnz	x19, 2f
	mov	w1, #0x30               /* GICD_CTLR: ARE_S, ARE_NS */
	str	w1, [x0]
	mov	w1, #-1
	add	x2, x0, #0x84           /* GICD_IGROUPR1 and on */
	mov	w3, #31
1:	str	w1, [x2], #4
	subs	w3, w3, #1
	b.ne	1b
2:	ldr	x0, =GICR
	add	x0, x0, x19, lsl #17    /* two frames of 64 KiB for each CPU */
	ldr	w1, [x0, #0x14]         /* GICR_WAKER: clear ProcessorSleep, wait for ChildrenAsleep */
	bic	w1, w1, #2
	str	w1, [x0, #0x14]
3:	ldr	w1, [x0, #0x14]
	tbnz	w1, #2, 3b
	mov	w1, #-1
	add	x0, x0, #0x10000
	str	w1, [x0, #0x80]         /* GICR_IGROUPR0 */
	mov	x0, #0xf                /* system registers, and lower levels may use them */
	msr	S3_6_C12_C12_5, x0      /* ICC_SRE_EL3 */
	isb

	/* What the arm64 boot protocol wants of EL3: nothing traps, the counter's frequency, the next level in AArch64 */
	msr	cptr_el3, xzr
	ldr	x0, =0x30db1            /* SCR_EL3: APK, API, ST, RW, HCE, SMD, RES1, NS */
	msr	scr_el3, x0
	ldr	x0, =62500000
	msr	cntfrq_el0, x0
	isb
	ldr	x0, =0x30d00800         /* SCTLR_EL1: RES1 bits alone */
	msr	sctlr_el1, x0
	mov	x2, #0x3c5              /* SPSR: EL1h, DAIF masked */
	mrs	x0, id_aa64pfr0_el1
	ubfx	x0, x0, #8, #4          /* EL2 */
	cbz	x0, 4f
	mov	x0, #0xf
	msr	S3_4_C12_C9_5, x0       /* ICC_SRE_EL2 */
	ldr	x0, =0x30c50830         /* SCTLR_EL2: RES1 bits alone */
	msr	sctlr_el2, x0
	msr	hcr_el2, xzr
	mov	x2, #0x3c9              /* EL2h */
4:	msr	spsr_el3, x2

	/* The ROM is seen from the secure state alone: go on in RAM. CPU 0 writes the code there and says so */
	ldr	x5, =CODE
	ldr	x6, =READY
	cbnz	x19, 6f
	adr	x3, low
	adr	x4, low_end
	mov	x7, x5
5:	ldr	w8, [x3], #4
	str	w8, [x7], #4
	cmp	x3, x4
	b.lo	5b
	dsb	sy
	mov	w8, #1
	str	w8, [x6]
	dsb	sy
	sev
	b	7f
6:	wfe
	ldr	w8, [x6]
	cbz	w8, 6b
	add	x5, x5, #(wait - low)
7:	ic	iallu
	dsb	sy
	isb
	msr	elr_el3, x5
	eret

	.ltorg
	.balign 8
low:	ldr	x1, =UART               /* CPU 0 */
	adr	x2, text
1:	ldrb	w3, [x2], #1
	cbz	w3, 2f
	str	w3, [x1]
	b	1b
2:	ldr	x0, =TREE
	mov	x1, xzr
	mov	x2, xzr
	mov	x3, xzr
	ldr	x4, =KERNEL
	br	x4
wait:	ldr	x1, =PEN                /* the others */
	add	x1, x1, x19, lsl #3
3:	wfe
	ldr	x2, [x1]
	cbz	x2, 3b
	mov	x0, xzr
	mov	x1, xzr
	mov	x3, xzr
	br	x2
text:	.asciz "FIRMWARE: CPU 0 enters the kernel, the others wait in a spin table\r\n"
	.balign 8
	.ltorg
low_end:
