// How curved the landscape may be before an optimizer's steps blow up.
//
// On a quadratic with Hessian H, each eigenvector of P⁻¹H (P: Optimizer::preconditioner, held fixed) is a recursion of
// its own with eigenvalue λ. For a step w ← s w − (a m + b g), m ← β m + k g, it is stable until a root passes −1, at
//     λ = (1 + s)(1 + β) / (b (1 + β) + a k)
// which gives, with ε the rate of the step:
//     sgd                  2/ε
//     heavy ball           (2 + 2μ)/ε
//     Nesterov             (2 + 2μ)/(ε (1 + 2μ))
//     adam, adamw          (2 + 2β₁)/((1 − β₁) ε)
//     nadamw               (2 + 2β₁)/(ε ((1 − μₜ)(1 + β₁) + μₜ₊₁ (1 − β₁))), μₜ as in docs/optimizers.md
//     rmsprop              2/ε, with momentum (2 + 2μ)/ε
// Cohen, Kaur, Li, Kolter, Talwalkar 2021 (sgd, momentum); Cohen, Ghorbani, Krishnan et al. 2022 (adam, rmsprop);
// nadamw and decoupled decay (2 + 2β₁ becomes (2 − ε·wd)(1 + β₁)) from the recursion above.
#pragma once

#include <cstdint>
#include <string>

#include "thalweg/recipe/recipe.h"

namespace thalweg {

// A step with P held: w ← shrink·w − (from_momentum·m + direct·g), m ← keep·m + gain·g.
struct StepRecursion {
  double keep = 0.0;
  double gain = 1.0;
  double from_momentum = 0.0;
  double direct = 0.0;
  double shrink = 1.0;
};
// The λ of the above; infinity where nothing is stepped by the gradient, 0 where keep is 1 or more.
double largest_stable(const StepRecursion& step);

struct StabilityLimit {
  double eigenvalue = 0.0;       // largest stable λ of P⁻¹(H + added_curvature·I); infinity at lr = 0
  double added_curvature = 0.0;  // weight decay that is added to the gradient: sgd, adam, rmsprop
  std::string optimizer;         // "heavy ball"
  std::string formula;           // "(2 + 2μ)/ε"
  std::string source;            // "Cohen et al. 2021"
  std::string caveat;            // what the figure does not cover, a sentence each; "" for nothing
};

// For the step that comes after `steps` steps at the rate `lr`: Adam's correction of the first moment and nadamw's μₜ
// change with it, and long after the start, the default, no longer. UsageError: lr below 0 or not finite, steps below
// 0, or what make_optimizer refuses.
StabilityLimit stability_limit(const recipe::Optimizer& options, double lr,
                               std::int64_t steps = std::int64_t{1'000'000'000'000'000});

}  // namespace thalweg
