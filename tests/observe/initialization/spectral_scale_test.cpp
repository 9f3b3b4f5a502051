// ‖W‖₂ against the dense singular values, and the scale against its meaning.
#include "thalweg/observe/initialization/spectral_scale.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace thalweg {
namespace {

double dense(const at::Tensor& w) { return at::linalg_svdvals(w.flatten(1).to(at::kDouble)).max().item<double>(); }

TEST(SpectralNorm, IsTheLargestSingularValue) {
  at::manual_seed(1);
  for (const at::Tensor& w : {at::randn({30, 50}), at::randn({200, 20}), at::randn({1, 9}), at::randn({9, 1}),
                              at::randn({8, 3, 5, 5}), at::randn({64, 64}, at::kDouble)}) {
    EXPECT_NEAR(spectral_norm(w), dense(w), 1e-3 * dense(w)) << w.sizes();
  }
}

TEST(SpectralNorm, OfAMatrixWithAGivenSpectrum) {
  at::manual_seed(2);
  const at::Tensor u = std::get<0>(at::linalg_qr(at::randn({40, 40}, at::kDouble))),
                   v = std::get<0>(at::linalg_qr(at::randn({40, 40}, at::kDouble)));
  const at::Tensor values = at::linspace(0.5, 3.0, 40, at::kDouble);
  EXPECT_NEAR(spectral_norm(u.mm(at::diag(values)).mm(v)), 3.0, 3e-3);
}

TEST(SpectralNorm, OfAnOrthogonalMatrixIsItsGain) {
  at::manual_seed(3);
  EXPECT_NEAR(spectral_norm(2.5 * std::get<0>(at::linalg_qr(at::randn({128, 128})))), 2.5, 1e-4);
}

TEST(SpectralNorm, NeitherOverflowsNorVanishesAndZerosAndNaNsAreTold) {
  const at::Tensor w = at::ones({4, 9});  // norm 6
  EXPECT_NEAR(spectral_norm(w * 1e30), 6e30, 1e27);
  EXPECT_NEAR(spectral_norm(w * 1e-30), 6e-30, 1e-33);
  EXPECT_EQ(spectral_norm(at::zeros({3, 4})), 0.0);
  EXPECT_TRUE(std::isnan(spectral_norm(at::full({2, 2}, std::numeric_limits<float>::infinity()))));
}

// y = W x along the top singular direction: rms(y) / rms(x).
TEST(SpectralScale, IsTheLargestGrowthOfTheRms) {
  at::manual_seed(4);
  const at::Tensor w = at::randn({20, 80}, at::kDouble);
  const auto [u, s, vh] = at::linalg_svd(w, false);
  const at::Tensor x = vh[0], y = w.mv(x);
  const auto rms = [](const at::Tensor& t) { return std::sqrt(t.square().mean().item<double>()); };
  EXPECT_NEAR(spectral_scale(w), rms(y) / rms(x), 1e-3 * rms(y) / rms(x));
}

}  // namespace
}  // namespace thalweg
