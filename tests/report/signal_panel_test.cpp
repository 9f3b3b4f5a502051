#include "thalweg/report/signal_panel.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace thalweg::report {
namespace {

using testing::HasSubstr;
using testing::Not;

Signal deep() {
  Signal s{.layers = {{.name = "linear1",
                       .type = "linear",
                       .activation = "tanh",
                       .units = 128,
                       .weighted = true,
                       .mean = 0.01,
                       .rms = 0.62,
                       .gradient_rms = 1e-9,
                       .correlation = 0.5,
                       .dead = 0.0,
                       .saturated = 0.25,
                       .jacobian = {}},
                      {.name = "linear2", .type = "linear", .activation = "none", .units = 10, .jacobian = {}}},
           .rows = 128,
           .backward_gain = 1e-8,
           .whole = {.norm = 0.02, .norm_error = 0.001, .mean_square = 1e-5, .rows = 8},
           .depth = 30,
           .length = 3.0,
           .length_low = 2.5,
           .length_high = 3.5,
           .limit = 1.0,
           .lengths = 10.0,
           .verdict = DepthVerdict::too_deep,
           .reason = "this depth, 30 layers, is 10 ξ"};
  return s;
}

TEST(SignalPanel, SaysTheVerdictInWordsAndALayerARow) {
  const std::string text = signal_panel(deep(), {}, {.width = 100});
  EXPECT_THAT(text, HasSubstr("too deep for its weights: this depth, 30 layers, is 10 ξ."));
  EXPECT_THAT(text, HasSubstr("ξ = 3 layers [2.5, 3.5]"));
  EXPECT_THAT(text, HasSubstr("linear1"));
  EXPECT_THAT(text, HasSubstr("25.0%"));
  EXPECT_THAT(text, HasSubstr("–")) << "what was not measured is not a number";
  EXPECT_THAT(text, Not(HasSubstr("nan")));
}

TEST(SignalPanel, ShowsHeatMapsOfTheRun) {
  const HeatMap map{
      .title = "activation_rms", .unit = "", .layers = {"linear1"}, .steps = {0, 1}, .values = {1.0, 2.0}};
  EXPECT_THAT(signal_panel(deep(), {map}, {.width = 100}), HasSubstr("activation_rms"));
}

TEST(SignalPanel, AsJsonHasNullForWhatWasNotMeasured) {
  const auto json = nlohmann::json::parse(signal_json(deep(), {}));
  EXPECT_EQ(json["verdict"], "too_deep");
  EXPECT_EQ(json["depth_in_lengths"], 10.0);
  EXPECT_EQ(json["layers"][0]["saturated_units"], 0.25);
  EXPECT_TRUE(json["layers"][1]["activation_rms"].is_null());
  EXPECT_EQ(json["jacobian"]["rows"], 8);
  EXPECT_FALSE(json["layers"][0].contains("jacobian"));
}

}  // namespace
}  // namespace thalweg::report
