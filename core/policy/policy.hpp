// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What the profile and the command line ask for: plain values, each with where it came from.

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kxf/bytes.hpp"
#include "kxf/extension.hpp"
#include "kxf/range.hpp"
#include "kxf/result.hpp"
#include "uart/uart.hpp"

namespace kxf {

/// A value and its origin: `default`, `board.toml:12:9` (line and column), `--kernel`.
template <class T>
struct Setting {
  T value{};
  std::string origin = "default";

  /// Did the profile or a flag give it?
  [[nodiscard]] bool is_set() const { return origin != "default"; }
};

enum class SyscallChoice : std::uint8_t { automatic, kexec_load, kexec_file_load };
enum class DigestChoice : std::uint8_t { none, crash, always };
enum class MmuChoice : std::uint8_t { automatic, off };
enum class OnMismatch : std::uint8_t { warn, refuse, ignore };
enum class CommandLineMode : std::uint8_t { replace, reuse };
enum class SignatureChoice : std::uint8_t { optional, required };
enum class ExecMethod : std::uint8_t { automatic, systemd, direct };
enum class OnSmallRegion : std::uint8_t { warn, refuse };
enum class OnUnknownConsole : std::uint8_t { refuse, warn };

/// `[[memory.reserve]]`: no segment may touch it; the next tree reserves it too.
struct ReservedWindow {
  Range range;
  std::string reason;
};

/// `[[device-tree.set]]`.
struct PropertyValue {
  std::string node;
  std::string property;
  ByteVector value;  ///< already encoded: cells big-endian, strings terminated
};

/// `[[device-tree.delete]]`; an empty property deletes the node.
struct PropertyName {
  std::string node;
  std::string property;
};

/// Plugins pinned by content: file name to lower-case hexadecimal SHA-256.
using PluginPins = std::map<std::string, std::string>;

/// Parameters that do not go from the running kernel to its crash kernel, which has a small region
/// for all memory. What sets memory aside: `hugepages` to `kho`; what takes it for tables and logs:
/// `log_buf_len` to `slab_debug`; limits that were meant for all of the machine's memory: `mem` to
/// `movable_node`; a dump of its own: `fadump`. `crashkernel` goes in any case.
inline constexpr std::array<std::string_view, 24> crash_removals{"hugepages",
                                                                 "hugepagesz",
                                                                 "default_hugepagesz",
                                                                 "hugetlb_cma",
                                                                 "cma",
                                                                 "numa_cma",
                                                                 "cma_pernuma",
                                                                 "swiotlb",
                                                                 "reserve_mem",
                                                                 "kho_scratch",
                                                                 "kho",
                                                                 "log_buf_len",
                                                                 "trace_buf_size",
                                                                 "page_owner",
                                                                 "dhash_entries",
                                                                 "ihash_entries",
                                                                 "slub_debug",
                                                                 "slab_debug",
                                                                 "mem",
                                                                 "memmap",
                                                                 "kernelcore",
                                                                 "movablecore",
                                                                 "movable_node",
                                                                 "fadump"};

struct Policy {
  // top level
  Setting<std::string> board_name;   ///< of the profile; the file's name where it says none
  Setting<std::string> description;  ///< one line for people

  // [board]
  Setting<std::vector<std::string>> board_match;  ///< any of the root's compatible; empty: any

  // [plugins]
  Setting<std::vector<std::string>> plugins_required;       ///< plugin names
  Setting<std::map<std::string, std::string>> plugins_use;  ///< kind to implementation name
  Setting<PluginPins> plugins_sha256;

  // [kernel]
  Setting<std::string> kernel_image;                            ///< empty: must come from a flag
  Setting<std::vector<std::string>> initrds;                    ///< concatenated in this order
  Setting<std::uint64_t> unpack_limit{1ULL << 30U, "default"};  ///< bytes, per file
  Setting<std::uint64_t> unpack_seconds{120, "default"};        ///< for the whole image

  Setting<std::string> kernel_configuration;  ///< empty: the image's own rule
  Setting<SignatureChoice> kernel_signature{SignatureChoice::optional, "default"};
  Setting<std::vector<std::string>> kernel_keys;     ///< files with public keys
  Setting<std::string> kernel_sha256;                ///< of the file; empty: not pinned
  Setting<std::vector<std::string>> initrds_sha256;  ///< one for each initrd

  // [command-line]
  Setting<CommandLineMode> command_line_mode{CommandLineMode::replace, "default"};
  Setting<std::string> command_line;  ///< for replace; unless is_set(), the image's own is used
  Setting<std::string> command_line_append;               ///< profile's, then the flag's
  Setting<std::vector<std::string>> command_line_remove;  ///< `name`, or one exact `name=value`

  // [memory]
  Setting<std::vector<std::string>> memory_sources{{"auto"}, "default"};  ///< or the architecture's
  Setting<std::vector<ReservedWindow>> memory_reserve;

  // [cpus]
  Setting<std::vector<std::string>> cpu_methods;  ///< allowed; empty: all that are known
  Setting<OnMismatch> cpu_mismatch{OnMismatch::warn, "default"};
  Setting<bool> kernel_returns_cpus;  ///< an assertion about the running kernel

  // [console]
  Setting<std::string> console_sink{"auto", "default"};  ///< auto, none, earlycon string, name
  Setting<OnUnknownConsole> console_unknown{OnUnknownConsole::refuse, "default"};
  Setting<std::vector<UartSpec>> console_uarts;  ///< that kxf has no file for

  // [device-tree]
  /// running, or a file; unless is_set(), an image's own tree comes before the running one
  Setting<std::string> tree_source{"running", "default"};
  Setting<std::string> tree_sha256;  ///< of the source; empty: not pinned
  Setting<std::vector<std::string>> tree_inherit{
      {"memory", "reserved-memory", "memreserve", "uefi", "stdout-path"}, "default"};
  Setting<std::vector<std::string>> tree_overlays;
  Setting<std::vector<PropertyValue>> tree_set;
  Setting<std::vector<PropertyName>> tree_delete;

  // [digest], [purgatory], [load], [exec]
  Setting<DigestChoice> digest{DigestChoice::crash, "default"};
  Setting<MmuChoice> purgatory_mmu{MmuChoice::automatic, "default"};
  Setting<std::string> purgatory_breadcrumb{"none", "default"};  ///< none, ramoops, an address
  Setting<SyscallChoice> syscall{SyscallChoice::automatic, "default"};
  Setting<ExecMethod> exec_method{ExecMethod::automatic, "default"};

  // [crash]: for --crash alone
  Setting<std::vector<std::string>> crash_command_line_remove{
      {crash_removals.begin(), crash_removals.end()}, "default"};
  Setting<std::string> crash_command_line_append{"auto", "default"};      ///< or the architecture's
  Setting<std::uint64_t> crash_working_memory{128ULL << 20U, "default"};  ///< bytes
  Setting<OnSmallRegion> crash_on_small_region{OnSmallRegion::warn, "default"};

  // [settings.<implementation>]
  std::map<std::string, std::map<std::string, Setting<std::string>>, std::less<>> settings;

  // Flags only.
  bool crash = false;
  bool bundle = false;  ///< a plan that firmware starts: what the running kernel can do is all one
  bool sandbox = true;  ///< formats and codecs in a confined child
};

}  // namespace kxf
