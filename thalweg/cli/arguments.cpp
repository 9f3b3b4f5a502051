#include "thalweg/cli/arguments.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "thalweg/cli/command_table.h"
#include "thalweg/cli/console.h"
#include "thalweg/cli/suggest.h"
#include "thalweg/record/error.h"

namespace thalweg::cli {
namespace {

// The first argument that the parser knew nothing of, and the option it may have been meant for.
std::string unexpected(const CLI::App& app) {
  const std::string given = app.remaining().empty() ? "" : app.remaining().front();
  std::vector<std::string> options;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
  }
  const std::vector<std::string_view> names(options.begin(), options.end());
  const std::string advice = fmt::format("'{} --help' lists what there is", app.get_name());
  return fmt::format("unexpected argument '{}'{}", printable(given),
                     suggestion(given.starts_with('-') ? given.substr(0, given.find('=')) : "", names, advice));
}

}  // namespace

Arguments::Arguments(const std::string& command) : app("", "thalweg " + command) {
  if (const Command* known = command_named(command)) {
    app.description(std::string(known->summary));
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
    throw UsageError(unexpected(app));
  } catch (const CLI::ParseError& error) {
    throw UsageError(
        fmt::format("{}; '{} --help' shows how it is called", printable(error.what(), 400), app.get_name()));
  }
  return true;
}

}  // namespace thalweg::cli
