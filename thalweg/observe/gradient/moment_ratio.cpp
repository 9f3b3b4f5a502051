#include "thalweg/observe/gradient/moment_ratio.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <vector>

#include "thalweg/observe/gradient/moment_ratio_kernel.h"

namespace thalweg {
namespace {

bool takes_kernel(const at::Tensor& t) {
  return t.is_cpu() && t.layout() == at::kStrided && t.scalar_type() == at::kFloat && t.is_contiguous();
}

MomentSums by_aten(const at::Tensor& gradient, const at::Tensor& moment) {
  const at::Tensor g = (gradient.is_sparse() ? gradient.to_dense() : gradient).to(at::kDouble),
                   v = moment.to(at::kDouble);
  const at::Tensor square = g.square(), known = v > 0.0;
  const at::Tensor sums =
      at::stack({at::where(known, square / v, 0.0).sum(), known.sum().to(at::kDouble), square.sum(), v.sum()}).cpu();
  const double* s = sums.const_data_ptr<double>();
  return {.ratios = s[0], .entries = s[1], .gradient_sq = s[2], .moments = s[3]};
}

MomentSums sums_of(const at::Tensor& gradient, const at::Tensor& moment) {
  if (!takes_kernel(gradient) || !takes_kernel(moment)) return by_aten(gradient, moment);
  return moment_run({.gradient = gradient.const_data_ptr<float>(),
                     .moment = moment.const_data_ptr<float>(),
                     .count = gradient.numel()});
}

}  // namespace

void MomentRatio::after_update(const Step& step, ReadingSink& out) {
  if (step.optimizer == nullptr) return;
  const c10::NoGradGuard no_graph;
  const auto put = [&](const MomentSums& s, Scope scope) {
    const auto one = [&](Quantity quantity, double value) {
      out.put({.step = step.index, .value = value, .cost = 0.1F, .quantity = quantity, .scope = scope});
    };
    if (s.entries > 0.0) one(Quantity::moment_surprise, std::sqrt(s.ratios / s.entries));
    if (s.entries > 0.0 && s.gradient_sq > 0.0) one(Quantity::moment_staleness, std::sqrt(s.moments / s.gradient_sq));
  };
  const std::vector<at::Tensor> moments = step.optimizer->second_moments();
  MomentSums all;
  for (std::size_t i = 0; i < moments.size() && i < step.parameters.size(); ++i) {
    const at::Tensor& gradient = step.parameters[i].grad();
    if (!gradient.defined() || !moments[i].defined()) continue;
    const MomentSums s = sums_of(gradient, moments[i]);
    if (i < step.scopes.size()) put(s, step.scopes[i]);
    all.ratios += s.ratios;
    all.entries += s.entries;
    all.gradient_sq += s.gradient_sq;
    all.moments += s.moments;
  }
  put(all, kWholeModel);
}

}  // namespace thalweg
