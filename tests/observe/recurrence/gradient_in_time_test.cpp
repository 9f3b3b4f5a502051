#include "thalweg/observe/recurrence/gradient_in_time.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "cells.h"

namespace thalweg {
namespace {

std::vector<Level> levels_of(const std::vector<Cell>& cells, at::Tensor x) {
  std::vector<Level> levels;
  for (const Cell& cell : cells) {
    CellRun made = run(cell, x, x.size(1));
    x = made.outputs;
    levels.push_back({cell, made});
  }
  return levels;
}

class GradientOfEachKind : public testing::TestWithParam<CellKind> {
 protected:
  void SetUp() override { at::manual_seed(9); }
};

// Autograd over the steps from s_(T−k) on, of two levels: at a time, the upper one's state hangs on the lower one's.
TEST_P(GradientOfEachKind, IsAutogradsAtEveryDistance) {
  const std::vector<Cell> cells{random_cell(GetParam(), 3, 4), random_cell(GetParam(), 4, 4)};
  constexpr std::int64_t kTime = 9;
  const at::Tensor x = at::randn({3, kTime, 3}, at::kDouble), seed = at::randn({3, 4}, at::kDouble);
  const auto logs = log_gradients(levels_of(cells, x), seed);
  std::vector<std::vector<at::Tensor>> norm(2, std::vector<at::Tensor>(kTime));
  for (std::int64_t k = 0; k < kTime; ++k) {
    std::vector<at::Tensor> state(2), leaf(2);
    for (auto& s : state) s = at::zeros({3, cells[0].parts(), 4}, at::kDouble);
    for (std::int64_t t = 0; t < kTime; ++t) {
      at::Tensor input = x.select(1, t);
      for (std::size_t l = 0; l < 2; ++l) {
        const Cell& c = cells[l];
        state[l] = step(c, at::matmul(input, c.weight_ih.t()) + c.bias_ih, state[l]).state;
        if (t == kTime - 1 - k) leaf[l] = l == 0 ? state[l].requires_grad_() : state[l];
        input = state[l].select(1, 0);
      }
    }
    const auto g = torch::autograd::grad({(state[1].select(1, 0) * seed).sum()}, leaf, {}, false, false, true);
    for (std::size_t l = 0; l < 2; ++l) norm[l][static_cast<std::size_t>(k)] = g[l].flatten(1).norm(2, 1);
  }
  for (std::size_t l = 0; l < 2; ++l) {
    const at::Tensor expected = at::stack(norm[l], 1).log();
    EXPECT_LT(largest(logs[l] - (expected - expected.narrow(1, 0, 1))), 1e-10) << "level " << l;
  }
}

// The sequence kernels of LibTorch themselves: ∂L/∂x_t = W_ihᵀ (…), so that with W_ih = I of an rnn the gradient by the
// input is the step's own share of that by h_(t−1).
TEST(GradientInTime, AgreesWithTheGradientThatLibTorchsKernelsSendToTheInput) {
  at::manual_seed(10);
  Cell cell = random_cell(CellKind::rnn, 4, 4);
  cell.weight_ih = cell.weight_hh.clone();  // then ∂L/∂x_t = ∂L/∂h_(t−1)
  const at::Tensor x = at::randn({2, 30, 4}, at::kDouble).requires_grad_(), seed = at::randn({2, 4}, at::kDouble);
  const at::Tensor h = by_libtorch({cell}, x);
  const at::Tensor g = torch::autograd::grad({(h.select(1, -1) * seed).sum()}, {x}).front().norm(2, 2);  // [rows, t]
  const at::Tensor logs = log_gradients(levels_of({cell}, x.detach()), seed).front();
  for (std::int64_t k = 1; k < 30; ++k) {  // distance k: h_(T−k), the input of step T − k + 1
    EXPECT_LT(largest(logs.select(1, k) - (g.select(1, 30 - k) / seed.norm(2, 1)).log()), 1e-9) << k;
  }
}

TEST_P(GradientOfEachKind, NeitherUnderflowsNorOverflows) {
  const Cell weak = random_cell(GetParam(), 1, 3, 0.01);
  const at::Tensor x = at::randn({2, 3000, 1}, at::kDouble);
  const at::Tensor logs = log_gradients(levels_of({weak}, x), at::ones({2, 3}, at::kDouble)).front();
  EXPECT_TRUE(logs.isfinite().all().item<bool>());
  EXPECT_LT(logs.select(1, -1).max().item<double>(), -1000.0) << "e⁻¹⁰⁰⁰ is no double";
}

INSTANTIATE_TEST_SUITE_P(Kinds, GradientOfEachKind, testing::Values(CellKind::rnn, CellKind::gru, CellKind::lstm));

RecurrentLayer of_linear(double factor, std::int64_t time) {
  at::manual_seed(11);
  const Cell cell = linear_cell(factor * random_orthogonal(5));
  RecurrentLayer result;
  put_gradient(result, log_gradients(levels_of({cell}, no_input(3, time)), at::randn({3, 5}, at::kDouble)).front());
  return result;
}

TEST(Horizon, OfAScaledOrthogonalNetworkIsItsClosedForm) {
  const RecurrentLayer r = of_linear(0.9, 80);
  EXPECT_NEAR(r.decay.value, std::log(0.9), 1e-9);
  EXPECT_NEAR(r.horizon.value, std::log(100.0) / -std::log(0.9), 1e-6);  // 43.7 steps
  EXPECT_TRUE(r.horizon_seen);
  EXPECT_NEAR(r.gradient[40], std::pow(0.9, 40), 1e-9);
}

TEST(Horizon, BeyondTheSequenceIsToldByTheLine) {
  const RecurrentLayer r = of_linear(0.99, 80);
  EXPECT_FALSE(r.horizon_seen);
  EXPECT_NEAR(r.horizon.value, std::log(100.0) / -std::log(0.99), 1e-3);  // 458 steps
}

TEST(Horizon, OfAGradientThatKeepsItsLengthIsInfinite) {
  EXPECT_TRUE(of_linear(1.0, 80).horizon.high > 1e6);
  const RecurrentLayer growing = of_linear(1.1, 80);
  EXPECT_TRUE(std::isinf(growing.horizon.value));
  EXPECT_NEAR(growing.decay.value, std::log(1.1), 1e-9);
}

// A gradient that comes back has no horizon where it first dipped.
TEST(Horizon, IsWhereTheGradientHasFallenForGood) {
  RecurrentLayer r;
  put_gradient(r, at::tensor({0.0, -6.0, -1.0, -2.0, -4.0, -6.0, -8.0}, at::kDouble).view({1, 7}).repeat({2, 1}));
  EXPECT_NEAR(r.horizon.value, 4.0 + (std::log(100.0) - 4.0) / 2.0, 1e-12);
}

TEST(Horizon, BandIsWiderWhereRowsDiffer) {
  at::manual_seed(12);
  const at::Tensor k = at::arange(60, at::kDouble);
  const at::Tensor rates = at::tensor({-0.10, -0.12, -0.08, -0.11}, at::kDouble).unsqueeze(1);
  RecurrentLayer r;
  put_gradient(r, rates * k);
  EXPECT_NEAR(r.decay.value, -0.1025, 1e-12);
  EXPECT_NEAR(r.decay.high - r.decay.value, 3.182 * 0.017078 / 2.0, 1e-4) << "Student's t of four rows";
  EXPECT_LT(r.horizon.low, r.horizon.value);
  EXPECT_GT(r.horizon.high, r.horizon.value);
}

}  // namespace
}  // namespace thalweg
