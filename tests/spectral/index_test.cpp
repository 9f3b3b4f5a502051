#include "thalweg/spectral/index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/spectral/saddles.h"
#include "thalweg/spectral/lanczos.h"
#include "thalweg/spectral/operators.h"

namespace thalweg {
namespace {

at::Tensor diagonal(const std::vector<double>& values) { return at::diag(at::tensor(values, at::kDouble)); }

// 20 negative, 180 positive, with a gap around zero.
std::vector<double> gapped(int negative, int p) {
  std::vector<double> values;
  for (int i = 0; i < p; ++i) values.push_back(i < negative ? -1.0 - 0.1 * i : 1.0 + 0.05 * i);
  return values;
}

// P(more than `wrong` of n) where each is wrong with probability q: is it still plausible?
bool plausible(int wrong, int n, double q) { return wrong <= n * q + 3.0 * std::sqrt(n * q * (1.0 - q)); }

TEST(IndexBounds, LowerIsNeverAboveTheTruthAndUpperIsWrongNoMoreOftenThanStated) {
  int wrong = 0, known = 0;
  const int count = 500;
  for (std::uint64_t seed = 0; seed < count; ++seed) {
    const std::int64_t p = 1 + static_cast<std::int64_t>(seed * 37 % 120);
    const Saddle saddle = random_saddle(p, seed);
    DenseOperator a(saddle.matrix);
    const IndexBounds bounds = index_bounds(
        a, {.confidence = 0.8, .products = static_cast<int>(std::max<std::int64_t>(1, p / 3)), .seed = seed});
    ASSERT_LE(bounds.lower, saddle.below(0.0)) << "p " << p << ", seed " << seed;
    ASSERT_LE(bounds.products, std::max<std::int64_t>(1, p / 3));
    known += bounds.upper.has_value() ? 1 : 0;
    wrong += bounds.upper.has_value() && *bounds.upper < saddle.below(-bounds.epsilon) ? 1 : 0;
  }
  EXPECT_TRUE(plausible(wrong, count, 0.2)) << wrong << " of " << count;
  EXPECT_GT(known, count / 2) << "a bound that never says anything is not wrong either";
}

// A cloud of eigenvalues on both sides of zero: nothing is found one by one, only the weight tells.
TEST(IndexBounds, TheWeightAloneIsWrongNoMoreOftenThanStated) {
  const int count = 300, p = 100;
  int wrong = 0;
  for (std::uint64_t seed = 0; seed < count; ++seed) {
    std::vector<double> values;
    for (int i = 0; i < p; ++i) values.push_back(i < 30 ? -1.0 : 1.0 + 1e-3 * i);
    DenseOperator a(with_spectrum(values, seed));
    const IndexBounds bounds = index_bounds(a, {.epsilon = 0.1, .confidence = 0.7, .products = 6, .seed = seed});
    ASSERT_TRUE(bounds.upper.has_value());
    EXPECT_LT(*bounds.upper, 70) << "30 are negative: the weight should say so roughly";
    wrong += *bounds.upper < 30 ? 1 : 0;
  }
  EXPECT_TRUE(plausible(wrong, count, 0.3)) << wrong << " of " << count;
}

TEST(IndexBounds, AGapAroundZeroIsSettledExactlyAtAFractionOfTheDimension) {
  DenseOperator a(with_spectrum(gapped(3, 400), 1));
  const IndexBounds bounds = index_bounds(a, {.confidence = 0.99, .products = 200});
  EXPECT_EQ(bounds.lower, 3);
  EXPECT_EQ(bounds.upper, 3);
  EXPECT_LT(bounds.products, 150);
}

TEST(IndexBounds, AMinimumIsCertified) {
  DenseOperator a(with_spectrum(gapped(0, 300), 2));
  const IndexBounds bounds = index_bounds(a, {.confidence = 0.99, .products = 100});
  EXPECT_EQ(bounds.lower, 0);
  EXPECT_EQ(bounds.upper, 0);
  EXPECT_EQ(bounds.certified_count, 0);
  EXPECT_LE(bounds.certified_below, 0.0);
}

TEST(IndexBounds, CopiesOfOneEigenvalueAreNotOverlooked) {
  std::vector<double> values(100, 1.0);
  std::fill_n(values.begin(), 4, -2.0);
  DenseOperator a(with_spectrum(values, 3));
  const IndexBounds bounds = index_bounds(a, {.confidence = 0.99, .products = 60});
  EXPECT_EQ(bounds.lower, 4) << "one run sees one copy; the next ones see the others";
  EXPECT_EQ(bounds.upper, 4);
}

TEST(IndexBounds, TheBudgetOfTheDimensionGivesTheIndexExactly) {
  const Saddle saddle = random_saddle(40, 8);
  DenseOperator a(saddle.matrix);
  const IndexBounds bounds = index_bounds(a, {.products = 40});
  EXPECT_EQ(bounds.lower, saddle.below(-bounds.epsilon));
  EXPECT_EQ(bounds.upper, bounds.lower);
  EXPECT_EQ(bounds.confidence, 1.0);
}

TEST(IndexBounds, OneParameter) {
  DenseOperator down(diagonal({-3.0})), up(diagonal({3.0})), flat(diagonal({0.0}));
  EXPECT_EQ(index_bounds(down).upper, 1);
  EXPECT_EQ(index_bounds(down).lower, 1);
  EXPECT_EQ(index_bounds(up).upper, 0);
  EXPECT_EQ(index_bounds(flat).upper, 0);
}

TEST(IndexBounds, AConstantLossHasNone) {
  DenseOperator a(at::zeros({50, 50}, at::kDouble));
  const IndexBounds bounds = index_bounds(a, {.products = 10});
  EXPECT_EQ(bounds.lower, 0);
  EXPECT_EQ(bounds.upper, 0);
}

TEST(IndexBounds, DirectionsThatAreKnownNeedNoNewSearch) {
  DenseOperator a(with_spectrum(gapped(3, 400), 4));
  const LanczosResult found = lanczos(a, {.top = 1, .bottom = 3, .tolerance = 1e-6});
  const IndexBounds cold = index_bounds(a, {.products = 200});
  const IndexBounds warm = index_bounds(a, {.products = 200, .basis = found.basis, .projection = found.projection});
  EXPECT_EQ(warm.lower, 3);
  EXPECT_EQ(warm.upper, 3);
  EXPECT_LT(warm.products, cold.products);
}

TEST(IndexBounds, ABudgetTooSmallSaysWhichThresholdIsSettled) {
  std::vector<double> values = gapped(2, 500);
  for (int i = 2; i < 500; ++i) values[static_cast<std::size_t>(i)] = 1e-4 * i;  // dense next to zero
  DenseOperator a(with_spectrum(values, 5));
  const IndexBounds bounds = index_bounds(a, {.products = 60});
  EXPECT_EQ(bounds.lower, 2);
  EXPECT_EQ(bounds.certified_count, 2);
  EXPECT_GT(bounds.certified_below, -0.5);
  EXPECT_LT(bounds.certified_below, 0.0);
}

TEST(IndexBounds, TheBoundsDoNotDependOnTheScaleOfTheLoss) {
  const at::Tensor matrix = with_spectrum(gapped(4, 150), 6);
  DenseOperator a(matrix), tiny(matrix * 0x1p-40), huge(matrix * 0x1p40);
  const IndexOptions options{.products = 80};
  EXPECT_EQ(index_bounds(tiny, options).upper, index_bounds(a, options).upper);
  EXPECT_EQ(index_bounds(huge, options).upper, index_bounds(a, options).upper);
  EXPECT_DOUBLE_EQ(index_bounds(tiny, options).epsilon, 0x1p-40 * index_bounds(a, options).epsilon);
}

TEST(IndexBounds, HalfPrecisionClaimsNothingBelowItsRounding) {
  std::vector<double> values = gapped(2, 60);
  values[5] = -1e-4;
  DenseOperator a(diagonal(values).to(at::kHalf));
  const IndexBounds bounds = index_bounds(a, {.products = 60});
  EXPECT_EQ(bounds.lower, 2);
  EXPECT_GT(bounds.epsilon, 1e-3);
}

TEST(IndexBounds, ProductsThatAreNotFiniteEndIt) {
  DenseOperator a(at::full({5, 5}, std::numeric_limits<double>::quiet_NaN(), at::kDouble));
  EXPECT_THROW(index_bounds(a, {.products = 3}), NotFinite);
}

TEST(IndexBounds, OptionsThatCannotBeMet) {
  DenseOperator a(diagonal({1.0, 2.0}));
  EXPECT_THROW(index_bounds(a, {.epsilon = -1.0}), std::invalid_argument);
  EXPECT_THROW(index_bounds(a, {.confidence = 1.0}), std::invalid_argument);
  EXPECT_THROW(index_bounds(a, {.products = 0}), std::invalid_argument);
  EXPECT_THROW(index_bounds(a, {.products = 1, .basis = at::eye(2, at::kDouble)}), std::invalid_argument);
  EXPECT_THROW(index_bounds(a, {.products = 1, .basis = at::eye(3, at::kDouble), .projection = at::eye(3)}),
               std::invalid_argument);
}

}  // namespace
}  // namespace thalweg
