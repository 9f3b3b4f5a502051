#include "thalweg/optim/described_rules.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <utility>

#include "thalweg/record/error.h"

namespace thalweg {
namespace {

double correction(double beta, double steps) { return 1.0 - std::pow(beta, steps); }

// Dozat 2016.
double nadam_mu(const OptionReader& options, double step) {
  return options.required("beta1") * (1.0 - 0.5 * std::pow(0.96, step * options.required("momentum_decay")));
}

// Liu et al. 2020: the factor on the rate of step `step`; none where the variance of 1/√v is not finite, and the step
// is then not divided at all.
std::optional<double> radam_rectification(const OptionReader& options, double step) {
  const double beta2 = options.required("beta2");
  const double most = 2.0 / (1.0 - beta2) - 1.0;
  const double now = most - 2.0 * step * std::pow(beta2, step) / correction(beta2, step);
  if (!(now > 5.0)) return std::nullopt;
  return std::sqrt((now - 4.0) * (now - 2.0) * most / ((most - 4.0) * (most - 2.0) * now));
}

// In float where the state is kept in less.
at::Tensor tensor(const DescribedState& state, const std::string& name) {
  const auto found = state.tensors.find(name);
  if (found == state.tensors.end() || !found->second.defined()) return {};
  const at::Tensor values = found->second.detach();
  return values.to(at::promote_types(values.scalar_type(), at::kFloat));
}

at::Tensor square_average(const OptionReader& options, const DescribedState& state) {
  at::Tensor squares = tensor(state, "square_avg");
  if (!squares.defined() || !options.flag("centered")) return squares;
  const at::Tensor mean = tensor(state, "grad_avg");
  return mean.defined() ? squares.addcmul(mean, mean, -1.0) : at::Tensor();
}

at::Tensor ones(const at::Tensor& weight) {
  return at::ones_like(weight.detach(), at::promote_types(weight.scalar_type(), at::kFloat));
}

at::Tensor root(const at::Tensor& corrected, double eps) {
  return corrected.defined() ? corrected.sqrt().add_(eps) : at::Tensor();
}

}  // namespace

std::optional<KnownOptimizer> known_optimizer(std::string_view module, std::string_view kind) {
  using enum KnownOptimizer;
  static constexpr std::array<std::pair<std::string_view, KnownOptimizer>, 7> kKinds{{{"SGD", sgd},
                                                                                      {"RMSprop", rmsprop},
                                                                                      {"Adam", adam},
                                                                                      {"AdamW", adamw},
                                                                                      {"NAdam", nadam},
                                                                                      {"RAdam", radam},
                                                                                      {"Adagrad", adagrad}}};
  if (module != "torch.optim" && module != "torch::optim" && !module.starts_with("torch.optim.")) return std::nullopt;
  for (const auto& [name, known] : kKinds) {
    if (name == kind) return known;
  }
  return std::nullopt;
}

double OptionReader::required(const std::string& name) const {
  const auto found = options_.find(name);
  if (found != options_.end()) return found->second;
  throw UsageError(fmt::format("a group of the optimizer is described without '{}', which its step needs", name));
}

double OptionReader::optional(const std::string& name) const {
  const auto found = options_.find(name);
  return found == options_.end() ? 0.0 : found->second;
}

bool decouples_decay(KnownOptimizer kind, const OptionReader& options) {
  return kind == KnownOptimizer::adamw || options.flag("decoupled_weight_decay");
}

StepRecursion recursion(KnownOptimizer kind, const OptionReader& options, double rate, const StepsMade& made) {
  using enum KnownOptimizer;
  StepRecursion step;
  if (decouples_decay(kind, options)) step.shrink = 1.0 - options.required("lr") * options.optional("weight_decay");
  const double coming = made.steps + 1.0;
  switch (kind) {
    case sgd:
    case rmsprop:
    case adagrad:
      step.keep = options.optional("momentum");
      step.gain = 1.0 - options.optional("dampening");
      step.direct = step.keep == 0.0 || options.flag("nesterov") ? rate : 0.0;
      if (step.keep != 0.0) step.from_momentum = options.flag("nesterov") ? rate * step.keep : rate;
      break;
    case adam:
    case adamw:
    case radam:
      step.keep = options.required("beta1");
      step.gain = 1.0 - step.keep;
      step.from_momentum = rate / correction(step.keep, coming);
      break;
    case nadam: {
      step.keep = options.required("beta1");
      step.gain = 1.0 - step.keep;
      const double mu = nadam_mu(options, coming), following = nadam_mu(options, coming + 1.0);
      step.from_momentum = rate * following / (1.0 - made.mu_product * mu * following);
      step.direct = rate * (1.0 - mu) / (1.0 - made.mu_product * mu);
    }
  }
  return step;
}

at::Tensor second_moment(KnownOptimizer kind, const OptionReader& options, const DescribedState& state) {
  using enum KnownOptimizer;
  if (state.steps < 1.0 || kind == sgd || kind == adagrad) return {};
  if (kind == rmsprop) return square_average(options, state);
  if (kind == radam && !radam_rectification(options, state.steps + 1.0)) return {};
  const at::Tensor average = tensor(state, options.flag("amsgrad") ? "max_exp_avg_sq" : "exp_avg_sq");
  return average.defined() ? average / correction(options.required("beta2"), state.steps) : at::Tensor();
}

at::Tensor diagonal(KnownOptimizer kind, const OptionReader& options, const DescribedState& state,
                    const at::Tensor& weight) {
  using enum KnownOptimizer;
  if (kind == sgd) return ones(weight);
  const double eps = options.required("eps");
  if (kind == radam) {
    const auto rectification = radam_rectification(options, state.steps + 1.0);
    if (!rectification) return ones(weight);
    const double root_of_correction = std::sqrt(correction(options.required("beta2"), state.steps + 1.0));
    const at::Tensor p = root(second_moment(kind, options, state), eps / root_of_correction);  // torch divides eps, too
    return p.defined() ? p / *rectification : p;
  }
  if (kind == adagrad) {
    const at::Tensor p = state.steps < 1.0 ? at::Tensor() : root(tensor(state, "sum"), eps);
    return p.defined() ? p * (1.0 + state.steps * options.optional("lr_decay")) : p;
  }
  return root(second_moment(kind, options, state), eps);
}

LimitWords limit_words(KnownOptimizer kind, const OptionReader& options) {
  constexpr auto k2021 = "Cohen et al. 2021";
  constexpr auto k2022 = "Cohen et al. 2022";
  constexpr auto kOwn = "Thalweg's own, as Cohen et al. 2022";
  const bool momentum = options.optional("momentum") != 0.0;
  switch (kind) {
    case KnownOptimizer::sgd:
      if (!momentum) return {"sgd", "2/ε", k2021};
      if (options.flag("nesterov")) return {"Nesterov", "(2 + 2μ)/(ε (1 + 2μ))", k2021};
      if (options.optional("dampening") != 0.0) return {"dampened heavy ball", "(2 + 2μ)/((1 − τ) ε)", kOwn};
      return {"heavy ball", "(2 + 2μ)/ε", k2021};
    case KnownOptimizer::rmsprop:
      if (momentum) return {"rmsprop with momentum", "(2 + 2μ)/ε", "Thalweg's own, heavy ball of Cohen et al. 2021"};
      return {"rmsprop", "2/ε", k2022};
    case KnownOptimizer::adam:
      return {"adam", "(2 + 2β₁)/((1 − β₁) ε)", k2022};
    case KnownOptimizer::adamw:
      return {"adamw", "(2 + 2β₁)/((1 − β₁) ε)", k2022};
    case KnownOptimizer::nadam:
      return {"nadam", "(2 + 2β₁)/(ε ((1 − μₜ)(1 + β₁) + μₜ₊₁ (1 − β₁)))", kOwn};
    case KnownOptimizer::radam:
      return {"radam", "(2 + 2β₁)/((1 − β₁) ε)", kOwn};
    case KnownOptimizer::adagrad:
      return {"adagrad", "2/ε", kOwn};
  }
  return {};
}

}  // namespace thalweg
