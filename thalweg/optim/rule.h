// From the recipe's words to the numbers of one step: which rule, which state, which coefficients at the t-th step.
//
// Bias corrections and NAdam's momentum schedule μ_t = β₁ (1 − ½·0.96^(0.004 t)) follow Kingma, Ba 2015 and Dozat 2016
// as torch.optim has them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "thalweg/optim/step_kernel.h"
#include "thalweg/recipe/recipe.h"

namespace thalweg {

StepRule step_rule(const recipe::Optimizer& options);

// The names of the moments m and v that the rule keeps, torch.optim's; "" where it has none.
struct MomentNames {
  std::string_view first;
  std::string_view second;
};
MomentNames moment_names(StepRule rule);

// How far a parameter has come: steps made, and the product of NAdam's μ_t so far.
struct StepCount {
  std::int64_t steps = 0;
  double mu_product = 1.0;
};
StepCount next(const recipe::Optimizer& options, const StepCount& count);

// The coefficients of the step that leads to `count`.
StepCoefficients coefficients(const recipe::Optimizer& options, const StepCount& count, double lr, double weight_decay);

// Throws UsageError for values that torch.optim refuses too.
void check(const recipe::Optimizer& options);

}  // namespace thalweg
