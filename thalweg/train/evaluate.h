// Loss and metrics of a network over a whole part, in evaluation mode.
#pragma once

#include <vector>

#include "thalweg/data/dataset.h"
#include "thalweg/model/network.h"
#include "thalweg/recipe/recipe.h"
#include "thalweg/record/run.h"
#include "thalweg/train/objective.h"

namespace thalweg {

struct PartValues {
  Interval loss;                  // the surrogate, per row
  std::vector<Interval> metrics;  // in the order of recipe.metric.kinds
};

// `rows`: at most so many, drawn without replacement by `seed`; 0: all, in order. The mode is put back.
struct EvaluateOptions {
  std::int64_t rows = 0;
  std::uint64_t seed = 0;
};
PartValues evaluate(Network& network, const Objective& objective, const Part& part, const recipe::Recipe& recipe,
                    const DataInfo& info, EvaluateOptions options = {});

}  // namespace thalweg
