// What a person reads of a recurrent layer, and what a program does.
#include "thalweg/report/recurrence_panel.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "thalweg/report/recurrence_drawing.h"
#include "thalweg/report/text.h"

namespace thalweg::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

RecurrentLayer sample() {
  RecurrentLayer r{.layer = "rnn1", .kind = "rnn", .units = 3, .time = 40, .rows = 8};
  r.matrices.push_back({.name = "W",
                        .eigenvalues = {{0.0, 0.9}, {0.0, -0.9}, {0.5, 0.0}},
                        .radius = 0.9,
                        .condition = 3.2,
                        .power = {1, 2, 4, 8},
                        .power_norm = {1.4, 1.2, 0.9, 0.6}});
  r.radius = 0.9;
  r.exponents = {{-0.105, 0.01}, {-0.11, 0.01}, {-0.7, 0.02}};
  r.all_exponents = true;
  for (int k = 0; k < 40; ++k) {
    r.gradient.push_back(std::pow(0.85, k));
    r.gradient_low.push_back(std::pow(0.84, k));
    r.gradient_high.push_back(std::pow(0.86, k));
  }
  r.decay = {std::log(0.85), std::log(0.84), std::log(0.86)};
  r.horizon = {28.3, 26.4, 30.5};
  r.horizon_seen = true;
  return r;
}

std::string panel(const RecurrentLayer& r) { return recurrence_panel({&r, 1}, {.width = 110}); }

TEST(RecurrencePanel, SaysHowFarTheGradientReachesAndWhatBecomesOfTheState) {
  const std::string text = panel(sample());
  EXPECT_THAT(text, HasSubstr("a hundredth 28.3 [26.4, 30.5] steps back, of 40"));
  EXPECT_THAT(text, HasSubstr("multiplied by 0.9 a step: it fades"));
  EXPECT_THAT(text, HasSubstr("cond V"));
}

TEST(RecurrencePanel, DoesNotClaimAHorizonThatWasNotSeen) {
  RecurrentLayer r = sample();
  r.horizon_seen = false;
  r.horizon = {460.0, 300.0, std::numeric_limits<double>::infinity()};
  EXPECT_THAT(panel(r), HasSubstr("> 40"));
  EXPECT_THAT(panel(r), HasSubstr("reaches the beginning"));
}

TEST(RecurrencePanel, AGrowingGradientIsToBeClipped) {
  RecurrentLayer r = sample();
  r.horizon_seen = false;
  for (std::size_t k = 0; k < 40; ++k) r.gradient[k] = std::pow(1.5, static_cast<double>(k));
  r.horizon.value = r.horizon.high = std::numeric_limits<double>::infinity();
  EXPECT_THAT(panel(r), HasSubstr("clip it"));
}

TEST(RecurrencePanel, WithoutRecurrentLayersSaysSo) {
  EXPECT_THAT(recurrence_panel({}, {}), HasSubstr("none is recurrent"));
}

// Eigenvalues ±0.9i lie above and below the middle, and 0.5 to its right, inside the circle.
TEST(RecurrencePanel, EigenvaluesLieWhereTheyAreInThePlane) {
  const std::string plane = eigenvalue_plane(sample().matrices.front(), {});
  std::vector<std::string> lines;
  std::size_t from = 0;
  for (std::size_t at = plane.find('\n'); at != std::string::npos; from = at + 1, at = plane.find('\n', from)) {
    lines.push_back(plane.substr(from, at - from));
  }
  ASSERT_EQ(lines.size(), 18U);
  const auto column = [](const std::string& line) { return display_width(line.substr(0, line.find('o'))); };
  std::vector<std::size_t> rows;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].find('o') != std::string::npos) rows.push_back(i - 1);
  }
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0] + rows[2], 16U) << "mirrored at the real axis";
  EXPECT_EQ(rows[1], 8U);
  EXPECT_EQ(column(lines[rows[0] + 1]), 4 + 17) << "no real part";
  EXPECT_GT(column(lines[rows[1] + 1]), 4 + 17);
}

TEST(RecurrencePanel, TheDrawingIsOneSvgWithAllThreeParts) {
  const std::string svg = recurrence_svg(sample());
  EXPECT_THAT(svg, HasSubstr("<svg"));
  EXPECT_THAT(svg, HasSubstr("Eigenvalues of W"));
  EXPECT_THAT(svg, HasSubstr("Gradient against distance"));
  EXPECT_THAT(svg, HasSubstr("Lyapunov exponents"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
}

TEST(RecurrencePanel, OfWhatWasNotMeasuredNothingIsDrawn) {
  RecurrentLayer r = sample();
  r.matrices.clear();
  r.exponents.clear();
  r.gradient.clear();
  EXPECT_THAT(recurrence_svg(r), Not(HasSubstr("Eigenvalues")));
  EXPECT_THAT(panel(r), HasSubstr("asks nothing of the last state"));
}

TEST(RecurrenceJson, HoldsAllNumbers) {
  RecurrentLayer r = sample();
  r.exponents.back().value = -std::numeric_limits<double>::infinity();
  const auto json = nlohmann::json::parse(recurrence_json({&r, 1}));
  ASSERT_EQ(json.size(), 1U);
  EXPECT_EQ(json[0]["layer"], "rnn1");
  EXPECT_EQ(json[0]["matrices"][0]["eigenvalues"][0][1], 0.9);
  EXPECT_EQ(json[0]["gradient"].size(), 40U);
  EXPECT_TRUE(json[0]["exponents"][2]["value"].is_null());
  EXPECT_EQ(json[0]["exponents"][2]["kind"], "-inf");
  EXPECT_EQ(json[0]["horizon"]["value"], 28.3);
}

}  // namespace
}  // namespace thalweg::report
