#include "thalweg/record/mean.h"

#include <gmock/gmock.h>

#include <cmath>
#include <vector>

namespace thalweg {
namespace {

TEST(MeanInterval, StudentsOwnExample) {
  // Student 1908, section IX: extra hours of sleep; mean 1.58, sample standard deviation 1.230, n = 10, t(9) = 2.262.
  const std::vector<double> gain{1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4};
  const Interval interval = mean_interval(gain);
  EXPECT_NEAR(interval.value, 1.58, 1e-12);
  EXPECT_NEAR(interval.high - 1.58, 2.262 * 1.22995 / std::sqrt(10.0), 1e-4);
  EXPECT_NEAR(interval.high - 1.58, 1.58 - interval.low, 1e-12);
}

TEST(MeanInterval, ManyValuesApproachTheNormalInterval) {
  std::vector<double> values;
  for (int i = 0; i < 100; ++i) values.push_back(i % 2 == 0 ? 1.0 : -1.0);
  // s² = 100 / 99, t(99) = 1.9842.
  EXPECT_NEAR(mean_interval(values).high, 1.9842 * std::sqrt(1.0 / 99.0), 1e-5);
}

TEST(MeanInterval, OneValueHasNoInterval) {
  const Interval one = mean_interval(std::vector<double>{0.5});
  EXPECT_EQ(one.value, 0.5);
  EXPECT_TRUE(std::isnan(one.low) && std::isnan(one.high));
  EXPECT_TRUE(std::isnan(mean_interval({}).value));
}

TEST(MeanInterval, AValueThatIsNotFiniteIsNotHidden) {
  EXPECT_TRUE(std::isnan(mean_interval(std::vector<double>{0.5, std::nan("")}).value));
}

}  // namespace
}  // namespace thalweg
