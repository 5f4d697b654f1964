// SPDX-License-Identifier: Apache-2.0
#pragma once

/// One question to a format or a codec, and all that can be said of its answer.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/child.hpp"
#include "kxf/codec.hpp"
#include "kxf/image_format.hpp"

namespace kxf::conformance {

struct Asked {
  bool claimed = false;               ///< `mine`, `damaged` or recognised
  bool usable = false;                ///< it was read or unpacked whole
  std::string refusal;                ///< the message, when it was claimed and is not usable
  std::uint64_t digest = 0;           ///< of everything that came back
  std::vector<std::string> contract;  ///< how the answer breaks it (KXP-15)
  std::vector<std::string> manners;   ///< what is wrong with a refusal (KXP-16)
};

/// As kxf asks: probe(), then parse() of what is `mine`; recognises(), then unpack().
[[nodiscard]] Asked ask(const ImageFormat& format, ByteView image);
[[nodiscard]] Asked ask(const Codec& codec, ByteView packed);

/// What is wrong with an error: no message, several lines, no remedy. kxf::Bytes' own need none,
/// kxf knows it.
[[nodiscard]] std::vector<std::string> bad_manners(const Error& error);

/// A format or a codec; both are asked alike.
using Question = std::function<Asked(ByteView)>;

/// By `image-format:NAME` or `codec:NAME`; empty when it is not there.
[[nodiscard]] Question question_of(const Implementations& all, std::string_view item);

/// The kinds that question_of() knows.
[[nodiscard]] const std::vector<std::string_view>& reading_kinds();

/// Checks each of the plugin's formats and codecs in a child of its own and joins what they say.
/// Of those in `known` the result is there already. `verdict` may be empty: the child's own.
using OneCheck = std::function<Report(const Question&, Doing&)>;
using OneVerdict = std::function<RuleResult(const std::string& item, const ChildAnswer& answer)>;
[[nodiscard]] RuleResult for_each_reader(const Subject& subject,
                                         const std::map<std::string, RuleResult>& known,
                                         const OneCheck& check, const OneVerdict& verdict = {});

/// Results of several implementations as one: failed when one is.
class Joined {
 public:
  void add(const std::string& who, const RuleResult& result);
  [[nodiscard]] RuleResult done(std::string_view without_any) &&;

 private:
  RuleResult joined_{Outcome::not_applicable, {}};
};

}  // namespace kxf::conformance
