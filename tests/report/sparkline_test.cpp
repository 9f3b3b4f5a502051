#include "thalweg/report/sparkline.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "thalweg/report/text.h"

namespace thalweg::report {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(Sparkline, RunsFromTheLowestToTheHighestBar) {
  EXPECT_EQ(sparkline(std::vector<double>{0, 1, 2, 3, 4, 5, 6, 7}, 8), "▁▂▃▄▅▆▇█");
  EXPECT_EQ(sparkline(std::vector<double>{-1, 1}, 8), "▁█");
}

TEST(Sparkline, AConstantSeriesIsFlat) { EXPECT_EQ(sparkline(std::vector<double>{3, 3, 3}, 8), "▄▄▄"); }

TEST(Sparkline, AConstantSeriesIsFlatWhateverTheMeansOfItsStretchesRoundTo) {
  EXPECT_EQ(sparkline(std::vector<double>(997, 0.1), 6), "▄▄▄▄▄▄");
}

TEST(Sparkline, AWideRangeOfPositiveValuesIsDrawnInLogarithms) {
  EXPECT_EQ(sparkline(std::vector<double>{1, 10, 100}, 8), "▁▅█");
  EXPECT_EQ(sparkline(std::vector<double>{1, 10, 99}, 8), "▁▁█") << "below a hundredfold it is not";
}

TEST(Sparkline, AnEmptySeriesIsNothing) { EXPECT_EQ(sparkline({}, 8), ""); }

TEST(Sparkline, ALongSeriesIsShortenedByMeans) {
  EXPECT_EQ(sparkline(std::vector<double>{0, 0, 1, 3, 4, 4}, 3), "▁▅█");
}

TEST(Sparkline, ValuesThatAreNotFiniteAreMarkedAndLeaveTheScaleAlone) {
  EXPECT_EQ(sparkline(std::vector<double>{0, 7, kNan, kInf, -kInf}, 8), "▁█×××");
  EXPECT_EQ(sparkline(std::vector<double>{0, 0, 1, kNan, 2, 2}, 3), "▁×█") << "one is enough to mark its stretch";
}

TEST(Sparkline, TheWholeRangeOfDoublesDoesNotOverflow) {
  constexpr double kMax = std::numeric_limits<double>::max();
  EXPECT_EQ(sparkline(std::vector<double>{-kMax, 0, kMax}, 8), "▁▅█");
}

RC_GTEST_PROP(Sparkline, IsAsWideAsTheSeriesOrTheWidth, (const std::vector<double>& values)) {
  const int width = *rc::gen::inRange(1, 20);
  RC_ASSERT(display_width(sparkline(values, width)) == std::min<int>(width, static_cast<int>(values.size())));
}

TEST(LabelledSparkline, SaysFirstLastAndRange) {
  EXPECT_EQ(labelled_sparkline(std::vector<double>{2.31, 1.0, 0.209, 0.214}, {.width = 80}),
            "2.31 █▄▁▁ 0.214   lowest 0.209, highest 2.31");
  EXPECT_EQ(labelled_sparkline(std::vector<double>{kNan, kNan}, {.width = 80}), "nan ×× nan   nothing finite");
}

TEST(LabelledSparkline, FitsTheWidth) {
  std::vector<double> values;
  for (int i = 0; i < 500; ++i) values.push_back(std::exp(-0.01 * i));
  for (const int width : {24, 40, 60, 80})
    EXPECT_LE(display_width(labelled_sparkline(values, {.width = width})), width);
}

}  // namespace
}  // namespace thalweg::report
