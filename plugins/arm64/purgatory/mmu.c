/* SPDX-License-Identifier: Apache-2.0 */
#include "arm64/purgatory/mmu.h"

#define VALID UINT64_C(1)
#define TABLE_OR_PAGE UINT64_C(2)

static uint64_t low_bits(unsigned count) { return (UINT64_C(1) << count) - 1; }

/* The bits of a descriptor that hold an address of this alignment: 47 down, and with the 64 KiB
 * granule bits 51 to 48 of the address in 15 to 12. */
static uint64_t address_of(const struct kxf_mmu* mmu, uint64_t descriptor, unsigned alignment) {
  const uint64_t low = descriptor & low_bits(48) & ~low_bits(alignment);
  return mmu->granule_bits == 16 ? low | ((descriptor >> 12) & 15) << 48 : low;
}

static uint64_t attributes_in(const struct kxf_mmu* mmu, uint64_t descriptor, unsigned alignment) {
  const uint64_t address =
      (low_bits(48) & ~low_bits(alignment)) | (mmu->granule_bits == 16 ? UINT64_C(15) << 12 : 0);
  return descriptor & ~address & ~(VALID | TABLE_OR_PAGE);
}

/* The end of the leaf that maps `at` to itself with these attributes; 0: none does. */
static uint64_t mapped_until(const struct kxf_mmu* mmu, uint64_t at, uint64_t attributes) {
  const unsigned index_bits = mmu->granule_bits - 3;
  uint64_t table = mmu->tables;
  for (unsigned level = mmu->first_level; level <= 3; ++level) {
    const unsigned shift = mmu->granule_bits + (3 - level) * index_bits;
    const uint64_t index = (at >> shift) & low_bits(index_bits);
    /* A physical address. NOLINTNEXTLINE(performance-no-int-to-ptr) */
    const uint64_t descriptor = ((const uint64_t*)table)[index];
    if ((descriptor & VALID) == 0) return 0;
    const int is_table_or_page = (descriptor & TABLE_OR_PAGE) != 0;
    if (level == 3 ? !is_table_or_page : is_table_or_page) {
      if (level == 3) return 0;
      table = address_of(mmu, descriptor, mmu->granule_bits);
      if (table < mmu->tables || table - mmu->tables >= mmu->tables_size) return 0;
      continue;
    }
    const uint64_t start = at & ~low_bits(shift);
    return address_of(mmu, descriptor, shift) == start &&
                   attributes_in(mmu, descriptor, shift) == attributes
               ? start + low_bits(shift) + 1
               : 0;
  }
  return 0;
}

int kxf_mmu_maps(const struct kxf_mmu* mmu, const struct kxf_mapping* mapping) {
  if (mapping->end == 0) return 1;
  if (mmu->va_bits > 52 || (mapping->end - 1) >> mmu->va_bits != 0) return 0;
  for (uint64_t at = mapping->start; at < mapping->end;) {
    at = mapped_until(mmu, at, mapping->attributes);
    if (at == 0) return 0;
  }
  return 1;
}

uint64_t kxf_mmu_sum(const void* tables, uint64_t size_bytes) {
  const uint64_t* word = tables;
  uint64_t sum = KXF_SUM_START;
  for (uint64_t left = size_bytes / 8; left != 0; --left) sum = (sum ^ *word++) * KXF_SUM_PRIME;
  return sum;
}
