/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KXF_ARM64_PURGATORY_BUNDLE_H
#define KXF_ARM64_PURGATORY_BUNDLE_H

#include "arm64/purgatory/params.h"
#include "purgatory/relocate.h"

/* Do the tables map all that is to be moved of the image? If they do not, says so on the console.
 * To be asked with the MMU on: the walk reads an entry for each page. */
int kxf_bundle_is_mapped(const struct kxf_params* params, uint64_t image);

#endif
