#include "thalweg/spectral/sampled_gradient.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace thalweg {
namespace {

at::Tensor flat_gradient(const at::Tensor& objective, const std::vector<at::Tensor>& parameters) {
  const auto gradient = torch::autograd::grad({objective}, parameters, {}, std::nullopt, false, /*allow_unused=*/true);
  std::vector<at::Tensor> parts;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    parts.push_back((gradient[i].defined() ? gradient[i] : at::zeros_like(parameters[i])).reshape(-1));
  }
  return at::cat(parts);
}

// 97.5% quantile of Student's t for 3 … 15 degrees of freedom (Fisher, Yates 1938, table III).
double student(int degrees) {
  constexpr std::array kTable{3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262,
                              2.228, 2.201, 2.179, 2.160, 2.145, 2.131};
  return kTable[static_cast<std::size_t>(std::clamp(degrees, 3, 15) - 3)];
}

}  // namespace

double SampledGradient::norm() const { return std::sqrt(std::max(0.0, norm_sq)); }

int batches_within(const std::vector<at::Tensor>& parameters, double bytes) {
  double one = 1.0;
  for (const at::Tensor& p : parameters) one += static_cast<double>(p.numel()) * static_cast<double>(p.element_size());
  return static_cast<int>(std::clamp(bytes / one, 4.0, 16.0));
}

SampledGradient sample_gradient(const std::vector<at::Tensor>& parameters, int batches,
                                const std::function<at::Tensor(int)>& objective) {
  std::vector<at::Tensor> rows;
  for (int k = 0; k < batches; ++k) rows.push_back(flat_gradient(objective(k), parameters));
  const at::Tensor all = at::stack(rows);                              // [K, p]
  const at::Tensor gram = at::mm(all, all.t()).to(at::kDouble).cpu();  // gᵢ·gⱼ
  const at::Tensor row_sums = gram.sum(1), diagonal = gram.diagonal();
  const double k = batches, sum = gram.sum().item<double>(), trace = diagonal.sum().item<double>();

  SampledGradient result{.batches = batches};
  result.norm_sq = (sum - trace) / (k * (k - 1.0));
  result.noise_sq = (trace / k - result.norm_sq) / k;
  // Leaving out i takes its row and column away.
  const at::Tensor without = (sum - 2.0 * row_sums + diagonal - (trace - diagonal)) / ((k - 1.0) * (k - 2.0));
  const double variance = (k - 1.0) / k * (without - without.mean()).square().sum().item<double>();
  const double half = student(batches - 1) * std::sqrt(variance);
  result.low = result.norm_sq - half;
  result.high = result.norm_sq + half;

  const auto [var, mean] = at::var_mean(all, at::IntArrayRef{0}, /*unbiased=*/true);
  const at::Tensor moving = var > 0;  // entries that no batch touches say nothing
  const at::Tensor ratio = at::where(moving, mean.square() * k / var, at::zeros_like(mean));
  const double entries = std::max<double>(1.0, static_cast<double>(moving.sum().item<std::int64_t>()));
  result.evidence = 1.0 - ratio.sum(at::kDouble).item<double>() / entries * (k - 3.0) / (k - 1.0);
  return result;
}

}  // namespace thalweg
