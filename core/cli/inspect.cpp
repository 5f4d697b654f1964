// SPDX-License-Identifier: Apache-2.0
// kxf inspect: what kxf understands of a board, by its device tree alone, a capture or the machine.

#include "inspect/inspect.hpp"

#include <fmt/format.h>

#include "cli/inputs.hpp"
#include "cli/report.hpp"
#include "cli/verbs.hpp"
#include "inspect/output.hpp"
#include "machine/open.hpp"
#include "machine/tree_machine.hpp"
#include "plan/policy_names.hpp"

namespace kxf::cli {
namespace {

Status inspect_one(const CommonOptions& common, const PlanOptions& options,
                   const std::string& tree_file) {
  if (!tree_file.empty() && common.machine != "/")
    return tl::unexpected(
        Error{"a device tree and --machine are two boards", "name one of them", Fault::usage});
  Record record;
  KXF_TRY(policy, read_policy(options));
  KXF_TRY(registry, load_plugins(common, policy, record));
  KXF_CHECK(check_names(policy, registry));
  KXF_TRY(machine, tree_file.empty() ? open_machine(common.machine) : open_tree(tree_file));
  const Inspection inspection = inspect(*machine, policy, registry, std::move(record));
  fmt::print("{}", common.json
                       ? inspection_json(inspection, tree_file.empty() ? common.machine : tree_file)
                       : inspection_text(inspection, common.verbose));
  return {};
}

}  // namespace

int inspect(const CommonOptions& common, const PlanOptions& options, const std::string& tree_file) {
  const Status status = inspect_one(common, options, tree_file);
  return status ? exit_done : report(status.error());
}

}  // namespace kxf::cli
