/* SPDX-License-Identifier: Apache-2.0
 *
 * Around trace.c on QEMU's machine `virt`: a stack, a UART and an end. Entered at EL1, MMU off.
 */
#define UART   0x09000000
#define SCRIPT 0x41000000
#define STACK  0x42000000

	.text
	.globl	_start
_start:
	mov	x9, #STACK
	mov	sp, x9
	mov	x0, #SCRIPT
	bl	kxf_trace_run
	movz	x0, #0x8400, lsl #16	/* PSCI: SYSTEM_OFF */
	movk	x0, #8
	hvc	#0
1:	b	1b

	.globl	kxf_trace_put
kxf_trace_put:
	mov	x9, #UART
	strb	w0, [x9]
	ret
