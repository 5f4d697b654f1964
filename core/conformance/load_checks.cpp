// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks.hpp"
#include "conformance/child.hpp"
#include "plugin/handshake.hpp"

namespace kxf::conformance {

RuleResult check_loads(Subject& subject) {
  return with_loaded(subject,
                     [](const Arrival& arrival, Doing&) -> Report {
                       if (arrival.descriptor) return {};
                       return {RuleResult::failed(arrival.descriptor.error().message), {}};
                     })
      .report.result;
}

RuleResult check_leaves_nothing(Subject& subject) {
  return with_loaded(subject,
                     [](const Arrival& arrival, Doing&) -> Report {
                       return {RuleResult::of(arrival.left_behind), {}};
                     })
      .report.result;
}

RuleResult check_descriptor(Subject& subject) {
  return with_loaded(subject,
                     [&](const Arrival& arrival, Doing& doing) -> Report {
                       if (!arrival.descriptor)
                         return {RuleResult::failed(arrival.descriptor.error().message), {}};
                       doing.now("its descriptor");
                       return {RuleResult::of(
                                   descriptor_mismatches(**arrival.descriptor, subject.metadata)),
                               {}};
                     })
      .report.result;
}

RuleResult check_registration(Subject& subject) {
  return with_registered(subject, [](const Implementations&, Doing&) { return Report{}; })
      .report.result;
}

}  // namespace kxf::conformance
