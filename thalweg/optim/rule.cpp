#include "thalweg/optim/rule.h"

#include <fmt/format.h>

#include <cmath>

#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using recipe::OptimizerKind;

double nadam_mu(const recipe::Optimizer& options, std::int64_t step) {
  constexpr double kMomentumDecay = 4e-3;
  return options.beta1 * (1.0 - 0.5 * std::pow(0.96, static_cast<double>(step) * kMomentumDecay));
}

bool decoupled(OptimizerKind kind) { return kind == OptimizerKind::adamw || kind == OptimizerKind::nadamw; }

void set_adam(StepCoefficients& c, const recipe::Optimizer& options, const StepCount& count, double lr) {
  const auto t = static_cast<double>(count.steps);
  c.take1 = 1.0 - options.beta1;
  c.keep2 = options.beta2;
  c.take2 = 1.0 - options.beta2;
  c.root_scale = 1.0 / std::sqrt(1.0 - std::pow(options.beta2, t));
  c.eps = options.eps;
  if (options.kind == OptimizerKind::nadamw) {
    const double following = nadam_mu(options, count.steps + 1);
    c.rate = lr * following / (1.0 - count.mu_product * following);
    c.direct = lr * (1.0 - nadam_mu(options, count.steps)) / (1.0 - count.mu_product);
  } else {
    c.rate = lr / (1.0 - std::pow(options.beta1, t));
  }
}

void require(bool holds, std::string_view key, double value, std::string_view allowed) {
  if (!holds) throw UsageError(fmt::format("optimizer.{} = {}: allowed: {}", key, value, allowed));
}

}  // namespace

StepRule step_rule(const recipe::Optimizer& options) {
  switch (options.kind) {
    case OptimizerKind::sgd:
      return options.momentum == 0.0 ? StepRule::sgd : StepRule::momentum;
    case OptimizerKind::adam:
    case OptimizerKind::adamw:
    case OptimizerKind::nadamw:
      return StepRule::adam;
    case OptimizerKind::rmsprop:
      return options.momentum == 0.0 ? StepRule::rmsprop : StepRule::rmsprop_momentum;
  }
  return StepRule::sgd;
}

MomentNames moment_names(StepRule rule) {
  switch (rule) {
    case StepRule::sgd:
      return {};
    case StepRule::momentum:
      return {"momentum_buffer", ""};
    case StepRule::adam:
      return {"exp_avg", "exp_avg_sq"};
    case StepRule::rmsprop:
      return {"", "square_avg"};
    case StepRule::rmsprop_momentum:
      return {"momentum_buffer", "square_avg"};
  }
  return {};
}

StepCount next(const recipe::Optimizer& options, const StepCount& count) {
  StepCount after{.steps = count.steps + 1, .mu_product = count.mu_product};
  if (options.kind == OptimizerKind::nadamw) after.mu_product *= nadam_mu(options, after.steps);
  return after;
}

StepCoefficients coefficients(const recipe::Optimizer& options, const StepCount& count, double lr,
                              double weight_decay) {
  StepCoefficients c;
  (decoupled(options.kind) ? c.shrink : c.decay) = decoupled(options.kind) ? 1.0 - lr * weight_decay : weight_decay;
  switch (options.kind) {
    case OptimizerKind::sgd:
      c.keep1 = options.momentum;
      c.nesterov = options.nesterov;
      c.rate = lr;
      break;
    case OptimizerKind::rmsprop:
      c.keep1 = options.momentum;
      c.keep2 = options.alpha;
      c.take2 = 1.0 - options.alpha;
      c.eps = options.eps;
      c.rate = lr;
      break;
    default:
      set_adam(c, options, count, lr);
  }
  return c;
}

void check(const recipe::Optimizer& options) {
  require(options.lr >= 0.0, "lr", options.lr, "0 or more");
  require(options.momentum >= 0.0, "momentum", options.momentum, "0 or more");
  require(options.beta1 >= 0.0 && options.beta1 < 1.0, "betas[0]", options.beta1, "from 0 to below 1");
  require(options.beta2 >= 0.0 && options.beta2 < 1.0, "betas[1]", options.beta2, "from 0 to below 1");
  require(options.alpha >= 0.0 && options.alpha <= 1.0, "alpha", options.alpha, "from 0 to 1");
  require(options.eps >= 0.0, "eps", options.eps, "0 or more");
  require(options.weight_decay >= 0.0, "weight_decay", options.weight_decay, "0 or more");
  require(options.clip_norm >= 0.0, "clip_norm", options.clip_norm, "0 (none) or more");
  if (options.nesterov && options.kind == OptimizerKind::sgd && options.momentum == 0.0) {
    throw UsageError("optimizer.nesterov = true needs optimizer.momentum above 0 (0.9, say)");
  }
}

}  // namespace thalweg
