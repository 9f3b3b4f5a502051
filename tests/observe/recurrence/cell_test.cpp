#include "thalweg/observe/recurrence/cell.h"

#include <gtest/gtest.h>

#include "cells.h"

namespace thalweg {
namespace {

class CellOfEachKind : public testing::TestWithParam<CellKind> {
 protected:
  void SetUp() override { at::manual_seed(3); }
};

TEST_P(CellOfEachKind, RunsAsLibTorchsOwnKernelsDo) {
  const Cell cell = random_cell(GetParam(), 3, 5);
  const at::Tensor x = at::randn({4, 12, 3}, at::kDouble);
  EXPECT_LT(largest(run(cell, x, 0).outputs - by_libtorch({cell}, x)), 1e-13);
}

// Central differences of the step itself, of which the test above shows that it is LibTorch's.
TEST_P(CellOfEachKind, ItsJacobianIsThatOfFiniteDifferences) {
  const Cell cell = random_cell(GetParam(), 3, 4, 1.5);
  const std::int64_t size = cell.parts() * cell.units();
  const at::Tensor p = at::randn({2, cell.gates() * cell.units()}, at::kDouble);
  const at::Tensor s = at::randn({2, cell.parts(), cell.units()}, at::kDouble);
  const at::Tensor exact = step(cell, p, s).jacobian.apply(cell, at::eye(size, at::kDouble).repeat({2, 1, 1}));
  constexpr double kStep = 1e-5;
  for (std::int64_t j = 0; j < size; ++j) {
    const at::Tensor e = at::zeros({1, size}, at::kDouble);
    e[0][j] = kStep;
    const at::Tensor d = e.view({1, cell.parts(), cell.units()});
    const at::Tensor column = (step(cell, p, s + d).state - step(cell, p, s - d).state).flatten(1) / (2.0 * kStep);
    EXPECT_LT(largest(exact.select(2, j) - column), 1e-9) << j;
  }
}

TEST_P(CellOfEachKind, PullsBackByTheTransposedJacobian) {
  const Cell cell = random_cell(GetParam(), 3, 4);
  const std::int64_t size = cell.parts() * cell.units();
  const at::Tensor p = at::randn({2, cell.gates() * cell.units()}, at::kDouble);
  const at::Tensor s = at::randn({2, cell.parts(), cell.units()}, at::kDouble), u = at::randn_like(s);
  const CellJacobian j = step(cell, p, s).jacobian;
  const at::Tensor dense = j.apply(cell, at::eye(size, at::kDouble).repeat({2, 1, 1}));
  const at::Tensor expected = at::matmul(dense.transpose(1, 2), u.flatten(1).unsqueeze(2)).squeeze(2);
  EXPECT_LT(largest(j.pull(cell, u).state.flatten(1) - expected), 1e-13);
}

TEST_P(CellOfEachKind, TheMeanJacobianIsTheMeanOfTheDenseOnes) {
  const Cell cell = random_cell(GetParam(), 3, 4);
  const std::int64_t size = cell.parts() * cell.units();
  const CellRun made = run(cell, at::randn({3, 7, 3}, at::kDouble), 5);
  ASSERT_EQ(made.jacobians.size(), 5U);
  at::Tensor sum = at::zeros({size, size}, at::kDouble);
  for (const CellJacobian& j : made.jacobians) {
    sum += j.apply(cell, at::eye(size, at::kDouble).repeat({3, 1, 1})).mean(0);
  }
  EXPECT_LT(largest(mean_jacobian(cell, made) - sum / 5.0), 1e-13);
}

INSTANTIATE_TEST_SUITE_P(Kinds, CellOfEachKind, testing::Values(CellKind::rnn, CellKind::gru, CellKind::lstm));

}  // namespace
}  // namespace thalweg
