// SPDX-License-Identifier: Apache-2.0
#include "fake_registry.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace kxf_test {
namespace {

constexpr std::uint64_t mib = 1U << 20U;

/// `fakearch`: places four segments anywhere; its purgatory is a text that says what it was asked
/// for, in 8 KiB.
class FakeArchitecture final : public kxf::Architecture {
 public:
  static constexpr std::uint64_t command_line_limit = 64;
  static constexpr std::size_t purgatory_bytes = 8192;

  [[nodiscard]] std::string_view name() const noexcept override { return "fake"; }
  [[nodiscard]] std::string_view summary() const noexcept override { return "made up"; }
  [[nodiscard]] std::span<const kxf::SettingSpec> settings() const noexcept override {
    static constexpr kxf::SettingSpec specs[] = {{"speed", "slow", "slow or fast"}};
    return specs;
  }
  [[nodiscard]] bool handles(const kxf::MachineFacts& facts) const noexcept override {
    return facts.hardware == "fakearch";
  }
  [[nodiscard]] kxf::ArchitectureTraits traits() const noexcept override {
    kxf::ArchitectureTraits traits{0xfe, command_line_limit, 4096};
    traits.crash_command_line = "one_cpu";
    traits.core_header_parameter = "core";
    traits.hotplug_rewrites_tree = true;
    traits.leaves_breadcrumb = true;
    return traits;
  }
  [[nodiscard]] kxf::Result<kxf::KernelSpec> adapt_kernel(
      const kxf::ArchitectureQuestion& question, kxf::Record& /*record*/) const noexcept override {
    if (question.kernel.endian != kxf::Endian::little)
      return kxf::refuse("this CPU is only little-endian", "use another kernel");
    return question.kernel;
  }
  [[nodiscard]] kxf::Result<std::vector<kxf::PlacementRule>> placement_rules(
      const kxf::ArchitectureQuestion& question, const kxf::SegmentSizes& sizes,
      kxf::Record& record) const noexcept override {
    record.decide("speed", question.settings.find("speed")->second, "setting");
    std::vector<kxf::PlacementRule> rules;
    const auto add = [&rules](const char* segment, std::uint64_t size, std::uint64_t alignment) {
      kxf::PlacementRule rule;
      rule.name = segment;
      rule.size_bytes = size;
      rule.alignment = alignment;
      rules.push_back(std::move(rule));
    };
    add("kernel", question.kernel.memory_size, question.kernel.base_alignment);
    if (sizes.initrd != 0) add("initrd", sizes.initrd, 4096);
    add("dtb", sizes.tree, 4096);
    add("purgatory", sizes.purgatory, 4096);
    return rules;
  }
  [[nodiscard]] kxf::Status adjust_tree(kxf::TreeEditor& tree,
                                        const kxf::ArchitectureQuestion& /*question*/,
                                        kxf::Record& /*record*/) const noexcept override {
    return tree.set_u32("/chosen", "fake,adjusted", 1);
  }
  [[nodiscard]] kxf::Result<kxf::CrashLayout> crash_layout(
      const kxf::ArchitectureQuestion& question, kxf::Record& /*record*/) const noexcept override {
    if (!question.machine.exists("/fake/linear-map"))
      return kxf::refuse("no linear map is to be found", "look elsewhere");
    kxf::CrashLayout layout;
    layout.elf_machine = 0xfe;
    layout.linear_map_offset = 0x1000000000;
    layout.backup = kxf::Range{0x40000000, 0x40010000};
    layout.tree_room_bytes = 256;
    return layout;
  }
  [[nodiscard]] kxf::Status announce_crash(kxf::TreeEditor& tree,
                                           const kxf::CrashPlaces& places) const noexcept override {
    KXF_CHECK(tree.set_u64("/chosen", "fake,core", places.core_header.start));
    KXF_CHECK(tree.set_u64("/chosen", "fake,backup", places.backup->start));
    return tree.set_u64("/chosen", "fake,home", places.home.start);
  }
  [[nodiscard]] kxf::Result<kxf::PurgatoryImage> purgatory(
      const kxf::PurgatoryQuestion& question) const noexcept override {
    std::string text =
        fmt::format("at {:#x}, to {:#x} with {:#x}, console {:#x}\n", question.own_address,
                    question.kernel_entry, question.tree_address,
                    question.sink == nullptr ? 0 : question.sink->phys_base);
    if (question.backup)
      text += fmt::format("save {} to {:#x}\n", kxf::to_text(question.backup->source),
                          question.backup->destination);
    // Source offsets of any length take the same room.
    if (question.relocation != nullptr)
      for (const kxf::BundleMove& move : question.relocation->moves)
        text += fmt::format("bring {} from {:#012x} to {}\n", move.size_bytes, move.source_offset,
                            kxf::to_text(move.destination));
    if (question.breadcrumb)
      text += fmt::format("breadcrumb {}\n", kxf::to_text(question.breadcrumb->range));
    for (const kxf::DigestEntry& digest : question.digests)
      text += fmt::format("verify {} {} {:02x}{:02x}\n", digest.name, kxf::to_text(digest.range),
                          digest.sha256[0], digest.sha256[1]);
    kxf::PurgatoryImage image;
    image.bytes.assign(text.begin(), text.end());
    image.memory_size = purgatory_bytes;
    image.entry_offset = 16;
    return image;
  }
  [[nodiscard]] kxf::Result<kxf::ByteVector> bundle_head(
      const kxf::BundleQuestion& question) const noexcept override {
    if (!question.machine.exists("/fake/bundles")) return kxf::Architecture::bundle_head(question);
    std::string text = fmt::format("HEAD of {:#012x}\n", question.payload_bytes);
    for (const kxf::BundlePurgatory& purgatory : question.purgatories)
      text +=
          fmt::format("at {:#012x} in {:#012x} by {:#06x}: {}", purgatory.address,
                      purgatory.memory_size, purgatory.entry_offset, kxf::text_of(purgatory.bytes));
    text.resize(*kxf::align_up(text.size(), kxf::move_alignment), '.');
    return kxf::ByteVector(text.begin(), text.end());
  }
  [[nodiscard]] kxf::Status check_finished(
      const kxf::FinishedQuestion& finished) const noexcept override {
    const kxf::Range& purgatory = finished.segments.back().range;
    const auto forbidden = finished.question.machine.read_text("/fake/no-purgatory-at");
    if (forbidden.value_or("") != kxf::hex(purgatory.start)) return {};
    if (!purgatory.contains(finished.entry)) return kxf::broken("the entry is elsewhere");
    return kxf::refuse("the purgatory is where it must not be", "put it elsewhere");
  }
};

/// The words are explained in fake_registry.hpp.
class FakeFormat : public kxf::ImageFormat {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "fake-image"; }
  [[nodiscard]] std::string_view summary() const noexcept override { return "texts"; }
  [[nodiscard]] std::span<const kxf::SettingSpec> settings() const noexcept override {
    static constexpr kxf::SettingSpec specs[] = {{"colour", "grey", "any"}};
    return specs;
  }
  [[nodiscard]] kxf::Probe probe(kxf::ByteView image) const noexcept override {
    const std::string_view word = word_of(image);
    if (word == "RUINED") return {kxf::ProbeVerdict::damaged, "its second half is missing"};
    for (const std::string_view known :
         {"PLAIN", "PARTS", "BIGEND", "NOFILE", "CARRY", "WRAP", "CLAIM", "CHOICE", "SIGNED",
          "PACKS", "TREES", "STRAY", "HOLLOW", "LIAR", "FAIL"})
      if (word == known) return {kxf::ProbeVerdict::mine, {}};
    return {};
  }
  [[nodiscard]] kxf::Result<kxf::ImageContents> parse(kxf::ByteView image,
                                                      const kxf::ImageQuestion& question,
                                                      kxf::Record& record) const noexcept override {
    const std::string_view word = word_of(image);
    record.decide("colour", question.settings.find("colour")->second, std::string(word));
    if (word == "FAIL") return kxf::refuse("its parts do not fit", "use another");
    kxf::ImageContents contents;
    if (word == "HOLLOW") return contents;
    const kxf::ByteView rest = image.subspan(word.size() + 1);
    if (word == "WRAP") {
      contents.payload = rest;
      contents.initrd = image.first(word.size());
      return contents;
    }
    if (word == "CLAIM") {
      contents.payload_machine = word_of(rest);
      contents.payload_summary = "a kernel for " + contents.payload_machine;
      contents.payload = rest.subspan(contents.payload_machine.size() + 1);
      return contents;
    }
    if (word == "STRAY") {
      contents.payload = kxf::bytes_of("elsewhere");
      return contents;
    }
    if (word == "CHOICE" || word == "SIGNED" || word == "PACKS" || word == "TREES")
      return wrapped(word, rest, question);
    kxf::KernelSpec kernel;
    kernel.machine = "fakearch";
    kernel.endian = word == "BIGEND" ? kxf::Endian::big : kxf::Endian::little;
    kernel.memory_size = 2 * mib;
    kernel.base_alignment = mib;
    kernel.entry_offset = 4;
    kernel.parts = {{image, 0, image.size()}};
    if (word == "PARTS") kernel.parts = {{image.first(2), 8, 16}, {image.subspan(2), 4096, 8192}};
    if (word == "LIAR") kernel.parts = {{image, 2 * mib - 1, image.size()}};
    kernel.file_load = word != "NOFILE";
    if (!kernel.file_load) kernel.file_load_reason = "it is a text";
    if (word == "CARRY") {
      contents.initrd = rest.first(2);
      contents.device_tree = rest.first(1);
      contents.command_line = "carried=1";
    }
    contents.kernel = std::move(kernel);
    return contents;
  }

