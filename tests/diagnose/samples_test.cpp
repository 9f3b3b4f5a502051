#include "thalweg/diagnose/samples.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "scripted_run.h"

namespace thalweg {
namespace {

TEST(Median, IsTheMiddleOne) {
  EXPECT_EQ(median({3.0, 1.0, 2.0}), 2.0);
  EXPECT_EQ(median({4.0, 1.0, 2.0, 3.0}), 2.5);
  EXPECT_TRUE(std::isnan(median({})));
}

TEST(Median, OrdersNonFiniteValuesLast) {
  EXPECT_EQ(median({kNaN, 1.0, 2.0}), 2.0);
  EXPECT_EQ(median({kInfinity, kInfinity, 1.0}), kInfinity);
  EXPECT_EQ(median({kInfinity, kInfinity}), kInfinity);
  EXPECT_TRUE(std::isnan(median({kNaN, kNaN, 1.0})));
}

TEST(Median, LiesBetweenTheHalves) {
  EXPECT_TRUE(rc::check([](std::vector<int> whole) {
    RC_PRE(!whole.empty());
    const std::vector<double> sample(whole.begin(), whole.end());
    const double middle = median(sample);
    const auto below = std::ranges::count_if(sample, [&](double v) { return v < middle; });
    const auto above = std::ranges::count_if(sample, [&](double v) { return v > middle; });
    RC_ASSERT(2 * below <= std::ssize(sample));
    RC_ASSERT(2 * above <= std::ssize(sample));
  }));
}

TEST(Quantile, TakesTheNearestRank) {
  EXPECT_EQ(quantile({5.0, 1.0, 3.0, 2.0, 4.0}, 0.0), 1.0);
  EXPECT_EQ(quantile({5.0, 1.0, 3.0, 2.0, 4.0}, 0.75), 4.0);
  EXPECT_EQ(quantile({5.0, 1.0, 3.0, 2.0, 4.0}, 1.0), 5.0);
}

TEST(Scatter, IsTheMedianDeviation) { EXPECT_EQ(scatter({1.0, 2.0, 3.0, 4.0, 100.0}), 1.0); }

TEST(Within, TakesBothEnds) {
  const std::vector<Point> series = {{0, 1.0, 0.0F}, {4, 2.0, 0.0F}, {8, 3.0, 0.0F}};
  EXPECT_THAT(values(within(series, {4, 8})), testing::ElementsAre(2.0, 3.0));
  EXPECT_THAT(within(series, {5, 7}), testing::IsEmpty());
  EXPECT_THAT(within(series, {9, 3}), testing::IsEmpty());
}

TEST(ResolvedOvershoots, LeaveOutWhatTheErrorBarHides) {
  History history;
  history.put({.step = 0, .value = 1.0, .error = 0.1F, .quantity = Quantity::overshoot_secant});
  history.put({.step = 1, .value = 1.0, .error = 0.9F, .quantity = Quantity::overshoot_secant});
  history.put({.step = 2, .value = kNaN, .quantity = Quantity::overshoot});
  history.put({.step = 3, .value = 2.0, .quantity = Quantity::overshoot});
  const auto resolved = resolved_overshoots(history);
  EXPECT_THAT(values(resolved), testing::ElementsAre(1.0, 2.0));
}

// Two readings by hand: started tests weigh 1/2 and 1/6, and one third has not started.
TEST(SignEvidence, IsTheMixtureOverStartingTimes) {
  SignEvidence evidence({.q = 0.5, .p = 0.95});
  evidence.add(true);
  EXPECT_DOUBLE_EQ(evidence.value(), 0.5 * 1.9 + 0.5);
  evidence.add(true);
  EXPECT_NEAR(evidence.value(), 0.5 * 1.9 * 1.9 + 1.9 / 6.0 + 1.0 / 3.0, 1e-12);
  evidence.add(false);
  EXPECT_NEAR(evidence.value(), 0.1 * (0.5 * 1.9 * 1.9 + 1.9 / 6.0 + 1.0 / 12.0) + 1.0 / 4.0, 1e-12);
}

// The promise itself: of 2000 runs of 2000 fair readings, at most 5% (and the sampling error of 3 deviations) ever
// cross 20.
TEST(SignEvidence, SeldomCrossesItsLimitOverAWholeRunOfFairReadings) {
  std::mt19937 random(1);
  std::bernoulli_distribution fair(0.5);
  int alarms = 0;
  constexpr int kRuns = 2000;
  for (int run = 0; run < kRuns; ++run) {
    SignEvidence evidence({});
    for (int i = 0; i < 2000; ++i) evidence.add(fair(random));
    alarms += evidence.peak() >= 20.0 ? 1 : 0;
  }
  EXPECT_LE(alarms, 0.05 * kRuns + 3.0 * std::sqrt(0.05 * 0.95 * kRuns));
  EXPECT_GT(alarms, 0);  // the bound is not idle
}

TEST(SignEvidence, GrowsWhenReadingsTurnBadLate) {
  SignEvidence evidence({});
  for (int i = 0; i < 200; ++i) evidence.add(i % 4 == 0);
  EXPECT_LT(evidence.peak(), 20.0);
  for (int i = 0; i < 30; ++i) evidence.add(true);
  EXPECT_GT(evidence.value(), 100.0);
}

}  // namespace
}  // namespace thalweg
