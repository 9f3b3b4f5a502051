#include "thalweg/diagnose/rate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace thalweg {

std::optional<double> largest_overshoot(const History& history, Steps steps) {
  const auto overshoots = resolved_overshoots(history, steps);
  const auto largest = std::ranges::max_element(overshoots, {}, &Point::value);
  if (largest == overshoots.end() || !std::isfinite(largest->value)) return std::nullopt;
  return largest->value;
}

double rate_at(const History& history, std::int64_t step) {
  const auto until = within(history.series(Quantity::learning_rate), {0, step});
  if (!until.empty()) return until.back().value;
  return history.header.peak_learning_rate > 0.0 ? history.header.peak_learning_rate
                                                 : std::numeric_limits<double>::quiet_NaN();
}

double rate_factor(const History& history, Steps steps) {
  const auto rho = largest_overshoot(history, steps);
  return rho && *rho > 1.0 ? std::clamp(0.5 / *rho, 1e-3, 0.3) : 0.1;
}

std::optional<Remedy> change_rate(const History& history, double factor, std::int64_t step) {
  const double peak = history.header.peak_learning_rate;
  const double rate = factor * (peak > 0.0 ? peak : rate_at(history, step));
  if (!std::isfinite(rate)) return std::nullopt;
  return Remedy{.lever = "optimizer.lr", .value = fmt::format("{:.2g}", rate), .trial = {}};
}

}  // namespace thalweg
