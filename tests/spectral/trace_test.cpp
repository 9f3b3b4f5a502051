#include "thalweg/spectral/trace.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tests/spectral/saddles.h"
#include "thalweg/spectral/lanczos.h"
#include "thalweg/spectral/operators.h"

namespace thalweg {
namespace {

constexpr TraceMethod kMethods[] = {TraceMethod::kKrylov, TraceMethod::kHutchinson, TraceMethod::kHutchPlusPlus,
                                    TraceMethod::kXTrace};

// Like the Hessian of a trained network: a few large eigenvalues, a slope, a cloud around zero.
std::vector<double> network_like(int p) {
  std::vector<double> values = {12.0, 9.0, 8.5, 7.4, 6.1, -1.25, -1.2};
  for (int i = 0; i < 60; ++i) values.push_back(0.05 * i);
  while (static_cast<int>(values.size()) < p) values.push_back(0.05 * std::sin(static_cast<double>(values.size())));
  return values;
}

struct Trials {
  int inside = 0;              // the truth lies inside two standard errors
  std::vector<double> errors;  // sorted, relative
  double median() const { return errors[errors.size() / 2]; }
};

Trials repeat(const at::Tensor& matrix, TraceOptions options, int trials) {
  DenseOperator a(matrix);
  const double truth = matrix.trace().item<double>();
  Trials result;
  for (int t = 0; t < trials; ++t) {
    options.seed = static_cast<std::uint64_t>(t);
    const TraceEstimate estimate = estimate_trace(a, options);
    const double error = std::abs(estimate.value - truth);
    result.inside += error <= 2.0 * estimate.standard_error ? 1 : 0;
    result.errors.push_back(error / std::abs(truth));
  }
  std::sort(result.errors.begin(), result.errors.end());
  return result;
}

TEST(Trace, TwoStandardErrorsHoldTheTruthIn95Of100Trials) {
  std::vector<double> slow;
  for (int i = 1; i <= 100; ++i) slow.push_back(1.0 / i);
  for (const auto& spectrum : {network_like(100), slow}) {
    const at::Tensor matrix = with_spectrum(spectrum, 7);
    for (const TraceMethod method : kMethods) {
      EXPECT_GE(repeat(matrix, {.method = method, .products = 30}, 200).inside, 190)
          << "method " << static_cast<int>(method) << ", spectrum from " << spectrum[0];
    }
  }
}

TEST(Trace, TheDefaultIsTheMostAccurateOnASpectrumLikeANetworks) {
  const at::Tensor matrix = with_spectrum(network_like(300), 8);
  const double best = repeat(matrix, {.products = 30}, 100).median();
  for (const TraceMethod method : {TraceMethod::kHutchinson, TraceMethod::kHutchPlusPlus, TraceMethod::kXTrace}) {
    EXPECT_LT(best, repeat(matrix, {.method = method, .products = 30}, 100).median()) << static_cast<int>(method);
  }
}

TEST(Trace, ABasisFromLanczosLeavesLessToProbe) {
  const at::Tensor matrix = with_spectrum(network_like(300), 9);
  DenseOperator a(matrix);
  const LanczosResult found = lanczos(a, {.top = 5, .bottom = 2});
  const double own = repeat(matrix, {.products = 16}, 100).median();
  const TraceOptions options{.products = 16, .basis = found.basis, .projection = found.projection};
  const Trials given = repeat(matrix, options, 100);
  EXPECT_LT(given.median(), own);
  EXPECT_GE(given.inside, 94);
}

TEST(Trace, TheBudgetIsKept) {
  DenseOperator a(with_spectrum(network_like(200), 10));
  for (const TraceMethod method : kMethods) {
    for (const int products : {4, 5, 31}) {
      const std::int64_t before = a.cost().products;
      const TraceEstimate estimate = estimate_trace(a, {.method = method, .products = products});
      EXPECT_EQ(estimate.products, a.cost().products - before);
      EXPECT_LE(estimate.products, products);
      EXPECT_GE(estimate.products, products - 1);
    }
  }
}

TEST(Trace, IsExactWhereTheBudgetReachesTheDimension) {
  DenseOperator one(at::full({1, 1}, -3.0, at::kDouble));
  const TraceEstimate estimate = estimate_trace(one);
  EXPECT_EQ(estimate.value, -3.0);
  EXPECT_LT(estimate.standard_error, 1e-14);
  EXPECT_EQ(estimate.products, 1);
  const at::Tensor matrix = with_spectrum(network_like(70), 11);
  DenseOperator a(matrix);
  EXPECT_NEAR(estimate_trace(a, {.products = 70}).value, matrix.trace().item<double>(), 1e-12);
}

TEST(Trace, OfALowRankOperatorIsFoundByItsRange) {
  std::vector<double> values(120, 0.0);
  values[0] = 5.0;
  values[1] = -2.0;
  values[2] = 1.0;
  DenseOperator a(with_spectrum(values, 12));
  for (const TraceMethod method : {TraceMethod::kKrylov, TraceMethod::kHutchPlusPlus, TraceMethod::kXTrace}) {
    EXPECT_NEAR(estimate_trace(a, {.method = method, .products = 20}).value, 4.0, 1e-10) << static_cast<int>(method);
  }
}

TEST(Trace, OfAConstantLossIsZero) {
  DenseOperator a(at::zeros({90, 90}, at::kDouble));
  for (const TraceMethod method : kMethods) {
    const TraceEstimate estimate = estimate_trace(a, {.method = method});
    EXPECT_EQ(estimate.value, 0.0);
    EXPECT_EQ(estimate.standard_error, 0.0);
  }
}

TEST(Trace, ScalesWithTheLoss) {
  const at::Tensor matrix = with_spectrum(network_like(100), 13).to(at::kFloat);
  DenseOperator a(matrix);
  for (const TraceMethod method : kMethods) {
    const TraceEstimate plain = estimate_trace(a, {.method = method});
    for (const double scale : {0x1p-40, 0x1p40}) {
      DenseOperator scaled(matrix * scale);
      const TraceEstimate other = estimate_trace(scaled, {.method = method});
      EXPECT_NEAR(other.value / scale, plain.value, 1e-4 * std::abs(plain.value));
      EXPECT_NEAR(other.standard_error / scale, plain.standard_error, 1e-2 * plain.standard_error);
    }
  }
}

TEST(Trace, HalfPrecisionAddsItsRounding) {
  DenseOperator a(at::diag(at::tensor(network_like(90), at::kFloat)).to(at::kHalf));
  const double truth = at::tensor(network_like(90), at::kDouble).sum().item<double>();
  for (const TraceMethod method : kMethods) {
    const TraceEstimate estimate = estimate_trace(a, {.method = method});
    EXPECT_NEAR(estimate.value, truth, 3.0 * estimate.standard_error);
    EXPECT_GT(estimate.standard_error, 1e-2);
  }
}

TEST(Trace, TheSameSeedGivesTheSameAndTouchesNoGlobalGenerator) {
  DenseOperator a(with_spectrum(network_like(80), 14));
  at::manual_seed(5);
  const at::Tensor untouched = at::rand({3});
  at::manual_seed(5);
  EXPECT_EQ(estimate_trace(a, {.seed = 3}).value, estimate_trace(a, {.seed = 3}).value);
  EXPECT_NE(estimate_trace(a, {.seed = 3}).value, estimate_trace(a, {.seed = 4}).value);
  EXPECT_TRUE(at::equal(at::rand({3}), untouched));
}

TEST(Trace, WhatCannotBeDone) {
  DenseOperator a(with_spectrum(network_like(80), 15));
  for (const TraceMethod method : kMethods) {
    EXPECT_THROW(estimate_trace(a, {.method = method, .products = 1}), std::invalid_argument);
  }
  const at::Tensor basis = at::eye(80, at::kDouble).narrow(0, 0, 2), form = at::eye(2, at::kDouble);
  EXPECT_THROW(estimate_trace(a, {.basis = basis}), std::invalid_argument);
  EXPECT_THROW(estimate_trace(a, {.basis = basis.narrow(1, 0, 5), .projection = form}), std::invalid_argument);
  EXPECT_THROW(estimate_trace(a, {.method = TraceMethod::kXTrace, .basis = basis, .projection = form}),
               std::invalid_argument);
  DenseOperator nan(at::full({80, 80}, std::numeric_limits<double>::quiet_NaN(), at::kDouble));
  for (const TraceMethod method : kMethods) EXPECT_THROW(estimate_trace(nan, {.method = method}), NotFinite);
}

}  // namespace
}  // namespace thalweg
