#include "thalweg/diagnose/attention.h"

#include <algorithm>
#include <span>

#include "thalweg/diagnose/samples.h"
#include "thalweg/diagnose/standing.h"

namespace thalweg {
namespace {

double median_of(std::span<const Point> points) {
  std::vector<double> values;
  for (const Point& point : points) values.push_back(point.value);
  return median(std::move(values));
}

bool last_above(const History& history, Quantity quantity, double limit) {
  const auto series = history.series(quantity);
  return !series.empty() && series.back().value > limit;
}

bool risen(const History& history, double factor) {
  constexpr std::size_t kNow = 8, kBefore = 32;
  const auto losses = history.series(Quantity::loss);
  if (losses.size() < kNow + kBefore) return false;
  const double now = median_of(losses.last(kNow)), before = median_of(losses.last(kNow + kBefore).first(kBefore));
  return now > before + (factor - 1.0) * std::abs(before);
}

}  // namespace

std::vector<Quantity> wanted(const History& history, const AttentionOptions& options) {
  if (last_above(history, Quantity::overshoot, options.overshoot) ||
      last_above(history, Quantity::overshoot_secant, options.overshoot) ||
      last_above(history, Quantity::edge_ratio, options.edge) || risen(history, options.risen)) {
    return {Quantity::overshoot, Quantity::overshoot_secant, Quantity::edge_ratio};
  }
  if (standing(history).standing) {
    return {Quantity::batch_lambda_min, Quantity::activation_gradient_rms, Quantity::dead_units,
            Quantity::memory_horizon};
  }
  return {};
}

std::vector<Quantity> unread(const History& history) {
  if (!history.scopes(Quantity::dead_units).empty()) return {};
  return {Quantity::dead_units};
}

}  // namespace thalweg
