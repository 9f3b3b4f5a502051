// Runs beside each other: what is read of each, and what follows from all together.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "thalweg/cli/recipe_difference.h"
#include "thalweg/record/run.h"
#include "thalweg/report/plot.h"

namespace thalweg::cli {

struct ComparedRun {
  std::string run;  // folder, as named
  RunHeader header;
  std::optional<RunResult> result;  // nothing while the run goes on, or after a kill
  std::vector<Evaluation> evaluations;
  std::int64_t step = 0;             // where it ended, or its last evaluation
  Interval loss;                     // held-out, at the end or at the last evaluation; NaN where there is none
  std::vector<NamedMetric> metrics;  // of the held-out part, or of the training part where nothing is held out
  FlatRecipe recipe;
};
ComparedRun read_run(const std::string& run);

// Runs whose recipes differ in nothing but the seed.
struct Repetitions {
  std::vector<std::size_t> runs;  // numbers, two or more
  Interval loss;                  // mean over the runs, with its 95% interval
  std::vector<NamedMetric> metrics;
  std::size_t healthy = 0;
};

struct Comparison {
  std::vector<ComparedRun> runs;
  std::vector<Repetitions> repetitions;
  std::vector<KeyDifference> differences;  // of recipes, seed and name left out
  std::string curve_title;                 // "held-out loss", or "mini-batch loss" where evaluations are too few
  std::vector<report::Curve> curves;       // one a run
  std::vector<std::string> notes;          // why numbers cannot be compared
};
Comparison compare_runs(const std::vector<std::string>& runs);

std::string comparison_text(const Comparison& comparison, const report::Look& look);
std::string comparison_json(const Comparison& comparison);

}  // namespace thalweg::cli
