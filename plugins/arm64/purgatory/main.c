/* SPDX-License-Identifier: Apache-2.0
 *
 * Say that it runs, verify with the MMU on if the plan and the CPU allow, say where it goes; and
 * the instructions that the kit asks an architecture for. entry.S does what needs registers.
 */
#include "arm64/purgatory/bundle.h"
#include "arm64/purgatory/mmu.h"
#include "arm64/purgatory/params.h"
#include "arm64/purgatory/stage.h"
#include "purgatory/breadcrumb.h"
#include "purgatory/sha256.h"
#include "purgatory/sink.h"
#include "purgatory/text.h"
#include "purgatory/verify.h"

/* A load or store with immediate-free addressing and without write-back: a hypervisor that emulates
 * the device gets no usable syndrome for any other kind (ESR_EL2.ISV, Arm ARM DDI 0487). */
uint32_t kxf_mmio_read(uint64_t phys_address, unsigned width_bytes) {
  uint32_t value;
  switch (width_bytes) {
    case 1: __asm__ volatile("ldrb %w0, [%1]" : "=r"(value) : "r"(phys_address)); break;
    case 2: __asm__ volatile("ldrh %w0, [%1]" : "=r"(value) : "r"(phys_address)); break;
    default: __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(phys_address)); break;
  }
  return value;
}

void kxf_mmio_write(uint64_t phys_address, unsigned width_bytes, uint32_t value) {
  switch (width_bytes) {
    case 1: __asm__ volatile("strb %w0, [%1]" : : "r"(value), "r"(phys_address)); break;
    case 2: __asm__ volatile("strh %w0, [%1]" : : "r"(value), "r"(phys_address)); break;
    default: __asm__ volatile("str %w0, [%1]" : : "r"(value), "r"(phys_address)); break;
  }
}

/* The C++ side lets no program through that needs firmware. */
void kxf_firmware_put(const struct kxf_console* console, uint32_t terminal, uint8_t byte) {
  (void)console;
  (void)terminal;
  (void)byte;
}

void kxf_idle(void) { __asm__ volatile("wfi"); }

/* With the MMU off our stores go past the caches, and with it on the breadcrumb's page is a
 * device's, so nothing of ours is ever in a cache. What the old kernel left there could be: to be
 * written over ours later, or to answer the next kernel's loads. */
void kxf_to_memory(uint64_t phys_address, uint64_t size_bytes) {
  kxf_after_stores(phys_address, size_bytes);
}

#define READ_REGISTER(name)                           \
  __extension__({                                     \
    uint64_t value_;                                  \
    __asm__ volatile("mrs %0, " name : "=r"(value_)); \
    value_;                                           \
  })
#define WRITE_REGISTER(name, value) __asm__ volatile("msr " name ", %0" : : "r"(value))

/* By number: an assembler need not know the newest names. */
#define ID_AA64MMFR3_EL1 "S3_0_C0_C7_3"
#define TCR2_EL1 "S3_0_C2_C0_3"
#define TCR2_EL2 "S3_4_C2_C0_3"

static unsigned field(uint64_t value, unsigned lowest_bit) {
  return (unsigned)(value >> lowest_bit) & 15;
}

/* ---- SHA-256 ---- */

void kxf_sha256_instructions(uint32_t state[8], const void* in, uint64_t blocks);
void kxf_sha256_vectors(uint32_t state[8], const void* in, uint64_t blocks);
extern const struct kxf_params kxf_params __attribute__((visibility("hidden")));

/* ID_AA64ISAR0_EL1.SHA2, bits 15 to 12: 1 and more have the instructions of SHA-256. */
void kxf_sha256_blocks(uint32_t state[8], const void* in, uint64_t blocks) {
  if (field(READ_REGISTER("id_aa64isar0_el1"), 12) != 0 &&
      (kxf_params.flags & KXF_FLAG_PORTABLE_SHA) == 0)
    kxf_sha256_instructions(state, in, blocks);
  else
    kxf_sha256_vectors(state, in, blocks);
}

/* ---- the MMU ---- */

/* mmu_switch.S knows the layout of the first four. */
struct kxf_translation {
  uint64_t ttbr0;
  uint64_t tcr;
  uint64_t mair;
  uint64_t sctlr;
  uint64_t tcr2;
};
KXF_STATIC_ASSERT(offsetof(struct kxf_translation, sctlr) == 24, "mmu_switch.S reads it");

void kxf_mmu_on(const struct kxf_translation* wanted, struct kxf_translation* found,
                uint64_t regime);
void kxf_mmu_off(const struct kxf_translation* found, uint64_t regime);

/* SCTLR: MMU, data and instruction cache on, all else as at reset: the bits that are RES1 in the
 * first version of the architecture, and since then mean what was so before. At EL2 those of both
 * layouts. No alignment check, no WXN. */
#define SCTLR_ON UINT64_C(0x1005)
#define SCTLR_EL1_RES1 UINT64_C(0x30d00800)
#define SCTLR_EL2_RES1 UINT64_C(0x30c50830)

