// SPDX-License-Identifier: Apache-2.0
#include <kxf/plugin.hpp>

#include "arm64/arm64.hpp"

namespace {

bool add_all(kxf::Registrar& registrar) noexcept {
  return registrar.add(kxf::arm64::architecture()) && registrar.add(kxf::arm64::image_format()) &&
         registrar.add(kxf::arm64::elf_image()) && registrar.add(kxf::arm64::psci()) &&
         registrar.add(kxf::arm64::spin_table()) && registrar.add(kxf::arm64::parking()) &&
         registrar.add(kxf::arm64::gic_check()) && registrar.add(kxf::arm64::crash_cpus_check()) &&
         registrar.add(kxf::arm64::lpi_source());
}

}  // namespace

KXF_PLUGIN(
    "arm64", "0.1.0", "kxf", "arm64: entry, Image and vmlinux, PSCI, spin-table, purgatory",
    "architecture:arm64 image-format:arm64-image image-format:arm64-elf cpu-enable-method:psci "
    "cpu-enable-method:spin-table cpu-enable-method:acpi-parking-protocol "
    "board-check:gic-its-without-efi board-check:crash-cpus-stay memory-source:gic-lpi",
    add_all)
