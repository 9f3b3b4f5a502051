#include "thalweg/spectral/certificate.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "thalweg/spectral/lanczos.h"
#include "thalweg/spectral/operators.h"

namespace thalweg {
namespace {

at::Tensor spectrum_matrix(const std::vector<double>& values) { return at::diag(at::tensor(values, at::kDouble)); }

// A complete run has Σ_j π_j(λ)² = 1/(vᵀu)²: nothing is left to chance. With p = 2 by hand: A = diag(a, b), v = (c, s).
TEST(Certificate, WeightOfAnEigenvectorIsExactWhenTheRunIsComplete) {
  const double a = 3.0, b = -1.0, c = std::cos(0.3), s = std::sin(0.3);
  const double alpha = a * c * c + b * s * s, beta = std::abs((a - b) * c * s), other = a + b - alpha;
  const Recurrence run{.dimension = 2, .columns = {{alpha, beta}, {beta, other}}};
  EXPECT_NEAR(weight_bound(run, a), c * c, 1e-12);
  EXPECT_NEAR(weight_bound(run, b), s * s, 1e-12);
}

TEST(Certificate, OneProductTellsWhatCantelliSays) {
  // Of one product only the mean α and the scatter β are known: weight at μ ≤ β²/(β² + (μ−α)²), Cantelli's inequality.
  const Recurrence run{.dimension = 100, .columns = {{2.0, 0.5}}};
  EXPECT_NEAR(weight_bound(run, 3.0), 0.25 / (0.25 + 1.0), 1e-14);
}

TEST(Certificate, WeightBoundHoldsForEveryEigenvalueOfEveryRun) {
  const at::Tensor values = at::linspace(-1.0, 1.0, 40, at::kDouble).pow(3);
  const at::Tensor matrix = at::diag(values);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    DenseOperator a(matrix);
    const LanczosResult run = lanczos(a, {.certify = false, .max_products = 6, .seed = seed});
    // The start vector is the first of the basis.
    const at::Tensor weights = run.basis[0].square();
    for (std::int64_t i = 0; i < 40; ++i) {
      EXPECT_LE(weights[i].item<double>(), weight_bound(run.recurrence, values[i].item<double>()) * (1 + 1e-9));
    }
  }
}

// The promise, counted: the true extreme lies beyond the bound in at most the stated share of the runs. And the bound
// is of use: half of them come within a tenth of the truth, and some do miss it, as a bound that is not slack must.
TEST(Certificate, ExtremesLieBeyondTheBoundNoMoreOftenThanStated) {
  std::vector<double> values(400, 0.0);
  for (int i = 0; i < 400; ++i) values[static_cast<std::size_t>(i)] = std::sin(1.7 * i);
  values.push_back(1.1);
  const double miss = 0.5;
  const int runs = 400;
  int beyond = 0, near = 0;
  for (int seed = 0; seed < runs; ++seed) {
    DenseOperator a(spectrum_matrix(values));
    const LanczosResult run =
        lanczos(a, {.miss = miss, .certify = false, .max_products = 8, .seed = static_cast<std::uint64_t>(seed)});
    beyond += 1.1 > run.above ? 1 : 0;
    near += run.above < 1.1 * 1.1 ? 1 : 0;
  }
  EXPECT_LE(beyond, runs * miss + 3.0 * std::sqrt(runs * miss * (1 - miss)));
  EXPECT_GE(beyond, 1);
  EXPECT_GE(near, runs / 2);
}

TEST(Certificate, MissesAreRarerFurtherOutAndAfterMoreProducts) {
  DenseOperator a(at::diag(at::linspace(0.0, 1.0, 200, at::kDouble)));
  const LanczosResult run = lanczos(a, {.certify = false, .max_products = 12});
  EXPECT_GT(miss_probability(run.recurrence, 1.1), miss_probability(run.recurrence, 1.5));
  Recurrence shorter = run.recurrence;
  shorter.columns.resize(6);
  EXPECT_LT(miss_probability(run.recurrence, 1.5), miss_probability(shorter, 1.5));
}

TEST(Certificate, ASmallerRandomShareIsLessCertain) {
  const Recurrence run{.dimension = 100, .columns = {{0.0, 1.0}, {1.0, 0.0, 1.0}, {0.0, 1.0, 0.0, 1.0}}};
  Recurrence mixed = run;
  mixed.random_share = 0.1;
  EXPECT_NEAR(miss_probability(mixed, 10.0), 10.0 * miss_probability(run, 10.0), 1e-12);
}

TEST(Certificate, ClaimsNothingBelowTheRoundingOfTheProducts) {
  Recurrence run{.dimension = 10000, .columns = {{0.0, 1e-9}}};
  EXPECT_LT(miss_probability(run, 1.0), 1e-5);
  run.noise = 1e-5;
  EXPECT_GT(miss_probability(run, 1.0), 1e-3);
}

TEST(Certificate, OfAnEmptyRunTellsNothing) {
  const Recurrence run{.dimension = 10, .columns = {}};
  EXPECT_EQ(miss_probability(run, 5.0), 1.0);
  EXPECT_TRUE(std::isinf(upper_bound(run, 1.0, 0.01)));
  EXPECT_TRUE(std::isinf(lower_bound(run, 1.0, 0.01)));
}

}  // namespace
}  // namespace thalweg
