#include "thalweg/report/coupling_panel.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace thalweg::report {
namespace {

using testing::HasSubstr;
using testing::Not;

Coupling two_layers() {
  Coupling c{.subject = "runs/<a>, step 12", .rows = 64};
  c.layers = {{.name = "conv1", .parameters = 10, .slope = -1.0, .alone = -0.8},
              {.name = "linear1", .parameters = 20, .slope = -2.0, .alone = -1.5}};
  c.matrix = {0.4, -0.1, -0.1, 1.0};
  c.matrix_error = 1e-9;
  c.slope_error = 1e-9;
  c.change = -2.4;
  c.change_error = 1e-7;
  c.products = 2;
  c.forwards = 3;
  return c;
}

TEST(CouplingPanel, SaysWhatAllLayersDoBesideEachAlone) {
  const std::string text = coupling_panel(two_layers(), {.width = 90});
  EXPECT_THAT(text, HasSubstr("share of the matrix off its diagonal"));
  EXPECT_THAT(text, HasSubstr("12.5%")) << "0.2 of 1.6";
  EXPECT_THAT(text, HasSubstr("each alone, summed                           -2.3\n"));
  EXPECT_THAT(text, HasSubstr("what they do to each other                   -0.1\n"));
  EXPECT_THAT(text, HasSubstr("2 products, 3 forwards"));
}

TEST(CouplingPanel, DrawsSizeByShadeAndSignByAMinus) {
  const std::string map = coupling_heat_map(two_layers(), {.width = 90});
  EXPECT_THAT(map, HasSubstr("██")) << "the largest";
  EXPECT_THAT(map, HasSubstr("-░")) << "√(0.1 / 1.0) is in the second of five shades";
  EXPECT_THAT(map, HasSubstr("linear1"));
}

TEST(CouplingPanel, AChangeBelowItsRoundingIsSaidToBe) {
  Coupling c = two_layers();
  c.change_error = 1.0;
  EXPECT_THAT(coupling_panel(c, {.width = 90}), HasSubstr("below its rounding"));
}

TEST(CouplingPanel, ValuesThatAreNotFiniteAreDrawn) {
  Coupling c = two_layers();
  c.matrix[3] = Coupling::kNone;
  EXPECT_THAT(coupling_heat_map(c, {.width = 90}), HasSubstr("?"));
  EXPECT_THAT(coupling_svg(c), Not(HasSubstr("rgb(nan")));
  EXPECT_TRUE(nlohmann::json::parse(coupling_json(c))["matrix"][1][1].is_null());
}

TEST(CouplingPanel, NamesFromAFileAreNoMarkup) { EXPECT_THAT(coupling_svg(two_layers()), HasSubstr("runs/&lt;a&gt;")); }

TEST(CouplingPanel, JsonHasTheMatrixAndWhatFollowsFromIt) {
  const auto json = nlohmann::json::parse(coupling_json(two_layers()));
  EXPECT_DOUBLE_EQ(json["matrix"][0][1], -0.1);
  EXPECT_DOUBLE_EQ(json["coupling_share"], 0.125);
  EXPECT_DOUBLE_EQ(json["layers"][0]["coupling_share"], 0.2);
  EXPECT_DOUBLE_EQ(json["curvature"], 1.2);
  EXPECT_DOUBLE_EQ(json["change_beyond_second"], -2.4 + 3.0 - 0.6);
}

}  // namespace
}  // namespace thalweg::report
