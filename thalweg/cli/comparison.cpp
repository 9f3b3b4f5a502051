#include "thalweg/cli/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "thalweg/cli/find_runs.h"
#include "thalweg/record/mean.h"
#include "thalweg/store/store.h"

namespace thalweg::cli {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::vector<NamedMetric> of_split(const std::vector<NamedMetric>& metrics, const std::string& split) {
  std::vector<NamedMetric> result;
  std::copy_if(metrics.begin(), metrics.end(), std::back_inserter(result),
               [&](const NamedMetric& m) { return m.split == split; });
  return result;
}

const NamedMetric* named(const std::vector<NamedMetric>& metrics, const std::string& name) {
  const auto found = std::find_if(metrics.begin(), metrics.end(), [&](const NamedMetric& m) { return m.name == name; });
  return found == metrics.end() ? nullptr : &*found;
}

// The state of a run that has no result yet, or never will: its last evaluation.
void take_last_evaluation(ComparedRun& run) {
  run.loss = {.value = kNan, .low = kNan, .high = kNan};
  if (run.evaluations.empty()) return;
  const Evaluation& last = run.evaluations.back();
  run.step = last.step;
  run.loss = last.heldout_loss;
  run.metrics = of_split(last.metrics, run.header.heldout);
}

Repetitions repeated(const std::vector<ComparedRun>& runs, std::vector<std::size_t> numbers) {
  Repetitions result{.runs = std::move(numbers), .loss = {}, .metrics = {}};
  std::vector<double> losses;
  for (const std::size_t i : result.runs) {
    losses.push_back(runs[i].loss.value);
    const bool healthy = runs[i].result && runs[i].result->judgement.verdict == Verdict::healthy;
    result.healthy += healthy ? 1 : 0;
  }
  result.loss = mean_interval(losses);
  for (const NamedMetric& metric : runs[result.runs.front()].metrics) {
    std::vector<double> values;
    for (const std::size_t i : result.runs) {
      const NamedMetric* found = named(runs[i].metrics, metric.name);
      values.push_back(found == nullptr ? kNan : found->interval.value);
    }
    result.metrics.push_back({metric.name, metric.split, mean_interval(values)});
  }
  return result;
}

std::vector<Repetitions> repetitions_of(const std::vector<ComparedRun>& runs) {
  std::vector<std::pair<FlatRecipe, std::vector<std::size_t>>> groups;  // in order of appearance
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const FlatRecipe recipe = without_seed(runs[i].recipe);
    auto found = std::find_if(groups.begin(), groups.end(), [&](const auto& group) { return group.first == recipe; });
    if (found == groups.end()) found = groups.insert(groups.end(), {recipe, {}});
    found->second.push_back(i);
  }
  std::vector<Repetitions> result;
  for (auto& [recipe, numbers] : groups) {
    if (numbers.size() > 1) result.push_back(repeated(runs, std::move(numbers)));
  }
  return result;
}

report::Curve evaluation_curve(const ComparedRun& run) {
  report::Curve curve{.name = run.run, .x = {}, .y = {}};
  for (const Evaluation& evaluation : run.evaluations) {
    curve.x.push_back(static_cast<double>(evaluation.step));
    curve.y.push_back(evaluation.heldout_loss.value);
  }
  return curve;
}

// Means of stretches, so that the noise of mini-batches does not hide the run.
report::Curve batch_curve(const ComparedRun& run) {
  constexpr std::size_t kPoints = 100;
  const std::vector<Reading> readings = StoreReader(store_of(run.run)).readings(Quantity::loss, kWholeModel);
  report::Curve curve{.name = run.run, .x = {}, .y = {}};
  const std::size_t points = std::min(kPoints, readings.size());
  for (std::size_t k = 0; k < points; ++k) {
    const std::size_t first = k * readings.size() / points, last = (k + 1) * readings.size() / points;
    double sum = 0.0;
    for (std::size_t i = first; i < last; ++i) sum += readings[i].value;
    curve.x.push_back(static_cast<double>(readings[last - 1].step));
    curve.y.push_back(sum / static_cast<double>(last - first));
  }
  return curve;
}

void add_curves(Comparison& comparison) {
  constexpr std::size_t kFewest = 3;  // evaluations that make a curve
  const auto& runs = comparison.runs;
  const bool evaluated =
      std::all_of(runs.begin(), runs.end(), [](const ComparedRun& r) { return r.evaluations.size() >= kFewest; });
  comparison.curve_title = evaluated ? "held-out loss" : "mini-batch loss";
  for (const ComparedRun& run : runs) comparison.curves.push_back(evaluated ? evaluation_curve(run) : batch_curve(run));
}

// Numbers of different losses, or on different data, stand beside each other, but say nothing together.
void add_notes(Comparison& comparison) {
  const auto differ = [&](const std::string& prefix) {
    return std::any_of(comparison.differences.begin(), comparison.differences.end(),
                       [&](const KeyDifference& d) { return d.key.starts_with(prefix); });
  };
  if (differ("loss.")) comparison.notes.push_back("the recipes' losses differ: their values cannot be compared");
  if (differ("data.")) comparison.notes.push_back("the recipes' data differ: losses and metrics may not be comparable");
}

}  // namespace

ComparedRun read_run(const std::string& name) {
  const StoreReader reader(store_of(name));
  ComparedRun run{
      .run = name, .header = reader.header(), .result = reader.result(), .evaluations = reader.evaluations()};
  run.recipe = flat_recipe(run.header.recipe);
  if (!run.result) {
    take_last_evaluation(run);
    return run;
  }
  run.result->run = name;  // where it is now: folders are moved
  run.step = run.result->step;
  run.loss = run.result->heldout_loss;
  run.metrics = of_split(run.result->metrics, run.header.heldout);
  return run;
}

Comparison compare_runs(const std::vector<std::string>& names) {
  Comparison comparison;
  std::vector<FlatRecipe> recipes;
  for (const std::string& name : names) {
    comparison.runs.push_back(read_run(name));
    recipes.push_back(without_seed(comparison.runs.back().recipe));
  }
  comparison.repetitions = repetitions_of(comparison.runs);
  comparison.differences = differences(recipes);
  add_curves(comparison);
  add_notes(comparison);
  return comparison;
}

}  // namespace thalweg::cli
