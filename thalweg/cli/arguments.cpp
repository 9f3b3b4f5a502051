#include "thalweg/cli/arguments.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "thalweg/cli/command_table.h"
#include "thalweg/cli/console.h"
#include "thalweg/record/error.h"

namespace thalweg::cli {
namespace {

// The first argument that the parser knew nothing of, and the option it may have been meant for.
std::string unexpected(const CLI::App& app) {
  const std::string given = app.remaining().empty() ? "" : app.remaining().front();
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  const std::string near =
      given.starts_with("-") ? nearest(given.substr(0, given.find('=')), {names.begin(), names.end()}) : "";
  return fmt::format("unexpected argument '{}'{}", printable(given),
                     near.empty() ? "" : fmt::format(", did you mean '{}'?", near));
}

}  // namespace

Arguments::Arguments(const std::string& command) : app("", command) {
  if (const Command* known = command_named(command)) {
    app.description(fmt::format("thalweg {} {}\n{}", known->name, known->arguments, known->summary));
    app.footer(fmt::format("Example:\n  {}", known->example));
  }
  app.set_help_flag("-h,--help", "This help");
  app.add_flag("--json", common.json, "One JSON object on standard output");
  app.add_flag("-q,--quiet", common.quiet, "No progress and no notes on standard error");
}

bool Arguments::parse(int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    print(app.help());
    return false;
  } catch (const CLI::ExtrasError&) {
    throw UsageError(
        fmt::format("{0}: {1}; 'thalweg {0} --help' lists what there is", app.get_name(), unexpected(app)));
  } catch (const CLI::ParseError& error) {
    throw UsageError(fmt::format("{0}: {1}; 'thalweg {0} --help' shows how it is called", app.get_name(),
                                 printable(error.what(), 400)));
  }
  return true;
}

}  // namespace thalweg::cli
