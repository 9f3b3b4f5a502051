#include "thalweg/report/number.h"

#include <gmock/gmock.h>

#include <limits>

namespace thalweg::report {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(Number, HasThreeDigitsAndNoNeedlessExponent) {
  EXPECT_EQ(number(0.0), "0");
  EXPECT_EQ(number(2.302585), "2.3");
  EXPECT_EQ(number(0.21437), "0.214");
  EXPECT_EQ(number(0.001), "0.001");
  EXPECT_EQ(number(1.5e-5), "1.5e-05");
  EXPECT_EQ(number(54321.9), "54322");
  EXPECT_EQ(number(-1234567.0), "-1.23e+06");
  EXPECT_EQ(number(2.302585, 6), "2.30259");
}

TEST(Number, NonFiniteValuesAreNamed) {
  EXPECT_EQ(number(kNan), "nan");
  EXPECT_EQ(number(-kNan), "nan");
  EXPECT_EQ(number(kInf), "inf");
  EXPECT_EQ(number(-kInf), "-inf");
}

TEST(Count, GroupsThousands) {
  EXPECT_EQ(count(0), "0");
  EXPECT_EQ(count(999), "999");
  EXPECT_EQ(count(4220), "4,220");
  EXPECT_EQ(count(-1234567), "-1,234,567");
  EXPECT_EQ(count(std::numeric_limits<std::int64_t>::min()), "-9,223,372,036,854,775,808");
}

TEST(Share, IsAPercentage) {
  EXPECT_EQ(share(0.0271), "2.7%");
  EXPECT_EQ(share(kNan), "nan");
}

TEST(Duration, HasTheUnitThatSuitsIt) {
  EXPECT_EQ(duration(0.84), "0.8 s");
  EXPECT_EQ(duration(9.96), "10 s");
  EXPECT_EQ(duration(59.6), "1 min 00 s") << "no 60 s";
  EXPECT_EQ(duration(192), "3 min 12 s");
  EXPECT_EQ(duration(3599.7), "1 h 00 min");
  EXPECT_EQ(duration(7500), "2 h 05 min");
  EXPECT_EQ(duration(kInf), "?");
  EXPECT_EQ(duration(-1), "?");
}

TEST(Metric, AccuraciesArePercentagesOthersAreNumbers) {
  EXPECT_EQ(metric("accuracy", 0.8914), "89.1%");
  EXPECT_EQ(metric("top5", 1.0), "100.0%");
  EXPECT_EQ(metric("rmse", 0.8914), "0.891");
  EXPECT_EQ(metric("accuracy", {.value = 0.891, .low = 0.884, .high = 0.897}), "89.1% [88.4, 89.7]");
  EXPECT_EQ(metric("r2", {.value = 0.5, .low = 0.4, .high = 0.6}), "0.5 [0.4, 0.6]");
}

TEST(Metric, AnIntervalThatIsNotKnownIsNotShown) {
  EXPECT_EQ(interval({.value = 0.31, .low = kNan, .high = kNan}), "0.31");
  EXPECT_EQ(metric("accuracy", {.value = 0.891, .low = kNan, .high = kNan}), "89.1%");
}

}  // namespace
}  // namespace thalweg::report
