// SPDX-License-Identifier: Apache-2.0
#include "crash/armed.hpp"

#include <algorithm>
#include <array>

#include "kxf/cpu.hpp"
#include "text/json.hpp"

namespace kxf {
namespace {

namespace fs = std::filesystem;
fs::path file_in(const fs::path& directory) { return directory / "crash.json"; }

Json notes_json(const CrashNotes& notes) {
  Json cpus = Json::array();
  for (const CpuNotes& each : notes.cpus)
    cpus.push_back({{"cpu", each.cpu}, {"notes", json_of(each.where)}});
  return cpus;
}

Json capacity_json(const CrashCapacity& capacity) {
  return {{"region_bytes", capacity.region_bytes},
          {"loaded_bytes", capacity.loaded_bytes},
          {"initrd_bytes", capacity.initrd_bytes},
          {"files_bytes", capacity.files.bytes},
          {"files_evidence", text_of(capacity.files.evidence)},
          {"working_bytes", capacity.working_bytes}};
}

Json record_of(const ArmedKernel& kernel, const ArmedMachine& machine) {
  Json segments = Json::array();
  for (const ArmedSegment& segment : kernel.segments)
    segments.push_back({{"name", segment.name}, {"range", json_of(segment.range)}});
  const CrashPlan& plan = kernel.plan;
  return {{"backend", name_of(kernel.backend)},
          {"kernel", kernel.kernel},
          {"initrds", kernel.initrds},
          {"command_line", kernel.command_line},
          {"digest", kernel.digest},
          {"segments", std::move(segments)},
          {"regions", json_of(plan.regions)},
          {"home", json_of(plan.home)},
          {"kernel_updates", plan.kernel_updates},
          {"capacity", capacity_json(plan.capacity)},
          {"vmcoreinfo", json_of(plan.notes.vmcoreinfo)},
          {"cpus", notes_json(plan.notes)},
          {"cpus_present", machine.cpus_present},
          {"dumped", json_of(plan.dumped)},
          {"ram", json_of(machine.used_as_ram)}};
}

/// Takes members out of a record, and remembers whether each had the shape that it should have.
class Fields {
 public:
  explicit Fields(const Json& object) : object_(object) {}

  [[nodiscard]] bool all_well() const { return all_well_; }

  template <class T>
  void take(std::string_view name, T& into) {
    const Json* value = member(name);
    if (value == nullptr) return;
    if constexpr (std::is_same_v<T, Range>) {
      keep(range_of(*value), into);
    } else if constexpr (std::is_same_v<T, RangeSet>) {
      keep(ranges_of(*value), into);
    } else {
      keep(plain<T>(*value), into);
    }
  }

  /// One of an enumeration, by its name.
  template <class Values, class Name, class T>
  void take_one_of(std::string_view member_name, const Values& values, Name&& name, T& into) {
    std::string text;
    take(member_name, text);
    const auto found = std::ranges::find_if(values, [&](T each) { return name(each) == text; });
    keep(found == values.end() ? std::nullopt : std::optional<T>(*found), into);
  }

  template <class Take>
  void object(std::string_view name, Take&& take_one) {
    const Json* value = member(name);
    if (value == nullptr) return;
    Fields fields(*value);
    take_one(fields);
    all_well_ = all_well_ && fields.all_well();
  }

  /// Each element of a list of objects.
  template <class Take>
  void each(std::string_view name, Take&& take_one) {
    const Json* list = member(name);
    if (list == nullptr) return;
    all_well_ = all_well_ && list->is_array();
    if (!all_well_) return;
    for (const Json& element : *list) {
      Fields fields(element);
      take_one(fields);
      all_well_ = all_well_ && fields.all_well();
    }
  }

 private:
  [[nodiscard]] const Json* member(std::string_view name) {
    const auto found = object_.is_object() ? object_.find(name) : object_.end();
    if (found != object_.end()) return &*found;
    all_well_ = false;
    return nullptr;
  }

  template <class T>
  void keep(std::optional<T> value, T& into) {
    all_well_ = all_well_ && value.has_value();
    if (value) into = std::move(*value);
  }

