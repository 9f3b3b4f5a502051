// A connection, as it is read and drawn.
#include "thalweg/report/connect_panel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "thalweg/report/connect_drawing.h"
#include "thalweg/report/connect_json.h"

namespace thalweg::report {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Connection sample() {
  Connection c;
  c.subject_a = "runs/a";
  c.subject_b = "runs/<b>\x1b[31m";
  c.parameters = 1234;
  c.metric = "accuracy";
  c.metric_is_share = true;
  c.groups = {{.name = "linear1", .what = "units", .size = 8, .permutation_bits = 15.3, .dimensions = 8, .moved = 0.75},
              {.name = "linear2", .what = "units", .size = 8, .permutation_bits = 15.3, .dimensions = 8, .moved = 1.0}};
  c.permutation_bits = 30.6;
  c.flat_dimensions = 16;
  c.at = {0.0, 0.5, 1.0};
  c.alignments = {{.method = "weights", .similarity = 0.5, .distance = 3.0, .sweeps = 2}};
  c.chosen = "weights";
  c.function_change = 1e-7;
  for (const double height : {2.0, 0.25}) {
    Connection::Path path;
    path.name = height > 1.0 ? "unaligned" : "aligned by weights";
    for (const char* part : {"train", "heldout"}) {
      path.parts.push_back({.name = part,
                            .rows = 64,
                            .loss = {0.2, height, 0.2},
                            .metric = {0.9, 0.2, 0.9},
                            .barrier = {height - 0.2, height - 0.3, height - 0.1},
                            .barrier_at = 0.5,
                            .metric_barrier = {0.7, 0.6, 0.8}});
    }
    c.paths.push_back(path);
  }
  c.constant_loss = 2.3;
  c.learnt = 2.1;
  c.verdict = ConnectionVerdict::apart;
  c.reasons = {"a reason"};
  return c;
}

TEST(ConnectPanel, SaysTheVerdictTheCountAndTheBarriers) {
  const std::string text = connect_panel(sample(), {"thalweg survey runs/a"}, {.width = 140});
  EXPECT_THAT(text, AllOf(HasSubstr("no: as far as these alignments go"), HasSubstr("2^31 arrangements"),
                          HasSubstr("m = 2 groups of n = 8"), HasSubstr("16 directions"), HasSubstr("1.8 [1.7, 1.9]"),
                          HasSubstr("70.0 [60.0, 80.0]"), HasSubstr("a reason"), HasSubstr("thalweg survey runs/a"),
                          Not(HasSubstr("\x1b"))));
}

TEST(ConnectPanel, JsonHoldsEveryPathAndNamesWhatIsNotFinite) {
  Connection c = sample();
  c.paths[0].parts[0].barrier.value = std::numeric_limits<double>::infinity();
  c.paths[0].parts[0].loss[1] = std::numeric_limits<double>::quiet_NaN();
  const auto json = nlohmann::json::parse(connect_json(c));
  EXPECT_EQ(json["verdict"], "apart");
  EXPECT_EQ(json["paths"][0]["parts"][0]["barrier"]["kind"], "inf");
  EXPECT_TRUE(json["paths"][0]["parts"][0]["loss"][1].is_null());
  EXPECT_EQ(json["paths"][1]["parts"][1]["metric_barrier"]["value"], 0.7);
  EXPECT_NEAR(json["symmetry"]["bits"], 30.6, 1e-12);
}

TEST(ConnectPanel, DrawsAPathForEachAndEscapesNames) {
  const std::string svg = connect_svg(sample());
  EXPECT_THAT(svg, AllOf(HasSubstr("runs/&lt;b&gt;"), HasSubstr("aligned by weights: barrier 0.05"),
                         HasSubstr("training rows"), HasSubstr("held-out rows")));
  EXPECT_EQ(connect_svg(Connection{}), "");
  EXPECT_THAT(connect_plot(sample(), {.width = 80}), HasSubstr("training rows"));
}

TEST(ConnectPanel, HoldsTogetherWhereNothingWasWalked) {
  Connection c;
  c.subject_a = "a";
  c.subject_b = "b";
  c.reasons = {"w of b has values that are not finite"};
  EXPECT_THAT(connect_panel(c, {}, {}), AllOf(HasSubstr("cannot tell"), HasSubstr("not finite")));
  EXPECT_EQ(nlohmann::json::parse(connect_json(c))["verdict"], "cannot_tell");
}

}  // namespace
}  // namespace thalweg::report
