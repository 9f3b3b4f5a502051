#include "thalweg/report/heat_map.h"

#include <gmock/gmock.h>

#include <limits>

#include "thalweg/report/text.h"

namespace thalweg::report {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

HeatMap small() {
  return {.title = "activation_gradient_rms",
          .unit = "",
          .layers = {"linear1", "linear2"},
          .steps = {0, 10, 20},
          .values = {1e-8, 1e-4, 1.0, kNan, 0.0, std::numeric_limits<double>::infinity()}};
}

TEST(HeatMap, ShadesByTheLogarithmAndMarksWhatIsNoNumber) {
  const std::string text = heat_map(small(), {.width = 80, .colour = false});
  EXPECT_THAT(text, HasSubstr("linear1 │ ▒█\n")) << "the middle of the logarithms has the middle shade";
  EXPECT_THAT(text, HasSubstr("linear2 │·0!\n"));
  EXPECT_THAT(text, HasSubstr("1e-08"));
  EXPECT_THAT(text, HasSubstr("step 0"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(HeatMap, IsColouredOnlyWhereTheLookSaysSo) {
  EXPECT_THAT(heat_map(small(), {.width = 80, .colour = true}), HasSubstr("\x1b[48;2;253;231;37m "));
}

TEST(HeatMap, FitsTheWidthByMediansOfSeveralSteps) {
  HeatMap map{.title = "q", .unit = "1", .layers = {"a"}, .steps = {}, .values = {}};
  for (int i = 0; i < 1000; ++i) {
    map.steps.push_back(i);
    map.values.push_back(i % 3 == 0 ? 1e6 : 1.0);  // a spike in every three is not the median
  }
  const std::string text = heat_map(map, {.width = 40, .colour = false});
  const std::string row = text.substr(text.find("│"), text.find('\n', text.find("│")) - text.find("│"));
  EXPECT_LE(display_width("  a " + row), 40);
  EXPECT_THAT(row, Not(HasSubstr("█")));
}

TEST(HeatMap, OfNothingIsNothing) {
  HeatMap map = small();
  map.values.assign(6, kNan);
  EXPECT_EQ(heat_map(map, {}), "");
  EXPECT_EQ(heat_map_svg(map), "");
}

TEST(HeatMap, AsSvgHasACellAValueAndEscapesNames) {
  HeatMap map = small();
  map.layers[0] = "a<b>&\x1b[31m";
  const std::string svg = heat_map_svg(map);
  EXPECT_THAT(svg, HasSubstr("a&lt;b&gt;&amp;"));
  EXPECT_THAT(svg, Not(HasSubstr("\x1b")));
  EXPECT_THAT(svg, HasSubstr("#fde725")) << "the highest";
  EXPECT_THAT(svg, HasSubstr("#d62728")) << "not finite";
}

}  // namespace
}  // namespace thalweg::report
