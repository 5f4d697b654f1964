// SPDX-License-Identifier: Apache-2.0
#include "inspect/image_output.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "plugin/kinds.hpp"
#include "text/json.hpp"

namespace kxf {
namespace {

std::string_view name_of(ProbeVerdict verdict) {
  switch (verdict) {
    case ProbeVerdict::mine: return "mine";
    case ProbeVerdict::damaged: return "damaged";
    case ProbeVerdict::not_mine: break;
  }
  return "not mine";
}

std::string_view kind_of(const ImageLayer& layer) {
  return layer.is_codec ? kind_name<Codec> : kind_name<ImageFormat>;
}

std::string_view name_of(Placement placement) {
  return placement == Placement::lowest ? "lowest" : "anywhere";
}

Json layer_json(const ImageLayer& layer) {
  Json verdicts = Json::array();
  for (const LayerVerdict& verdict : layer.verdicts)
    verdicts.push_back({{"name", verdict.name},
                        {"verdict", name_of(verdict.verdict)},
                        {"reason", text_or_null(verdict.reason)}});
  const LayerContents& contents = layer.contents;
  return {{"name", text_or_null(layer.name)},
          {"kind", layer.name.empty() ? Json(nullptr) : Json(kind_of(layer))},
          {"size", layer.size_bytes},
          {"sha256", text_or_null(layer.sha256)},
          {"verdicts", verdicts},
          {"says", text_or_null(contents.says)},
          {"configuration", text_or_null(contents.configuration)},
          {"signature", text_or_null(contents.signature)},
          {"initrd_size", value_or_null(contents.initrd_bytes)},
          {"device_tree_size", value_or_null(contents.tree_bytes)},
          {"overlay_sizes", contents.overlay_bytes},
          {"command_line", value_or_null(contents.command_line)}};
}

Json kernel_json(const LoadedImage& image) {
  const KernelSpec& kernel = image.kernel;
  Json parts = Json::array();
  for (const KernelPart& part : kernel.parts)
    parts.push_back({{"offset", hex(part.memory_offset)},
                     {"file_size", part.bytes.size()},
                     {"memory_size", part.memory_size}});
  return {{"format", image.format},
          {"machine", kernel.machine},
          {"endian", name_of(kernel.endian)},
          {"page_size", value_or_null(kernel.page_size_bytes)},
          {"parts", parts},
          {"memory_size", kernel.memory_size},
          {"memory_size_is_guess", kernel.memory_size_is_guess},
          {"entry_offset", hex(kernel.entry_offset)},
          {"base_alignment", hex(kernel.base_alignment)},
          {"base_offset", hex(kernel.base_offset)},
          {"window", {{"start", hex(kernel.window.start)}, {"end", hex(kernel.window.end)}}},
          {"placement", name_of(kernel.placement)},
          {"kexec_file_load", kernel.file_load},
          {"kexec_file_load_reason", text_or_null(kernel.file_load_reason)},
          {"verified_by", text_or_null(image.verified_by)}};
}

/// What travels in a layer, a line each.
std::vector<std::string> carried(const LayerContents& contents) {
  std::vector<std::string> lines;
  const auto add = [&](std::string_view what, std::string_view value) {
    if (!value.empty()) lines.push_back(fmt::format("{:<14} {}", what, value));
  };
  const auto size = [](std::uint64_t bytes) { return fmt::format("{} bytes", bytes); };
  add("says", contents.says);
  add("configuration", contents.configuration);
  add("signature", contents.signature);
  if (contents.initrd_bytes) add("initrd", size(*contents.initrd_bytes));
  if (contents.tree_bytes) add("device tree", size(*contents.tree_bytes));
  for (const std::uint64_t bytes : contents.overlay_bytes) add("overlay", size(bytes));
  if (contents.command_line) add("command line", '"' + *contents.command_line + '"');
  return lines;
}

void layer_text(std::string& out, const ImageLayer& layer) {
  out += layer.name.empty()
             ? fmt::format("{:<14} taken by no plugin", "layer")
             : fmt::format("{:<14} {}", layer.is_codec ? "codec" : "format", layer.name);
  out += fmt::format(", {} bytes\n", layer.size_bytes);
  if (!layer.sha256.empty()) out += fmt::format("  {:<14} {}\n", "sha256", layer.sha256);
  for (const LayerVerdict& verdict : layer.verdicts)
    if (verdict.verdict == ProbeVerdict::damaged || layer.verdicts.size() > 1)
      out += fmt::format("  {:<14} {} {}\n", "verdict",
                         fmt::format("{}: {}", verdict.name, name_of(verdict.verdict)),
                         verdict.reason);
  for (const std::string& line : carried(layer.contents)) out += "  " + line + '\n';
}

void kernel_text(std::string& out, const LoadedImage& image) {
  const KernelSpec& kernel = image.kernel;
  out += fmt::format("kernel         {}, {}-endian{}\n", kernel.machine, name_of(kernel.endian),
                     kernel.page_size_bytes
                         ? fmt::format(", pages of {}", size_text(*kernel.page_size_bytes))
                         : "");
  const auto line = [&](std::string_view what, const std::string& value) {
    out += fmt::format("  {:<14} {}\n", what, value);
  };
  for (const KernelPart& part : kernel.parts)
    line("part", fmt::format("{} bytes at {}, {} in memory", part.bytes.size(),
                             hex(part.memory_offset), part.memory_size));
  line("memory", fmt::format("{} bytes{}", kernel.memory_size,
                             kernel.memory_size_is_guess ? ", a guess" : ""));
  line("entry", hex(kernel.entry_offset));
  line("place",
       fmt::format("{} behind a multiple of {}, {}, in {}", hex(kernel.base_offset),
                   hex(kernel.base_alignment), name_of(kernel.placement), to_text(kernel.window)));
  line("file_load", kernel.file_load ? "yes" : "no: " + kernel.file_load_reason);
  if (!image.verified_by.empty()) line("verified", image.verified_by);
}

}  // namespace

std::string image_json(const ImageFindings& findings, const Record& record,
                       std::string_view subject) {
  Json json = {{"schema", 1}, {"subject", subject}};
  json["layers"] = Json::array();
  for (const ImageLayer& layer : findings.layers) json["layers"].push_back(layer_json(layer));
  json["kernel"] = findings.image ? kernel_json(*findings.image) : Json(nullptr);
  json["error"] = findings.image ? Json(nullptr)
                                 : Json{{"message", findings.image.error().message},
                                        {"remedy", findings.image.error().remedy}};
  json["warnings"] = Json::array();
  for (const Warning& warning : record.warnings())
    json["warnings"].push_back({{"id", warning.id}, {"text", warning.text}});
  json["decisions"] = Json::array();
  for (const Decision& decision : record.decisions())
    json["decisions"].push_back(
        {{"topic", decision.topic}, {"choice", decision.choice}, {"reason", decision.reason}});
  return json_text(json);
}

std::string image_text(const ImageFindings& findings, const Record& record, bool verbose) {
  std::string out;
  for (const ImageLayer& layer : findings.layers) layer_text(out, layer);
  if (findings.image) kernel_text(out, *findings.image);
  if (!record.warnings().empty()) out += "to know\n";
  for (const Warning& warning : record.warnings())
    out += fmt::format("  {} [{}]\n", warning.text, warning.id);
  if (!verbose) return out;
  out += "decisions\n";
  for (const Decision& decision : record.decisions())
    out += fmt::format("  {:<13} {}\n{:16}because: {}\n", decision.topic, decision.choice, "",
                       decision.reason);
  return out;
}

}  // namespace kxf
