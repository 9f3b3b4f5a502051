#include "thalweg/spectral/lanczos.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "thalweg/spectral/operators.h"

namespace thalweg {
namespace {

// A random rotation of the given spectrum.
at::Tensor rotated(const at::Tensor& values, std::uint64_t seed) {
  at::manual_seed(seed);
  const std::int64_t p = values.numel();
  const at::Tensor q = std::get<0>(at::linalg_qr(at::randn({p, p}, at::kDouble)));
  return at::mm(q * values, q.t());
}

at::Tensor outliers_on_a_bulk(std::int64_t p = 300) {
  at::Tensor values = at::linspace(-0.2, 1.0, p, at::kDouble);
  values[p - 1] = 8.0;
  values[p - 2] = 5.0;
  values[p - 3] = 3.0;
  values[0] = -2.0;
  values[1] = -1.5;
  return values;
}

double nearest(const at::Tensor& values, double value) { return (values - value).abs().min().item<double>(); }

TEST(Lanczos, FindsBothEndsOfAKnownSpectrum) {
  const at::Tensor values = outliers_on_a_bulk();
  DenseOperator a(rotated(values, 1));
  const LanczosResult r = lanczos(a, {.top = 3, .bottom = 2});
  ASSERT_TRUE(r.converged);
  const double top[] = {8.0, 5.0, 3.0}, bottom[] = {-2.0, -1.5};
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(r.top[i].value, top[i], 1e-3 * top[i]);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_NEAR(r.bottom[i].value, bottom[i], 1e-3 * -bottom[i]);
  EXPECT_GE(r.above, 8.0 - 1e-12);
  EXPECT_LE(r.above, 8.0 * 1.05);
  EXPECT_LE(r.below, -2.0 + 1e-12);
  EXPECT_EQ(r.products, a.cost().products) << "the products that it says are the products that it made";
}

TEST(Lanczos, ResidualIsThatOfTheOperator) {
  DenseOperator a(rotated(outliers_on_a_bulk(), 2));
  for (const int products : {4, 9, 17}) {
    const LanczosResult r = lanczos(a, {.top = 2, .bottom = 1, .certify = false, .max_products = products});
    for (const auto& pairs : {r.top, r.bottom}) {
      for (const RitzPair& pair : pairs) {
        const double residual = (a.apply(pair.vector) - pair.value * pair.vector).norm().item<double>();
        EXPECT_NEAR(pair.residual, residual, 1e-10);
        EXPECT_NEAR(pair.vector.norm().item<double>(), 1.0, 1e-12);
      }
    }
  }
}

TEST(Lanczos, ErrorBoundHoldsHoweverEarlyItStops) {
  const at::Tensor values = outliers_on_a_bulk();
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    DenseOperator a(at::diag(values));
    for (const int products : {3, 6, 12, 24}) {
      const LanczosResult r = lanczos(a, {.top = 2, .bottom = 1, .max_products = products, .seed = seed});
      EXPECT_LE(nearest(values, r.top[0].value), r.top[0].residual + r.noise);
      if (r.top[0].converged) EXPECT_LE(nearest(values, r.top[0].value), r.top[0].error);
    }
  }
}

// Two eigenvalues at the edge a few percent apart: what a residual alone takes for the extreme one.
TEST(Lanczos, DoesNotTakeTheSecondEigenvalueForTheFirst) {
  at::Tensor values = at::linspace(-1.0, 1.0, 2000, at::kDouble);
  values[1999] = 2.0;
  values[1998] = 1.85;
  int wrong = 0, residual_alone = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    DenseOperator a(at::diag(values));
    const LanczosResult r = lanczos(a, {.top = 1, .seed = seed});
    wrong += r.converged && std::abs(r.top[0].value - 2.0) > 2e-3 ? 1 : 0;
    ASSERT_TRUE(r.converged);
    const LanczosResult eager = lanczos(a, {.top = 1, .certify = false, .seed = seed});
    residual_alone += eager.converged && std::abs(eager.top[0].value - 2.0) > 2e-3 ? 1 : 0;
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(residual_alone, 0) << "then this test shows nothing";
}

TEST(Lanczos, ThickRestartComesToTheSameEnd) {
  const at::Tensor values = at::linspace(-1.0, 1.0, 500, at::kDouble).pow(3);
  DenseOperator a(rotated(values, 3));
  const LanczosResult whole = lanczos(a, {.top = 2, .bottom = 2, .certify = false, .max_vectors = 400});
  const LanczosResult small = lanczos(a, {.top = 2, .bottom = 2, .certify = false, .max_vectors = 16});
  ASSERT_TRUE(whole.converged);
  ASSERT_TRUE(small.converged);
  EXPECT_GT(small.products, 16);
  EXPECT_LE(small.ritz_values.size(), 16U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_NEAR(small.top[i].value, whole.top[i].value, 1e-3 * whole.top[i].value);
    EXPECT_NEAR(small.bottom[i].value, whole.bottom[i].value, 1e-3 * -whole.bottom[i].value);
    const at::Tensor y = small.top[i].vector;
    EXPECT_NEAR((a.apply(y) - small.top[i].value * y).norm().item<double>(), small.top[i].residual, 1e-10);
  }
}

TEST(Lanczos, StartedFromEarlierVectorsNeedsFewerProducts) {
  at::Tensor values = at::linspace(-1.0, 1.0, 1000, at::kDouble);
  values[999] = 1.6;
  values[998] = 1.3;
  DenseOperator before(at::diag(values));
  const LanczosResult cold = lanczos(before, {.top = 2, .tolerance = 1e-2, .certify = false});
  const at::Tensor start = at::stack({cold.top[0].vector, cold.top[1].vector});
  at::manual_seed(8);
  const at::Tensor change = at::randn({1000}, at::kDouble) * 3e-3;
  DenseOperator after(at::diag(values) + at::outer(change, change));
  const LanczosResult anew = lanczos(after, {.top = 1, .tolerance = 1e-2, .certify = false});
  const LanczosResult warm = lanczos(after, {.top = 1, .tolerance = 1e-2, .certify = false, .start = start});
  ASSERT_TRUE(warm.converged);
  EXPECT_NEAR(warm.top[0].value, anew.top[0].value, 2e-2 * anew.top[0].value);
  EXPECT_LT(warm.products, anew.products);
}

// The two leading eigenvalues change places while the vectors stay: the old leading vector is now the second.
TEST(Lanczos, FollowsEigenvaluesThatCross) {
  at::Tensor values = outliers_on_a_bulk();
  at::Tensor start = at::zeros({2, 300}, at::kDouble);
  start[0][299] = 1.0;
  start[1][298] = 1.0;
  values[299] = 5.0;
  values[298] = 6.0;
  DenseOperator a(at::diag(values));
  const LanczosResult r = lanczos(a, {.top = 1, .tolerance = 1e-2, .certify = false, .start = start});
  EXPECT_NEAR(r.top[0].value, 6.0, 0.06);
}

TEST(Lanczos, ABlockFindsARepeatedEigenvalueAsOftenAsItIsThere) {
  at::Tensor values = at::linspace(-1.0, 1.0, 200, at::kDouble);
  values[199] = values[198] = 4.0;
  DenseOperator a(rotated(values, 5));
  const LanczosResult block = lanczos(a, {.top = 3, .block = 2});
  EXPECT_NEAR(block.top[0].value, 4.0, 1e-3);
  EXPECT_NEAR(block.top[1].value, 4.0, 1e-3);
  EXPECT_LT(block.top[2].value, 1.1);
  const LanczosResult single = lanczos(a, {.top = 1});
  ASSERT_TRUE(single.converged) << "the value is certain; how often it is there is not asked";
  EXPECT_NEAR(single.top[0].value, 4.0, 4e-3);
}

TEST(Lanczos, ScalingTheOperatorScalesEverythingAndNothingElse) {
  const at::Tensor matrix = rotated(outliers_on_a_bulk(), 6);
  DenseOperator a(matrix);
  const LanczosResult one = lanczos(a, {.top = 2, .bottom = 1});
  for (const double scale : {1e-12, 1e12}) {
    DenseOperator scaled(matrix * scale);
    const LanczosResult r = lanczos(scaled, {.top = 2, .bottom = 1});
    EXPECT_EQ(r.products, one.products);
    EXPECT_EQ(r.converged, one.converged);
    EXPECT_NEAR(r.top[0].value / scale, one.top[0].value, 1e-9);
    EXPECT_NEAR(r.bottom[0].value / scale, one.bottom[0].value, 1e-9);
    EXPECT_NEAR(r.above / scale, one.above, 1e-6);
  }
}

TEST(Lanczos, SmallAndDegenerateOperators) {
  DenseOperator one(at::full({1, 1}, -3.0, at::kDouble));
  const LanczosResult single = lanczos(one, {.top = 1, .bottom = 1});
  EXPECT_TRUE(single.converged);
  EXPECT_NEAR(single.top[0].value, -3.0, 1e-14);
  EXPECT_NEAR(single.bottom[0].value, -3.0, 1e-14);

  DenseOperator zero(at::zeros({50, 50}, at::kDouble));
  const LanczosResult nothing = lanczos(zero, {.top = 1, .bottom = 1});
  EXPECT_TRUE(nothing.converged);
  EXPECT_EQ(nothing.top[0].value, 0.0);
  EXPECT_EQ(nothing.above, 0.0);

  DenseOperator identity(at::eye(50, at::kDouble));
  const LanczosResult ones = lanczos(identity, {.top = 1, .bottom = 1});
  EXPECT_TRUE(ones.converged);
  EXPECT_NEAR(ones.top[0].value, 1.0, 1e-14);
  EXPECT_LE(ones.products, 4);

  const at::Tensor v = at::ones({50}, at::kDouble) / std::sqrt(50.0);
  DenseOperator rank_one(at::outer(v, v) * 7.0);
  const LanczosResult r = lanczos(rank_one, {.top = 1, .bottom = 1});
  EXPECT_TRUE(r.converged);
  EXPECT_NEAR(r.top[0].value, 7.0, 1e-12);
  EXPECT_NEAR(r.bottom[0].value, 0.0, 1e-12);
  EXPECT_LE(r.products, 5);
}

TEST(Lanczos, Float32StopsAtItsRounding) {
  const at::Tensor values = outliers_on_a_bulk();
  DenseOperator a(rotated(values, 7).to(at::kFloat));
  const LanczosResult r = lanczos(a, {.top = 3, .bottom = 2});
  ASSERT_TRUE(r.converged);
  EXPECT_NEAR(r.top[0].value, 8.0, 8e-3);
  EXPECT_NEAR(r.bottom[1].value, -1.5, 1.5e-3);
  EXPECT_GT(r.noise, 5e-8 * 8.0);
  EXPECT_LT(r.noise, 1e-4);
}

TEST(Lanczos, StopsAtItsLimitAndSaysSo) {
  DenseOperator a(at::diag(at::linspace(0.0, 1.0, 400, at::kDouble)));
  const LanczosResult r = lanczos(a, {.top = 1, .max_products = 5});
  EXPECT_FALSE(r.converged);
  EXPECT_FALSE(r.top[0].converged);
  EXPECT_EQ(r.products, 5);
  EXPECT_GT(r.above, 1.0);
}

TEST(Lanczos, AProductThatIsNotFiniteEndsTheSearch) {
  at::Tensor matrix = at::eye(10, at::kDouble);
  matrix[3][4] = matrix[4][3] = std::numeric_limits<double>::quiet_NaN();
  DenseOperator a(matrix);
  EXPECT_THROW(lanczos(a, {.top = 1}), NotFinite);
}

TEST(Lanczos, LeavesTheGlobalRandomStreamAlone) {
  at::manual_seed(3);
  const at::Tensor expected = at::rand({3});
  at::manual_seed(3);
  DenseOperator a(at::diag(at::linspace(0.0, 1.0, 50, at::kDouble)));
  lanczos(a, {.top = 1});
  EXPECT_TRUE(at::equal(at::rand({3}), expected));
}

TEST(Lanczos, RefusesWhatCannotBeMet) {
  DenseOperator a(at::eye(500, at::kDouble));
  EXPECT_THROW(lanczos(a, {.top = 0, .bottom = 0}), std::invalid_argument);
  EXPECT_THROW(lanczos(a, {.tolerance = 0.0}), std::invalid_argument);
  EXPECT_THROW(lanczos(a, {.miss = 1.0}), std::invalid_argument);
  EXPECT_THROW(lanczos(a, {.top = 30, .max_vectors = 40}), std::invalid_argument);
  EXPECT_THROW(lanczos(a, {.start = at::ones({2, 7}, at::kDouble)}), std::invalid_argument);
}

}  // namespace
}  // namespace thalweg
