#include "thalweg/survey/gradient.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>

#include "thalweg/spectral/sampled_gradient.h"
#include "thalweg/survey/moved.h"
#include "thalweg/survey/problem.h"

namespace thalweg {
namespace {

double rounding_of(const SurveyProblem& problem, const at::Tensor& gradient, std::uint64_t seed) {
  constexpr int kDraws = 2;
  const auto parameters = leaves(problem);
  Moved moved(parameters);
  double sum = 0.0;
  for (int draw = 0; draw < kDraws; ++draw) {
    moved.to_neighbours(seed + static_cast<std::uint64_t>(draw));
    const double change = length_of(gradient_of(problem.batches, parameters) - gradient);
    sum += change * change;
  }
  return std::sqrt(sum / kDraws);
}

void add_sampling(const SurveyProblem& problem, const SurveyOptions& options, Survey::Gradient& result) {
  constexpr int kFewest = 4;  // for a jackknife
  std::vector<LossOnBatch> all = problem.batches;
  all.insert(all.end(), problem.independent.begin(), problem.independent.end());
  const auto parameters = leaves(problem);
  const int count = std::min(static_cast<int>(all.size()),
                             batches_within(parameters, 0.5 * static_cast<double>(options.memory_limit)));
  if (count < kFewest) return;
  const SampledGradient sample =
      sample_gradient(parameters, count, [&](int k) { return all[static_cast<std::size_t>(k)].loss(); });
  result.samples = count;
  result.norm_sq = {sample.norm_sq, sample.low, sample.high};
  result.noise_sq = sample.noise_sq;
  result.evidence = sample.evidence;
}

}  // namespace

double length_of(const at::Tensor& v) {
  return at::linalg_vector_norm(v, 2, std::nullopt, false, at::kDouble).item<double>();
}

at::Tensor gradient_of(const std::vector<LossOnBatch>& batches, const std::vector<at::Tensor>& parameters) {
  at::Tensor sum;
  for (const LossOnBatch& batch : batches) {
    auto parts = torch::autograd::grad({batch.loss()}, parameters, {}, std::nullopt, false, /*allow_unused=*/true);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (!parts[i].defined()) parts[i] = at::zeros_like(parameters[i]);
    }
    const at::Tensor flat = flatten(parts).detach();
    sum = sum.defined() ? sum.add_(flat, batch.weight) : flat * batch.weight;
  }
  return sum;
}

Survey::Gradient measure_gradient(const SurveyProblem& problem, const at::Tensor& gradient,
                                  const SurveyOptions& options) {
  Survey::Gradient result{.norm = length_of(gradient), .at_start = problem.gradient_at_start};
  result.rounding = rounding_of(problem, gradient, options.seed);
  add_sampling(problem, options, result);
  return result;
}

}  // namespace thalweg
