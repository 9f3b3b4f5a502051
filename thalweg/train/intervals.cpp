#include "thalweg/train/intervals.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace thalweg {

void RowMoments::add(const at::Tensor& values) {
  const at::Tensor v = values.detach().flatten().to(at::kCPU, at::kDouble);
  if (v.numel() == 0) return;
  const double mean = v.mean().item<double>();
  const double scatter = (v - mean).square_().sum().item<double>();
  const auto before = static_cast<double>(count_), now = static_cast<double>(v.numel());
  const double shift = mean - mean_;
  mean_ += shift * now / (before + now);
  scatter_ += scatter + shift * shift * before * now / (before + now);
  count_ += v.numel();
}

double RowMoments::mean() const { return count_ > 0 ? mean_ : std::numeric_limits<double>::quiet_NaN(); }

double RowMoments::variance_of_mean() const {
  const auto n = static_cast<double>(count_);
  return count_ > 1 ? scatter_ / (n * n) : std::numeric_limits<double>::infinity();
}

Interval normal_interval(double value, double variance) {
  const double half = kNormal95 * std::sqrt(variance);
  return {.value = value, .low = value - half, .high = value + half};
}

Interval share_interval(double value, double variance, double rows) {
  if (std::isnan(value)) return {.value = value, .low = value, .high = value};
  const double n = variance > 0.0 ? value * (1.0 - value) / variance : rows;
  const double z2 = kNormal95 * kNormal95;
  const double center = (value * n + 0.5 * z2) / (n + z2);
  const double half = kNormal95 * std::sqrt(value * (1.0 - value) * n + 0.25 * z2) / (n + z2);
  return {.value = value, .low = std::clamp(center - half, 0.0, value), .high = std::clamp(center + half, value, 1.0)};
}

}  // namespace thalweg
