/* SPDX-License-Identifier: Apache-2.0
 *
 * What the C++ side writes and every purgatory reads: the header of the blob, and those parts of
 * its parameter block that do not depend on the architecture. Each architecture's params.h has the
 * rest. Fields have the byte order in which the purgatory runs and are naturally aligned, so that
 * both sides see the same layout; the assertions below hold them to it.
 */
#ifndef KXF_PURGATORY_LAYOUT_H
#define KXF_PURGATORY_LAYOUT_H

#define KXF_BLOB_VERSION 4

/* The blob, and with it every address in it, is a multiple of this. */
#define KXF_BLOB_ALIGNMENT 4096

#define KXF_MAX_STEPS 8
#define KXF_NAME_SIZE 32

/* Ranges to verify begin at a multiple of this: the SHA-256 reads 64 bits at a time. */
#define KXF_DIGEST_ALIGNMENT 8

/* What is saved begins at a multiple of this, and has as many bytes, and so has where it goes. */
#define KXF_BACKUP_ALIGNMENT 8

/* As many as kexec_load takes segments. */
#define KXF_MAX_MOVES 16

/* For the assembler. */
#define KXF_CONSOLE_SIZE (16 + 20 * KXF_MAX_STEPS)
#define KXF_DIGEST_SIZE (48 + KXF_NAME_SIZE)
#define KXF_BACKUP_SIZE 24
#define KXF_RELOCATION_SIZE (32 + 32 * KXF_MAX_MOVES)

/* A bundle's first bytes have a table of two struct kxf_bundle_place. Sizes and offsets of what is
 * behind it are multiples of the block. */
#define KXF_BUNDLE_PLACE_SIZE 40
#define KXF_BUNDLE_BLOCK 64

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
  uint64_t magic;         /* the architecture's KXF_BLOB_MAGIC */
  uint32_t version;       /* KXF_BLOB_VERSION */
  uint32_t params_offset; /* of struct kxf_params, from the start of the blob */
  uint32_t memory_size;   /* with the stack behind the bytes */
  uint32_t bundle_offset; /* from here to its end the blob has a bundle's first bytes; 0: none */
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

/* As kxf::SinkProgram. struct kxf_params begins with it. */
struct kxf_console {
  uint64_t phys_base;
  uint32_t step_count; /* 0: silent */
  uint32_t reserved;
  struct kxf_sink_step steps[KXF_MAX_STEPS];
};

struct kxf_digest {
  uint64_t start;
  uint64_t size_bytes;
  uint8_t sha256[32];
  char name[KXF_NAME_SIZE]; /* ends with a zero */
};

/* As kxf::BackupCopy; an architecture that saves nothing has none. */
struct kxf_backup {
  uint64_t source;
  uint64_t destination;
  uint64_t size_bytes; /* 0: nothing is saved */
};

/* As kxf::BundleMove. */
struct kxf_move {
  uint64_t source; /* from the first byte of the image */
  uint64_t size_bytes;
  uint64_t destination;
  uint64_t memory_size; /* what the bytes do not fill of it becomes zeros */
};

/* As kxf::Relocation; an architecture without bundles has none. */
struct kxf_relocation {
  uint32_t count; /* of moves; 0: all is where it belongs */
  uint32_t reserved;
  uint64_t payload_start; /* from the first byte of the image */
  uint64_t payload_end;
  uint64_t staging;
  struct kxf_move moves[KXF_MAX_MOVES];
};

/* Where a purgatory of a bundle goes. */
struct kxf_bundle_place {
  uint64_t address;
  uint64_t memory_size;
  uint64_t offset; /* of its bytes, from the first byte of the image */
  uint64_t size_bytes;
  uint64_t entry;
};

KXF_STATIC_ASSERT(sizeof(struct kxf_blob_header) == 24, "layout of the blob's header");
KXF_STATIC_ASSERT(sizeof(struct kxf_sink_step) == 20, "layout of a step");
KXF_STATIC_ASSERT(sizeof(struct kxf_console) == KXF_CONSOLE_SIZE, "layout of a console");
KXF_STATIC_ASSERT(offsetof(struct kxf_console, steps) == 16, "layout of a console");
KXF_STATIC_ASSERT(sizeof(struct kxf_digest) == KXF_DIGEST_SIZE, "layout of a digest");
KXF_STATIC_ASSERT(sizeof(struct kxf_backup) == KXF_BACKUP_SIZE, "layout of a backup");
KXF_STATIC_ASSERT(offsetof(struct kxf_relocation, moves) == 32, "layout of a relocation");
KXF_STATIC_ASSERT(sizeof(struct kxf_bundle_place) == KXF_BUNDLE_PLACE_SIZE,
                  "a bundle's first instructions read it");
KXF_STATIC_ASSERT(sizeof(struct kxf_relocation) == KXF_RELOCATION_SIZE, "layout of a relocation");

#endif /* __ASSEMBLER__ */
#endif
