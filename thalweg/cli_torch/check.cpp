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
#include "thalweg/report/preflight_panel.h"
#include "thalweg/report/recurrence_panel.h"
#include "thalweg/report/start_in_time.h"
#include "thalweg/store/json.h"
#include "thalweg/train/preflight.h"

namespace thalweg::cli {
namespace {

report::StartPanel panel_of(const Preflight& p) {
  report::StartPanel panel;
  const std::vector<LayerAtStart> layers = layers_at_start(p.start);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const LayerAtStart& layer = layers[i];
    panel.layers.push_back({.name = layer.name,
                            .spread = layer.spread,
                            .gain = layer.gain,
                            .pull = layer.pull,
                            .spectral_scale = layer.spectral_scale,
                            .update_scale = layer.update_scale,
                            .symmetric = layer.symmetric});
    const int better = i < p.better.size() ? p.better[i] : -1;
    if (better < 0) continue;
    const StartTried& other = p.tried[static_cast<std::size_t>(better)];
    panel.layers.back().advice =
        fmt::format("{}: gain {}", other.name, report::number(layers_at_start(other.start)[i].gain, 2));
  }
  const auto line = [](const std::string& name, const Start& start) {
    return report::StartTried{
        .init = name, .loss = start.loss, .forward = start.forward_ratio(), .backward = start.pull_ratio()};
  };
  panel.tried.push_back(line("the recipe's", p.start));
  for (const StartTried& tried : p.tried) panel.tried.push_back(line(tried.name, tried.start));
  if (p.recommended >= 0) panel.tried[static_cast<std::size_t>(p.recommended) + 1].recommended = true;
  return panel;
}

std::string rate_line(const Preflight& p) {
  const InitialRate& rate = p.rate;
  if (!rate.known()) return fmt::format("rate      no first rate by forwards: {}\n", rate.reason);
  return fmt::format("rate      along the first update the loss rises beyond {} to {}; {}: optimizer.lr = {}\n",
                     report::number(rate.low, 2), report::number(rate.high, 2),
                     p.tried.empty() ? "a first rate to paste" : "of this start, which is to be mended first",
                     report::number(rate.recommended, 2));
}

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
  text += rate_line(p);
  if (p.symmetry_bits > 0.0) {
    text += fmt::format("symmetry  its units can be rearranged in at least 2^{} ways that compute the same function\n",
                        report::count(static_cast<std::int64_t>(p.symmetry_bits)));
  }
  for (const std::string& note : p.notes) text += fmt::format("note      {}\n", note);
  text += "\n" + report::start_panel(panel_of(p), look);
  if (!p.in_time.empty()) text += "\n" + report::start_in_time(p.in_time, look);
  return text + "\n" + report::judgement_panel(p.judgement, look);
}

using nlohmann::ordered_json;

ordered_json number(double value) { return std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr); }

ordered_json json_of(const Start& start) {
  ordered_json layers = ordered_json::array();
  for (const LayerAtStart& layer : layers_at_start(start)) {
    layers.push_back({{"name", layer.name},
                      {"activation_rms", number(layer.rms)},
                      {"spread", number(layer.spread)},
                      {"gain", number(layer.gain)},
                      {"activation_gradient_rms", number(layer.gradient_rms)},
                      {"pull", number(layer.pull)},
                      {"weight_spectral_scale", number(layer.spectral_scale)},
                      {"update_spectral_scale", number(layer.update_scale)},
                      {"symmetric_units", number(layer.symmetric)}});
  }
  return {{"loss", number(start.loss)},
          {"forward_ratio", number(start.forward_ratio())},
          {"backward_ratio", number(start.pull_ratio())},
          {"layers", layers}};
}

ordered_json json_of_tried(const Preflight& p) {
  ordered_json tried = ordered_json::array();
  for (std::size_t k = 0; k < p.tried.size(); ++k) {
    ordered_json one = json_of(p.tried[k].start);
    one["init"] = p.tried[k].name;
    one["recommended"] = static_cast<int>(k) == p.recommended;
    tried.push_back(one);
  }
  return tried;
}

ordered_json json_of(const InitialRate& rate) {
  return {{"recommended", number(rate.recommended)},
          {"low", number(rate.low)},
          {"high", number(rate.high)},
          {"forwards", rate.forwards},
          {"reason", rate.reason}};
}

std::string json_of(const Preflight& p) {
  ordered_json findings = ordered_json::array();
  for (const Finding& f : p.judgement.findings) findings.push_back(ordered_json::parse(to_json(f)));
  ordered_json document{{"schema", 1},
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
                        {"symmetry_bits", p.symmetry_bits},
                        {"start", json_of(p.start)},
                        {"tried_starts", json_of_tried(p)},
                        {"initial_rate", json_of(p.rate)},
                        {"notes", p.notes},
                        {"verdict", std::string(name(p.judgement.verdict))},
                        {"findings", findings}};
  if (!p.in_time.empty()) document["time"] = ordered_json::parse(report::recurrence_json(p.in_time));
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
  const auto stage = [&](std::string_view words) { progress.show(fmt::format("{} …", words)); };
  const Preflight result = preflight(recipe::parse_file(recipe, set), stage);
  progress.clear();
  print(arguments.common.json ? json_of(result) : text_of(result, stdout_look()));
  finish_stdout();
  return fails(fail_on, result.judgement.findings) ? kFindings : kDone;
}

}  // namespace thalweg::cli