 private:
  static std::string_view word_of(kxf::ByteView image) {
    const std::string_view text = kxf::text_of(image);
    return text.substr(0, text.find(' '));
  }
  static std::string_view take_word(kxf::ByteView& rest) {
    const std::string_view word = word_of(rest);
    rest = rest.subspan(word.size() + 1);
    return word;
  }
  static kxf::ByteView take_bytes(kxf::ByteView& rest) {
    const auto size = std::stoul(std::string(take_word(rest)));
    const kxf::ByteView bytes = rest.first(size);
    rest = rest.subspan(size);
    return bytes;
  }
  static kxf::Result<kxf::ImageContents> wrapped(std::string_view word, kxf::ByteView rest,
                                                 const kxf::ImageQuestion& question) {
    kxf::ImageContents contents;
    std::string codec;
    if (word == "CHOICE") {
      contents.configuration = take_word(rest);
      if (!question.configuration.empty() && question.configuration != contents.configuration)
        return kxf::refuse("no such configuration", "use another");
      if (!question.board.empty()) contents.command_line = std::string(question.board.front());
    }
    if (word == "SIGNED") {
      if (question.signature_required && question.keys.empty())
        return kxf::refuse("its signature is not verified", "give a key");
      if (!question.keys.empty())
        contents.verified_by =
            fmt::format("{} of {}", kxf::text_of(question.keys[0].bytes),
                        question.keys[0].name.substr(question.keys[0].name.rfind('/') + 1));
    }
    if (word == "PACKS") codec = take_word(rest);
    if (word == "TREES") {
      contents.device_tree = take_bytes(rest);
      if (const kxf::ByteView overlay = take_bytes(rest); !overlay.empty())
        contents.overlays.emplace_back(overlay);
    }
    contents.payload = {rest, codec};
    return contents;
  }
};

