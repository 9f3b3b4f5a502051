#include "thalweg/spectral/density.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "tests/spectral/saddles.h"
#include "thalweg/spectral/lanczos.h"
#include "thalweg/spectral/operators.h"

namespace thalweg {
namespace {

// Wigner's semicircle of radius 2, moved so that a fifth of it lies below zero.
std::vector<double> semicircle(int p) {
  std::vector<double> values;
  for (int i = 0; i < p; ++i) {
    const double share = (i + 0.5) / p;
    double low = -2.0, high = 2.0;
    for (int k = 0; k < 60; ++k) {
      const double x = 0.5 * (low + high);
      const double below =
          0.5 + x * std::sqrt(4.0 - x * x) / (4.0 * std::numbers::pi) + std::asin(0.5 * x) / std::numbers::pi;
      (below < share ? low : high) = x;
    }
    values.push_back(low + 0.9840);
  }
  return values;
}

double smoothed(const std::vector<double>& spectrum, double t, double sigma) {
  double sum = 0.0;
  for (const double v : spectrum) sum += std::exp(-0.5 * std::pow((t - v) / sigma, 2));
  return sum / (static_cast<double>(spectrum.size()) * sigma * std::sqrt(2.0 * std::numbers::pi));
}

double integral(const SpectralDensity& d) {
  return std::accumulate(d.density.begin(), d.density.end(), 0.0) * (d.grid[1] - d.grid[0]);
}

TEST(SpectralDensity, TheBandHoldsTheSmoothedSpectrum) {
  const std::vector<double> spectrum = semicircle(400);
  DenseOperator a(with_spectrum(spectrum, 1));
  int inside = 0, points = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const SpectralDensity d = spectral_density(a, {.seed = seed});
    for (std::size_t i = 0; i < d.grid.size(); ++i) {
      const double error = std::abs(d.density[i] - smoothed(spectrum, d.grid[i], d.bandwidth));
      // A point's share of what Lanczos cuts off at the ends is no matter of chance: 1% of the peak.
      inside += error <= 2.0 * d.standard_error[i] + 0.003 ? 1 : 0;
      ++points;
    }
  }
  EXPECT_GE(inside, 0.95 * points);
}

TEST(SpectralDensity, IntegratesToOneAndStaysInsideTheSpectrum) {
  DenseOperator a(with_spectrum(semicircle(300), 2));
  const SpectralDensity d = spectral_density(a);
  EXPECT_NEAR(integral(d), 1.0, 0.01);
  EXPECT_NEAR(std::accumulate(d.weights.begin(), d.weights.end(), 0.0), 1.0, 1e-12);
  EXPECT_GE(d.smallest, -2.0 + 0.984 - 1e-9);
  EXPECT_LE(d.largest, 2.0 + 0.984 + 1e-9);
  EXPECT_EQ(d.products, 100);
  EXPECT_NEAR(d.bandwidth, 0.5 * (d.largest - d.smallest) / 20, 1e-12);
}

TEST(SpectralDensity, TheMassBelowZeroIsHeldByItsError) {
  const std::vector<double> spectrum = semicircle(300);
  const double truth = static_cast<double>(Saddle{spectrum, {}}.below(0.0)) / 300.0;
  EXPECT_NEAR(truth, 0.2, 0.01);
  DenseOperator a(with_spectrum(spectrum, 3));
  int inside = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const SpectralDensity d = spectral_density(a, {.products = 60, .starts = 6, .seed = seed});
    EXPECT_NEAR(d.mass_below_zero, truth, 0.15);
    EXPECT_LT(d.mass_error, 0.1);
    inside += std::abs(d.mass_below_zero - truth) <= 2.0 * d.mass_error ? 1 : 0;
  }
  EXPECT_GE(inside, 95);
}

TEST(SpectralDensity, IsExactWhereTheBudgetReachesTheDimension) {
  const Saddle saddle = random_saddle(40, 2);
  DenseOperator a(saddle.matrix);
  const SpectralDensity d = spectral_density(a);
  EXPECT_NEAR(d.mass_below_zero, static_cast<double>(saddle.below(0.0)) / 40.0, 1e-12);
  EXPECT_EQ(d.mass_error, 0.0);
  EXPECT_EQ(d.products, 40);
}

TEST(SpectralDensity, OfOneEigenvalueIsOneKernel) {
  DenseOperator a(at::eye(200, at::kDouble) * 3.0);
  const SpectralDensity d = spectral_density(a);
  EXPECT_NEAR(d.smallest, 3.0, 1e-12);
  EXPECT_NEAR(d.largest, 3.0, 1e-12);
  EXPECT_NEAR(integral(d), 1.0, 0.01);
  EXPECT_LE(d.products, 10) << "an invariant space ends a run";
  DenseOperator one(at::full({1, 1}, -2.0, at::kDouble));
  EXPECT_EQ(spectral_density(one).mass_below_zero, 1.0);
}

TEST(SpectralDensity, OfAConstantLossLiesAtZero) {
  DenseOperator a(at::zeros({150, 150}, at::kDouble));
  const SpectralDensity d = spectral_density(a);
  EXPECT_EQ(d.largest, 0.0);
  EXPECT_LT(d.mass_below_zero, 1e-12);
  EXPECT_NEAR(integral(d), 1.0, 0.01);
}

TEST(SpectralDensity, ScalesWithTheLoss) {
  const at::Tensor matrix = with_spectrum(semicircle(120), 4).to(at::kFloat);
  DenseOperator a(matrix), tiny(matrix * 0x1p-40), huge(matrix * 0x1p40);
  const DensityOptions options{.products = 60};
  const SpectralDensity plain = spectral_density(a, options);
  for (const auto& [op, scale] : {std::pair{&tiny, 0x1p-40}, {&huge, 0x1p40}}) {
    const SpectralDensity d = spectral_density(*op, options);
    EXPECT_NEAR(d.bandwidth / scale, plain.bandwidth, 1e-4 * plain.bandwidth);
    EXPECT_NEAR(d.mass_below_zero, plain.mass_below_zero, 1e-3);
  }
}

TEST(SpectralDensity, WhatCannotBeDone) {
  DenseOperator a(with_spectrum(semicircle(200), 5));
  EXPECT_THROW(spectral_density(a, {.starts = 1}), std::invalid_argument);
  EXPECT_THROW(spectral_density(a, {.products = 8}), std::invalid_argument);
  EXPECT_THROW(spectral_density(a, {.bandwidth = -1.0}), std::invalid_argument);
  EXPECT_THROW(spectral_density(a, {.grid = 1}), std::invalid_argument);
  DenseOperator nan(at::full({200, 200}, std::numeric_limits<double>::quiet_NaN(), at::kDouble));
  EXPECT_THROW(spectral_density(nan), NotFinite);
}

}  // namespace
}  // namespace thalweg
