// SPDX-License-Identifier: Apache-2.0
#include "conformance/asking.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "image/claims.hpp"
#include "plan/kernel_layout.hpp"
#include "plugin/kinds.hpp"

namespace kxf::conformance {
namespace {

/// What a codec may unpack to here.
constexpr std::uint64_t unpack_limit_bytes = 256ULL << 20U;

/// FNV-1a of 64 bits (RFC 9923): to tell answers apart, nothing more.
class Digest {
 public:
  void add(ByteView bytes) {
    for (const std::uint8_t byte : bytes) value_ = (value_ ^ byte) * 0x100000001b3U;
  }
  void add(std::string_view text) {
    add(bytes_of(text));
    add(std::uint64_t{text.size()});
  }
  void add(std::uint64_t number) {
    for (unsigned shift = 0; shift < 64; shift += 8)
      value_ = (value_ ^ (number >> shift & 0xffU)) * 0x100000001b3U;
  }
  void add(const Error& error) {
    add(error.message);
    add(error.remedy);
    add(std::uint64_t{static_cast<std::uint8_t>(error.fault)});
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325U;
};

/// Where a view is, not what is in it: an answer to the same bytes elsewhere is the same.
void add_view(ByteView view, ByteView image, Digest& digest) {
  digest.add(view.empty() || !is_inside(view, image)
                 ? 0
                 : static_cast<std::uint64_t>(view.data() - image.data()) + 1);
  digest.add(std::uint64_t{view.size()});
}

void add_carried(const CarriedBytes& carried, ByteView image, Digest& digest) {
  add_view(carried.bytes, image, digest);
  digest.add(carried.codec);
}

void add_kernel(const KernelSpec& kernel, ByteView image, Digest& digest) {
  digest.add(kernel.machine);
  for (const KernelPart& part : kernel.parts) {
    add_view(part.bytes, image, digest);
    digest.add(part.memory_offset);
    digest.add(part.memory_size);
  }
  for (const KernelPatch& patch : kernel.patches) {
    digest.add(patch.memory_offset);
    digest.add(ByteView(patch.bytes));
  }
  for (const std::uint64_t number :
       {std::uint64_t{kernel.endian == Endian::big}, kernel.page_size_bytes.value_or(0),
        kernel.memory_size, std::uint64_t{kernel.memory_size_is_guess}, kernel.entry_offset,
        kernel.base_alignment, kernel.base_offset, kernel.window.start, kernel.window.end,
        std::uint64_t{kernel.placement == Placement::lowest}, std::uint64_t{kernel.file_load}})
    digest.add(number);
  digest.add(kernel.file_load_reason);
}

void add_contents(const ImageContents& contents, ByteView image, Digest& digest) {
  if (contents.kernel) add_kernel(*contents.kernel, image, digest);
  if (contents.payload) add_carried(*contents.payload, image, digest);
  if (contents.initrd) add_view(*contents.initrd, image, digest);
  if (contents.device_tree) add_carried(*contents.device_tree, image, digest);
  for (const CarriedBytes& overlay : contents.overlays) add_carried(overlay, image, digest);
  digest.add(contents.command_line.value_or(""));
  digest.add(contents.payload_summary);
  digest.add(contents.payload_machine);
  digest.add(contents.configuration);
  digest.add(contents.verified_by);
}

void add_record(const Record& record, Digest& digest) {
  for (const Decision& decision : record.decisions())
    for (const std::string* text : {&decision.topic, &decision.choice, &decision.reason})
      digest.add(*text);
  for (const Warning& warning : record.warnings()) {
    digest.add(warning.id);
    digest.add(warning.text);
  }
}

void check_contents(const ImageContents& contents, ByteView image, std::string_view name,
                    Asked& asked) {
  if (!contents.kernel && !contents.payload)
    asked.contract.emplace_back("it gives neither a kernel nor a payload");
  if (contents.kernel && contents.payload)
    asked.contract.emplace_back("it gives both a kernel and a payload");
  if (const auto claims = check_claims(contents, image, name); !claims)
    asked.contract.push_back(claims.error().message);
  if (contents.kernel) {
    if (const auto kernel = check_kernel_spec(*contents.kernel, name); !kernel)
      asked.contract.push_back(kernel.error().message);
    if (contents.kernel->machine.empty())
      asked.contract.emplace_back("it does not say for which machine the kernel is");
  }
  if (!contents.verified_by.empty())
    asked.contract.push_back(fmt::format(
        "it says that a signature was verified ({}), and was given no key", contents.verified_by));
}

Settings defaults_of(const Extension& implementation) {
  Settings settings;
  for (const SettingSpec& spec : implementation.settings())
    settings.emplace(spec.key, spec.default_value);
  return settings;
}

void refused(const Error& error, Asked& asked, Digest& digest) {
  digest.add(error);
  asked.refusal = error.message;
  asked.manners = bad_manners(error);
}

}  // namespace

std::vector<std::string> bad_manners(const Error& error) {
  constexpr std::string_view error_of_bytes = "ends at byte ";
  std::vector<std::string> found;
  const std::string message = one_line(error.message);
  if (message.empty()) found.emplace_back("a refusal without a message");
  if (message != error.message)
    found.push_back(fmt::format("the refusal \"{}\" is not one line of printable ASCII", message));
  if (error.remedy.empty() && error.message.find(error_of_bytes) == std::string::npos)
    found.push_back(fmt::format("the refusal \"{}\" has no remedy", message));
  if (one_line(error.remedy) != error.remedy)
    found.push_back(fmt::format("the remedy \"{}\" is not one line of printable ASCII",
                                one_line(error.remedy)));
  return found;
}

Asked ask(const ImageFormat& format, ByteView image) {
  Asked asked;
  Digest digest;
  const Probe probe = format.probe(image);
  digest.add(std::uint64_t{static_cast<std::uint8_t>(probe.verdict)});
  digest.add(probe.reason);
  asked.claimed = probe.verdict != ProbeVerdict::not_mine;
  if (probe.verdict == ProbeVerdict::mine) {
    const Settings settings = defaults_of(format);
    Record record;
    const auto contents = format.parse(image, {settings}, record);
    asked.usable = contents.has_value();
    if (contents) {
      check_contents(*contents, image, format.name(), asked);
      add_contents(*contents, image, digest);
    } else {
      refused(contents.error(), asked, digest);
    }
    add_record(record, digest);
  } else if (probe.verdict == ProbeVerdict::damaged) {
    asked.refusal = probe.reason;
    if (probe.reason.empty()) asked.manners.emplace_back("probe() says `damaged` without a reason");
    if (one_line(probe.reason) != probe.reason)
      asked.manners.push_back(
          fmt::format("probe()'s reason \"{}\" is not one line of printable "
                      "ASCII",
                      one_line(probe.reason)));
  } else if (asked.claimed) {
    asked.contract.push_back(
        fmt::format("probe() gives the unknown verdict {}", static_cast<unsigned>(probe.verdict)));
  }
  asked.digest = digest.value();
  return asked;
}

Asked ask(const Codec& codec, ByteView packed) {
  Asked asked;
  Digest digest;
  asked.claimed = codec.recognises(packed);
  digest.add(std::uint64_t{asked.claimed});
  if (asked.claimed) {
    OutputBuffer out(unpack_limit_bytes);
    const auto unpacked = codec.unpack(packed, out);
    asked.usable = unpacked.has_value();
    if (out.overrun()) asked.contract.emplace_back("it commits more bytes than it was given");
    if (!unpacked) {
      refused(unpacked.error(), asked, digest);
    } else {
      const Blob result = out.take();
      digest.add(std::uint64_t{result.size_bytes()});
      // The ends tell answers apart; all of a large result would take the time of the rule.
      constexpr std::size_t looked_at_bytes = 1U << 20U;
      const ByteView view = result.view();
      digest.add(view.first(std::min(view.size(), looked_at_bytes)));
      digest.add(view.last(std::min(view.size(), looked_at_bytes)));
    }
  }
  asked.digest = digest.value();
  return asked;
}

const std::vector<std::string_view>& reading_kinds() {
  static const std::vector<std::string_view> kinds = {kind_name<ImageFormat>, kind_name<Codec>};
  return kinds;
}

Question question_of(const Implementations& all, std::string_view item) {
  const std::string_view name = item.substr(item.find(':') + 1);
  if (item.starts_with(kind_name<ImageFormat>)) {
    const auto* const format = find_named<ImageFormat>(all, name);
    if (format == nullptr) return {};
    return [format](ByteView image) { return ask(*format, image); };
  }
  const auto* const codec = find_named<Codec>(all, name);
  if (codec == nullptr) return {};
  return [codec](ByteView packed) { return ask(*codec, packed); };
}

RuleResult for_each_reader(const Subject& subject, const std::map<std::string, RuleResult>& known,
                           const OneCheck& check, const OneVerdict& verdict) {
  Joined joined;
  for (const std::string& item : announced(subject, reading_kinds())) {
    if (const auto result = known.find(item); result != known.end()) {
      joined.add(item, result->second);
      continue;
    }
    const ChildAnswer answer =
        with_registered(subject, [&](const Implementations& all, Doing& doing) -> Report {
          const Question question = question_of(all, item);
          if (!question) return {RuleResult::failed("it is not registered"), {}};
          return check(question, doing);
        });
    joined.add(item, verdict ? verdict(item, answer) : answer.report.result);
  }
  return std::move(joined).done("it has neither formats nor codecs");
}

void Joined::add(const std::string& who, const RuleResult& result) {
  for (const std::string& reason : result.reasons)
    joined_.reasons.push_back(result.outcome == Outcome::not_applicable
                                  ? fmt::format("{}: not applicable: {}", who, reason)
                                  : fmt::format("{}: {}", who, reason));
  if (joined_.outcome == Outcome::failed) return;
  if (result.outcome != Outcome::not_applicable) joined_.outcome = result.outcome;
}

RuleResult Joined::done(std::string_view without_any) && {
  if (joined_.outcome == Outcome::not_applicable && joined_.reasons.empty())
    joined_.reasons.emplace_back(without_any);
  return std::move(joined_);
}

}  // namespace kxf::conformance
