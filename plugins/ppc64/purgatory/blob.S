/* SPDX-License-Identifier: Apache-2.0
 *
 * The purgatory inside the plugin, on whatever machine the plugin runs.
 */
	.section .rodata
	.globl	kxf_ppc64_purgatory_blob
	.globl	kxf_ppc64_purgatory_blob_end
	.hidden	kxf_ppc64_purgatory_blob
	.hidden	kxf_ppc64_purgatory_blob_end
	.balign	16
kxf_ppc64_purgatory_blob:
	.incbin	KXF_PURGATORY_BLOB
kxf_ppc64_purgatory_blob_end:
	.section .note.GNU-stack, "", %progbits
