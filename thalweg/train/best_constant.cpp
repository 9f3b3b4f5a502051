#include "thalweg/train/best_constant.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace thalweg {
namespace {

using recipe::LossKind;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double guarded(const recipe::Loss& loss, double p) {
  return loss.clip > 0.0 ? std::clamp(p, loss.clip, 1.0 - loss.clip) : p;
}
double weighted_log(double t, double p) { return t == 0.0 ? 0.0 : t * std::log(p); }

// Mean of f over the column.
template <class F>
double mean(const Distribution& column, const F& f) {
  double sum = 0.0, weight = 0.0;
  for (std::size_t i = 0; i < column.values.size(); ++i) {
    sum += column.weights[i] * f(column.values[i]);
    weight += column.weights[i];
  }
  return sum / weight;
}

double median(const Distribution& column) {
  std::vector<std::size_t> order(column.values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return column.values[a] < column.values[b]; });
  double left = 0.5 * std::accumulate(column.weights.begin(), column.weights.end(), 0.0);
  for (const std::size_t i : order) {
    left -= column.weights[i];
    if (left <= 0.0) return column.values[i];
  }
  return column.values[order.back()];
}

double huber_term(double error, double delta) {
  const double size = std::abs(error);
  return size <= delta ? 0.5 * size * size : delta * (size - 0.5 * delta);
}

// Bisection on the slope, which rises with the constant.
double best_huber(const Distribution& column, double delta) {
  auto [low, high] = std::minmax_element(column.values.begin(), column.values.end());
  double below = *low, above = *high;
  for (int halving = 0; halving < 60 && below < above; ++halving) {
    const double middle = 0.5 * (below + above);
    const double slope = mean(column, [&](double v) { return std::clamp(middle - v, -delta, delta); });
    (slope < 0.0 ? below : above) = middle;
  }
  return mean(column, [&](double v) { return huber_term(above - v, delta); });
}

double best_bce(const recipe::Loss& loss, double share) {
  if (!(share >= 0.0 && share <= 1.0)) return kNone;
  const double p = guarded(loss, share);
  return -weighted_log(share, p) - weighted_log(1.0 - share, 1.0 - p);
}

}  // namespace

double best_constant_over_classes(const recipe::Loss& loss, std::span<const double> shares) {
  const auto smooth = [&](double share) {
    return share * (1.0 - loss.label_smoothing) + loss.label_smoothing / static_cast<double>(shares.size());
  };
  double total = 0.0, entropy = 0.0;
  for (const double share : shares) total += smooth(share);
  const auto probability = [&](double t) {
    return loss.kind == LossKind::nll_probabilities ? guarded(loss, t / total) : t / total;
  };
  for (const double share : shares) entropy -= weighted_log(smooth(share), probability(smooth(share)));
  return shares.empty() ? kNone : entropy;
}

double best_constant_of_column(const recipe::Loss& loss, const Distribution& column) {
  if (column.values.empty()) return kNone;
  const auto itself = [](double v) { return v; };
  switch (loss.kind) {
    case LossKind::mse: {
      const double center = mean(column, itself);
      return mean(column, [&](double v) { return (v - center) * (v - center); });
    }
    case LossKind::mae: {
      const double center = median(column);
      return mean(column, [&](double v) { return std::abs(v - center); });
    }
    case LossKind::huber:
      return best_huber(column, loss.delta);
    case LossKind::bce:
    case LossKind::bce_logits:
      return best_bce(loss, mean(column, itself));
    case LossKind::cross_entropy:
    case LossKind::nll_probabilities:
      break;
  }
  return kNone;
}

}  // namespace thalweg
