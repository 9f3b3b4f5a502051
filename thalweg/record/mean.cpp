#include "thalweg/record/mean.h"

#include <array>
#include <cmath>
#include <limits>

namespace thalweg {
namespace {

// The 97.5% quantile of Student's t (Fisher, Yates 1938, table III) for 1 … 30 degrees of freedom.
constexpr std::array kStudent = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                 2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
                                 2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};

double student(double degrees) {
  if (degrees <= static_cast<double>(kStudent.size())) return kStudent[static_cast<std::size_t>(degrees) - 1];
  // The first terms of the expansion around the normal quantile z (Abramowitz, Stegun 1964, 26.7.5); right to 4 digits
  // from 30 on.
  constexpr double z = 1.959964;
  return z + (z * z * z + z) / (4.0 * degrees) +
         (5.0 * std::pow(z, 5) + 16.0 * z * z * z + 3.0 * z) / (96.0 * degrees * degrees);
}

}  // namespace

Interval mean_interval(std::span<const double> values) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const double n = static_cast<double>(values.size());
  double sum = 0.0;
  for (const double value : values) sum += value;
  const double mean = values.empty() ? kNan : sum / n;
  if (values.size() < 2) return {.value = mean, .low = kNan, .high = kNan};
  double squares = 0.0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double half = student(n - 1.0) * std::sqrt(squares / (n - 1.0) / n);
  return {.value = mean, .low = mean - half, .high = mean + half};
}

}  // namespace thalweg
