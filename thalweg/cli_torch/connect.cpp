// thalweg connect: two networks, and the straight way between them.
#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <vector>

#include "thalweg/cli/arguments.h"
#include "thalweg/cli/console.h"
#include "thalweg/cli/run_command.h"
#include "thalweg/cli_torch/commands.h"
#include "thalweg/report/connect_drawing.h"
#include "thalweg/report/connect_json.h"
#include "thalweg/report/connect_panel.h"
#include "thalweg/report/text.h"
#include "thalweg/store/output_folder.h"
#include "thalweg/survey/connection.h"
#include "thalweg/train/connected_networks.h"

namespace thalweg::cli {
namespace {

namespace fs = std::filesystem;

struct ConnectArguments {
  std::string a, b;
  std::string recipe;
  std::vector<std::string> overrides;
  ConnectedRows rows;
  ConnectOptions options;
  std::string out;
};

void add_options(CLI::App& app, ConnectArguments& a) {
  app.add_option("a", a.a, "a run, a checkpoint's folder, or a safetensors file")->type_name("RUN_A")->required();
  app.add_option("b", a.b, "another of the same architecture, which is rearranged")->type_name("RUN_B")->required();
  app.add_option("--recipe", a.recipe, "the recipe that says network, data and loss of both (default: each run's own)")
      ->type_name("R.toml");
  app.add_option("--set", a.overrides, "override one key of the recipe; may be given again")
      ->type_name("key=value")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  app.add_option("--points", a.options.points, "on each path, ends included (default 11)")->check(CLI::Range(3, 1001));
  app.add_option("--rows", a.rows.rows, "of the training part, and of the held-out part (default 2048)")
      ->check(CLI::Range(2, 100000000));
  app.add_option("--starts", a.options.matching.starts, "orders that the weight matching is tried in (default 3)")
      ->check(CLI::Range(1, 1000));
  app.add_option("--seed", a.rows.seed, "of the rows and the orders (default 0)");
  app.add_option("--out", a.out, "where the drawing goes (default: the first run's folder)")->type_name("DIR");
}

Connection measure(const ConnectArguments& a, Progress& progress) {
  const auto target = [&](const std::string& place) {
    return read_survey_target({.place = place, .recipe = a.recipe, .overrides = a.overrides});
  };
  const SurveyTarget first = target(a.a), second = target(a.b);
  const OutputFolder out(a.out.empty() ? first.folder : fs::path(a.out));
  progress.show("reading the data …");
  const ConnectedNetworks networks(first, second, a.rows);
  for (const auto* notes : {&first.notes, &second.notes}) {
    for (const std::string& note : *notes) progress.note("note: " + report::safe_text(note));
  }
  ConnectOptions options = a.options;
  options.matching.seed = a.rows.seed;
  options.progress = [&](std::string_view stage) { progress.show(fmt::format("{} …", stage)); };
  Connection result = connect(networks.problem(), options);
  progress.clear();
  result.notes = networks.notes();
  const std::string svg = report::connect_svg(result);
  if (!svg.empty()) result.files.push_back(out.write("connect.svg", svg).string());
  return result;
}

}  // namespace

int connect_command(int argc, char** argv) {
  Arguments arguments("connect");
  ConnectArguments a;
  add_options(arguments.app, a);
  if (!arguments.parse(argc, argv)) return kDone;
  Progress progress(arguments.common.quiet);
  const Connection result = measure(a, progress);
  const std::vector<std::string> next{fmt::format("thalweg survey {}", a.a), "thalweg explain symmetry_bits"};
  print(arguments.common.json ? report::connect_json(result) + "\n"
                              : report::connect_panel(result, next, stdout_look()));
  finish_stdout();
  return kDone;
}

}  // namespace thalweg::cli
