// SPDX-License-Identifier: Apache-2.0
/// The destructors of the interfaces. They are out of line so that each class has one vtable and
/// one type information object, here in libkxf, for the program and all its plugins.
#include "kxf/architecture.hpp"
#include "kxf/board_check.hpp"
#include "kxf/codec.hpp"
#include "kxf/console_sink.hpp"
#include "kxf/cpu_enable_method.hpp"
#include "kxf/extension.hpp"
#include "kxf/image_format.hpp"
#include "kxf/memory_source.hpp"
#include "kxf/plugin.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

Extension::~Extension() = default;
Architecture::~Architecture() = default;
Status Architecture::check_finished(const FinishedQuestion&) const noexcept { return {}; }
Result<CrashLayout> Architecture::crash_layout(const ArchitectureQuestion&,
                                               Record&) const noexcept {
  return refuse("this architecture's plugin cannot load crash kernels with kexec_load",
                "use a running kernel with CONFIG_KEXEC_FILE");
}
Status Architecture::announce_crash(TreeEditor&, const CrashPlaces&) const noexcept { return {}; }
Result<ByteVector> Architecture::bundle_head(const BundleQuestion&) const noexcept {
  return refuse("this architecture's plugin cannot make bundles",
                "use kxf load on the machine itself, or ask the plugin's vendor");
}
bool Architecture::handles_tree(const DeviceTree&) const noexcept { return false; }
BoardCheck::~BoardCheck() = default;
Codec::~Codec() = default;
ConsoleSink::~ConsoleSink() = default;
CpuEnableMethod::~CpuEnableMethod() = default;
std::optional<CpuAssessment> CpuEnableMethod::assess_firmware(
    const FirmwareCpuQuestion&) const noexcept {
  return std::nullopt;
}
ImageFormat::~ImageFormat() = default;
MemorySource::~MemorySource() = default;
bool MemorySource::reservations_only() const noexcept { return false; }
Registrar::~Registrar() = default;

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