/* Is the CPU what the plan took it for? The plan goes by the running kernel's page size, so it is
 * unless a profile says otherwise, or the segments have been carried to another machine. What is
 * missing costs speed alone: it is said, and the work is done with the MMU off. */
static int cpu_has(const struct kxf_console* console, const struct kxf_mmu* mmu) {
  static const uint8_t pa_bits[16] = {32, 36, 40, 42, 44, 48, 52, 56};
  const uint64_t mmfr0 = READ_REGISTER("id_aa64mmfr0_el1");
  int has_granule;
  switch (mmu->granule_bits) {
    case 12: has_granule = field(mmfr0, 28) <= 7; break; /* TGran4: signed, negative: none */
    case 14: has_granule = field(mmfr0, 20) != 0; break; /* TGran16 */
    case 16: has_granule = field(mmfr0, 24) <= 7; break; /* TGran64: signed, negative: none */
    default: has_granule = 0; break;
  }
  const int has_addresses =
      pa_bits[field(mmfr0, 0)] >= mmu->output_bits &&
      /* VARange: more than 48 bits with 64 KiB pages */
      (mmu->va_bits <= 48 || field(READ_REGISTER("id_aa64mmfr2_el1"), 16) != 0);
  if (has_granule && has_addresses) return 1;
  kxf_put_text(console, "kxf: this CPU has no ");
  kxf_put_number(console, has_granule ? mmu->output_bits : UINT64_C(1) << (mmu->granule_bits - 10));
  kxf_put_text(console, has_granule ? "-bit addresses" : " KiB pages");
  kxf_put_text(console, " (ID_AA64MMFR0_EL1 ");
  kxf_put_hex(console, mmfr0);
  kxf_put_text(console, "): the MMU stays off\r\n");
  return 0;
}

_Noreturn static void stop_at_tables(const struct kxf_params* params, const char* what) {
  const struct kxf_console* console = &params->console;
  kxf_put_text(console, "kxf: the page tables at ");
  kxf_put_hex(console, params->mmu.tables);
  kxf_put_text(console, what);
  kxf_breadcrumb_stop(console, "the page tables are damaged");
  kxf_stop(console);
}

/* FEAT_TCR2, ID_AA64MMFR3_EL1.TCRX: what a new kernel turned on there (permission indirection,
 * descriptors of 128 bits) gives tables another meaning. With the MMU off it is of no effect. */
static void exchange_tcr2(struct kxf_translation* found, uint64_t regime, int restore) {
  if (field(READ_REGISTER(ID_AA64MMFR3_EL1), 0) == 0) return;
  if (regime == KXF_REGIME_EL1) {
    if (!restore) found->tcr2 = READ_REGISTER(TCR2_EL1);
    WRITE_REGISTER(TCR2_EL1, restore ? found->tcr2 : 0);
  } else {
    if (!restore) found->tcr2 = READ_REGISTER(TCR2_EL2);
    WRITE_REGISTER(TCR2_EL2, restore ? found->tcr2 : 0);
  }
}

static void set_stage(uint64_t stage) { __asm__ volatile("mov x27, %0" : : "r"(stage)); }

/* The MMU on, and the tables as they were planned. What an exception needs to be reported, code,
 * stack and UART, is looked up before; all of the tables is read once the cache is on. */
static void turn_on(const struct kxf_params* params, struct kxf_translation* found,
                    uint64_t regime) {
  const struct kxf_mmu* mmu = &params->mmu;
  for (unsigned i = 0; i < KXF_OWN_MAPPINGS; ++i)
    if (!kxf_mmu_maps(mmu, &mmu->own[i]))
      stop_at_tables(params, " do not map the purgatory and its console");
  const int one_range = regime == KXF_REGIME_EL2;
  const struct kxf_translation wanted = {
      mmu->ttbr0, one_range ? mmu->tcr_one_range : mmu->tcr_two_ranges, mmu->mair,
      SCTLR_ON | (regime == KXF_REGIME_EL1 ? SCTLR_EL1_RES1 : SCTLR_EL2_RES1), 0};
  exchange_tcr2(found, regime, 0);
  kxf_breadcrumb_phase(&params->console, KXF_PHASE_MMU);
  set_stage(KXF_STAGE_MMU_ON);
  kxf_mmu_on(&wanted, found, regime);
  if (kxf_mmu_sum((const void*)mmu->tables, mmu->tables_size) != mmu->tables_sum)
    stop_at_tables(params, " are not those of the plan");
}

static void turn_off(struct kxf_translation* found, uint64_t regime) {
  kxf_mmu_off(found, regime);
  exchange_tcr2(found, regime, 1);
}

/* The segments of a bundle to their places, out of the image at `image`. Firmware may have put it
 * where nothing is mapped: then with the MMU off. Is it on afterwards? */
static int bring_segments(const struct kxf_params* params, uint64_t image, int mmu,
                          struct kxf_translation* found, uint64_t regime) {
  if (mmu && !kxf_bundle_is_mapped(params, image)) {
    turn_off(found, regime);
    mmu = 0;
  }
  set_stage(KXF_STAGE_MOVE);
  kxf_bring(&params->console, &params->relocation, image);
  kxf_put_text(&params->console, mmu ? "in place, MMU on\r\n" : "in place\r\n");
  return mmu;
}

