/* SPDX-License-Identifier: Apache-2.0
 *
 * What the C++ side writes and the purgatory reads: the header at the start of the blob and the
 * parameter block that it points to. All fields are little-endian and naturally aligned, so that
 * both sides see the same layout; the assertions below hold them to it.
 */
#ifndef KXF_ARM64_PURGATORY_PARAMS_H
#define KXF_ARM64_PURGATORY_PARAMS_H

#define KXF_BLOB_MAGIC 0x34364d524166786b /* "kxfARM64", little-endian */
#define KXF_BLOB_VERSION 1
#define KXF_BLOB_HEADER_OFFSET 8 /* behind the branch to the code */

/* The blob, and with it every address in it, is a multiple of this. */
#define KXF_BLOB_ALIGNMENT 4096

#define KXF_MAX_STEPS 8
#define KXF_MAX_DIGESTS 16
#define KXF_NAME_SIZE 32

/* flags */
#define KXF_FLAG_ICACHE 1 /* run with the instruction cache on */

#ifndef __ASSEMBLER__

#ifdef __cplusplus
#include <cstddef>
#include <cstdint>
#define KXF_STATIC_ASSERT static_assert
#else
#include <stddef.h>
#include <stdint.h>
#define KXF_STATIC_ASSERT _Static_assert
#endif

struct kxf_blob_header {
  uint64_t magic;         /* KXF_BLOB_MAGIC */
  uint32_t version;       /* KXF_BLOB_VERSION */
  uint32_t params_offset; /* of struct kxf_params, from the start of the blob */
  uint32_t memory_size;   /* with the zeroed data and the stack behind the bytes */
  uint32_t reserved;
};

/* As kxf::SinkStep; `operation` has the values of kxf::SinkOp. */
struct kxf_sink_step {
  uint8_t operation;
  uint8_t width_bytes;
  uint8_t big_endian;
  uint8_t reserved;
  uint32_t offset;
  uint32_t mask;
  uint32_t value;
  uint32_t count;
};

struct kxf_digest {
  uint64_t start;
  uint64_t size_bytes;
  uint8_t sha256[32];
  char name[KXF_NAME_SIZE]; /* ends with a zero */
};

struct kxf_params {
  uint64_t kernel_entry;
  uint64_t tree;
  uint64_t sink_base;
  uint32_t step_count; /* 0: silent */
  uint32_t digest_count;
  uint32_t flags;
  uint32_t reserved;
  struct kxf_sink_step steps[KXF_MAX_STEPS];
  struct kxf_digest digests[KXF_MAX_DIGESTS];
};

KXF_STATIC_ASSERT(sizeof(struct kxf_blob_header) == 24, "layout of the blob's header");
KXF_STATIC_ASSERT(sizeof(struct kxf_sink_step) == 20, "layout of a step");
KXF_STATIC_ASSERT(sizeof(struct kxf_digest) == 80, "layout of a digest");
KXF_STATIC_ASSERT(offsetof(struct kxf_params, kernel_entry) == 0, "entry.S reads it");
KXF_STATIC_ASSERT(offsetof(struct kxf_params, tree) == 8, "entry.S reads it");
KXF_STATIC_ASSERT(offsetof(struct kxf_params, flags) == 32, "entry.S reads it");
KXF_STATIC_ASSERT(offsetof(struct kxf_params, steps) == 40, "layout of the parameters");
KXF_STATIC_ASSERT(offsetof(struct kxf_params, digests) == 200, "layout of the parameters");
KXF_STATIC_ASSERT(sizeof(struct kxf_params) == 200 + 16 * 80, "layout of the parameters");

#endif /* __ASSEMBLER__ */
#endif
