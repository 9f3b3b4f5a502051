// The metric that the user is after, over a whole part, with an interval.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "thalweg/data/dataset.h"
#include "thalweg/record/run.h"
#include "thalweg/recipe/recipe.h"

namespace thalweg {

std::string_view metric_name(recipe::MetricKind kind);
bool larger_is_better(recipe::MetricKind kind);

// Takes the outputs of a part batch by batch; gives each metric with its 95% interval (Wilson 1927 for shares; the normal
// interval of the mean for losses, mae; delta method for rmse, r2, f1; Hanley and McNeil 1982 for auc).
class MetricAccumulator {
 public:
  MetricAccumulator(const recipe::Metric& metric, const recipe::Loss& loss, const DataInfo& data);
  ~MetricAccumulator();
  // row_losses: [rows], as Objective gives them.
  void add(const at::Tensor& outputs, const at::Tensor& targets, const at::Tensor& row_losses);
  Interval loss() const;
  std::vector<Interval> metrics() const;   // in the order of recipe.metric.kinds

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace thalweg
