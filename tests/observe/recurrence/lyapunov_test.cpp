#include "thalweg/observe/recurrence/lyapunov.h"

#include <gtest/gtest.h>

#include <cmath>

#include "cells.h"

namespace thalweg {
namespace {

std::vector<RecurrentLayer::Exponent> of_linear(const at::Tensor& w, std::int64_t time, LyapunovOptions options = {}) {
  const Cell cell = linear_cell(w);
  return lyapunov_exponents(cell, run(cell, no_input(2, time), time), options);
}

TEST(Lyapunov, OfAnOrthogonalNetworkAllAreZero) {
  at::manual_seed(4);
  const auto exponents = of_linear(random_orthogonal(16), 60);
  ASSERT_EQ(exponents.size(), 16U);
  for (const auto& e : exponents) EXPECT_NEAR(e.value, 0.0, 1e-12);
}

// W = V diag(λ) V⁻¹ with |λ| apart: the exponents are ln |λ_i|, whatever V is.
TEST(Lyapunov, OfALinearNetworkTheyAreTheLogarithmsOfTheEigenvalues) {
  at::manual_seed(5);
  const at::Tensor lambda = at::tensor({1.3, -0.9, 0.5, 0.1}, at::kDouble), v = at::randn({4, 4}, at::kDouble);
  const auto exponents = of_linear(at::mm(at::mm(v, at::diag(lambda)), at::linalg_inv(v)), 400);
  for (std::size_t i = 0; i < exponents.size(); ++i) {
    EXPECT_NEAR(exponents[i].value, std::log(std::abs(lambda[static_cast<std::int64_t>(i)].item<double>())), 1e-3) << i;
  }
}

TEST(Lyapunov, TheLargestAloneAreTheFirstOfAll) {
  at::manual_seed(6);
  const Cell cell = random_cell(CellKind::gru, 2, 6);
  const CellRun made = run(cell, at::randn({3, 300, 2}, at::kDouble), 300);
  const auto all = lyapunov_exponents(cell, made), two = lyapunov_exponents(cell, made, {.exponents = 2});
  ASSERT_EQ(two.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_NEAR(two[i].value, all[i].value, 0.02) << "Q_0 differs; T = 225";
}

class LyapunovOfEachKind : public testing::TestWithParam<CellKind> {};

// Volumes: the exponents' sum is the mean of ln |det J_t|, whichever way each J_t turns.
TEST_P(LyapunovOfEachKind, TheirSumIsTheMeanLogarithmOfTheVolume) {
  at::manual_seed(7);
  const Cell cell = random_cell(GetParam(), 3, 5);
  const std::int64_t size = cell.parts() * cell.units();
  const CellRun made = run(cell, at::randn({4, 30, 3}, at::kDouble), 30);
  double sum = 0.0, volume = 0.0;
  for (const auto& e : lyapunov_exponents(cell, made, {.warm_up = 0})) sum += e.value;
  for (const CellJacobian& j : made.jacobians) {
    const at::Tensor dense = j.apply(cell, at::eye(size, at::kDouble).repeat({4, 1, 1}));
    volume += std::get<1>(at::linalg_slogdet(dense)).mean().item<double>() / 30.0;
  }
  EXPECT_NEAR(sum, volume, 1e-9);
}

// Two real runs whose states differ by a hair move apart as the largest exponent says.
TEST_P(LyapunovOfEachKind, TheLargestIsWhatASmallChangeReallyGrowsBy) {
  at::manual_seed(8);
  const Cell cell = random_cell(GetParam(), 3, 6, GetParam() == CellKind::rnn ? 1.0 : 2.0);
  constexpr std::int64_t kTime = 240, kWarm = 32;
  const at::Tensor x = at::randn({1, kTime, 3}, at::kDouble);
  const CellRun made = run(cell, x, kTime);
  const at::Tensor p = at::matmul(x, cell.weight_ih.t()) + cell.bias_ih;
  at::Tensor s = at::zeros({1, cell.parts(), cell.units()}, at::kDouble), moved = s + 1e-7 * at::randn_like(s);
  double grown = 0.0;
  for (std::int64_t t = 0; t < kTime; ++t) {
    s = step(cell, p.select(1, t), s).state;
    moved = step(cell, p.select(1, t), moved).state;
    const double apart = (moved - s).norm().item<double>();
    if (t >= kWarm) grown += std::log(apart / 1e-7);
    moved = s + (moved - s) * (1e-7 / apart);  // Benettin's first method: back to a hair each step
  }
  const auto exponents = lyapunov_exponents(cell, made, {.exponents = 1});
  EXPECT_NEAR(exponents.front().value, grown / (kTime - kWarm), 0.01);
  EXPECT_TRUE(std::isnan(exponents.front().error)) << "one row has no spread";
}

INSTANTIATE_TEST_SUITE_P(Kinds, LyapunovOfEachKind, testing::Values(CellKind::rnn, CellKind::gru, CellKind::lstm));

TEST(Lyapunov, OfSaturatedUnitsThatForgetAtOnceTheyAreMinusInfinity) {
  Cell cell = linear_cell(at::eye(3, at::kDouble));
  cell.bias_hh.fill_(100.0);
  for (const auto& e : lyapunov_exponents(cell, run(cell, no_input(2, 10), 10))) {
    EXPECT_EQ(e.value, -std::numeric_limits<double>::infinity());
  }
}

}  // namespace
}  // namespace thalweg
