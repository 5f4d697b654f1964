// SPDX-License-Identifier: Apache-2.0
// kxf inspect: what kxf understands of a board, by its device tree alone, a capture or the machine;
// or of an image file.

#include "inspect/inspect.hpp"

#include <fmt/format.h>

#include "cli/inputs.hpp"
#include "cli/report.hpp"
#include "cli/verbs.hpp"
#include "image/confined_image.hpp"
#include "image/files.hpp"
#include "inspect/image_output.hpp"
#include "inspect/output.hpp"
#include "machine/open.hpp"
#include "machine/tree_machine.hpp"
#include "plan/kernel_layout.hpp"
#include "plan/policy_names.hpp"

namespace kxf::cli {
namespace {

struct Subject {
  const CommonOptions& common;
  const std::string& file;  ///< empty: the machine
  const Policy& policy;
  const Registry& registry;
};

Status print_board(const Subject& subject, Record record) {
  KXF_TRY(machine,
          subject.file.empty() ? open_machine(subject.common.machine) : open_tree(subject.file));
  const Inspection inspection =
      inspect(*machine, subject.policy, subject.registry, std::move(record));
  const std::string& name = subject.file.empty() ? subject.common.machine : subject.file;
  fmt::print("{}", subject.common.json ? inspection_json(inspection, name)
                                       : inspection_text(inspection, subject.common.verbose));
  return {};
}

/// Is it a board's device tree? Its root names the board (Devicetree Specification, 3.2), and no
/// format says that the bytes are its own: an image can be made of a tree, too.
bool is_board(ByteView bytes, const std::vector<ImageLayer>& layers) {
  for (const LayerVerdict& verdict : layers.front().verdicts)
    if (verdict.verdict == ProbeVerdict::mine) return false;
  const auto tree = DeviceTree::parse(bytes, "the file");
  return tree && !tree->board().empty();
}

/// Prints what was found also where that is no kernel, which is an error.
Status print_image(const Subject& subject, ImageFindings findings, const Record& record) {
  if (findings.image)
    if (auto sound =
            check_kernel_spec(findings.image->kernel, "image format " + findings.image->format);
        !sound)
      findings.image = tl::unexpected(std::move(sound).error());
  fmt::print("{}", subject.common.json ? image_json(findings, record, subject.file)
                                       : image_text(findings, record, subject.common.verbose));
  if (!findings.image) return pass(std::move(findings.image), fmt::format("\"{}\"", subject.file));
  return {};
}

/// A file: an image, or a device tree.
Status print_file(const Subject& subject, Record record) {
  KXF_TRY(bytes, read_file(subject.file));
  KXF_TRY(keys, read_public_keys(subject.policy));
  KXF_TRY(machine, open_machine(subject.common.machine));
  std::vector<std::string_view> board;
  if (const DeviceTree* tree = machine->device_tree()) board = tree->board();
  Record written = record;
  KXF_TRY(unwrapped, unwrap_as_policy_says({subject.file, bytes, board, keys.named},
                                           subject.registry, subject.policy, written, true));
  report_not_confined(unwrapped.not_confined);
  if (!is_board(bytes.view(), unwrapped.findings.layers))
    return print_image(subject, std::move(unwrapped.findings), written);
  if (subject.common.machine != "/")
    return tl::unexpected(
        Error{"a device tree and --machine are two boards", "name one of them", Fault::usage});
  return print_board(subject, std::move(record));
}

Status inspect_one(const CommonOptions& common, const PlanOptions& options,
                   const std::string& file) {
  Record record;
  KXF_TRY(policy, read_policy(options));
  KXF_TRY(registry, load_plugins(common, policy, record));
  KXF_CHECK(check_names(policy, registry));
  const Subject subject{common, file, policy, registry};
  return file.empty() ? print_board(subject, std::move(record))
                      : print_file(subject, std::move(record));
}

}  // namespace

int inspect(const CommonOptions& common, const PlanOptions& options, const std::string& file) {
  const Status status = inspect_one(common, options, file);
  return status ? exit_done : report(status.error());
}

}  // namespace kxf::cli