static const char* kind_of(uint64_t vector) {
  switch (vector % 4) {
    case 0: return "synchronous";
    case 1: return "IRQ";
    case 2: return "FIQ";
    default: return "SError";
  }
}

static char* append(char* to, const char* text) {
  while (*text != 0) *to++ = *text++;
  return to;
}

/* Does FAR tell of this exception? Of aborts only, and not where ESR.FnV says otherwise ("ISS
 * encoding for an exception from a Data Abort"); else it is what an earlier one left. */
static int far_is_valid(uint64_t vector, uint64_t esr) {
  const unsigned class = (unsigned)(esr >> 26) & 0x3f;
  const int is_abort = class == 0x20 || class == 0x21 || class == 0x24 || class == 0x25;
  return vector % 4 == 0 && is_abort && ((esr >> 10) & 1) == 0;
}

/* The exception as the breadcrumb has it: "vector 15 (synchronous) at EL2". A fault of the
 * breadcrumb's own memory would come again. */
static void record_exception(const struct kxf_console* console, uint64_t vector, uint64_t level,
                             const struct kxf_breadcrumb_register registers[4]) {
  if (far_is_valid(vector, registers[0].value) && kxf_breadcrumb_has(console, registers[2].value))
    return;
  char text[KXF_NAME_SIZE];
  char* end = append(text, "vector ");
  if (vector >= 10) *end++ = '1';
  *end++ = (char)('0' + vector % 10);
  end = append(end, " (");
  end = append(end, kind_of(vector));
  end = append(end, ") at EL");
  *end++ = (char)('0' + level);
  *end = 0;
  kxf_breadcrumb_exception(console, text, registers, 4);
}

/* Called by vectors.S. */
void kxf_report_exception(const struct kxf_params* params, uint64_t vector, uint64_t stage,
                          uint64_t level, uint64_t esr, uint64_t elr, uint64_t far, uint64_t sp);
void kxf_report_exception(const struct kxf_params* params, uint64_t vector, uint64_t stage,
                          uint64_t level, uint64_t esr, uint64_t elr, uint64_t far, uint64_t sp) {
  const struct kxf_console* console = &params->console;
  /* Memory first: the console may be what the exception is about. */
  const struct kxf_breadcrumb_register registers[4] = {
      {"ESR", esr}, {"ELR", elr}, {"FAR", far}, {"SP", sp}};
  record_exception(console, vector, level, registers);
  kxf_put_text(console, "\r\nkxf: exception, vector ");
  kxf_put_number(console, vector);
  kxf_put_text(console, " (");
  kxf_put_text(console, kind_of(vector));
  kxf_put_text(console, vector < 4   ? ", with SP_EL0) at EL"
                        : vector < 8 ? ") at EL"
                                     : ", from a lower level) at EL");
  kxf_put_number(console, level);
  switch (stage) {
    case KXF_STAGE_START: kxf_put_text(console, " before the MMU is on"); break;
    case KXF_STAGE_MMU_ON: kxf_put_text(console, " as the MMU goes on"); break;
    case KXF_STAGE_MOVE:
      kxf_put_text(console, " while segments are brought to their places");
      break;
    case KXF_STAGE_VERIFY: kxf_put_text(console, " while segments are verified"); break;
    default: kxf_put_text(console, " after the segments were verified"); break;
  }
  for (unsigned i = 0; i < 4; ++i) {
    kxf_put_text(console, i == 0 ? "\r\nkxf: " : ", ");
    kxf_put_text(console, registers[i].name);
    kxf_put_text(console, " ");
    kxf_put_hex(console, registers[i].value);
  }
  kxf_put_text(console, "; the kernel is not entered\r\n");
}

/* Called by entry.S. */
void kxf_purgatory(const struct kxf_params* params, uint64_t level, uint64_t regime,
                   uint64_t image);
void kxf_purgatory(const struct kxf_params* params, uint64_t level, uint64_t regime,
                   uint64_t image) {
  const struct kxf_console* console = &params->console;
  struct kxf_translation found = {0, 0, 0, 0, 0};
  kxf_breadcrumb_start(console);
  kxf_put_text(console, "\r\nkxf: purgatory, EL");
  kxf_put_number(console, level);
  kxf_put_text(console, "\r\n");
  int mmu = params->mmu.tables != 0 && cpu_has(console, &params->mmu);
  if (mmu) turn_on(params, &found, regime);
  if (params->relocation.count != 0) mmu = bring_segments(params, image, mmu, &found, regime);
  set_stage(KXF_STAGE_VERIFY);
  if (params->digest_count != 0) {
    kxf_verify(console, params->digests, params->digest_count);
    kxf_put_text(console, mmu ? "ok, MMU on\r\n" : "ok\r\n");
  }
  kxf_put_entering(console, params->kernel_entry, params->tree);
  set_stage(KXF_STAGE_LEAVE);
  if (mmu) turn_off(&found, regime);
}
