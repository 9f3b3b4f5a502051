#include "thalweg/spectral/finite_difference.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "thalweg/spectral/parameters.h"
#include "thalweg/spectral/stopwatch.h"

namespace thalweg {
namespace {

// h / ‖θ‖, from long to short.
constexpr std::array kSteps = {1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7};
constexpr double kInfinity = std::numeric_limits<double>::infinity();

double length_of(const at::Tensor& v) { return v.to(at::kDouble).norm().item<double>(); }

at::Tensor unit(const at::Tensor& v) { return (v.to(at::kDouble) / length_of(v)).to(v.dtype()); }

at::Tensor random_unit(const at::Tensor& like, std::uint64_t seed) {
  return unit(at::randn(like.sizes(), at::make_generator<at::CPUGeneratorImpl>(seed), at::TensorOptions(at::kDouble))
                  .to(like.options()));
}

// How far the products of each step and the next shorter one differ, over the directions that were tried.
class Comparison {
 public:
  void add(std::size_t i, const at::Tensor& longer, const at::Tensor& shorter) {
    const double d = length_of(longer - shorter);
    difference_[i] = std::isfinite(d) ? std::max(difference_[i], d) : kInfinity;
    size_[i] = std::max(size_[i], std::min(length_of(longer), length_of(shorter)));
  }
  double relative(std::size_t i) const { return difference_[i] == 0.0 ? 0.0 : difference_[i] / size_[i]; }

  struct Choice {
    std::size_t step = 1;
    double error = kInfinity;
  };
  // From a decade to the next, truncation shrinks a hundredfold and rounding grows tenfold. Rounding is the same in all
  // directions; truncation, along the eigenvectors of small tanh networks, was up to 30 times what it was along those
  // that are tried. The outermost steps lack a neighbour and are not chosen.
  Choice choose() const {
    Choice best;
    for (std::size_t i = 1; i + 1 < kSteps.size(); ++i) {
      const double truncation = 30.0 * relative(i - 1) / 100.0, rounding = relative(i) / 10.0;
      if (truncation + rounding < best.error) best = {.step = i, .error = truncation + rounding};
    }
    return best;
  }

 private:
  std::array<double, kSteps.size() - 1> difference_{};
  std::array<double, kSteps.size() - 1> size_{};
};

std::string refusal(double error, double allowed) {
  if (!std::isfinite(error)) {
    return "finite differences: the gradient is not finite at the parameters or next to them";
  }
  return fmt::format(
      "finite differences of the gradient do not settle: of the steps from {:g} to {:g} of the parameters' norm, the "
      "one "
      "that agrees best with its neighbours is wrong by about {:.2g} of the product (allowed: {:g}). With ReLU or "
      "max-pool "
      "the error grows as the step shrinks; only double backward is right there",
      kSteps.front(), kSteps.back(), error, allowed);
}

}  // namespace

struct FiniteDifferenceOperator::State {
  State(std::function<at::Tensor()> loss, std::vector<at::Tensor> parameters)
      : gradient(std::move(loss), std::move(parameters)) {
    length = length_of(gradient.here());
    if (length == 0.0) length = std::sqrt(static_cast<double>(gradient.here().size(0)));
  }

  GradientElsewhere gradient;
  double length = 0.0;  // that steps are shares of: ‖θ‖, or that of ones where all are zero
  double step = 0.0;
  double error = 0.0;  // relative
  double seconds_per_gradient = 0.0;
  OperatorCost cost;

  at::Tensor quotient(const at::Tensor& direction, double h) {
    const at::Tensor ahead = gradient.at(gradient.here().add(direction, h));
    return ahead.sub_(gradient.at(gradient.here().sub(direction, h))).div_(2.0 * h);
  }

  void compare(const at::Tensor& direction, Comparison& comparison) {
    at::Tensor longer = quotient(direction, kSteps[0] * length);
    for (std::size_t i = 0; i + 1 < kSteps.size(); ++i) {
      const at::Tensor shorter = quotient(direction, kSteps[i + 1] * length);
      comparison.add(i, longer, shorter);
      longer = shorter;
    }
  }

  void scan(const FiniteDifferenceOptions& options) {
    Comparison comparison;
    const at::Tensor random = random_unit(gradient.here(), options.seed);
    compare(random, comparison);
    const at::Tensor curved = quotient(random, kSteps[comparison.choose().step] * length);
    if (length_of(curved) > 0.0) compare(unit(curved), comparison);
    const Comparison::Choice choice = comparison.choose();
    if (!(choice.error <= options.allowed)) {
      throw StepsDisagree(refusal(choice.error, options.allowed));
    }
    step = kSteps[choice.step] * length;
    error = choice.error;
  }
};

FiniteDifferenceOperator::FiniteDifferenceOperator(std::function<at::Tensor()> loss, std::vector<at::Tensor> parameters,
                                                   FiniteDifferenceOptions options) {
  check_parameters(parameters, "a finite-difference Hessian");
  state_ = std::make_unique<State>(std::move(loss), std::move(parameters));
  const Stopwatch watch(state_->gradient.here().device());
  state_->scan(options);
  const auto gradients = static_cast<double>(state_->gradient.count());
  state_->cost = {.gradient_units = gradients, .seconds = watch.seconds()};
  state_->seconds_per_gradient = state_->cost.seconds / gradients;
}

FiniteDifferenceOperator::~FiniteDifferenceOperator() = default;

std::int64_t FiniteDifferenceOperator::dimension() const { return state_->gradient.here().size(0); }
at::TensorOptions FiniteDifferenceOperator::options() const { return state_->gradient.here().options(); }
OperatorCost FiniteDifferenceOperator::cost() const { return state_->cost; }
double FiniteDifferenceOperator::step() const { return state_->step; }
double FiniteDifferenceOperator::seconds_per_gradient() const { return state_->seconds_per_gradient; }
double FiniteDifferenceOperator::relative_noise() const {
  return std::max(state_->error, LinearOperator::relative_noise());
}

at::Tensor FiniteDifferenceOperator::product(const at::Tensor& v) {
  State& s = *state_;
  const double length = length_of(v);
  if (length == 0.0) return at::zeros_like(v);
  const Stopwatch watch(v.device());
  at::Tensor result = s.quotient(unit(v), s.step).mul_(length);
  add_products(s.cost, watch.seconds(), s.seconds_per_gradient);
  return result;
}

}  // namespace thalweg
