#include "thalweg/observe/recurrence/matrix_powers.h"

#include <gtest/gtest.h>

#include <complex>

#include "cells.h"

namespace thalweg {
namespace {

// V diag(0.9 e^{±iπ/5}, −0.7, 0.2) V⁻¹ with a V of known columns: the spectrum comes out as it was put in, and the
// powers are V diag(λ)^t V⁻¹.
TEST(MatrixPowers, GivesBackAGivenSpectrumAndItsPowers) {
  at::manual_seed(1);
  const double a = 0.9 * std::cos(M_PI / 5.0), b = 0.9 * std::sin(M_PI / 5.0);
  const at::Tensor blocks = at::zeros({4, 4}, at::kDouble);
  blocks[0][0] = blocks[1][1] = a;
  blocks[0][1] = -b;
  blocks[1][0] = b;
  blocks[2][2] = -0.7;
  blocks[3][3] = 0.2;
  const at::Tensor v = at::randn({4, 4}, at::kDouble), inverse = at::linalg_inv(v);
  const auto m = matrix_powers("W", at::mm(at::mm(v, blocks), inverse), 16);
  ASSERT_EQ(m.eigenvalues.size(), 4U);
  EXPECT_NEAR(m.radius, 0.9, 1e-12);
  EXPECT_NEAR(std::abs(m.eigenvalues[0].imag()), b, 1e-12);
  EXPECT_NEAR(m.eigenvalues[2].real(), -0.7, 1e-12);
  EXPECT_NEAR(m.eigenvalues[3].real(), 0.2, 1e-12);
  EXPECT_EQ(m.power, (std::vector<std::int64_t>{1, 2, 4, 8, 16}));
  at::Tensor middle = blocks;
  for (std::size_t i = 0; i < m.power.size(); ++i) {
    const at::Tensor power = at::mm(at::mm(v, middle), inverse);
    EXPECT_NEAR(m.power_norm[i], at::linalg_matrix_norm(power, 2).item<double>(), 1e-11) << m.power[i];
    EXPECT_LE(m.power_norm[i], m.condition * std::pow(m.radius, static_cast<double>(m.power[i])) * (1.0 + 1e-9));
    middle = at::mm(middle, middle);
  }
}

TEST(MatrixPowers, AnOrthogonalMatrixIsNormalAndKeepsLengths) {
  at::manual_seed(2);
  const auto m = matrix_powers("W", random_orthogonal(12), 64);
  EXPECT_NEAR(m.condition, 1.0, 1e-9);
  for (const double norm : m.power_norm) EXPECT_NEAR(norm, 1.0, 1e-12);
  for (const auto& z : m.eigenvalues) EXPECT_NEAR(std::abs(z), 1.0, 1e-12);
}

// [[ρ, c], [0, ρ]]: no basis of eigenvectors, and W^t = [[ρ^t, t ρ^(t−1) c], …] grows before it fades.
TEST(MatrixPowers, AJordanBlockGrowsBeforeItFades) {
  const at::Tensor w = at::tensor({0.8, 5.0, 0.0, 0.8}, at::kDouble).view({2, 2});
  const auto m = matrix_powers("W", w, 64);
  EXPECT_TRUE(std::isinf(m.condition) || m.condition > 1e7);
  EXPECT_GT(m.power_norm[2], 4.0 * 5.0 * std::pow(0.8, 3) * 0.99);
  EXPECT_LT(m.power_norm.back(), 1e-3);
}

TEST(MatrixPowers, OfWeightsThatAreNotFiniteNothingIsClaimed) {
  const at::Tensor w = at::full({2, 2}, std::numeric_limits<double>::quiet_NaN(), at::kDouble);
  EXPECT_TRUE(std::isnan(matrix_powers("W", w, 8).radius));
}

}  // namespace
}  // namespace thalweg
