// The loss of the best constant prediction: what a network must beat to have learnt anything.
//
// Losses over classes: H(q) = −Σ_c q_c log q_c of the class shares q, smoothed as the targets are. Entry by entry, a
// column at a time: mse the variance, mae the mean distance from the median, bce the entropy of the mean, huber the
// least of a convex function of one number. NaN where there is none (a mean outside [0, 1] for bce, no rows).
#pragma once

#include <span>
#include <vector>

#include "thalweg/recipe/recipe.h"

namespace thalweg {

// A column of targets as its different values and how often each occurs.
struct Distribution {
  std::vector<double> values;
  std::vector<double> weights;  // positive; they need not sum to 1
};

// `shares`: mean weight of each class, summing to 1 for classes; smoothing is loss.label_smoothing's.
double best_constant_over_classes(const recipe::Loss& loss, std::span<const double> shares);
double best_constant_of_column(const recipe::Loss& loss, const Distribution& column);

}  // namespace thalweg
