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
#define KXF_FLAG_ICACHE 1       /* run with the instruction cache on */
#define KXF_FLAG_PORTABLE_SHA 2 /* leave the CPU's SHA-256 instructions alone */

/* Where what is written begins: on a page of its own whatever the granule, so that no page is
 * writable and executable. */
#define KXF_DATA_OFFSET 0x10000

/* What the purgatory needs of its own to be able to report: code, data, the UART if any, and the
 * breadcrumb if any. */
#define KXF_OWN_MAPPINGS 4
#define KXF_OWN_DATA 1 /* which of them is the data */
#define KXF_MAPPING_SIZE 24
#define KXF_MMU_SIZE (72 + KXF_MAPPING_SIZE * KXF_OWN_MAPPINGS)

/* Offsets that entry.S uses. */
#define KXF_PARAMS_KERNEL_ENTRY KXF_CONSOLE_SIZE
#define KXF_PARAMS_TREE (KXF_CONSOLE_SIZE + 8)
#define KXF_PARAMS_FLAGS (KXF_CONSOLE_SIZE + 16)
#define KXF_PARAMS_SIZE \
  (KXF_CONSOLE_SIZE + 24 + KXF_DIGEST_SIZE * KXF_MAX_DIGESTS + KXF_MMU_SIZE + KXF_RELOCATION_SIZE)

/* A bundle's first bytes (bundle_head.S): the header of a kernel image (../image_header.hpp), a
 * place for each of the two purgatories, code, the purgatories. */
#define KXF_BUNDLE_IMAGE_SIZE 16
#define KXF_BUNDLE_PLACES 64

#ifndef __ASSEMBLER__

/* Mapped to itself. */
struct kxf_mapping {
  uint64_t start;
  uint64_t end;        /* 0: nothing */
  uint64_t attributes; /* of its descriptors, but for type and address */
};

/* The identity map that the plan has tables for (../page_tables.hpp). */
struct kxf_mmu {
  uint64_t tables;      /* physical address of the root; 0: the MMU stays off */
  uint64_t tables_size; /* bytes, from the root on */
  uint64_t tables_sum;  /* kxf_mmu_sum() of them */
  uint64_t ttbr0;       /* the values of the registers */
  uint64_t mair;
  uint64_t tcr_two_ranges; /* at EL1, and at EL2 with HCR_EL2.E2H set */
  uint64_t tcr_one_range;  /* at EL2 with HCR_EL2.E2H clear */
  uint32_t granule_bits;   /* log2 of the page size: 12, 14 or 16 */
  uint32_t first_level;    /* of the walk */
  uint32_t va_bits;
  uint32_t output_bits;
  struct kxf_mapping own[KXF_OWN_MAPPINGS];
};

struct kxf_params {
  struct kxf_console console;
  uint64_t kernel_entry;
  uint64_t tree;
  uint32_t flags;
  uint32_t digest_count;
  struct kxf_digest digests[KXF_MAX_DIGESTS];
  struct kxf_mmu mmu;
  struct kxf_relocation relocation;
};

KXF_STATIC_ASSERT(offsetof(struct kxf_params, kernel_entry) == KXF_PARAMS_KERNEL_ENTRY,
                  "entry.S reads it");
KXF_STATIC_ASSERT(offsetof(struct kxf_params, tree) == KXF_PARAMS_TREE, "entry.S reads it");
KXF_STATIC_ASSERT(offsetof(struct kxf_params, flags) == KXF_PARAMS_FLAGS, "entry.S reads it");
KXF_STATIC_ASSERT(sizeof(struct kxf_mapping) == KXF_MAPPING_SIZE, "layout of a mapping");
KXF_STATIC_ASSERT(sizeof(struct kxf_mmu) == KXF_MMU_SIZE, "layout of the MMU's parameters");
KXF_STATIC_ASSERT(sizeof(struct kxf_params) == KXF_PARAMS_SIZE, "layout of the parameters");

#endif /* __ASSEMBLER__ */
#endif
