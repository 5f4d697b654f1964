// SPDX-License-Identifier: Apache-2.0
// The command line. All of CLI11 is in this file.

#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstring>
#include <functional>

#include "cli/verbs.hpp"

namespace {

using kxf::cli::CommonOptions;
using kxf::cli::PlanOptions;

constexpr int exit_usage = 2;
constexpr int exit_internal = 4;

/// Images are mapped, not copied. A file that is truncated while kxf reads it ends here, as does an
/// address of a breadcrumb at which nothing is: with a message instead of a crash, and before
/// anything was loaded, since the load is the last step.
extern "C" void on_bus_error(int /*signal*/) {
  constexpr char text[] =
      "kxf: a file became shorter while it was being read, or no memory is where the breadcrumb "
      "should be\n"
      "  remedy: wait until the file has been written, or correct the address, then try again\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
  _exit(1);
}

void catch_bus_errors() {
  struct sigaction action {};
  action.sa_handler = on_bus_error;
  sigaction(SIGBUS, &action, nullptr);
}

/// What the command line selected; verbs set `run`.
struct Parsed {
  CommonOptions common;
  PlanOptions plan;
  std::function<int()> run;
  std::string output;
  std::string kind;
  std::string name;
  std::vector<std::string> names;
  std::string samples;
  std::string place;
  unsigned seconds = 10;
  bool dry_run = false;
  bool effective = false;
};

void add_common(CLI::App& verb, Parsed& parsed) {
  verb.add_option("--plugin-dir", parsed.common.plugin_directories,
                  "Directory with plugins (absolute; repeatable), asked before the usual one")
      ->allow_extra_args(false);  // one each time: what follows may be the verb's own argument
  verb.add_flag("--json", parsed.common.json, "Print JSON");
  verb.add_flag("-v,--verbose", parsed.common.verbose, "Print the record of decisions too");
}

void add_sandbox(CLI::App& verb, Parsed& parsed) {
  verb.add_flag("--no-sandbox", parsed.plan.flags.no_sandbox,
                "Debugging: read images in kxf itself, not in a confined child");
}

/// What goes into a plan, whoever starts it.
void add_image_options(CLI::App& verb, Parsed& parsed) {
  kxf::PolicyFlags& flags = parsed.plan.flags;
  verb.add_option("--profile", parsed.plan.profile, "Profile: a name, or a path with a slash");
  verb.add_option("--kernel", flags.kernel, "Kernel image");
  verb.add_option("--initrd", flags.initrds, "Initial RAM disk (repeatable: concatenated)")
      ->take_all();
  verb.add_option("--command-line", flags.command_line, "The next kernel's command line");
  verb.add_option("--append", flags.append, "Add to the command line (repeatable)")->take_all();
  verb.add_flag("--reuse-cmdline", flags.reuse_command_line,
                "Start from the running kernel's command line");
  verb.add_option("--dtb", flags.dtb, "Device tree blob instead of the running one");
  add_sandbox(verb, parsed);
}

void add_plan_options(CLI::App& verb, Parsed& parsed) {
  kxf::PolicyFlags& flags = parsed.plan.flags;
  add_image_options(verb, parsed);
  verb.add_option("--syscall", flags.syscall, "auto, kexec_load or kexec_file_load");
  verb.add_option("--digest", flags.digest, "none, crash or always");
  verb.add_flag("--crash", flags.crash, "Load into the crash slot");
}

void add_machine(CLI::App& verb, Parsed& parsed) {
  verb.add_option("--machine", parsed.common.machine,
                  "A capture (directory or tar) instead of the running system");
}

void add_acting_verbs(CLI::App& app, Parsed& parsed) {
  CLI::App* load = app.add_subcommand("load", "Load a kernel; kxf exec jumps into it");
  add_common(*load, parsed);
  add_plan_options(*load, parsed);
  add_machine(*load, parsed);
  load->add_flag("--dry-run", parsed.dry_run, "Everything but the system call; prints the plan");
  load->callback([&] {
    parsed.run = [&] { return kxf::cli::load(parsed.common, parsed.plan, parsed.dry_run); };
  });

  CLI::App* unload = app.add_subcommand("unload", "Drop the kernel that is loaded");
  unload->add_flag("--crash", parsed.plan.flags.crash, "The crash kernel");
  unload->callback([&] { parsed.run = [&] { return kxf::cli::unload(parsed.plan.flags.crash); }; });

  CLI::App* exec = app.add_subcommand("exec", "Jump into the kernel that is loaded");
  exec->add_option("--profile", parsed.plan.profile, "Profile with exec.method");
  exec->callback([&] { parsed.run = [&] { return kxf::cli::exec(parsed.common, parsed.plan); }; });

  CLI::App* status = app.add_subcommand("status", "Is a kernel loaded? 0: yes, 3: no");
  CLI::Option* crash = status->add_flag("--crash", parsed.plan.flags.crash, "The crash kernel");
  status->add_flag("--json", parsed.common.json, "Print JSON");
  add_machine(*status, parsed);
  CLI::Option* breadcrumb =
      status
          ->add_option("--breadcrumb", parsed.place,
                       "What the purgatory did before this boot: at an address, in ramoops, or "
                       "where the profile says")
          ->expected(0, 1)
          ->excludes(crash);
  status->add_option("--profile", parsed.plan.profile, "Profile with purgatory.breadcrumb")
      ->needs(breadcrumb);
  status->callback([&, breadcrumb] {
    parsed.run = [&, breadcrumb] {
      if (breadcrumb->count() != 0)
        return kxf::cli::status_breadcrumb(parsed.common, parsed.plan, parsed.place);
      return kxf::cli::status(parsed.common, parsed.plan.flags.crash);
    };
  });
}

void add_reading_verbs(CLI::App& app, Parsed& parsed) {
  CLI::App* check =
      app.add_subcommand("check", "Is what is loaded still fit? 0: yes, 1: no, 3: none");
  check->add_flag("--crash", parsed.plan.flags.crash, "The crash kernel: can it dump?");
  check->add_flag("--json", parsed.common.json, "Print JSON");
  add_machine(*check, parsed);
  check->callback([&] {
    parsed.run = [&] { return kxf::cli::check(parsed.common, parsed.plan.flags.crash); };
  });

  CLI::App* plan = app.add_subcommand("plan", "Show what a load would do, as any user");
  add_common(*plan, parsed);
  add_plan_options(*plan, parsed);
  add_machine(*plan, parsed);
  plan->add_option("--segments", parsed.output,
                   "Folder to make: plan.json and a file with the bytes of each segment");
  plan->callback([&] {
    parsed.run = [&] { return kxf::cli::plan(parsed.common, parsed.plan, parsed.output); };
  });

  CLI::App* bundle = app.add_subcommand("bundle", "Write a plan as one file that firmware starts");
  add_common(*bundle, parsed);
  add_image_options(*bundle, parsed);
  add_machine(*bundle, parsed);
  bundle->add_option("-o,--output", parsed.output, "File to write")->required();
  bundle->callback([&] {
    parsed.run = [&] { return kxf::cli::bundle(parsed.common, parsed.plan, parsed.output); };
  });

  CLI::App* inspect =
      app.add_subcommand("inspect", "Show what is known of a board, or what is in an image");
  add_common(*inspect, parsed);
  add_machine(*inspect, parsed);
  inspect->add_option("--profile", parsed.plan.profile, "Profile: a name, or a path with a slash");
  add_sandbox(*inspect, parsed);
  inspect->add_option("file", parsed.name,
                      "Kernel image; or device tree blob (.dtb) of a board that is not here");
  inspect->callback([&] {
    parsed.run = [&] { return kxf::cli::inspect(parsed.common, parsed.plan, parsed.name); };
  });

  CLI::App* capture = app.add_subcommand("capture", "Record this machine for planning elsewhere");
  capture->add_option("-o,--output", parsed.output, "Tar file to write")->required();
  add_machine(*capture, parsed);
  capture->callback(
      [&] { parsed.run = [&] { return kxf::cli::capture(parsed.common, parsed.output); }; });
}

void add_plugin_check(CLI::App& plugin, Parsed& parsed) {
  CLI::App* check = plugin.add_subcommand("check", "Hold a plugin against the rules for plugins");
  check->add_option("plugin", parsed.name, "The file (.so)")->required();
  check->add_option("--samples", parsed.samples, "Folder with files of the plugin's own formats");
  check->add_option("--seconds", parsed.seconds, "That what runs of it may take, for each rule")
      ->check(CLI::Range(1U, 3600U))
      ->capture_default_str();
  check->add_flag("--json", parsed.common.json, "Print JSON");
  check->callback([&] {
    parsed.run = [&] {
      return kxf::cli::plugin_check(parsed.common, parsed.name, parsed.samples, parsed.seconds);
    };
  });
}

void add_plugin_verbs(CLI::App& app, Parsed& parsed) {
  CLI::App* plugin = app.add_subcommand("plugin", "Look at plugins, begin one, check one");
  plugin->require_subcommand(1);
  CLI::App* list = plugin->add_subcommand("list", "All plugins in the search path");
  add_common(*list, parsed);
  list->callback([&] { parsed.run = [&] { return kxf::cli::plugin_list(parsed.common); }; });
  CLI::App* inspect = plugin->add_subcommand("inspect", "One plugin, whole");
  add_common(*inspect, parsed);
  inspect->add_option("plugin", parsed.name, "Name, or a path with a slash")->required();
  inspect->callback(
      [&] { parsed.run = [&] { return kxf::cli::plugin_inspect(parsed.common, parsed.name); }; });
  CLI::App* fresh =
      plugin->add_subcommand("new", "Write the folder of a new plugin, ready to build");
  fresh->add_option("kind", parsed.kind, "format or codec")->required();
  fresh->add_option("name", parsed.name, "Lower case letters, digits, dashes")->required();
  fresh->add_option("-o,--output", parsed.output, "Folder to make; without it: the name");
  fresh
      ->add_option("--plugin-dir", parsed.common.plugin_directories,
                   "Directory with plugins whose names are taken, too (absolute; repeatable)")
      ->allow_extra_args(false);
  fresh->callback([&] {
    parsed.run = [&] {
      return kxf::cli::plugin_new(parsed.common, parsed.kind, parsed.name, parsed.output);
    };
  });
  add_plugin_check(*plugin, parsed);
}

void add_profile_verbs(CLI::App& app, Parsed& parsed) {
  CLI::App* profile = app.add_subcommand("profile", "Look at profiles");
  profile->require_subcommand(1);
  CLI::App* check = profile->add_subcommand("check", "Are these profiles well formed?");
  check->add_option("profile", parsed.names, "Names, or paths with a slash")->required();
  check->callback([&] { parsed.run = [&] { return kxf::cli::profile_check(parsed.names); }; });
  CLI::App* show = profile->add_subcommand("show", "What a profile and flags come to");
  add_plan_options(*show, parsed);
  show->add_option("name", parsed.plan.profile, "Name, or a path with a slash");
  show->add_flag("--effective", parsed.effective, "Every value, with where it came from");
  show->callback(
      [&] { parsed.run = [&] { return kxf::cli::profile_show(parsed.plan, parsed.effective); }; });
  CLI::App* reference = profile->add_subcommand("reference", "All keys, as Markdown");
  reference->callback([&] { parsed.run = [] { return kxf::cli::profile_reference(); }; });
}

int parse_and_run(int argc, char** argv) {
  CLI::App app("kxf loads the next Linux kernel from the running one", "kxf");
  app.set_version_flag("--version", "kxf " KXF_VERSION);
  app.require_subcommand(1);
  app.footer("Exit status: 0 done, 1 refused, 2 usage, 3 not loaded, 4 internal error.");
  Parsed parsed;
  add_acting_verbs(app, parsed);
  add_reading_verbs(app, parsed);
  add_plugin_verbs(app, parsed);
  add_profile_verbs(app, parsed);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : exit_usage;
  }
  return parsed.run();
}

}  // namespace

int main(int argc, char** argv) {
  catch_bus_errors();
  try {
    return parse_and_run(argc, argv);
  } catch (const std::exception& error) {
    fprintf(stderr, "kxf: internal error: %s\n", error.what());
    return exit_internal;
  }
}
