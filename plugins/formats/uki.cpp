// SPDX-License-Identifier: Apache-2.0
//
// UKI: a PE file whose sections are a boot stub, a kernel and what goes with it (UAPI.5, Unified
// Kernel Images). The stub runs under firmware only; what it would do is done here: choose a
// profile and a device tree, and hand kernel, initrd and command line on.
//
// The file's Authenticode signature is made for the firmware: it covers all sections, and whoever
// verifies it has the firmware's certificates. Nothing here has them, so nothing here is verified
// by it; and it does not reach the kernel inside, which the running kernel would verify on its own.
#include "formats/uki.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "formats/flat_tree.hpp"
#include "kxf/pe.hpp"

namespace kxf::formats {
namespace {

constexpr std::string_view uki_topic = "uki";
constexpr std::string_view kernel_section = ".linux";
constexpr std::string_view profile_section = ".profile";
constexpr std::string_view build_uki_again = "build or copy the UKI again";

/// What the specification's add-ons must have one of; such a file without a kernel is one.
constexpr std::string_view addon_sections[] = {".cmdline", ".dtb", ".dtbauto", ".ucode", ".initrd"};
/// Those that may be there once in a profile and are read here.
constexpr std::string_view single_sections[] = {".linux", ".initrd", ".cmdline", ".dtb", ".ucode"};

/// A profile: the sections between two `.profile`, or those before the first.
struct Profile {
  std::string id;  ///< of its `.profile`; empty: it has none
  std::vector<PeSection> sections;

  [[nodiscard]] const PeSection* find(std::string_view name) const {
    const auto found = std::ranges::find(sections, name, &PeSection::name);
    return found == sections.end() ? nullptr : &*found;
  }
};

struct Profiles {
  Profile base;
  std::vector<Profile> numbered;  ///< @0, @1, ...
};

/// `ID=` of a `.profile`, which is written like os-release: a line for each value, quoted or not.
std::string id_of(ByteView section) {
  constexpr std::string_view line_ends("\n\0", 2);
  std::string_view rest = text_of(section);
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find_first_of(line_ends));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (!line.starts_with("ID=")) continue;
    line.remove_prefix(3);
    if (line.size() >= 2 && (line.front() == '"' || line.front() == '\'') &&
        line.back() == line.front())
      line = line.substr(1, line.size() - 2);
    return std::string(line);
  }
  return {};
}

Result<Profiles> profiles_of(const PeFile& pe) {
  Profiles profiles;
  Profile* current = &profiles.base;
  for (const PeSection& section : pe.sections) {
    if (section.name == profile_section) {
      profiles.numbered.push_back({id_of(section.bytes), {}});
      current = &profiles.numbered.back();
      continue;
    }
    const bool single =
        std::ranges::find(single_sections, section.name) != std::end(single_sections);
    if (single && current->find(section.name) != nullptr)
      return refuse(fmt::format("damaged UKI: section {} is there twice", section.name),
                    std::string(build_uki_again));
    if ((single || section.name == ".dtbauto") && section.memory_bytes > section.bytes.size())
      return refuse(fmt::format("damaged UKI: section {} has {} bytes in memory and {} in the file",
                                section.name, section.memory_bytes, section.bytes.size()),
                    std::string(build_uki_again));
    current->sections.push_back(section);
  }
  return profiles;
}

/// `@1`, or an ID.
Result<std::size_t> profile_named(const Profiles& profiles, std::string_view name) {
  std::vector<std::string> known;
  for (std::size_t i = 0; i < profiles.numbered.size(); ++i) {
    const std::string& id = profiles.numbered[i].id;
    if (name == fmt::format("@{}", i) || (!id.empty() && name == id)) return i;
    known.push_back(id.empty() ? fmt::format("@{}", i) : fmt::format("@{} {}", i, shown(id)));
  }
  return refuse(fmt::format("no profile \"{}\"; there are {}", name, fmt::join(known, ", ")),
                "correct kernel.configuration");
}

/// The sections that count, and the choice of a profile.
class Selection {
 public:
  static Result<Selection> make(const Profiles& profiles, std::string_view wanted, Record& record) {
    Selection selection;
    selection.base_ = &profiles.base;
    if (profiles.numbered.empty()) return selection;
    std::size_t index = 0;
    if (!wanted.empty()) {
      KXF_TRY(found, profile_named(profiles, wanted));
      index = found;
    }
    selection.chosen_ = &profiles.numbered[index];
    selection.name_ = fmt::format("@{}", index);
    const std::string& id = selection.chosen_->id;
    record.decide(std::string(uki_topic),
                  fmt::format("profile {}{}", selection.name_, id.empty() ? "" : " " + shown(id)),
                  wanted.empty() ? "the first is the default" : "the profile names it");
    return selection;
  }

  /// `@1`; empty where there is nothing to choose.
  [[nodiscard]] const std::string& name() const { return name_; }