/// Claims TWINS, as does its brother: a tie.
class TwinFormat final : public kxf::ImageFormat {
 public:
  explicit TwinFormat(std::string_view name) : name_(name) {}
  [[nodiscard]] std::string_view name() const noexcept override { return name_; }
  [[nodiscard]] std::string_view summary() const noexcept override { return "claims TWINS"; }
  [[nodiscard]] kxf::Probe probe(kxf::ByteView image) const noexcept override {
    return {kxf::text_of(image).starts_with("TWINS ") ? kxf::ProbeVerdict::mine
                                                      : kxf::ProbeVerdict::not_mine,
            {}};
  }
  [[nodiscard]] kxf::Result<kxf::ImageContents> parse(
      kxf::ByteView image, const kxf::ImageQuestion& /*question*/,
      kxf::Record& /*record*/) const noexcept override {
    kxf::ImageContents contents;
    contents.payload = image.subspan(6);
    return contents;
  }

 private:
  std::string_view name_;
};

/// `PACKED:` and what was packed.
class FakeCodec final : public kxf::Codec {
 public:
  static constexpr std::string_view magic = "PACKED:";

  [[nodiscard]] std::string_view name() const noexcept override { return "fake-codec"; }
  [[nodiscard]] std::string_view summary() const noexcept override { return "a prefix"; }
  [[nodiscard]] bool recognises(kxf::ByteView packed) const noexcept override {
    return kxf::text_of(packed).starts_with(magic);
  }
  [[nodiscard]] kxf::Status unpack(kxf::ByteView packed,
                                   kxf::OutputBuffer& out) const noexcept override {
    for (kxf::ByteView rest = packed.subspan(magic.size()); !rest.empty();) {
      KXF_TRY(tail, out.tail());
      const std::size_t size = std::min(tail.size(), rest.size());
      std::copy_n(rest.begin(), size, tail.begin());
      out.commit(size);
      rest = rest.subspan(size);
    }
    return {};
  }
};

