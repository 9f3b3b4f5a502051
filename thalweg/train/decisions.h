// What outputs decide, and whether that is right. Thresholds are 0 on logits (cross_entropy, bce_logits) and 0.5 on
// everything else. An output that is not a number decides nothing, and nothing is right about it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "thalweg/recipe/recipe.h"

namespace thalweg {

// Outputs [n, C] or [n, T, C] and targets as the network and the data give them.
struct Scored {
  at::Tensor outputs;
  at::Tensor targets;
  at::Tensor row_losses;  // [n]
};

// Labels that may or may not hold, a column each: [n, K]. Two classes are one column, whether it is class 1.
struct Columns {
  at::Tensor scores;   // double, the larger the surer
  at::Tensor decided;  // bool
  at::Tensor wanted;   // bool
};

class Decisions {
 public:
  Decisions(const recipe::Loss& loss, std::int64_t classes, recipe::MetricKind metric);

  at::Tensor right_class(const Scored& scored) const;  // [n] or [n, T] bool: the largest output is the target's
  at::Tensor among_five(
      const Scored& scored) const;  // the target's output is among the five largest; earlier ones win ties
  at::Tensor right_entries(const Scored& scored) const;  // of the outputs' shape, bool
  Columns columns(const Scored& scored) const;           // outputs [n, C] only
  // Targets of the outputs' shape; UsageError where they do not fit.
  at::Tensor entries(const Scored& scored) const;

 private:
  at::Tensor predicted(const Scored& scored) const;  // class; −1: none
  at::Tensor wanted(const Scored& scored) const;     // class
  at::Tensor scores(const at::Tensor& outputs) const;

  recipe::Loss loss_;
  std::int64_t classes_;
  recipe::MetricKind metric_;
  double threshold_;
};

}  // namespace thalweg
