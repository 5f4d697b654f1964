# How the purgatory is made: for the plugin, and for tests/sdk, which makes it from the installed SDK.
#
# Runs with the MMU off at first, where memory is Device: no unaligned access. FP/SIMD only where the
# source says so. x27 and x28 tell of exceptions (purgatory/stage.h). What is written is on pages of
# its own with pages of 64 KiB, too (KXF_DATA_OFFSET in purgatory/params.h).
kxf_purgatory_blob(
  NAME arm64 PROCESSOR "^(aarch64|arm64)$" PREFIXES aarch64-linux-gnu-
  SOURCES purgatory/bundle.c purgatory/bundle_head.S purgatory/copy.S purgatory/entry.S
          purgatory/main.c purgatory/mmu.c purgatory/mmu_switch.S
          purgatory/sha256_instructions.S purgatory/sha256_vectors.S purgatory/vectors.S
  KIT_SOURCES relocate.c
  FLAGS -mcmodel=tiny -mgeneral-regs-only -mstrict-align -mbranch-protection=none -ffixed-x27
        -ffixed-x28 -DKXF_OWN_SHA256_BLOCKS -DKXF_OWN_COPY
  LINK_FLAGS -Wl,--defsym,kxf_data_alignment=0x10000
  HOST_SOURCES purgatory/mmu.c)
