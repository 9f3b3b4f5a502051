#include "thalweg/report/number.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace thalweg::report {
namespace {

bool is_share(std::string_view metric) {
  constexpr std::array<std::string_view, 5> kShares = {"accuracy", "top5", "binary_accuracy", "subset_accuracy",
                                                       "hamming"};
  return std::find(kShares.begin(), kShares.end(), metric) != kShares.end();
}

bool is_finite(const Interval& interval) { return std::isfinite(interval.low) && std::isfinite(interval.high); }

}  // namespace

std::string number(double value, int digits) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  const double size = std::abs(value);
  if (size >= 1000.0 && size < 1e6) return fmt::format("{:.0f}", value);
  return fmt::format("{:.{}g}", value, digits);
}

std::string count(std::int64_t value) {
  std::string digits = fmt::format("{}", value);
  const std::size_t first = digits[0] == '-' ? 1 : 0;
  for (std::size_t place = digits.size(); place > first + 3;) digits.insert(place -= 3, ",");
  return digits;
}

std::string share(double value) {
  if (!std::isfinite(value)) return number(value);
  return fmt::format("{:.1f}%", 100.0 * value);
}

std::string duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0.0) return "?";
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  constexpr double kLongest = 1e9;  // 30 years: more is no plan
  const auto whole = static_cast<std::int64_t>(std::round(std::min(seconds, kLongest)));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::string metric(std::string_view name, double value) { return is_share(name) ? share(value) : number(value); }

std::string metric(std::string_view name, const Interval& interval) {
  if (!is_share(name)) return report::interval(interval);
  if (!is_finite(interval)) return share(interval.value);
  return fmt::format("{} [{:.1f}, {:.1f}]", share(interval.value), 100.0 * interval.low, 100.0 * interval.high);
}

std::string interval(const Interval& interval) {
  if (!is_finite(interval)) return number(interval.value);
  return fmt::format("{} [{}, {}]", number(interval.value), number(interval.low), number(interval.high));
}

}  // namespace thalweg::report
