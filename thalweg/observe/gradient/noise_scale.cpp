#include "thalweg/observe/gradient/noise_scale.h"

#include <ATen/ATen.h>

#include "thalweg/observe/gradient/norms.h"

namespace thalweg {
namespace {

double sum(const std::vector<double>& values) {
  double all = 0.0;
  for (const double value : values) all += value;
  return all;
}

StepSums difference(const std::vector<at::Tensor>& now, const std::vector<at::Tensor>& before) {
  std::vector<StepSums> sums(now.size());
  difference_norms({.now = now, .before = before, .gradient = before}, sums);
  StepSums all;
  for (const StepSums& s : sums) all += s;
  return all;
}

}  // namespace

void NoiseLooks::say(const Step& step, double variance, double signal, float cost, ReadingSink& out) {
  means_.add(variance, signal);
  const auto put = [&](Quantity quantity, const std::optional<Estimate>& estimate, double scale) {
    if (!estimate) return;
    out.put({.step = step.index,
             .value = scale * estimate->value,
             .error = static_cast<float>(scale * estimate->error),
             .cost = cost,
             .quantity = quantity});
  };
  put(Quantity::gradient_variance, means_.numerator(), 1.0);
  put(Quantity::gradient_signal, means_.denominator(), 1.0);
  put(Quantity::noise_scale, means_.ratio(), step.rows > 0 ? static_cast<double>(step.rows) : 1.0);
}

void NoiseScale::after_backward(const Step& step, ReadingSink&) {
  const auto& gradient = step.gradient();
  if (step.backwards == 1) {
    of_squares_ = of_sum_ = sum(squared_norms(gradient));
  } else if (step.backwards == backwards_ + 1) {
    const StepSums s = difference(gradient, piled_up_);
    of_squares_ += s.update_sq;
    of_sum_ = s.weight_sq;
  } else {
    backwards_ = 0;  // became due in the middle of a step
    return;
  }
  backwards_ = step.backwards;
  piled_up_ = gradient;
}

void NoiseScale::after_update(const Step& step, ReadingSink& out) {
  const double k = backwards_;
  if (backwards_ == step.backwards && backwards_ > 1) {
    const double signal = (of_sum_ - of_squares_) / (k * (k - 1.0)), variance = (of_squares_ - of_sum_ / k) / (k - 1.0);
    looks_.say(step, k * variance, k * k * signal, 0.1F, out);
  }
  piled_up_.clear();
  backwards_ = 0;
}

void NoisePairs::after_backward(const Step& step, ReadingSink& out) {
  if (step_ >= 0 && step.index == step_ + 1) {
    const StepSums s = difference(step.gradient_at(weights_), gradient_);
    looks_.say(step, 0.5 * s.update_sq, s.gradient_sq + s.gradient_update, 1.0F, out);
    step_ = -1;
    weights_.clear();
    gradient_.clear();
    return;
  }
  step_ = step.index;
  gradient_ = step.gradient();
  weights_.clear();
  for (const at::Tensor& p : step.parameters) weights_.push_back(p.detach().clone());
}

}  // namespace thalweg
