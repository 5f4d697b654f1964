/* SPDX-License-Identifier: Apache-2.0
 *
 * What the purgatory would enter under arm64-faults.S: tells the monitor that it was.
 */
	.text
	.globl	_start
_start:	smc	#0x100
1:	b	1b
	.zero	1000		/* a length that is no multiple of a SHA-256 block */