  template <class T>
  static std::optional<T> plain(const Json& value) {
    if constexpr (std::is_same_v<T, bool>) {
      if (!value.is_boolean()) return std::nullopt;
    } else if constexpr (std::is_same_v<T, std::string>) {
      if (!value.is_string()) return std::nullopt;
    } else if constexpr (std::is_unsigned_v<T>) {
      if (!value.is_number_unsigned() || value.get<std::uint64_t>() > T(-1)) return std::nullopt;
    } else {
      T list;
      if (!value.is_array()) return std::nullopt;
      for (const Json& element : value) {
        auto one = plain<typename T::value_type>(element);
        if (!one) return std::nullopt;
        list.push_back(std::move(*one));
      }
      return list;
    }
    if constexpr (!std::is_class_v<T> || std::is_same_v<T, std::string>) return value.get<T>();
  }

  const Json& object_;
  bool all_well_ = true;
};

std::optional<ArmedCrash> armed_of(const Json& object) {
  ArmedCrash armed;
  ArmedKernel& kernel = armed.kernel;
  CrashPlan& plan = kernel.plan;
  Fields fields(object);
  constexpr std::array backends{Backend::kexec_load, Backend::kexec_file_load};
  fields.take_one_of(
      "backend", backends, [](Backend each) { return name_of(each); }, kernel.backend);
  fields.take("kernel", kernel.kernel);
  fields.take("initrds", kernel.initrds);
  fields.take("command_line", kernel.command_line);
  fields.take("digest", kernel.digest);
  fields.each("segments", [&](Fields& one) {
    ArmedSegment& segment = kernel.segments.emplace_back();
    one.take("name", segment.name);
    one.take("range", segment.range);
  });
  fields.take("regions", plan.regions);
  fields.take("home", plan.home);
  fields.take("kernel_updates", plan.kernel_updates);
  fields.object("capacity", [&](Fields& one) {
    CrashCapacity& capacity = plan.capacity;
    one.take("region_bytes", capacity.region_bytes);
    one.take("loaded_bytes", capacity.loaded_bytes);
    one.take("initrd_bytes", capacity.initrd_bytes);
    one.take("files_bytes", capacity.files.bytes);
    constexpr std::array evidences{SizeEvidence::counted, SizeEvidence::stated, SizeEvidence::bound,
                                   SizeEvidence::guess};
    one.take_one_of(
        "files_evidence", evidences, [](SizeEvidence each) { return text_of(each); },
        capacity.files.evidence);
    one.take("working_bytes", capacity.working_bytes);
  });
  fields.take("vmcoreinfo", plan.notes.vmcoreinfo);
  fields.each("cpus", [&](Fields& one) {
    CpuNotes& notes = plan.notes.cpus.emplace_back();
    one.take("cpu", notes.cpu);
    one.take("notes", notes.where);
  });
  fields.take("cpus_present", armed.machine.cpus_present);
  fields.take("dumped", plan.dumped);
  fields.take("ram", armed.machine.used_as_ram);
  if (!fields.all_well()) return std::nullopt;
  return armed;
}

Result<std::optional<ArmedCrash>> armed_in(std::string_view text, const fs::path& path,
                                           const Machine& machine) {
  KXF_TRY(object, parse_record(text, path, arm_again));
  if (!is_of_this_boot(object, machine)) return std::nullopt;
  std::optional<ArmedCrash> armed = armed_of(object);
  if (!armed) return damaged_record(path, arm_again);
  return armed;
}

}  // namespace

Status remember_armed(const Machine& machine, const ArmedKernel& kernel,
                      const fs::path& directory) {
  // What was remembered is of another load from here on, whatever happens.
  forget_armed(directory);
  KXF_TRY(memory, listed_memory(machine));
  const ArmedMachine now{std::move(memory.used_as_ram),
                         cpu_list(machine, "present").value_or(std::vector<unsigned>{})};
  return write_record(machine, file_in(directory), record_of(kernel, now));
}

void forget_armed(const fs::path& directory) { remove_record(file_in(directory)); }

Result<std::optional<ArmedCrash>> remembered_armed(const Machine& machine,
                                                   const fs::path& directory) {
  const fs::path path = file_in(directory);
  KXF_TRY(text, read_record(path));
  if (!text) return std::nullopt;
  return armed_in(*text, path, machine);
}

Result<std::optional<ArmedCrash>> captured_armed(const Machine& capture) {
  const fs::path path = file_in(record_directory);
  if (!capture.exists(path.native())) return std::nullopt;
  KXF_TRY(text, capture.read_text(path.native()));
  return armed_in(text, path, capture);
}

}  // namespace kxf
