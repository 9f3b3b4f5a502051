#include "thalweg/spectral/distributions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace thalweg {
namespace {

TEST(BetaProbability, ClosedForms) {
  for (const double x : {1e-12, 0.01, 0.3, 0.5, 0.9}) {
    EXPECT_NEAR(beta_probability(x, 1.0, 1.0), x, 1e-14);
    EXPECT_NEAR(beta_probability(x, 3.0, 1.0), x * x * x, 1e-14);
    EXPECT_NEAR(beta_probability(x, 0.5, 0.5), 2.0 / std::numbers::pi * std::asin(std::sqrt(x)), 1e-13);
  }
  EXPECT_EQ(beta_probability(0.0, 2.0, 3.0), 0.0);
  EXPECT_EQ(beta_probability(1.0, 2.0, 3.0), 1.0);
}

// A small weight c on one of d dimensions: √(2 d c / π).
TEST(BetaProbability, HoldsForMillionsOfDimensions) {
  const double d = 1e7, c = 1e-13;
  EXPECT_NEAR(beta_probability(c, 0.5, 0.5 * (d - 1.0)) / std::sqrt(2.0 * d * c / std::numbers::pi), 1.0, 1e-4);
  EXPECT_NEAR(beta_probability(0.5, 0.25 * d, 0.25 * d), 0.5, 1e-6);
}

TEST(StudentQuantile, IsThatOfTheTables) {
  EXPECT_NEAR(student_quantile(0.95, 1), 12.7062, 1e-4);
  EXPECT_NEAR(student_quantile(0.95, 9), 2.26216, 1e-5);
  EXPECT_NEAR(student_quantile(0.99, 29), 2.75639, 1e-5);
  EXPECT_NEAR(student_quantile(0.95, 1e6), 1.95997, 1e-5);
}

}  // namespace
}  // namespace thalweg
