// SPDX-License-Identifier: Apache-2.0
#pragma once

/// A whole load on a machine that does not exist: memory, one CPU, a kernel file.

#include <doctest/doctest.h>

#include "fake_registry.hpp"
#include "map_machine.hpp"
#include "plan/planner.hpp"
#include "scratch.hpp"

namespace kxf_test {

struct FakeScene {
  Scratch scratch{};
  MapMachine machine{};
  TreeMaker tree{};
  bool no_tree = false;
  kxf::Policy policy{};
  kxf::Registry registry = fake_registry();

  FakeScene() {
    machine.own_facts.hardware = "fakearch";
    machine.own_facts.kexec_load = kxf::Support::present;
    machine.own_facts.kexec_file_load = kxf::Support::absent;
    machine.files["/proc/iomem"] = "40000000-7fffffff : System RAM\n";
    tree.cells("/", "#address-cells", {1}).cells("/", "#size-cells", {1});
    tree.text("/", "compatible", std::string_view("fake,board\0fake,family", 22));
    tree.cells("/cpus", "#address-cells", {1}).cells("/cpus", "#size-cells", {0});
    tree.text("/cpus/cpu@0", "device_type", "cpu").cells("/cpus/cpu@0", "reg", {0});
    tree.text("/cpus/cpu@0", "enable-method", "good");
    kernel("PLAIN kernel");
  }

  void kernel(std::string_view text) {
    policy.kernel_image = {scratch.write("Image", text).native(), "--kernel"};
  }
  void initrd(std::string_view text) {
    policy.initrds = {{scratch.write("initrd", text).native()}, "--initrd"};
  }

  kxf::Result<kxf::PlannedLoad> plan() {
    if (!no_tree) machine.tree = tree.done();
    return plan_load(machine, policy, registry, kxf::Record{});
  }
  /// Fails the test when there is no plan.
  kxf::PlannedLoad planned() {
    auto result = plan();
    REQUIRE_MESSAGE(result, (result ? "" : result.error().message));
    return std::move(*result);
  }
  /// Empty when there is a plan.
  std::string refusal() {
    const auto result = plan();
    if (result) return "";
    CHECK(result.error().fault == kxf::Fault::refused);
    CHECK_FALSE(result.error().remedy.empty());
    return result.error().message;
  }
};

}  // namespace kxf_test