/// A UART of one register; `steps` may be a program that no sink should have.
class FakeSink final : public kxf::ConsoleSink {
 public:
  FakeSink(std::string_view name, std::string_view earlycon, std::string_view compatible,
           std::vector<kxf::SinkStep> steps)
      : name_(name), earlycon_{earlycon}, compatible_{compatible}, steps_(std::move(steps)) {}
  [[nodiscard]] std::string_view name() const noexcept override { return name_; }
  [[nodiscard]] std::string_view summary() const noexcept override { return "made up"; }
  [[nodiscard]] std::span<const std::string_view> earlycon_names() const noexcept override {
    return earlycon_;
  }
  [[nodiscard]] std::span<const std::string_view> compatibles() const noexcept override {
    return compatible_;
  }
  [[nodiscard]] kxf::Result<kxf::SinkProgram> program(
      const kxf::ConsoleDevice& device) const noexcept override {
    if (device.access_bits == 16U)
      return kxf::refuse("it has no registers of 16 bits", "correct it");
    return kxf::SinkProgram{device.phys_base, 4, steps_};
  }

 private:
  std::string_view name_;
  std::array<std::string_view, 1> earlycon_;
  std::array<std::string_view, 1> compatible_;
  std::vector<kxf::SinkStep> steps_;
};

/// Judges by its own name.
class FakeMethod final : public kxf::CpuEnableMethod {
 public:
  FakeMethod(std::string_view name, kxf::CpuVerdict verdict) : name_(name), verdict_(verdict) {}
  [[nodiscard]] std::string_view name() const noexcept override { return name_; }
  [[nodiscard]] std::string_view summary() const noexcept override { return "made up"; }
  [[nodiscard]] bool handles(std::string_view enable_method) const noexcept override {
    return enable_method == name_;
  }
  [[nodiscard]] kxf::CpuAssessment assess(
      const kxf::CpuQuestion& question) const noexcept override {
    kxf::CpuAssessment assessment{verdict_, fmt::format("{} says so", name_), {}};
    if (question.running.release_address)
      assessment.keep_out.push_back(kxf::Range::sized(*question.running.release_address, 8));
    if (name_ == "wary") assessment.warning = "wary warns";
    return assessment;
  }
  [[nodiscard]] std::optional<kxf::CpuAssessment> assess_firmware(
      const kxf::FirmwareCpuQuestion& question) const noexcept override {
    if (question.machine.read_text("/fake/firmware-cpus").value_or("") != name_)
      return std::nullopt;
    return kxf::CpuAssessment{verdict_, fmt::format("{} by firmware", name_), {}, "use another"};
  }

 private:
  std::string_view name_;
  kxf::CpuVerdict verdict_;
};

