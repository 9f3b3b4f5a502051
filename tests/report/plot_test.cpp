#include "thalweg/report/plot.h"

#include <gmock/gmock.h>

#include <limits>
#include <string>
#include <vector>

#include "thalweg/report/text.h"

namespace thalweg::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Curve curve(std::vector<double> y) {
  Curve result{.name = "loss", .x = {}, .y = std::move(y)};
  for (std::size_t i = 0; i < result.y.size(); ++i) result.x.push_back(static_cast<double>(i));
  return result;
}

TEST(Plot, AFallingLine) {
  EXPECT_EQ(plot(std::vector{curve({4, 3, 2, 1})}, {.title = "loss", .rows = 3}, {.width = 14}),
            "loss\n"
            "4 ┤⠉⠒⠤⡀\n"
            "  │   ⠈⠉⠒⠤⣀\n"
            "1 ┤        ⠉⠒⢄\n"
            "  └───────────\n"
            "   0         3\n");
}

TEST(Plot, CurvesAreNamedWhereTheyEnd) {
  const std::string text = plot(std::vector{curve({4, 4}), curve({1, 1}), curve({1, 1})}, {.rows = 3}, {.width = 20});
  EXPECT_EQ(text,
            "4 ┤⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉ a\n"
            "  │\n"
            "1 ┤⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀ bc\n"
            "  └─────────────\n"
            "   0           1\n");
}

TEST(Plot, IsLogarithmicWhereTheValuesSpanDecades) {
  EXPECT_THAT(plot(std::vector{curve({1, 0.1, 0.01})}, {.title = "loss"}, {.width = 40}),
              HasSubstr("loss (logarithmic)"));
  EXPECT_THAT(plot(std::vector{curve({1, 0, 100})}, {.title = "loss"}, {.width = 40}), Not(HasSubstr("logarithmic")));
}

TEST(Plot, ValuesThatAreNotFiniteAreGaps) {
  const std::string text = plot(std::vector{curve({1, 1, kNan, 2, 2, kInf})}, {.rows = 2}, {.width = 14});
  EXPECT_THAT(text, HasSubstr("2 ┤"));
  EXPECT_THAT(text, HasSubstr("1 ┤"));
  EXPECT_THAT(text, Not(HasSubstr("inf")));
}

TEST(Plot, NothingFiniteIsNothing) {
  EXPECT_EQ(plot(std::vector{curve({kNan, kInf})}, {}, {.width = 40}), "");
  EXPECT_EQ(plot({}, {}, {.width = 40}), "");
}

TEST(Plot, OnePointAndAFlatLineAreDrawn) {
  EXPECT_THAT(plot(std::vector{curve({3})}, {.rows = 1}, {.width = 14}), HasSubstr("3 ┤"));
  EXPECT_THAT(plot(std::vector{curve({3, 3})}, {.rows = 1}, {.width = 14}), HasSubstr("⠒⠒"));
}

TEST(Plot, ExtremeValuesStayInside) {
  constexpr double kMax = std::numeric_limits<double>::max();
  const std::string text = plot(std::vector{curve({-kMax, kMax})}, {.rows = 4}, {.width = 40});
  EXPECT_THAT(text, HasSubstr("1.8e+308 ┤"));
}

TEST(Letter, GoesOnAfterZ) {
  EXPECT_EQ(letter(0), "a");
  EXPECT_EQ(letter(25), "z");
  EXPECT_EQ(letter(26), "a1");
}

}  // namespace
}  // namespace thalweg::report
