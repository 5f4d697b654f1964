// SPDX-License-Identifier: Apache-2.0
#include "machine/manifest.hpp"

#include <fmt/format.h>

#include "text/json.hpp"

namespace kxf {
namespace {

constexpr const char* capture_again = "make the capture again with \"kxf capture\"";

std::string_view name_of(Support support) {
  switch (support) {
    case Support::absent: return "absent";
    case Support::present: return "present";
    case Support::unknown: break;
  }
  return "unknown";
}

Result<std::string> text_member(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string())
    return refuse(fmt::format("\"{}\" is missing or no text", key), capture_again);
  return found->get<std::string>();
}

Result<Support> support(const Json& object, const char* key) {
  KXF_TRY(name, text_member(object, key));
  for (const Support value : {Support::absent, Support::present, Support::unknown})
    if (name == name_of(value)) return value;
  return refuse(fmt::format("\"{}\" is \"{}\", not present, absent or unknown", key, name),
                capture_again);
}

Result<std::vector<std::string>> texts(const Json& object, const char* key) {
  std::vector<std::string> values;
  const auto found = object.find(key);
  if (found == object.end()) return values;
  if (!found->is_array()) return refuse(fmt::format("\"{}\" is no list", key), capture_again);
  for (const Json& value : *found) {
    if (!value.is_string())
      return refuse(fmt::format("\"{}\" holds something that is no text", key), capture_again);
    values.push_back(value.get<std::string>());
  }
  return values;
}

Result<std::vector<CaptureGap>> gaps(const Json& object) {
  std::vector<CaptureGap> values;
  const auto found = object.find("left_out");
  if (found == object.end()) return values;
  if (!found->is_array()) return refuse("\"left_out\" is no list", capture_again);
  for (const Json& value : *found) {
    if (!value.is_object())
      return refuse("\"left_out\" holds something that is no gap", capture_again);
    KXF_TRY(path, text_member(value, "path"));
    KXF_TRY(reason, text_member(value, "reason"));
    KXF_TRY(cost, text_member(value, "cost"));
    values.push_back({std::move(path), std::move(reason), std::move(cost)});
  }
  return values;
}

Result<MachineFacts> facts(const Json& object) {
  MachineFacts result;
  KXF_TRY(hardware, text_member(object, "hardware"));
  KXF_TRY(release, text_member(object, "kernel_release"));
  KXF_TRY(endian, text_member(object, "endian"));
  KXF_TRY(load, support(object, "kexec_load"));
  KXF_TRY(file_load, support(object, "kexec_file_load"));
  const auto page_size = object.find("page_size_bytes");
  if (page_size == object.end() || !page_size->is_number_unsigned() ||
      !is_power_of_two(page_size->get<std::uint64_t>()))
    return refuse("\"page_size_bytes\" is missing or no power of two", capture_again);
  if (endian != "little" && endian != "big")
    return refuse(fmt::format("\"endian\" is \"{}\", not little or big", endian), capture_again);
  result.hardware = std::move(hardware);
  result.kernel_release = std::move(release);
  result.page_size_bytes = page_size->get<std::uint64_t>();
  result.endian = endian == "little" ? Endian::little : Endian::big;
  result.kexec_load = load;
  result.kexec_file_load = file_load;
  return result;
}

Result<CaptureManifest> from_json(const Json& object) {
  if (!object.is_object()) return refuse("it is no JSON object", capture_again);
  const auto schema = object.find("schema");
  if (schema == object.end() || !schema->is_number_unsigned())
    return refuse("\"schema\" is missing or no number", capture_again);
  if (schema->get<std::uint64_t>() != CaptureManifest::schema)
    return refuse(fmt::format("it is of schema {}, this kxf reads schema {}",
                              schema->get<std::uint64_t>(), CaptureManifest::schema),
                  "use the kxf that made the capture, or a newer one");
  CaptureManifest manifest;
  KXF_TRY(version, text_member(object, "kxf"));
  KXF_TRY(machine_facts, facts(object));
  KXF_TRY(shortened, texts(object, "shortened"));
  KXF_TRY(names_only, texts(object, "names_only"));
  KXF_TRY(left_out, gaps(object));
  manifest.kxf_version = std::move(version);
  manifest.facts = std::move(machine_facts);
  if (object.contains("device_tree")) {
    KXF_TRY(device_tree, text_member(object, "device_tree"));
    manifest.device_tree = std::move(device_tree);
  }
  manifest.shortened = std::move(shortened);
  manifest.names_only = std::move(names_only);
  manifest.left_out = std::move(left_out);
  return manifest;
}

}  // namespace

std::string manifest_text(const CaptureManifest& manifest) {
  Json left_out = Json::array();
  for (const CaptureGap& gap : manifest.left_out)
    left_out.push_back({{"path", gap.path}, {"reason", gap.reason}, {"cost", gap.cost}});
  const Json object = {
      {"schema", CaptureManifest::schema},
      {"kxf", manifest.kxf_version},
      {"hardware", manifest.facts.hardware},
      {"kernel_release", manifest.facts.kernel_release},
      {"page_size_bytes", manifest.facts.page_size_bytes},
      {"endian", kxf::name_of(manifest.facts.endian)},
      {"kexec_load", name_of(manifest.facts.kexec_load)},
      {"kexec_file_load", name_of(manifest.facts.kexec_file_load)},
      {"device_tree", manifest.device_tree},
      {"shortened", manifest.shortened},
      {"names_only", manifest.names_only},
      {"left_out", std::move(left_out)},
  };
  return json_text(object);
}

Result<CaptureManifest> parse_manifest(std::string_view text) {
  const Json object = Json::parse(text, nullptr, false);
  Result<CaptureManifest> manifest = from_json(object);
  if (!manifest) return pass(std::move(manifest), "kxf-capture.json");
  return manifest;
}

}  // namespace kxf
