// SPDX-License-Identifier: Apache-2.0
#include <kxf/plugin.hpp>

#include "ppc64/ppc64.hpp"

namespace {

bool add_all(kxf::Registrar& registrar) noexcept {
  namespace ppc64 = kxf::ppc64;
  return registrar.add(ppc64::architecture()) && registrar.add(ppc64::elf_image()) &&
         registrar.add(ppc64::zimage()) && registrar.add(ppc64::memory_source()) &&
         registrar.add(ppc64::hold_loop()) && registrar.add(ppc64::hvc()) &&
         registrar.add(ppc64::opal()) && registrar.add(ppc64::exclusions_check());
}

}  // namespace

KXF_PLUGIN("ppc64", "0.1.0", "kxf",
           "64-bit Power: entry, vmlinux and zImage, memory, CPUs, firmware consoles, purgatory",
           "architecture:ppc64 image-format:ppc64-elf image-format:ppc64-zimage "
           "memory-source:ppc64-dt cpu-enable-method:spin-0x60 console-sink:hvc "
           "console-sink:opal board-check:ppc64-exclusions",
           add_all)
