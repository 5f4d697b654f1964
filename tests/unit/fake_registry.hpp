// SPDX-License-Identifier: Apache-2.0
#pragma once

/// A plugin that exists in the tests only: a made-up architecture and what it needs, each able to
/// misbehave on demand. What happens is said by the images and command lines that a test gives.

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "plugin/registry.hpp"

namespace kxf_test {

/// That plugin and the built-in one.
///
/// The architecture `fake` (hardware `fakearch`) places four segments anywhere. Its purgatory is a
/// text that says what it was asked for, in 8 KiB, entered at 16; command lines have 64 bytes; its
/// setting is `speed`. It can dump a machine that has /fake/linear-map, saves the first 64 KiB of
/// RAM, and tells a crash kernel of the core header by `core=` and in /chosen. Where the machine
/// has /fake/bundles the head of a bundle is a text with both purgatories in it; a finished plan
/// whose purgatory is at the address that /fake/no-purgatory-at names is refused.
///
/// The format `fake-image` reads images that are texts: a word that selects what happens, a space,
/// then anything.
///   PLAIN   a kernel of one part, 2 MiB of memory
///   PARTS   a kernel of two parts with a gap
///   BIGEND  a big-endian kernel
///   NOFILE  a kernel that kexec_file_load does not take
///   CARRY   a kernel with an initrd, a tree and a command line of its own
///   WRAP    a wrapper: what follows is probed again; it carries an initrd
///   CHOICE NAME        a wrapper with that one configuration; its command line is the board
///   SIGNED             a wrapper that the first key verifies
///   PACKS CODEC        a wrapper that says that what follows is packed with it
///   TREES N T M O      a wrapper with a tree T of N bytes and an overlay O of M bytes
///   STRAY   a wrapper around bytes that are not in it
///   HOLLOW  a wrapper without anything in it
///   CLAIM   a wrapper: a word for the machine that it says its payload is for, then the payload
///   RUINED  probes as damaged;  LIAR  gives a kernel that contradicts itself;  FAIL  parses not
/// `twin-a` and `twin-b` both claim TWINS, a wrapper. The codec `fake-codec` takes the prefix
/// `PACKED:` away. Console sinks: `fake-uart` (earlycon fakecon, compatible fake,uart), and with
/// programs that no sink should have fake-wild, -odd, -endless, -mute; fake-caller calls firmware.
/// Enable methods: `good`, `bad` (unsound), `hazy` (unknown) and `wary` (with a warning); the one
/// that the file /fake/firmware-cpus names is that of machines whose tree describes no CPUs. The
/// board check looks for `check=warn` and `check=refuse` on the command line.
[[nodiscard]] kxf::Registry fake_registry();

/// The decision on a topic whose choice begins so; empty when there is none.
inline std::string decided(const kxf::Record& record, std::string_view topic,
                           std::string_view choice = {}) {
  for (const kxf::Decision& decision : record.decisions())
    if (decision.topic == topic && decision.choice.starts_with(choice))
      return fmt::format("{} ({})", decision.choice, decision.reason);
  return {};
}

/// The text of the warning with this id; empty when there is none.
inline std::string warned(const kxf::Record& record, std::string_view id) {
  for (const kxf::Warning& warning : record.warnings())
    if (warning.id == id) return warning.text;
  return {};
}

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace kxf_test
