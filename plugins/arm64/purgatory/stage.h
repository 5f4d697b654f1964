/* SPDX-License-Identifier: Apache-2.0
 *
 * Two registers that the purgatory's C code never uses (-ffixed-x27 -ffixed-x28), since memory may
 * be what is wrong when they are needed:
 *
 *   x27  the stage, which the report of an exception names
 *   x28  0; 1 + the vector's number from the moment that an exception is taken (vectors.S)
 */
#ifndef KXF_ARM64_PURGATORY_STAGE_H
#define KXF_ARM64_PURGATORY_STAGE_H

#define KXF_STAGE_START 0  /* MMU off */
#define KXF_STAGE_MMU_ON 1 /* MMU on, tables not yet verified */
#define KXF_STAGE_MOVE 2   /* of a bundle; MMU on or, where it cannot be, off */
#define KXF_STAGE_VERIFY 3 /* likewise */
#define KXF_STAGE_LEAVE 4  /* MMU off again */

/* Where the exception level's registers are: TCR_EL2 has two layouts. */
#define KXF_REGIME_EL1 0
#define KXF_REGIME_EL2 1
#define KXF_REGIME_EL2_HOST 2 /* HCR_EL2.E2H set */

#endif
