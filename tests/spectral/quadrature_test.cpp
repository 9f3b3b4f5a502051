#include "thalweg/spectral/quadrature.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/spectral/saddles.h"
#include "thalweg/spectral/krylov.h"
#include "thalweg/spectral/operators.h"

namespace thalweg {
namespace {

struct StartedRun {
  Recurrence recurrence;
  std::vector<double> spectrum, weights;  // of the start vector, by the dense eigenvectors
  double up_to(double x) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < spectrum.size(); ++i) sum += spectrum[i] <= x ? weights[i] : 0.0;
    return sum;
  }
};

StartedRun started_run(std::int64_t p, int steps, std::uint64_t seed) {
  const at::Tensor a = with_spectrum(random_saddle(p, 4 * seed).spectrum, seed);
  DenseOperator op(a / a.abs().max());
  at::Tensor v = random_orthogonal(p, seed + 1000)[0].contiguous();
  Krylov space(op, v.unsqueeze(0), steps, seed);
  for (int i = 0; i < steps; ++i) space.extend();
  const auto [values, vectors] = at::linalg_eigh(a / a.abs().max());
  StartedRun result{.recurrence = space.recurrence(), .spectrum = {}, .weights = {}};
  const at::Tensor weights = at::mv(vectors.t(), v).square();
  for (std::int64_t i = 0; i < p; ++i) {
    result.spectrum.push_back(values[i].item<double>());
    result.weights.push_back(weights[i].item<double>());
  }
  return result;
}

TEST(GaussQuadrature, IntegratesPolynomialsOfTwiceItsDegreeExactly) {
  const StartedRun r = started_run(60, 5, 1);
  const Quadrature rule = gauss_quadrature(r.recurrence);
  for (int degree = 0; degree <= 9; ++degree) {
    double truth = 0.0, value = 0.0;
    for (std::size_t i = 0; i < r.spectrum.size(); ++i) truth += r.weights[i] * std::pow(r.spectrum[i], degree);
    for (std::size_t j = 0; j < rule.nodes.size(); ++j) value += rule.weights[j] * std::pow(rule.nodes[j], degree);
    EXPECT_NEAR(value, truth, 1e-12 * std::max(1.0, std::abs(truth))) << "degree " << degree;
  }
}

TEST(WeightUpTo, IsAnUpperBoundForEveryPointAndSpectrum) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const StartedRun r = started_run(40, 1 + static_cast<int>(seed % 12), seed);
    for (double x = -1.2; x < 1.2; x += 0.0123) {
      EXPECT_GE(weight_up_to(r.recurrence, x), r.up_to(x) - 1e-9) << "seed " << seed << ", x " << x;
    }
  }
}

TEST(WeightUpTo, SharpensWithTheSteps) {
  const StartedRun few = started_run(60, 4, 3), many = started_run(60, 30, 3);
  double excess_few = 0.0, excess_many = 0.0;
  for (double x = -0.5; x < 1.0; x += 0.01) {
    excess_few += weight_up_to(few.recurrence, x) - few.up_to(x);
    excess_many += weight_up_to(many.recurrence, x) - many.up_to(x);
  }
  EXPECT_LT(excess_many, 0.5 * excess_few);
}

TEST(WeightUpTo, BesideAllNodesItIsTheBoundForOneEigenvalue) {
  const StartedRun r = started_run(60, 8, 5);
  const double x = r.spectrum.front() - 0.1;
  EXPECT_NEAR(weight_up_to(r.recurrence, x) / weight_bound(r.recurrence, x), 1.0, 1e-6);
}

}  // namespace
}  // namespace thalweg
