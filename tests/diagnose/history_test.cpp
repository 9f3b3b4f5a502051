// A history keeps series by quantity and scope, in order of steps, in bounded memory.
#include "thalweg/diagnose/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

namespace thalweg {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Reading reading(std::int64_t step, double value, Quantity quantity = Quantity::loss, Scope scope = kWholeModel) {
  return {.step = step, .value = value, .quantity = quantity, .scope = scope};
}

std::vector<double> values(std::span<const Point> points) {
  std::vector<double> result;
  for (const Point& point : points) result.push_back(point.value);
  return result;
}

TEST(History, IsEmptyAtFirst) {
  const History history;
  EXPECT_THAT(history.series(Quantity::loss), IsEmpty());
  EXPECT_THAT(history.series(Quantity::loss, 65535), IsEmpty());
  EXPECT_THAT(history.scopes(Quantity::loss), IsEmpty());
  EXPECT_EQ(history.last_step(), -1);
}

TEST(History, KeepsQuantitiesAndScopesApart) {
  History history;
  history.put(reading(0, 1.0));
  history.put(reading(0, 2.0, Quantity::gradient_sq));
  history.put(reading(0, 3.0, Quantity::gradient_sq, 65535));
  history.put(reading(1, 4.0, Quantity::gradient_sq, 7));
  EXPECT_THAT(values(history.series(Quantity::loss)), ElementsAre(1.0));
  EXPECT_THAT(values(history.series(Quantity::gradient_sq)), ElementsAre(2.0));
  EXPECT_THAT(values(history.series(Quantity::gradient_sq, 65535)), ElementsAre(3.0));
  EXPECT_THAT(history.scopes(Quantity::gradient_sq), ElementsAre(0, 7, 65535));
  EXPECT_THAT(history.scopes(Quantity::weight_sq), IsEmpty());
  EXPECT_EQ(history.last_step(), 1);
}

TEST(History, KeepsErrorBarsAndNumbersThatAreNotFinite) {
  History history;
  Reading exact = reading(3, std::numeric_limits<double>::quiet_NaN());
  exact.error = 0.25F;
  history.put(exact);
  history.put(reading(4, std::numeric_limits<double>::infinity()));
  const auto series = history.series(Quantity::loss);
  ASSERT_THAT(series, SizeIs(2));
  EXPECT_TRUE(std::isnan(series[0].value));
  EXPECT_EQ(series[0].error, 0.25F);
  EXPECT_TRUE(std::isinf(series[1].value));
  EXPECT_TRUE(std::isnan(series[1].error));
}

TEST(History, PutsALateReadingInItsPlace) {
  History history;
  for (const std::int64_t step : {1, 5, 3, 5, 0}) history.put(reading(step, static_cast<double>(step)));
  EXPECT_THAT(values(history.series(Quantity::loss)), ElementsAre(0.0, 1.0, 3.0, 5.0, 5.0));
  EXPECT_EQ(history.last_step(), 5);
}

TEST(History, IgnoresWhatIsNoQuantity) {
  History history;
  history.put(reading(0, 1.0, Quantity::count_));
  history.put(reading(0, 1.0, static_cast<Quantity>(65535)));
  EXPECT_EQ(history.last_step(), -1);
  EXPECT_THAT(history.series(Quantity::count_), IsEmpty());
  EXPECT_THAT(history.scopes(static_cast<Quantity>(65535)), IsEmpty());
}

// The oracle is a map of stably sorted lists.
TEST(History, AgreesWithTheObviousWay) {
  rc::check([](const std::vector<std::pair<std::int16_t, std::uint8_t>>& puts) {
    History history;
    std::map<std::pair<Quantity, Scope>, std::multimap<std::int64_t, double>> expected;
    double next = 0.0;
    for (const auto& [step, where] : puts) {
      const auto quantity = static_cast<Quantity>(where % 3);
      const auto scope = static_cast<Scope>(where / 3 % 4);
      history.put(reading(step, next, quantity, scope));
      expected[{quantity, scope}].emplace(step, next++);
    }
    for (const auto& [key, points] : expected) {
      const auto series = history.series(key.first, key.second);
      RC_ASSERT(std::equal(points.begin(), points.end(), series.begin(), series.end(),
                           [](const auto& a, const Point& b) { return a.first == b.step && a.second == b.value; }));
    }
  });
}

TEST(History, OfALongRunIsBoundedAndCompleteAtItsEnd) {
  constexpr std::int64_t kSteps = 500'000;
  History history;
  for (std::int64_t step = 0; step < kSteps; ++step) {
    history.put(reading(step, step == 12345 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(step)));
    if (step == History::kMostPoints - 2) {
      EXPECT_THAT(history.series(Quantity::loss), SizeIs(step + 1)) << "complete until the limit";
    }
  }
  const auto series = history.series(Quantity::loss);
  EXPECT_LT(series.size(), History::kMostPoints);
  EXPECT_TRUE(std::is_sorted(series.begin(), series.end(), [](auto& a, auto& b) { return a.step < b.step; }));
  EXPECT_EQ(series.front().step, 0);
  const auto last = series.last(History::kMostPoints / 2);
  EXPECT_EQ(last.front().step, kSteps - static_cast<std::int64_t>(last.size()));
  const auto nan = std::find_if(series.begin(), series.end(), [](const Point& p) { return std::isnan(p.value); });
  ASSERT_NE(nan, series.end());
  EXPECT_EQ(nan->step, 12345);
  EXPECT_TRUE(std::all_of(series.begin(), series.end(),
                          [](const Point& p) { return p.step == 12345 || p.value == static_cast<double>(p.step); }));
}

TEST(History, OfNothingButNanIsBoundedToo) {
  History history;
  for (std::int64_t step = 0; step < 100'000; ++step) history.put(reading(step, std::nan("")));
  EXPECT_LT(history.series(Quantity::loss).size(), History::kMostPoints);
}

}  // namespace
}  // namespace thalweg
