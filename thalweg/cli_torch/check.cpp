// thalweg check: what can be said before the first step.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "thalweg/cli/arguments.h"
#include "thalweg/cli/console.h"
#include "thalweg/cli/run_command.h"
#include "thalweg/cli_torch/commands.h"
#include "thalweg/cli_torch/fail_on.h"
#include "thalweg/recipe/parse.h"
#include "thalweg/record/error.h"
#include "thalweg/report/finding_panel.h"
#include "thalweg/report/number.h"
#include "thalweg/store/json.h"
#include "thalweg/train/preflight.h"

namespace thalweg::cli {
namespace {

std::string text_of(const Preflight& p, const report::Look& look) {
  std::string text = p.network + "\n";
  text += fmt::format("data      {} training rows, {} validation, {} test; a row is [{}]{}\n",
                      report::count(p.train_rows), report::count(p.validation_rows), report::count(p.test_rows),
                      fmt::join(p.input_shape, ", "), p.classes > 0 ? fmt::format("; {} classes", p.classes) : "");
  text += fmt::format("plan      {} steps an epoch, {} steps in all\n", report::count(p.steps_per_epoch),
                      p.planned_steps > 0 ? report::count(p.planned_steps) : "as many as the stop rule allows");
  text += fmt::format("start     loss {}", report::number(p.initial_loss));
  if (std::isfinite(p.constant_loss))
    text += fmt::format("; the best constant prediction has {}", report::number(p.constant_loss));
  const OneBatch& b = p.one_batch;
  text += fmt::format("\none batch {} rows {} in {} steps: loss {} to {}\n", b.rows,
                      b.fitted ? "learnt by heart" : "NOT learnt", b.steps, report::number(b.first_loss),
                      report::number(b.last_loss));
  if (!b.fitted)
    text +=
        "          a network that cannot learn 16 rows is wired wrongly to its loss, or starts where nothing moves\n";
  for (const std::string& note : p.notes) text += fmt::format("note      {}\n", note);
  return text + "\n" + report::judgement_panel(p.judgement, look);
}

std::string json_of(const Preflight& p) {
  using nlohmann::ordered_json;
  const auto number = [](double value) { return std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr); };
  ordered_json findings = ordered_json::array();
  for (const Finding& f : p.judgement.findings) findings.push_back(ordered_json::parse(to_json(f)));
  const ordered_json document{{"schema", 1},
                              {"data",
                               {{"train", p.train_rows},
                                {"validation", p.validation_rows},
                                {"test", p.test_rows},
                                {"input_shape", p.input_shape},
                                {"classes", p.classes}}},
                              {"parameters", p.parameters},
                              {"steps_per_epoch", p.steps_per_epoch},
                              {"planned_steps", p.planned_steps},
                              {"initial_loss", number(p.initial_loss)},
                              {"constant_loss", number(p.constant_loss)},
                              {"one_batch",
                               {{"fitted", p.one_batch.fitted},
                                {"rows", p.one_batch.rows},
                                {"steps", p.one_batch.steps},
                                {"first_loss", number(p.one_batch.first_loss)},
                                {"last_loss", number(p.one_batch.last_loss)}}},
                              {"notes", p.notes},
                              {"verdict", std::string(name(p.judgement.verdict))},
                              {"findings", findings}};
  return document.dump() + "\n";
}

}  // namespace

int check(int argc, char** argv) {
  Arguments arguments("check");
  std::string recipe, fail_on;
  std::vector<std::string> set;
  arguments.app.add_option("recipe", recipe, "the recipe, a TOML file")->type_name("R.toml")->required();
  arguments.app.add_option("--set", set, "override one key of the recipe; may be given again")
      ->type_name("key=value")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  add_fail_on(arguments.app, fail_on);
  if (!arguments.parse(argc, argv)) return kDone;
  Progress progress(arguments.common.quiet);
  progress.show("reading the data, trying one batch …");
  const Preflight result = preflight(recipe::parse_file(recipe, set));
  progress.clear();
  print(arguments.common.json ? json_of(result) : text_of(result, stdout_look()));
  finish_stdout();
  return fails(fail_on, result.judgement.findings) ? kFindings : kDone;
}

}  // namespace thalweg::cli
