#include "thalweg/observe/ratio_of_means.h"

#include <cmath>
#include <vector>

#include "thalweg/record/mean.h"

namespace thalweg {
namespace {

Estimate estimate(const std::vector<double>& values) {
  const Interval interval = mean_interval(values);
  return {interval.value, 0.5 * (interval.high - interval.low)};
}

}  // namespace

void RatioOfMeans::add(double numerator, double denominator) {
  if (!std::isfinite(numerator) || !std::isfinite(denominator)) return;
  looks_.push_back({numerator, denominator});
  if (looks_.size() > options_.looks) looks_.pop_front();
}

std::optional<Estimate> RatioOfMeans::mean(double Look::*part) const {
  if (looks_.size() < options_.fewest) return std::nullopt;
  std::vector<double> values;
  for (const Look& look : looks_) values.push_back(look.*part);
  return estimate(values);
}

std::optional<Estimate> RatioOfMeans::numerator() const { return mean(&Look::numerator); }
std::optional<Estimate> RatioOfMeans::denominator() const { return mean(&Look::denominator); }

std::optional<Estimate> RatioOfMeans::ratio() const {
  const auto below = denominator();
  if (!below || !(below->value > below->error)) return std::nullopt;
  const auto n = static_cast<double>(looks_.size());
  double a = 0.0, b = 0.0;
  for (const Look& look : looks_) a += look.numerator, b += look.denominator;
  std::vector<double> pseudo;
  for (const Look& look : looks_) {
    pseudo.push_back(n * (a / b) - (n - 1.0) * (a - look.numerator) / (b - look.denominator));
  }
  return estimate(pseudo);
}

}  // namespace thalweg