/// Objects and warns as the plan's command line says: `check=refuse`, `check=warn`.
class FakeCheck final : public kxf::BoardCheck {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "fake-check"; }
  [[nodiscard]] std::string_view summary() const noexcept override { return "made up"; }
  [[nodiscard]] std::vector<kxf::BoardFinding> check(
      const kxf::Machine& /*machine*/, const kxf::LoadPlan& plan) const noexcept override {
    const std::string& line = plan.parts().command_line;
    std::vector<kxf::BoardFinding> findings;
    if (line.find("check=warn") != std::string::npos)
      findings.push_back({false, "fake-warning", "the fan is off", "turn it on"});
    if (line.find("check=refuse") != std::string::npos)
      findings.push_back({true, "fake-refusal", "the board is upside down", "turn it round"});
    return findings;
  }
};

bool register_fakes(kxf::Registrar& registrar) noexcept {
  using kxf::CpuVerdict;
  using kxf::SinkOp;
  static const FakeArchitecture architecture;
  static const FakeFormat format;
  static const TwinFormat twin_a("twin-a");
  static const TwinFormat twin_b("twin-b");
  static const FakeCodec codec;
  static const FakeSink uart("fake-uart", "fakecon", "fake,uart", {{.op = SinkOp::put}});
  static const FakeSink wild("fake-wild", "wildcon", "fake,wild",
                             {{.op = SinkOp::put, .width_bytes = 4, .offset = 4096}});
  static const FakeSink odd("fake-odd", "oddcon", "fake,odd", {{.width_bytes = 3}});
  static const FakeSink endless("fake-endless", "endlesscon", "fake,endless",
                                {{.op = SinkOp::poll, .count = 0}});
  static const FakeSink drowsy("fake-drowsy", "drowsycon", "fake,drowsy",
                               {{.op = SinkOp::poll_while, .mask = 1, .count = 0}});
  static const FakeSink hasty("fake-hasty", "hastycon", "fake,hasty",
                              {{.op = SinkOp::poll_while, .mask = 1, .value = 2, .count = 1}});
  static const FakeSink alien("fake-alien", "aliencon", "fake,alien",
                              {{.op = static_cast<SinkOp>(77)}});
  static const FakeSink mute("fake-mute", "mutecon", "fake,mute", {});
  static const FakeSink caller("fake-caller", "callcon", "fake,caller",
                               {{.op = SinkOp::firmware, .offset = 1U << 30U}});
  static const FakeMethod good("good", CpuVerdict::ok);
  static const FakeMethod bad("bad", CpuVerdict::unsound);
  static const FakeMethod hazy("hazy", CpuVerdict::unknown);
  static const FakeMethod wary("wary", CpuVerdict::ok);
  static const FakeCheck check;
  return registrar.add(architecture) && registrar.add(format) && registrar.add(twin_a) &&
         registrar.add(twin_b) && registrar.add(codec) && registrar.add(uart) &&
         registrar.add(wild) && registrar.add(odd) && registrar.add(endless) &&
         registrar.add(drowsy) && registrar.add(hasty) && registrar.add(alien) &&
         registrar.add(mute) && registrar.add(caller) && registrar.add(good) &&
         registrar.add(bad) && registrar.add(hazy) && registrar.add(wary) && registrar.add(check);
}

}  // namespace

kxf::Registry fake_registry() {
  auto registry = kxf::Registry::in_process(
      {.path = {},
       .name = "fakes",
       .version = "1",
       .vendor = "tests",
       .summary = {},
       .abi = {},
       .compiler_abi = {},
       .cxx11_strings = {},
       .elf_machine = {},
       .provides = {"architecture:fake", "image-format:fake-image", "image-format:twin-a",
                    "image-format:twin-b", "codec:fake-codec", "console-sink:fake-uart",
                    "console-sink:fake-wild", "console-sink:fake-odd", "console-sink:fake-endless",
                    "console-sink:fake-drowsy", "console-sink:fake-hasty",
                    "console-sink:fake-alien", "console-sink:fake-mute", "console-sink:fake-caller",
                    "cpu-enable-method:good", "cpu-enable-method:bad", "cpu-enable-method:hazy",
                    "cpu-enable-method:wary", "board-check:fake-check"}},
      register_fakes);
  if (!registry) throw std::logic_error(registry.error().message);
  return std::move(*registry);
}

}  // namespace kxf_test
