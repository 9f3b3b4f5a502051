#include "thalweg/spectral/conjugate_gradient.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/spectral/saddles.h"
#include "thalweg/spectral/operators.h"

namespace thalweg {
namespace {

using Exit = ConjugateGradientExit;

at::Tensor vector(const std::vector<double>& values) { return at::tensor(values, at::kDouble); }
double model(const at::Tensor& a, const at::Tensor& b, const at::Tensor& x) {
  return (0.5 * x.dot(at::mv(a, x)) - b.dot(x)).item<double>();
}
at::Tensor ones(std::int64_t p) { return at::ones({p}, at::kDouble); }

TEST(ConjugateGradient, SolvesAPositiveDefiniteSystem) {
  std::vector<double> values;
  for (int i = 1; i <= 80; ++i) values.push_back(0.1 * i);
  const at::Tensor a = with_spectrum(values, 1), b = ones(80);
  DenseOperator op(a);
  const auto result = conjugate_gradient(op, b, {.tolerance = 1e-10});
  EXPECT_EQ(result.exit, Exit::kConverged);
  EXPECT_LT((b - at::mv(a, result.x)).norm().item<double>(), 1e-10 * b.norm().item<double>() * 1.01);
  EXPECT_NEAR(result.model, model(a, b, result.x), 1e-9);
  EXPECT_EQ(result.products, op.cost().products);
  EXPECT_LT(result.products, 80);
}

TEST(ConjugateGradient, TakesAsManyStepsAsThereAreDifferentEigenvalues) {
  DenseOperator op(with_spectrum({1, 1, 1, 4, 4, 4, 9, 9}, 2));
  const auto result = conjugate_gradient(op, ones(8), {.tolerance = 1e-9});
  EXPECT_EQ(result.exit, Exit::kConverged);
  EXPECT_EQ(result.products, 3 + 1) << "and one product to compute the residual";
}

TEST(ConjugateGradient, ReturnsADirectionOfNegativeCurvature) {
  const at::Tensor a = with_spectrum({-0.5, 1, 2, 3, 4, 5}, 3), b = ones(6);
  DenseOperator op(a);
  const auto result = conjugate_gradient(op, b, {.tolerance = 1e-9});
  ASSERT_EQ(result.exit, Exit::kNegativeCurvature);
  EXPECT_NEAR(result.direction.norm().item<double>(), 1.0, 1e-12);
  EXPECT_NEAR(result.curvature, result.direction.dot(at::mv(a, result.direction)).item<double>(), 1e-12);
  EXPECT_LT(result.curvature, 0.0);
  EXPECT_GE(result.curvature, -0.5 - 1e-12);
}

TEST(ConjugateGradient, FollowsNegativeCurvatureToTheBoundary) {
  const at::Tensor a = with_spectrum({-0.5, 1, 2, 3, 4, 5}, 3), b = ones(6);
  DenseOperator op(a);
  const auto result = conjugate_gradient(op, b, {.tolerance = 1e-9, .radius = 100.0});
  ASSERT_EQ(result.exit, Exit::kNegativeCurvature);
  EXPECT_NEAR(result.x.norm().item<double>(), 100.0, 1e-9);
  EXPECT_NEAR(result.model, model(a, b, result.x), 1e-8 * std::abs(result.model));
}

TEST(ConjugateGradient, IsCutAtTheBoundary) {
  const at::Tensor a = with_spectrum({1, 2, 3, 4, 5, 6}, 4), b = ones(6);
  DenseOperator op(a);
  const auto result = conjugate_gradient(op, b, {.tolerance = 1e-9, .radius = 0.3});
  EXPECT_EQ(result.exit, Exit::kBoundary);
  EXPECT_NEAR(result.x.norm().item<double>(), 0.3, 1e-12);
  // At least as low as the Cauchy point, the minimiser along b in the ball.
  const double bb = b.dot(b).item<double>(), bab = b.dot(at::mv(a, b)).item<double>();
  EXPECT_LE(result.model, model(a, b, b * std::min(bb / bab, 0.3 / std::sqrt(bb))) + 1e-12);
}

TEST(ConjugateGradient, StopsAtTheLimitOfProducts) {
  DenseOperator op(with_spectrum({1, 2, 3, 4, 5, 6, 7, 8}, 5));
  const auto result = conjugate_gradient(op, ones(8), {.tolerance = 1e-9, .max_products = 4});
  EXPECT_EQ(result.exit, Exit::kProductLimit);
  EXPECT_EQ(result.products, 4);
}

TEST(ConjugateGradient, CurvatureBelowRoundingIsCalledFlat) {
  DenseOperator op(at::diag(vector({1.0, 0.0})));
  const auto result = conjugate_gradient(op, vector({1.0, 1.0}), {.tolerance = 1e-9});
  EXPECT_EQ(result.exit, Exit::kFlat);
  EXPECT_NEAR(std::abs(result.direction[1].item<double>()), 1.0, 1e-7);
  DenseOperator constant(at::zeros({3, 3}, at::kDouble));
  EXPECT_EQ(conjugate_gradient(constant, ones(3)).exit, Exit::kFlat);
}

TEST(ConjugateGradient, AZeroGradientIsSolvedByNothing) {
  DenseOperator op(at::diag(vector({-1.0, 2.0})));
  const auto result = conjugate_gradient(op, at::zeros({2}, at::kDouble));
  EXPECT_EQ(result.exit, Exit::kConverged);
  EXPECT_EQ(result.products, 0);
  EXPECT_TRUE(at::equal(result.x, at::zeros({2}, at::kDouble)));
}

TEST(ConjugateGradient, WhatIsNotFiniteIsSaid) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  DenseOperator bad(at::diag(vector({1.0, nan}))), good(at::diag(vector({1.0, 2.0})));
  EXPECT_EQ(conjugate_gradient(bad, ones(2)).exit, Exit::kNotFinite);
  EXPECT_EQ(conjugate_gradient(good, vector({nan, 1.0})).exit, Exit::kNotFinite);
}

TEST(ConjugateGradient, TheScaleOfTheLossChangesNothing) {
  const at::Tensor a = with_spectrum({1, 2, 3, 4, 5, 6, 7, 8}, 6).to(at::kFloat), b = at::ones({8});
  DenseOperator op(a);
  const auto plain = conjugate_gradient(op, b, {.tolerance = 1e-5});
  for (const double scale : {0x1p-40, 0x1p40}) {
    DenseOperator scaled(a * scale);
    const auto result = conjugate_gradient(scaled, b * scale, {.tolerance = 1e-5});
    EXPECT_EQ(result.exit, plain.exit);
    EXPECT_EQ(result.products, plain.products);
    EXPECT_TRUE(at::allclose(result.x, plain.x, 1e-5));
  }
}

TEST(ConjugateGradient, WorksOnHalfPrecisionVectors) {
  DenseOperator op(at::diag(vector({1.0, 2.0, 4.0})).to(at::kHalf));
  const auto result = conjugate_gradient(op, at::ones({3}, at::kHalf), {.tolerance = 1e-2});
  EXPECT_EQ(result.exit, Exit::kConverged);
  EXPECT_TRUE(at::allclose(result.x, at::tensor({1.0F, 0.5F, 0.25F}), 2e-2));
}

TEST(ConjugateGradient, OptionsThatCannotBeMet) {
  DenseOperator op(at::diag(vector({1.0, 2.0})));
  EXPECT_THROW(conjugate_gradient(op, ones(3)), std::invalid_argument);
  EXPECT_THROW(conjugate_gradient(op, ones(2), {.tolerance = 0.0}), std::invalid_argument);
  EXPECT_THROW(conjugate_gradient(op, ones(2), {.radius = -1.0}), std::invalid_argument);
  EXPECT_THROW(conjugate_gradient(op, ones(2), {.max_products = 0}), std::invalid_argument);
}

}  // namespace
}  // namespace thalweg
