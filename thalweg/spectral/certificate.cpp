#include "thalweg/spectral/certificate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace thalweg {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kHuge = 1e200;     // a weight below its inverse is none
constexpr double kResolved = 10.0;  // a part of a vector is seen where it is so many times the noise

double largest(const Recurrence& recurrence) {
  double result = 0.0;
  for (const auto& column : recurrence.columns) {
    for (const double entry : column) result = std::max(result, std::abs(entry));
  }
  return result;
}

// ln det of a small symmetric positive definite matrix, row by row; −infinity where it is singular.
double log_determinant(std::vector<double> a, std::size_t n) {
  double sum = 0.0;
  for (std::size_t k = 0; k < n; ++k) {
    const double pivot = a[k * n + k];
    if (!(pivot > 0.0)) return -kInfinity;
    sum += std::log(pivot);
    for (std::size_t i = k + 1; i < n; ++i) {
      const double factor = a[i * n + k] / pivot;
      for (std::size_t j = k; j < n; ++j) a[i * n + j] -= factor * a[k * n + j];
    }
  }
  return sum;
}

// ln det Σ_j s_jᵀ s_j, where v_jᵀu = s_j · (the start vectors' parts of u), s_j a row of `block` numbers.
double log_growth(const Recurrence& recurrence, double mu) {
  const auto b = static_cast<std::size_t>(recurrence.block);
  std::vector<double> s(b * b, 0.0), gram(b * b, 0.0);
  for (std::size_t i = 0; i < b; ++i) s[i * b + i] = gram[i * b + i] = 1.0;
  for (std::size_t j = 0; j < recurrence.columns.size(); ++j) {
    const auto& column = recurrence.columns[j];
    const std::size_t old = s.size() / b;  // vectors so far; one more where the product brought something new
    std::vector<double> next(b);
    for (std::size_t c = 0; c < b; ++c) {
      next[c] = mu * s[j * b + c];
      for (std::size_t i = 0; i < old; ++i) next[c] -= column[i] * s[i * b + c];
    }
    if (column.size() <= old) continue;
    for (std::size_t c = 0; c < b; ++c) {
      next[c] /= column[old];
      if (!(std::abs(next[c]) < kHuge)) return 2.0 * std::log(kHuge);
    }
    for (std::size_t c = 0; c < b; ++c) {
      for (std::size_t d = 0; d < b; ++d) gram[c * b + d] += next[c] * next[d];
    }
    s.insert(s.end(), next.begin(), next.end());
  }
  return log_determinant(std::move(gram), b);
}

// Steps outwards until nothing is missed, then halves the interval.
double bound(const Recurrence& recurrence, double from, double direction, double miss) {
  const double scale = std::max(std::abs(from), largest(recurrence));
  const auto missed = [&](double step) { return miss_probability(recurrence, from + direction * step) > miss; };
  double outer = 1e-6 * scale;
  while (missed(outer)) {
    outer *= 2.0;
    if (!(outer < 1e6 * scale)) return scale == 0.0 && !recurrence.columns.empty() ? from : direction * kInfinity;
  }
  double inner = 0.0;
  for (int i = 0; i < 40; ++i) (missed(0.5 * (inner + outer)) ? inner : outer) = 0.5 * (inner + outer);
  return from + direction * outer;
}

}  // namespace

double weight_bound(const Recurrence& recurrence, double mu) {
  return std::exp(-log_growth(recurrence, mu) / recurrence.block);
}

// Whatever the polynomials say, a part of the eigenvector below the rounding of a product may have been there unseen.
double least_miss(const Recurrence& recurrence) {
  const double dimension = static_cast<double>(recurrence.dimension);
  const double unseen = std::sqrt(2.0 * dimension / std::numbers::pi) * kResolved * recurrence.noise;
  return std::min(1.0, std::pow(unseen, recurrence.block));
}

double miss_probability(const Recurrence& recurrence, double mu) {
  // The density of b coordinates of a random unit vector is at most (p/2π)^(b/2); the ellipsoid sᵀ(gram)s ≤ 1 has the
  // volume π^(b/2) / (Γ(b/2 + 1) √det).
  const double half = 0.5 * recurrence.block;
  const double dimension = static_cast<double>(recurrence.dimension);
  const double log_density = half * std::log(dimension / (2.0 * std::numbers::pi)) - std::log(recurrence.random_share);
  const double log_ball = half * std::log(std::numbers::pi) - std::lgamma(half + 1.0);
  const double missed = std::exp(log_density + log_ball - 0.5 * log_growth(recurrence, mu));
  return std::min(1.0, std::max(missed, least_miss(recurrence)));
}

double upper_bound(const Recurrence& recurrence, double from, double miss) {
  return bound(recurrence, from, 1.0, miss);
}

double lower_bound(const Recurrence& recurrence, double from, double miss) {
  return bound(recurrence, from, -1.0, miss);
}

}  // namespace thalweg
