#include "thalweg/diagnose/samples.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace thalweg {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// NaN last, so that the values are ordered.
bool before(double a, double b) { return std::isnan(b) ? !std::isnan(a) : a < b; }

}  // namespace

std::span<const Point> within(std::span<const Point> series, Steps steps) {
  const auto first = std::ranges::lower_bound(series, steps.first, {}, &Point::step);
  const auto last = std::ranges::upper_bound(series, steps.last, {}, &Point::step);
  return first < last ? std::span<const Point>(first, last) : std::span<const Point>();
}

std::vector<double> values(std::span<const Point> series) {
  std::vector<double> result;
  result.reserve(series.size());
  std::ranges::transform(series, std::back_inserter(result), &Point::value);
  return result;
}

std::vector<double> finite_values(std::span<const Point> series) {
  std::vector<double> result = values(series);
  std::erase_if(result, [](double value) { return !std::isfinite(value); });
  return result;
}

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return kNaN;
  const auto rank = static_cast<std::ptrdiff_t>(std::llround(share * static_cast<double>(values.size() - 1)));
  std::nth_element(values.begin(), values.begin() + rank, values.end(), before);
  return values[static_cast<std::size_t>(rank)];
}

double median(std::vector<double> values) {
  if (values.empty() || values.size() % 2 == 1) return quantile(std::move(values), 0.5);
  const auto upper = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), upper, values.end(), before);
  const double above = *upper;
  const double below = *std::max_element(values.begin(), upper, before);
  return above == below ? above : below + 0.5 * (above - below);
}

double scatter(const std::vector<double>& values) {
  const double middle = median(values);
  std::vector<double> deviations;
  deviations.reserve(values.size());
  for (const double value : values) deviations.push_back(std::abs(value - middle));
  return median(std::move(deviations));
}

double first_value(const History& history, Quantity quantity, Scope scope) {
  const auto series = history.series(quantity, scope);
  return series.empty() ? kNaN : series.front().value;
}

std::int64_t first_step(std::span<const Point> series) { return series.empty() ? -1 : series.front().step; }

std::vector<Point> resolved_overshoots(const History& history, Steps steps) {
  std::vector<Point> result;
  for (const Quantity quantity : {Quantity::overshoot_secant, Quantity::overshoot}) {
    for (const Point& point : within(history.series(quantity), steps)) {
      const bool resolved = std::isnan(point.error) || point.error < 0.5F * static_cast<float>(std::abs(point.value));
      if (!std::isnan(point.value) && resolved) result.push_back(point);
    }
  }
  std::ranges::stable_sort(result, {}, &Point::step);
  return result;
}

void SignEvidence::add(bool bad) {
  const double ratio = bad ? options_.p / options_.q : (1.0 - options_.p) / (1.0 - options_.q);
  const auto j = static_cast<double>(readings_++);
  const double weight = 1.0 / ((j + 1.0) * (j + 2.0));
  started_ = (started_ + weight) * ratio;
  waiting_ -= weight;
  peak_ = std::max(peak_, value());
}

}  // namespace thalweg
