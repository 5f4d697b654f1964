// SPDX-License-Identifier: Apache-2.0
#include "plan/output.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "fake_scene.hpp"

namespace output_test {
namespace {

using Json = nlohmann::ordered_json;
using kxf_test::contains;
using kxf_test::FakeScene;

kxf::SealedPlan sealed(FakeScene& scene) {
  auto result = seal(scene.planned(), scene.machine, kxf::Seeds::zeros);
  REQUIRE(result);
  return std::move(*result);
}

Json json_of(FakeScene& scene) {
  const auto text = plan_json(sealed(scene));
  REQUIRE(text);
  CHECK(text->ends_with("}\n"));
  return Json::parse(*text);
}

std::vector<std::string> keys_of(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

}  // namespace

TEST_CASE("output: JSON has every key of schema 1, in order") {
  FakeScene scene;
  scene.policy.command_line = {"earlycon=fakecon,0x9000 check=warn", "--command-line"};
  const Json plan = json_of(scene);
  CHECK(keys_of(plan) == std::vector<std::string>{"schema", "arch", "backend", "may_fall_back",
                                                  "entry", "flags", "segments", "memory", "cpus",
                                                  "cpu_verdict", "console", "command_line",
                                                  "decisions", "warnings"});
  CHECK(plan["schema"] == 1);
  CHECK(plan["arch"] == "fake");
  CHECK(plan["backend"] == "kexec_load");
  CHECK(plan["flags"] == Json({{"crash", false}, {"kexec_arch", 0xfe}}));
  CHECK(plan["command_line"] == "earlycon=fakecon,0x9000 check=warn");
  CHECK(plan["console"] == Json({{"sink", "fake-uart"},
                                 {"driver", "fakecon"},
                                 {"address", "0x9000"},
                                 {"source", "earlycon="}}));
  CHECK(plan["warnings"][0] ==
        Json({{"id", "fake-warning"}, {"text", "the fan is off; turn it on"}}));
  CHECK(plan["memory"]["ranges"][0] == Json({{"start", "0x40000000"},
                                             {"end", "0x80000000"},
                                             {"kind", "ram"},
                                             {"label", "System RAM"},
                                             {"source", "iomem"}}));
  CHECK(plan["cpus"][0]["hwid"] == "0x0");
  CHECK(plan["cpus"][0]["logical_id"].is_null());
  CHECK(plan["cpu_verdict"] == Json({{"status", "ok"}, {"reason", "good says so"}}));
}

TEST_CASE("output: addresses are hexadecimal strings, sizes are numbers") {
  FakeScene scene;
  const kxf::SealedPlan plan = sealed(scene);
  const Json json = Json::parse(*plan_json(plan));
  REQUIRE(json["segments"].size() == plan.segments.size());
  for (std::size_t i = 0; i < plan.segments.size(); ++i) {
    const Json& entry = json["segments"][i];
    CHECK(keys_of(entry) ==
          std::vector<std::string>{"name", "start", "size", "file_size", "sha256"});
    CHECK(entry["start"] == kxf::hex(plan.segments[i].range.start));
    CHECK(entry["size"] == plan.segments[i].range.size_bytes());
    CHECK(entry["file_size"] == plan.segments[i].bytes.size_bytes());
    CHECK(entry["sha256"].get<std::string>().size() == 64);
  }
  CHECK(json["entry"] == kxf::hex(plan.plan.parts().entry));
}

TEST_CASE("output: where the running kernel decides, addresses are null") {
  FakeScene scene;
  scene.machine.own_facts.kexec_file_load = kxf::Support::present;
  const Json plan = json_of(scene);
  CHECK(plan["backend"] == "kexec_file_load");
  CHECK(plan["may_fall_back"] == true);
  CHECK(plan["entry"].is_null());
  CHECK(plan["segments"][0]["start"].is_null());
  CHECK(plan["segments"][0]["size"].is_null());
  CHECK(plan["segments"][0]["file_size"] == 12);
  CHECK(plan["console"].is_null());
}

TEST_CASE("output: bytes that are no UTF-8 neither stop nor break it") {
  FakeScene scene;
  scene.machine.files["/proc/iomem"] =
      "40000000-7fffffff : System RAM\n  50000000-50000fff : \xff\xfe\"\n";
  const auto text = plan_json(sealed(scene));
  REQUIRE(text);
  CHECK(Json::accept(*text));
  CHECK(contains(*text, "\xef\xbf\xbd"));
}

TEST_CASE("output: the same plan gives the same bytes") {
  FakeScene scene;
  scene.initrd("123");
  CHECK(*plan_json(sealed(scene)) == *plan_json(sealed(scene)));
}

TEST_CASE("output: the table says where, what, how and why") {
  FakeScene scene;
  scene.policy.command_line = {"earlycon=fakecon,0x9000", "--command-line"};
  const kxf::SealedPlan plan = sealed(scene);
  const std::string text = plan_text(plan, false);
  for (const kxf::Segment& segment : plan.segments) {
    CHECK(contains(text, segment.name));
    CHECK(contains(text, kxf::to_text(segment.range)));
  }
  CHECK(contains(text, "syscall    kexec_load\n"));
  CHECK(contains(text, "console    fake-uart at 0x9000 (earlycon=)\n"));
  CHECK(contains(text, "cpus       ok: good says so\n"));
  CHECK(contains(text, "memory     1 GiB of 1 GiB usable\n"));
  CHECK(contains(text, "command    earlycon=fakecon,0x9000\n"));
  CHECK_FALSE(contains(text, "decisions"));
  const std::string verbose = plan_text(plan, true);
  CHECK(contains(verbose, "System RAM (iomem)"));
  for (const kxf::Decision& decision : plan.plan.parts().record.decisions())
    CHECK(contains(verbose, "because: " + decision.reason + "\n"));
}

}  // namespace output_test
