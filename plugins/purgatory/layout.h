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

/* A breadcrumb begins at a multiple of this: it is written 64 bits at a time. */
#define KXF_BREADCRUMB_ALIGNMENT 8

/* For the assembler. */
#define KXF_CONSOLE_SIZE (32 + 20 * KXF_MAX_STEPS)
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

/* Values of kxf::Breadcrumb::Form. */
enum { KXF_BREADCRUMB_RECORD = 0, KXF_BREADCRUMB_RAMOOPS = 1 };

/* As kxf::Breadcrumb. */
struct kxf_breadcrumb_place {
  uint64_t start;
  uint32_t size_bytes; /* 0: none is left */
  uint32_t form;
};

/* As kxf::SinkProgram, and where the purgatory tells of itself beside it. struct kxf_params begins
 * with it. */
struct kxf_console {
  uint64_t phys_base;
  uint32_t step_count; /* 0: silent */
  uint32_t reserved;
  struct kxf_sink_step steps[KXF_MAX_STEPS];
  struct kxf_breadcrumb_place breadcrumb;
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

/* How far a purgatory came. */
enum {
  KXF_PHASE_STARTED = 1,    /* it runs */
  KXF_PHASE_MMU = 2,        /* it turns the MMU on */
  KXF_PHASE_VERIFYING = 3,  /* it verifies the segment `index` */
  KXF_PHASE_MISMATCH = 4,   /* that segment is not as it was loaded: it stopped */
  KXF_PHASE_STOPPED = 5,    /* it stopped; `name` is why */
  KXF_PHASE_VERIFIED = 6,   /* every segment is as it was loaded */
  KXF_PHASE_ENTERING = 7,   /* the last: nothing is left to do but to jump */
  KXF_PHASE_RELOCATING = 8, /* of a bundle: it moves the segments to their places */
};

#define KXF_BREADCRUMB_MAGIC UINT64_C(0x424d55524366786b) /* "kxfCRUMB", little-endian */
#define KXF_BREADCRUMB_VERSION 1
#define KXF_BREADCRUMB_REGISTERS 4

/* A register of the CPU as an exception left it; an empty name: none. */
struct kxf_breadcrumb_register {
  char name[8]; /* the manual's, filled up with zeros */
  uint64_t value;
};

/* What a purgatory leaves in memory that outlives a reset; the program that reads it after the next
 * boot is `kxf status --breadcrumb`. Byte order of the CPU: the magic number tells. It is written
 * whole whenever something changes, 64 bits at a time from the first to the last, so whoever is
 * reset meanwhile leaves one whose sum is wrong. Text ends with a zero. */
struct kxf_breadcrumb {
  uint64_t magic;                /* KXF_BREADCRUMB_MAGIC */
  uint32_t version;              /* KXF_BREADCRUMB_VERSION */
  uint32_t size_bytes;           /* of all of it */
  uint32_t jumps;                /* how many purgatories started since there was no record here */
  uint32_t phase;                /* KXF_PHASE_*: the last one that began */
  uint32_t index;                /* of the segment that is verified; `count`: all at once */
  uint32_t count;                /* of segments to verify */
  char name[KXF_NAME_SIZE];      /* of that segment, or why it stopped */
  char exception[KXF_NAME_SIZE]; /* which one ended the phase; empty: none did */
  struct kxf_breadcrumb_register registers[KXF_BREADCRUMB_REGISTERS]; /* at that exception */
  uint64_t sum; /* FNV-1a over the 64-bit words before it, as numbers of that byte order */
};

/* Begins a zone of Linux's persistent RAM that has no other mark of its own, such as that of the
 * console (fs/pstore, CONFIG_PSTORE_RAM). */
#define KXF_RAMOOPS_SIGNATURE UINT32_C(0x43474244)

/* FNV-1a of 64 bits, which sums are made by: offset basis and prime. */
#define KXF_SUM_START UINT64_C(0xcbf29ce484222325)
#define KXF_SUM_PRIME UINT64_C(0x100000001b3)

KXF_STATIC_ASSERT(sizeof(struct kxf_blob_header) == 24, "layout of the blob's header");
KXF_STATIC_ASSERT(sizeof(struct kxf_sink_step) == 20, "layout of a step");
KXF_STATIC_ASSERT(sizeof(struct kxf_console) == KXF_CONSOLE_SIZE, "layout of a console");
KXF_STATIC_ASSERT(offsetof(struct kxf_console, steps) == 16, "layout of a console");
KXF_STATIC_ASSERT(sizeof(struct kxf_breadcrumb_place) == 16, "layout of a breadcrumb's place");
KXF_STATIC_ASSERT(sizeof(struct kxf_breadcrumb) == 168, "layout of a breadcrumb");
KXF_STATIC_ASSERT(offsetof(struct kxf_breadcrumb, sum) == 160, "a sum of whole words, the last");
KXF_STATIC_ASSERT(sizeof(struct kxf_digest) == KXF_DIGEST_SIZE, "layout of a digest");
KXF_STATIC_ASSERT(sizeof(struct kxf_backup) == KXF_BACKUP_SIZE, "layout of a backup");
KXF_STATIC_ASSERT(offsetof(struct kxf_relocation, moves) == 32, "layout of a relocation");
KXF_STATIC_ASSERT(sizeof(struct kxf_bundle_place) == KXF_BUNDLE_PLACE_SIZE,
                  "a bundle's first instructions read it");
KXF_STATIC_ASSERT(sizeof(struct kxf_relocation) == KXF_RELOCATION_SIZE, "layout of a relocation");

#endif /* __ASSEMBLER__ */
#endif
