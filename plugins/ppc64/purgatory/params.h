/* SPDX-License-Identifier: Apache-2.0
 *
 * What the C++ side writes and the purgatory reads beside the kit's part (purgatory/layout.h).
 * Big-endian, the byte order in which the purgatory runs.
 */
#ifndef KXF_PPC64_PURGATORY_PARAMS_H
#define KXF_PPC64_PURGATORY_PARAMS_H

#include "purgatory/layout.h"

#define KXF_BLOB_MAGIC 0x6b78667070633634 /* "kxfppc64" */
#define KXF_BLOB_HEADER_OFFSET 0x140      /* behind the first 256 bytes and the ways in */

/* The running kernel copies this many bytes from the entry to address 0. */
#define KXF_FIRST_BYTES 0x100
/* Where, of these, secondary CPUs begin; big-endian, in real mode, their number in r3. */
#define KXF_SECONDARY_ENTRY 0x60
/* The bytes before this offset are the purgatory's, those behind it are the kernel's own. */
#define KXF_OWN_FIRST_BYTES 8
/* Word 0, for a CPU in big-endian mode: b .+0x108. In little-endian mode: tdi 0,r1,0x48, which
 * never traps, so that the word behind it is executed. */
#define KXF_ENTRY_WORD 0x48000108

#define KXF_MAX_DIGESTS 32

/* flags */
#define KXF_FLAG_KERNEL_LITTLE 1 /* enter the kernel in little-endian mode */
#define KXF_FLAG_OPAL 2          /* firmware calls go to OPAL */
#define KXF_FLAG_HYPERVISOR 4    /* firmware calls go to the hypervisor */
#define KXF_FLAG_PORTABLE_SHA 8  /* SHA-256 without the CPU's instructions for it */

/* Offsets that entry.S uses. */
#define KXF_PARAMS_KERNEL KXF_CONSOLE_SIZE
#define KXF_PARAMS_TREE (KXF_CONSOLE_SIZE + 8)
#define KXF_PARAMS_OPAL_BASE (KXF_CONSOLE_SIZE + 16)
#define KXF_PARAMS_OPAL_ENTRY (KXF_CONSOLE_SIZE + 24)
#define KXF_PARAMS_FLAGS (KXF_CONSOLE_SIZE + 32)
#define KXF_PARAMS_SIZE                                                          \
  (KXF_CONSOLE_SIZE + 40 + KXF_BACKUP_SIZE + KXF_DIGEST_SIZE * KXF_MAX_DIGESTS + \
   KXF_RELOCATION_SIZE)

/* A bundle's first bytes (bundle_head.S): ELF header, program header, section headers, a place for
 * each of the two purgatories, code, the purgatories. The size of the image is in three fields. */
#define KXF_BUNDLE_FILE_SIZE 96
#define KXF_BUNDLE_MEMORY_SIZE 104
#define KXF_BUNDLE_SECTION_SIZE 216
#define KXF_BUNDLE_PLACES 256

#ifndef __ASSEMBLER__

struct kxf_params {
  struct kxf_console console;
  uint64_t kernel; /* its first byte, which is its entry */
  uint64_t tree;
  uint64_t opal_base; /* both 0 where there is no OPAL */
  uint64_t opal_entry;
  uint32_t flags;
  uint32_t digest_count;
  struct kxf_backup backup;
  struct kxf_digest digests[KXF_MAX_DIGESTS];
  struct kxf_relocation relocation;
};

KXF_STATIC_ASSERT(offsetof(struct kxf_params, kernel) == KXF_PARAMS_KERNEL, "entry.S reads it");
KXF_STATIC_ASSERT(offsetof(struct kxf_params, tree) == KXF_PARAMS_TREE, "entry.S reads it");
KXF_STATIC_ASSERT(offsetof(struct kxf_params, opal_base) == KXF_PARAMS_OPAL_BASE,
                  "entry.S reads it");
KXF_STATIC_ASSERT(offsetof(struct kxf_params, opal_entry) == KXF_PARAMS_OPAL_ENTRY,
                  "entry.S reads it");
KXF_STATIC_ASSERT(offsetof(struct kxf_params, flags) == KXF_PARAMS_FLAGS, "entry.S reads it");
KXF_STATIC_ASSERT(sizeof(struct kxf_params) == KXF_PARAMS_SIZE, "layout of the parameters");

#endif /* __ASSEMBLER__ */
#endif