  /// Of the profile, else of the base. Null: there is none, or it is empty.
  [[nodiscard]] const PeSection* find(std::string_view name) const {
    const PeSection* found = chosen_ == nullptr ? nullptr : chosen_->find(name);
    if (found == nullptr) found = base_->find(name);
    return found == nullptr || found->bytes.empty() ? nullptr : found;
  }

  /// All of this name: those of the profile, else those of the base.
  [[nodiscard]] std::vector<ByteView> all(std::string_view name) const {
    std::vector<ByteView> views;
    for (const Profile* profile : {chosen_, base_}) {
      if (profile == nullptr || !views.empty()) continue;
      for (const PeSection& section : profile->sections)
        if (section.name == name && !section.bytes.empty()) views.push_back(section.bytes);
    }
    return views;
  }

 private:
  const Profile* base_ = nullptr;
  const Profile* chosen_ = nullptr;
  std::string name_;
};

/// The first `.dtbauto` that is for this board, as the reference implementation compares: the first
/// entries of both. Else `.dtb`.
std::optional<ByteView> device_tree(const Selection& selection,
                                    std::span<const std::string_view> board, Record& record) {
  const std::vector<ByteView> candidates = selection.all(".dtbauto");
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const auto compatible = board_of(candidates[i]);
    if (board.empty() || compatible.empty() || compatible.front() != board.front()) continue;
    record.decide(std::string(uki_topic),
                  fmt::format("device tree .dtbauto {} of {}", i + 1, candidates.size()),
                  fmt::format("it is for {}", shown(board.front())));
    return candidates[i];
  }
  const PeSection* tree = selection.find(".dtb");
  const std::string none_fits =
      candidates.empty() ? "the image has no .dtbauto"
                         : fmt::format("none of {} .dtbauto is for this board", candidates.size());
  if (tree == nullptr) {
    if (!candidates.empty()) record.decide(std::string(uki_topic), "no device tree", none_fits);
    return std::nullopt;
  }
  record.decide(std::string(uki_topic), "device tree .dtb", none_fits);
  return tree->bytes;
}

class UkiFormat final : public ImageFormat {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "uki"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "UKI: an EFI program that carries a kernel with initrd, command line and device tree";
  }
  [[nodiscard]] Probe probe(ByteView image) const noexcept override;
  [[nodiscard]] Result<ImageContents> parse(ByteView image, const ImageQuestion& question,
                                            Record& record) const noexcept override;
};

Probe UkiFormat::probe(ByteView image) const noexcept {
  const auto has = [image](std::string_view name) { return has_pe_section(image, name); };
  if (!has(kernel_section)) {
    if (std::ranges::none_of(addon_sections, has)) return {};
    return {ProbeVerdict::damaged, "it has no .linux section: an add-on to a UKI, and no kernel"};
  }
  if (const auto pe = read_pe(image); !pe) return {ProbeVerdict::damaged, pe.error().message};
  return {ProbeVerdict::mine, {}};
}

Result<ImageContents> UkiFormat::parse(ByteView image, const ImageQuestion& question,
                                       Record& record) const noexcept {
  KXF_TRY(pe, read_pe(image));
  if (question.signature_required)
    return refuse(
        "a signature is required, and that of a UKI is Authenticode, made for the "
        "firmware's certificates: kxf does not verify it",
        "use a signed FIT, or pin the file with kernel.sha256 where no signature is "
        "required");
  KXF_TRY(profiles, profiles_of(pe));
  KXF_TRY(selection, Selection::make(profiles, question.configuration, record));
  record.decide(std::string(uki_topic),
                pe.certificates.empty() ? std::string("not signed")
                                        : fmt::format("its signature ({} bytes) is not verified",
                                                      pe.certificates.size_bytes()),
                pe.certificates.empty()
                    ? "it has no Authenticode signature"
                    : "Authenticode is for the firmware; it covers the whole file, and not the "
                      "kernel inside on its own");

  const PeSection* kernel = selection.find(kernel_section);
  if (kernel == nullptr)
    return refuse("damaged UKI: its section .linux is empty, or in another profile",
                  "choose the profile with kernel.configuration, or build the UKI again");
  ImageContents contents;
  contents.payload = kernel->bytes;
  if (const PeSection* initrd = selection.find(".initrd")) contents.initrd = initrd->bytes;
  if (const PeSection* line = selection.find(".cmdline"))
    contents.command_line = std::string(text_of(line->bytes));
  if (const auto tree = device_tree(selection, question.board, record))
    contents.device_tree = *tree;
  if (const PeSection* microcode = selection.find(".ucode"))
    record.decide(std::string(uki_topic), ".ucode left out",
                  fmt::format("{} bytes of microcode: the CPUs have the running kernel's",
                              microcode->bytes.size()));
  contents.configuration = selection.name();
  return contents;
}

}  // namespace

const ImageFormat& uki() {
  static const UkiFormat format;
  return format;
}

}  // namespace kxf::formats
