#include "thalweg/optim/stability.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "thalweg/optim/rule.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using recipe::OptimizerKind;

// Every rule, its preconditioner taken out.
StepRecursion recursion(StepRule rule, const StepCoefficients& c) {
  switch (rule) {
    case StepRule::sgd:
    case StepRule::rmsprop:
      return {.direct = c.rate, .shrink = c.shrink};
    case StepRule::momentum:
    case StepRule::rmsprop_momentum:
      if (c.nesterov) return {.keep = c.keep1, .from_momentum = c.rate * c.keep1, .direct = c.rate, .shrink = c.shrink};
      return {.keep = c.keep1, .from_momentum = c.rate, .shrink = c.shrink};
    case StepRule::adam:
      return {.keep = 1.0 - c.take1, .gain = c.take1, .from_momentum = c.rate, .direct = c.direct, .shrink = c.shrink};
  }
  return {};
}

struct Words {
  std::string optimizer, formula, source;
};

Words words(const recipe::Optimizer& options) {
  constexpr auto k2021 = "Cohen et al. 2021";
  constexpr auto k2022 = "Cohen et al. 2022";
  switch (options.kind) {
    case OptimizerKind::sgd:
      if (options.momentum == 0.0) return {"sgd", "2/ε", k2021};
      if (options.nesterov) return {"Nesterov", "(2 + 2μ)/(ε (1 + 2μ))", k2021};
      return {"heavy ball", "(2 + 2μ)/ε", k2021};
    case OptimizerKind::adam:
      return {"adam", "(2 + 2β₁)/((1 − β₁) ε)", k2022};
    case OptimizerKind::adamw:
      return {"adamw", "(2 + 2β₁)/((1 − β₁) ε)", k2022};
    case OptimizerKind::nadamw:
      return {"nadamw", "(2 + 2β₁)/(ε ((1 − μₜ)(1 + β₁) + μₜ₊₁ (1 − β₁)))", "Thalweg's own, as Cohen et al. 2022"};
    case OptimizerKind::rmsprop:
      if (options.momentum == 0.0) return {"rmsprop", "2/ε", k2022};
      return {"rmsprop with momentum", "(2 + 2μ)/ε", "Thalweg's own, heavy ball of Cohen et al. 2021"};
  }
  return {};
}

std::string caveat(const recipe::Optimizer& options, const StepRecursion& r) {
  std::string text;
  if (r.keep >= 1.0) text += "A momentum of 1 or more is stable at no rate. ";
  if (options.clip_norm > 0.0)
    text += "Clipping bounds the step: beyond the limit the weights oscillate and do not blow up. ";
  if (!text.empty()) text.pop_back();
  return text;
}

}  // namespace

double largest_stable(const StepRecursion& step) {
  if (step.keep >= 1.0) return 0.0;
  const double scale = step.direct * (1.0 + step.keep) + step.from_momentum * step.gain;
  return scale > 0.0 ? (1.0 + step.shrink) * (1.0 + step.keep) / scale : std::numeric_limits<double>::infinity();
}

StabilityLimit stability_limit(const recipe::Optimizer& options, double lr, std::int64_t steps) {
  check(options);
  if (!(lr >= 0.0) || !std::isfinite(lr))
    throw UsageError(fmt::format("a stability limit at the rate {}: allowed: 0 or more", lr));
  if (steps < 0) throw UsageError(fmt::format("a stability limit after {} steps: allowed: 0 or more", steps));
  // nadamw's product of the μ is left at 0, where a few steps bring it.
  const StepCoefficients c = coefficients(options, {.steps = steps + 1, .mu_product = 0.0}, lr, options.weight_decay);
  const StepRecursion r = recursion(step_rule(options), c);
  auto [optimizer, formula, source] = words(options);
  return {.eigenvalue = largest_stable(r),
          .added_curvature = c.decay,
          .optimizer = std::move(optimizer),
          .formula = std::move(formula),
          .source = std::move(source),
          .caveat = caveat(options, r)};
}

}  // namespace thalweg
