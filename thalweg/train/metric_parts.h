// One accumulator a metric; metrics.h puts them together.
#pragma once

#include <memory>

#include "thalweg/data/dataset.h"
#include "thalweg/recipe/recipe.h"
#include "thalweg/record/run.h"
#include "thalweg/train/decisions.h"

namespace thalweg {

class MetricPart {
 public:
  virtual ~MetricPart() = default;
  virtual void add(const Scored& scored) = 0;
  virtual Interval result() const = 0;
};

// Means over rows: loss, accuracy, top5, binary_accuracy, subset_accuracy, hamming, mae, rmse (the root of one),
// bits_per_character.
std::unique_ptr<MetricPart> make_row_mean(recipe::MetricKind kind, const recipe::Loss& loss, const DataInfo& data);

// 1 − Σ(t − z)² / Σ(t − t̄)² over all rows and columns; the interval is that of a ratio, by the delta method.
std::unique_ptr<MetricPart> make_r2(const recipe::Loss& loss, const DataInfo& data);

// Area under the curve by ranks, ties counted half, averaged over columns that have both kinds of rows; the interval
// from each row's influence on that average (DeLong, DeLong, Clarke-Pearson 1988).
std::unique_ptr<MetricPart> make_auc(const recipe::Loss& loss, const DataInfo& data);

// 2 TP / (2 TP + FP + FN), averaged over columns that have any of these; the interval by the delta method, row by row.
std::unique_ptr<MetricPart> make_f1(const recipe::Loss& loss, const DataInfo& data);

// `errors` [n, …] in the unit that the targets had before they were scaled.
at::Tensor in_original_unit(const at::Tensor& errors, const DataInfo& data);

}  // namespace thalweg
