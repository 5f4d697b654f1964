/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KXF_PPC64_PURGATORY_SHA256_H
#define KXF_PPC64_PURGATORY_SHA256_H

#ifdef __cplusplus
#include <cstdint>
extern "C" {
#else
#include <stdint.h>
#endif

/* The SHA-256 (FIPS 180-4) of the `size_bytes` bytes at `start`, which is a multiple of 4. */
void kxf_ppc64_sha256(const void* start, uint64_t size_bytes, uint8_t digest[32]);

#ifdef __cplusplus
}
#endif
#endif
