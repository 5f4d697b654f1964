/* SPDX-License-Identifier: Apache-2.0
 *
 * What the C++ side writes and the purgatory reads beside the kit's part (purgatory/layout.h).
 * Little-endian, the byte order in which the purgatory runs.
 */
#ifndef KXF_ARM64_PURGATORY_PARAMS_H
#define KXF_ARM64_PURGATORY_PARAMS_H

#include "purgatory/layout.h"

#define KXF_BLOB_MAGIC 0x34364d524166786b /* "kxfARM64", little-endian */
#define KXF_BLOB_HEADER_OFFSET 8          /* behind the branch to the code */

#define KXF_MAX_DIGESTS 16

/* flags */
#define KXF_FLAG_ICACHE 1 /* run with the instruction cache on */

/* Offsets that entry.S uses. */
#define KXF_PARAMS_KERNEL_ENTRY KXF_CONSOLE_SIZE
#define KXF_PARAMS_TREE (KXF_CONSOLE_SIZE + 8)
#define KXF_PARAMS_FLAGS (KXF_CONSOLE_SIZE + 16)
#define KXF_PARAMS_SIZE (KXF_CONSOLE_SIZE + 24 + KXF_DIGEST_SIZE * KXF_MAX_DIGESTS)

#ifndef __ASSEMBLER__

struct kxf_params {
  struct kxf_console console;
  uint64_t kernel_entry;
  uint64_t tree;
  uint32_t flags;
  uint32_t digest_count;
  struct kxf_digest digests[KXF_MAX_DIGESTS];
};

KXF_STATIC_ASSERT(offsetof(struct kxf_params, kernel_entry) == KXF_PARAMS_KERNEL_ENTRY,
                  "entry.S reads it");
KXF_STATIC_ASSERT(offsetof(struct kxf_params, tree) == KXF_PARAMS_TREE, "entry.S reads it");
KXF_STATIC_ASSERT(offsetof(struct kxf_params, flags) == KXF_PARAMS_FLAGS, "entry.S reads it");
KXF_STATIC_ASSERT(sizeof(struct kxf_params) == KXF_PARAMS_SIZE, "layout of the parameters");

#endif /* __ASSEMBLER__ */
#endif
