#include "thalweg/observe/curvature/overshoot.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "thalweg/observe/gradient/norms.h"
#include "thalweg/spectral/parameters.h"
#include "thalweg/spectral/retained_gradient.h"

namespace thalweg {
namespace {

double length(const std::vector<at::Tensor>& v) {
  const auto squares = squared_norms(v);
  return std::sqrt(std::accumulate(squares.begin(), squares.end(), 0.0));
}

}  // namespace

// How far c_½ and c₁ are apart, or typically are.
double Overshoot::spread(double half, double whole) {
  const double now = std::abs(half - whole), size = std::max(std::abs(half), std::abs(whole));
  if (!(size > 0.0) || !std::isfinite(size)) return now;
  spreads_.push_back((now / size) * (now / size));
  if (spreads_.size() > options_.looks) spreads_.pop_front();
  const double mean = std::accumulate(spreads_.begin(), spreads_.end(), 0.0) / static_cast<double>(spreads_.size());
  return std::max(now, std::sqrt(mean) * size);
}

void Overshoot::after_update(const Step& step, ReadingSink& out) {
  const auto &g = step.gradient(), &u = step.update();
  const double end = step.loss_along(1.0) - step.objective, middle = step.loss_along(0.5) - step.objective;
  const double slope = dot(g, u);
  const double whole = 2.0 * (end - slope), half = 8.0 * (middle - 0.5 * slope);
  const double curvature = 2.0 * half - whole;
  const double loss_error = options_.resolution * step.objective_error;
  const double slope_error = g.empty() ? 0.0 : machine_epsilon(g.front().scalar_type()) * length(g) * length(u);
  // 16 L(θ+u/2), 2 L(θ+u), 14 L(θ) and 6 g'u, rounded independently.
  const double rounding = std::hypot(std::hypot(16.0, 2.0, 14.0) * loss_error, 6.0 * slope_error);
  const double error = options_.kinks * spread(half, whole) + rounding;
  const auto put = [&](Quantity quantity, double value, double bar) {
    out.put({.step = step.index, .value = value, .error = static_cast<float>(bar), .cost = 0.7F, .quantity = quantity});
  };
  put(Quantity::actual_change, end, loss_error);
  put(Quantity::midpoint_change, middle, loss_error);
  const auto ratio = [&](Quantity quantity, double value, double bar) {
    if (slope != 0.0)
      put(quantity, 0.5 * value / -slope, (0.5 * bar + std::abs(0.5 * value / slope) * slope_error) / std::abs(slope));
  };
  const double secant_error = 2.0 * std::hypot(std::sqrt(2.0) * loss_error, slope_error);
  put(Quantity::curvature_secant, whole, secant_error);
  put(Quantity::curvature_forward, curvature, error);
  ratio(Quantity::overshoot_secant, whole, secant_error);
  ratio(Quantity::overshoot_forward, curvature, error);
}

}  // namespace thalweg
