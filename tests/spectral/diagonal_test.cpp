#include "thalweg/spectral/diagonal.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/spectral/saddles.h"
#include "thalweg/spectral/lanczos.h"
#include "thalweg/spectral/operators.h"

namespace thalweg {
namespace {

std::vector<double> slope(int p) {
  std::vector<double> values;
  for (int i = 0; i < p; ++i) values.push_back(5.0 / (1 + i) - 0.1);
  return values;
}

TEST(Diagonal, TwoStandardErrorsHoldTheTruthIn95Of100Entries) {
  const at::Tensor matrix = with_spectrum(slope(400), 1);
  DenseOperator a(matrix);
  for (const int products : {5, 30}) {
    const DiagonalEstimate estimate = estimate_diagonal(a, {.products = products});
    const at::Tensor inside = (estimate.value - matrix.diagonal()).abs() <= 2.0 * estimate.standard_error;
    EXPECT_GE(inside.to(at::kDouble).mean().item<double>(), 0.95);
    EXPECT_EQ(estimate.products, products);
  }
}

TEST(Diagonal, TheErrorFallsWithTheRootOfTheProbes) {
  DenseOperator a(with_spectrum(slope(400), 2));
  const double few = estimate_diagonal(a, {.products = 20}).standard_error.mean().item<double>();
  const double many = estimate_diagonal(a, {.products = 320}).standard_error.mean().item<double>();
  EXPECT_NEAR(few / many, 4.0 * 1.43 / 1.30, 0.4) << "four, and Student's factor for 20 over that for 320";
}

TEST(Diagonal, OfADiagonalOperatorIsExact) {
  const at::Tensor diagonal = at::tensor(slope(50), at::kDouble);
  DenseOperator a(at::diag(diagonal));
  const DiagonalEstimate estimate = estimate_diagonal(a, {.products = 3});
  EXPECT_TRUE(at::allclose(estimate.value, diagonal, 1e-12));
  EXPECT_LT(estimate.standard_error.max().item<double>(), 1e-12);
}

TEST(Diagonal, IsExactWhereTheBudgetReachesTheDimension) {
  const at::Tensor matrix = with_spectrum(slope(12), 3);
  DenseOperator a(matrix), one(at::full({1, 1}, 2.0, at::kDouble));
  EXPECT_TRUE(at::allclose(estimate_diagonal(a, {.products = 12}).value, matrix.diagonal()));
  EXPECT_EQ(estimate_diagonal(one, {.products = 1}).value.item<double>(), 2.0);
}

TEST(Diagonal, ScalesWithTheLoss) {
  const at::Tensor matrix = with_spectrum(slope(60), 4).to(at::kFloat);
  DenseOperator a(matrix), tiny(matrix * 0x1p-40), huge(matrix * 0x1p40);
  const DiagonalEstimate plain = estimate_diagonal(a);
  EXPECT_TRUE(at::allclose(estimate_diagonal(tiny).value * 0x1p40, plain.value));
  EXPECT_TRUE(at::allclose(estimate_diagonal(huge).standard_error * 0x1p-40, plain.standard_error, 1e-4));
}

TEST(Diagonal, WhatCannotBeDone) {
  DenseOperator a(with_spectrum(slope(10), 5));
  EXPECT_THROW(estimate_diagonal(a, {.products = 1}), std::invalid_argument);
  DenseOperator nan(at::full({50, 50}, std::numeric_limits<double>::quiet_NaN(), at::kDouble));
  EXPECT_THROW(estimate_diagonal(nan), NotFinite);
}

}  // namespace
}  // namespace thalweg
