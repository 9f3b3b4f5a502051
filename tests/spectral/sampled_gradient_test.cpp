#include "thalweg/spectral/sampled_gradient.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace thalweg {
namespace {

// Batches whose gradients are G + noise: L_k(x) = (G + σ n_k)·x.
SampledGradient sample(double signal, double noise, int batches, int dimension) {
  const at::Tensor x = at::zeros({dimension}, at::kDouble).requires_grad_(true);
  const at::Tensor g = at::full({dimension}, signal, at::kDouble);
  return sample_gradient({x}, batches, [&](int) { return (g + noise * at::randn({dimension}, at::kDouble)).dot(x); });
}

TEST(SampledGradient, WithoutNoiseIsTheGradientItself) {
  const SampledGradient s = sample(2.0, 0.0, 4, 9);
  EXPECT_NEAR(s.norm_sq, 36.0, 1e-9);
  EXPECT_NEAR(s.noise_sq, 0.0, 1e-9);
  EXPECT_NEAR(s.norm(), 6.0, 1e-9);
}

TEST(SampledGradient, IsUnbiasedAndItsIntervalCovers) {
  at::manual_seed(11);
  constexpr int kRuns = 400, kDimension = 50;
  const double truth = 0.1 * 0.1 * kDimension;
  double mean = 0.0;
  int covered = 0;
  for (int run = 0; run < kRuns; ++run) {
    const SampledGradient s = sample(0.1, 0.5, 12, kDimension);
    mean += s.norm_sq / kRuns;
    covered += s.low <= truth && truth <= s.high ? 1 : 0;
  }
  // ‖ḡ‖² itself would be 0.25·50/12 = 1.04 too large. The standard error of this mean is about 0.02.
  EXPECT_NEAR(mean, truth, 0.08);
  EXPECT_GT(covered, 0.90 * kRuns);
}

TEST(SampledGradient, OfPureNoiseIsNotResolvedAndTheEvidenceIsCentred) {
  at::manual_seed(5);
  constexpr int kRuns = 200;
  int resolved = 0;
  double evidence = 0.0;
  for (int run = 0; run < kRuns; ++run) {
    const SampledGradient s = sample(0.0, 1.0, 12, 200);
    resolved += s.resolved() ? 1 : 0;
    evidence += s.evidence / kRuns;
  }
  EXPECT_LT(resolved, 0.06 * kRuns);
  EXPECT_NEAR(evidence, 0.0, 0.03);
}

TEST(SampledGradient, ASignalAboveItsNoiseHasNegativeEvidenceForStopping) {
  at::manual_seed(5);
  const SampledGradient s = sample(1.0, 0.5, 12, 200);
  EXPECT_LT(s.evidence, -1.0);
  EXPECT_TRUE(s.resolved());
}

TEST(BatchesWithin, FitsTheMemoryBetweenFourAndSixteen) {
  EXPECT_EQ(batches_within({at::zeros({1000})}), 16);
  EXPECT_EQ(batches_within({at::zeros({1000})}, 8.0 * 4000), 7);
  EXPECT_EQ(batches_within({at::zeros({1000})}, 1.0), 4);
}

}  // namespace
}  // namespace thalweg
