/* SPDX-License-Identifier: Apache-2.0
 *
 * The first bytes of a bundle: an ELF file to OPAL's firmware, which executes it wherever it lies
 * (skiboot, core/init.c, try_load_elf64()). They bring one of the two purgatories behind them to
 * its place and go on there.
 *
 * skiboot looks for e_entry in a segment, and takes it for the address of a function descriptor
 * unless it is in an executable section. It reads nothing else of the headers, nor does it move a
 * byte.
 *
 * Entered in 64-bit big-endian mode, real mode, in hypervisor state, EE off, r3 = a device tree
 * that is of no use here, as the bundle brings its own, r8 = OPAL's base, r9 = its entry (skiboot,
 * asm/head.S, start_kernel). All other CPUs are in OPAL. No stack.
 *
 *   r10  the first byte of the image         r4  the purgatory's place, and where it ends
 *   r11  where the image ends                r5
 *   r12  the entry of kxf_bundle_place
 */
#include "ppc64/purgatory/params.h"

#define PIR 1023
#define CACHE_LINE 128			/* of POWER8 and later, which OPAL runs on */

	.section .bundle, "ax", %progbits
	.balign	KXF_BUNDLE_BLOCK
	.globl	kxf_bundle_head
kxf_bundle_head:
	/* Elf64_Ehdr */
	.byte	0x7f, 'E', 'L', 'F', 2, 2, 1, 0	/* 64 bits, most significant byte first */
	.quad	0
	.short	2, 21				/* ET_EXEC, EM_PPC64 */
	.long	1
	.quad	bring_purgatory - kxf_bundle_head	/* e_entry, e_phoff, e_shoff */
	.quad	program_header - kxf_bundle_head
	.quad	section_headers - kxf_bundle_head
	.long	2				/* ABI without function descriptors */
	.short	64, 56, 1, 64, 2, 0
program_header:	/* Elf64_Phdr: all of the file; the C++ side knows how much that is */
	.long	1, 7				/* PT_LOAD, PF_R | PF_W | PF_X */
	.quad	0, 0, 0
	.org	kxf_bundle_head + KXF_BUNDLE_FILE_SIZE
	.quad	0
	.org	kxf_bundle_head + KXF_BUNDLE_MEMORY_SIZE
	.quad	0
	.quad	0x10000
section_headers:	/* Elf64_Shdr: the first is none, the second all of the file */
	.zero	64
	.long	0, 1				/* SHT_PROGBITS */
	.quad	7, 0, 0				/* SHF_WRITE | SHF_ALLOC | SHF_EXECINSTR */
	.org	kxf_bundle_head + KXF_BUNDLE_SECTION_SIZE
	.quad	0
	.long	0, 0
	.quad	4, 0

	.org	kxf_bundle_head + KXF_BUNDLE_PLACES
places:	.zero	2 * KXF_BUNDLE_PLACE_SIZE

	/* What was stored from \from to \to on is what is executed from here on (Power ISA, Book II,
	 * "Instruction Storage"). */
	.macro	synchronise_instructions from, to
	mr	0, \from
8:	dcbst	0, \from
	addi	\from, \from, CACHE_LINE
	cmpld	\from, \to
	blt	8b
	sync
	mr	\from, 0
9:	icbi	0, \from
	addi	\from, \from, CACHE_LINE
	cmpld	\from, \to
	blt	9b
	sync
	isync
	.endm

bring_purgatory:
	bcl	20, 31, 1f
1:	mflr	10
	addi	10, 10, kxf_bundle_head - 1b
	/* The first place that the image does not lie on. It cannot lie on both (kxf/bundle.hpp). */
	ld	11, KXF_BUNDLE_MEMORY_SIZE(10)
	add	11, 10, 11
	addi	12, 10, KXF_BUNDLE_PLACES
	ld	4, 0(12)
	ld	5, 8(12)
	add	5, 4, 5
	cmpld	4, 11
	bge	2f
	cmpld	10, 5
	bge	2f
	addi	12, 12, KXF_BUNDLE_PLACE_SIZE
	ld	4, 0(12)
2:
	/* Doublewords; all sizes and addresses are multiples of them. What is behind the bytes, the
	 * stacks, nobody reads before it is written. */
	ld	6, 16(12)
	add	6, 6, 10
	ld	7, 24(12)
	srdi	0, 7, 3
	mtctr	0
	addi	6, 6, -8
	addi	5, 4, -8
3:	ldu	0, 8(6)
	stdu	0, 8(5)
	bdnz	3b
	mr	6, 4
	add	7, 4, 7
	synchronise_instructions 6, 7

	/* As a kernel that leaves would have done for its other CPUs. */
	li	6, 0
4:	ldx	0, 4, 6
	std	0, 0(6)
	addi	6, 6, 8
	cmpldi	6, KXF_FIRST_BYTES
	blt	4b
	li	6, 0
	li	7, KXF_FIRST_BYTES
	synchronise_instructions 6, 7

	ld	0, 32(12)
	mtctr	0
	mfspr	3, PIR				/* boot_cpuid_phys of OPAL's tree */
	li	5, 0
	mr	6, 10
	bctr

	.balign	KXF_BUNDLE_BLOCK
	.section .note.GNU-stack, "", %progbits
