// The metric that the user is after, over a whole part, with an interval.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "thalweg/data/dataset.h"
#include "thalweg/recipe/recipe.h"
#include "thalweg/record/run.h"

namespace thalweg {

std::string_view metric_name(recipe::MetricKind kind);
bool larger_is_better(recipe::MetricKind kind);

// Takes the outputs of a part batch by batch; gives each metric with its 95% interval: Wilson's (1927) for shares, with
// the effective number of rows where a row has several entries; the normal interval of the mean for losses, mae and
// bits per character, its root for rmse; the delta method, row by row, for r2 and f1; DeLong, DeLong, Clarke-Pearson
// (1988) for auc. Rows count as independent, the entries of one row (characters, columns) do not. Real targets are
// measured in the unit that they had before they were scaled.
//   binary_accuracy, hamming   share of right entries      subset_accuracy   share of rows that are right throughout
//   bits_per_character         mean −log₂ p of the target, without label smoothing
//   auc, f1                    of class 1 where there are two; else the mean over classes, one against the rest
// UsageError: a metric that the targets or the loss do not have; the message says what they do have.
class MetricAccumulator {
 public:
  MetricAccumulator(const recipe::Metric& metric, const recipe::Loss& loss, const DataInfo& data);
  ~MetricAccumulator();
  // row_losses: [rows], as Objective gives them.
  void add(const at::Tensor& outputs, const at::Tensor& targets, const at::Tensor& row_losses);
  Interval loss() const;
  std::vector<Interval> metrics() const;  // in the order of recipe.metric.kinds

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace thalweg
