#include "thalweg/spectral/distributions.h"

#include <cmath>
#include <limits>

namespace thalweg {
namespace {

// Lentz's way through the continued fraction; it converges in about √max(a, b) terms where x is below the mean.
double fraction(double x, double a, double b) {
  constexpr double tiny = std::numeric_limits<double>::min();
  const auto away_from_zero = [](double v) { return std::abs(v) < tiny ? tiny : v; };
  double c = 1.0;
  double d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
  double result = d;
  const auto multiply = [&](double coefficient) {
    d = 1.0 / away_from_zero(1.0 + coefficient * d);
    c = away_from_zero(1.0 + coefficient / c);
    result *= c * d;
    return c * d;
  };
  for (int i = 1; i < 100000; ++i) {
    const double even = 2.0 * i;
    multiply(i * (b - i) * x / ((a + even - 1.0) * (a + even)));
    const double last = multiply(-(a + i) * (a + b + i) * x / ((a + even) * (a + even + 1.0)));
    if (std::abs(last - 1.0) < 1e-14) break;
  }
  return result;
}

}  // namespace

double beta_probability(double x, double a, double b) {
  if (!(x > 0.0)) return 0.0;
  if (x >= 1.0) return 1.0;
  if (x > (a + 1.0) / (a + b + 2.0)) return 1.0 - beta_probability(1.0 - x, b, a);
  const double log_front = std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x);
  return std::exp(log_front) / a * fraction(x, a, b);
}

double student_quantile(double level, double degrees_of_freedom) {
  // P(|T| > q) = P(Beta(ν/2, 1/2) ≤ ν / (ν + q²)).
  const double nu = degrees_of_freedom;
  const auto outside = [&](double q) { return beta_probability(nu / (nu + q * q), 0.5 * nu, 0.5); };
  double low = 0.0, high = 1.0;
  while (outside(high) > 1.0 - level) high *= 2.0;
  for (int i = 0; i < 60; ++i) (outside(0.5 * (low + high)) > 1.0 - level ? low : high) = 0.5 * (low + high);
  return high;
}

double standard_error_factor(int n) { return 0.5 * student_quantile(0.99, n - 1.0); }

}  // namespace thalweg
