#include "thalweg/observe/ratio_of_means.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace thalweg {
namespace {

TEST(RatioOfMeans, IsTheRatioOfSums) {
  RatioOfMeans r;
  for (int i = 0; i < 5; ++i) r.add(6.0, 2.0);
  ASSERT_TRUE(r.ratio());
  EXPECT_NEAR(r.ratio()->value, 3.0, 1e-12);
  EXPECT_NEAR(r.ratio()->error, 0.0, 1e-12);
  EXPECT_EQ(r.numerator()->value, 6.0);
  EXPECT_EQ(r.denominator()->value, 2.0);
}

TEST(RatioOfMeans, SaysNothingOfFewLooksOrOfADenominatorThatIsNotToldFromZero) {
  RatioOfMeans r;
  for (int i = 0; i < 3; ++i) r.add(1.0, 1.0);
  EXPECT_FALSE(r.ratio());
  EXPECT_FALSE(r.denominator());
  RatioOfMeans noisy;
  for (int i = 0; i < 8; ++i) noisy.add(1.0, i % 2 == 0 ? 3.0 : -2.0);
  EXPECT_FALSE(noisy.ratio());
  EXPECT_TRUE(noisy.denominator());
}

TEST(RatioOfMeans, ForgetsOldLooksAndLeavesOutWhatIsNotFinite) {
  RatioOfMeans r({.looks = 4});
  r.add(100.0, 1.0);
  r.add(std::nan(""), 1.0);
  r.add(1.0, std::numeric_limits<double>::infinity());
  for (int i = 0; i < 4; ++i) r.add(2.0, 1.0);
  EXPECT_NEAR(r.ratio()->value, 2.0, 1e-12);
}

// Gaussian looks with a known ratio of means: the 95% interval holds it about that often.
TEST(RatioOfMeans, IntervalHoldsTheTruthAsOftenAsItSays) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  int within = 0;
  constexpr int kTrials = 1000;
  for (int trial = 0; trial < kTrials; ++trial) {
    RatioOfMeans r;
    for (int i = 0; i < 16; ++i) r.add(6.0 + 2.0 * normal(random), 2.0 + 0.7 * normal(random));
    const auto estimate = r.ratio();
    within += estimate && std::abs(estimate->value - 3.0) <= estimate->error ? 1 : 0;
  }
  EXPECT_GE(within, 925);
  EXPECT_LE(within, 975);
}

}  // namespace
}  // namespace thalweg
