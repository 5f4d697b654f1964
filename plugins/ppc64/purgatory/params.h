/* SPDX-License-Identifier: Apache-2.0
 *
 * What the C++ side writes and the purgatory reads: the header behind the blob's first 256 bytes
 * and the parameter block that it points to. All fields are big-endian, the byte order in which the
 * purgatory runs, and naturally aligned, so that both sides see the same layout; the assertions
 * below hold them to it.
 */
#ifndef KXF_PPC64_PURGATORY_PARAMS_H
#define KXF_PPC64_PURGATORY_PARAMS_H

#define KXF_BLOB_MAGIC 0x6b78667070633634 /* "kxfppc64" */
#define KXF_BLOB_VERSION 1
#define KXF_BLOB_HEADER_OFFSET 0x140

/* The running kernel copies this many bytes from the entry to address 0. */
#define KXF_FIRST_BYTES 0x100
/* Where, of these, secondary CPUs begin; big-endian, in real mode, their number in r3. */
#define KXF_SECONDARY_ENTRY 0x60
/* The bytes before this offset are the purgatory's, those behind it are the kernel's own. */
#define KXF_OWN_FIRST_BYTES 8
/* Word 0, for a CPU in big-endian mode: b .+0x108. In little-endian mode: tdi 0,r1,0x48, which
 * never traps, so that the word behind it is executed. */
#define KXF_ENTRY_WORD 0x48000108

/* The blob, and with it every address in it, is a multiple of this. */
#define KXF_BLOB_ALIGNMENT 4096

#define KXF_MAX_STEPS 8
#define KXF_MAX_DIGESTS 32
#define KXF_NAME_SIZE 32

/* flags */
#define KXF_FLAG_KERNEL_LITTLE 1 /* enter the kernel in little-endian mode */
#define KXF_FLAG_OPAL 2          /* firmware calls go to OPAL */
#define KXF_FLAG_HYPERVISOR 4    /* firmware calls go to the hypervisor */

/* Offsets that entry.S uses. */
#define KXF_PARAMS_KERNEL 0
#define KXF_PARAMS_TREE 8
#define KXF_PARAMS_OPAL_BASE 16
#define KXF_PARAMS_OPAL_ENTRY 24
#define KXF_PARAMS_FLAGS 48
#define KXF_PARAMS_SIZE (56 + 20 * KXF_MAX_STEPS + 80 * KXF_MAX_DIGESTS)

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
  uint32_t memory_size;   /* with the stack behind the bytes */
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
  uint64_t kernel; /* its first byte, which is its entry */
  uint64_t tree;
  uint64_t opal_base; /* both 0 where there is no OPAL */
  uint64_t opal_entry;
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
KXF_STATIC_ASSERT(offsetof(struct kxf_params, kernel) == KXF_PARAMS_KERNEL, "entry.S reads it");
KXF_STATIC_ASSERT(offsetof(struct kxf_params, tree) == KXF_PARAMS_TREE, "entry.S reads it");
KXF_STATIC_ASSERT(offsetof(struct kxf_params, opal_base) == KXF_PARAMS_OPAL_BASE,
                  "entry.S reads it");
KXF_STATIC_ASSERT(offsetof(struct kxf_params, opal_entry) == KXF_PARAMS_OPAL_ENTRY,
                  "entry.S reads it");
KXF_STATIC_ASSERT(offsetof(struct kxf_params, flags) == KXF_PARAMS_FLAGS, "entry.S reads it");
KXF_STATIC_ASSERT(offsetof(struct kxf_params, steps) == 56, "layout of the parameters");
KXF_STATIC_ASSERT(offsetof(struct kxf_params, digests) == 216, "layout of the parameters");
KXF_STATIC_ASSERT(sizeof(struct kxf_params) == KXF_PARAMS_SIZE, "layout of the parameters");

#endif /* __ASSEMBLER__ */
#endif
