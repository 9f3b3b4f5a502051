// What a person reads of a survey, and what a program does.
#include "thalweg/report/survey_panel.h"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "thalweg/report/survey_drawing.h"
#include "thalweg/report/survey_json.h"
#include "thalweg/report/text.h"

namespace thalweg::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Survey sample() {
  Survey s;
  s.subject = "runs/a, step 1200";
  s.parameters = 109386;
  s.batches = 2;
  s.rows = 1024;
  s.loss = 0.412;
  s.gradient = {.norm = 0.52,
                .rounding = 1e-7,
                .samples = 9,
                .norm_sq = {0.16, 0.09, 0.25},
                .noise_sq = 0.04,
                .evidence = -3.0,
                .at_start = 1.5};
  s.gHg = 1.4;
  s.top = {{.value = 12.05, .residual = 1e-3, .low = 12.04, .high = 12.06, .converged = true}};
  s.bottom = {{.value = -1.258, .residual = 0.02, .low = -1.3, .high = -1.2}};
  s.above = 12.6;
  s.below = -std::numeric_limits<double>::infinity();
  s.certainty = 0.999;
  s.noise = 1e-5;
  s.condition = {.meaning = "none: H has both signs"};
  s.trace = {.value = 207.6, .standard_error = 1.2, .products = 30};
  s.index = {.negative = 4, .lower = 3, .upper = 9, .epsilon = 0.12, .confidence = 0.999};
  s.cross_fitted = {{.top = true, .rank = 1, .here = 12.05, .elsewhere = {9.8, 8.1, 11.5}, .batches = 8}};
  s.escape = Survey::Escape{
      .curvature = -1.258, .slope = -0.01, .length = 0.3, .gain = 0.05, .resolution = 1e-6, .forwards = 30};
  s.verdict = SurveyVerdict::not_critical;
  s.reasons = {"there is a slope: the gradient is 0.4 long"};
  s.cost = {.hvps = 41, .forwards = 30, .gradient_units = 83.0, .seconds = 0.9, .seconds_per_gradient = 0.01};
  s.memory = {.graph_bytes = 12'000'000, .graphs = 2, .vector_bytes = 54'000'000, .limit = 1'000'000'000};
  return s;
}

std::string panel(const Survey& s, int width = 100) {
  return survey_panel(s, {"thalweg explain saddle"}, {.width = width});
}

TEST(SurveyPanel, OpensWithTheVerdictInPlainWordsAndItsReason) {
  const std::string text = panel(sample());
  EXPECT_LT(text.find("no critical point"), text.find("Curvature"));
  EXPECT_THAT(text, HasSubstr("there is a slope: the gradient is 0.4 long"));
}

TEST(SurveyPanel, GivesEachFigureItsErrorBar) {
  const std::string text = panel(sample());
  EXPECT_THAT(text, HasSubstr("12.05"));
  EXPECT_THAT(text, HasSubstr("± 0.01"));
  EXPECT_THAT(text, HasSubstr("9.8 [8.1, 11.5]"));
  EXPECT_THAT(text, HasSubstr("207.6 ± 1.2"));
  EXPECT_THAT(text, HasSubstr("3 to 9 of 109,386 directions"));
  EXPECT_THAT(text, HasSubstr("not converged"));
  EXPECT_THAT(text, HasSubstr("0.4 [0.3, 0.5]")) << "the gradient without its noise";
  EXPECT_THAT(text, HasSubstr("41 Hessian-vector products"));
}

TEST(SurveyPanel, FitsTheWidth) {
  for (const int width : {60, 80, 120}) {
    const std::string text = panel(sample(), width);
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find('\n', begin);
      EXPECT_LE(display_width(text.substr(begin, end - begin)), std::max(width, 76)) << text.substr(begin, end - begin);
      begin = end + 1;
    }
  }
}

TEST(SurveyPanel, SaysWhatWouldTell) {
  Survey s = sample();
  s.verdict = SurveyVerdict::cannot_tell;
  s.would_take = "more batches";
  EXPECT_THAT(panel(s), HasSubstr("it takes"));
}

TEST(SurveyPanel, SaysTheEdge) {
  Survey s = sample();
  s.stability = Survey::Stability{.optimizer = "sgd",
                                  .learning_rate = 0.1,
                                  .peak_rate = 0.1,
                                  .limit = 20.0,
                                  .largest = s.top[0],
                                  .formula = "2 / ε"};
  EXPECT_THAT(panel(s, 200), HasSubstr("60.2% of sgd's stability limit 20 at rate 0.1"));
  s.stability->limit = 10.0;
  EXPECT_THAT(panel(s, 200), HasSubstr("past the edge"));
}

TEST(SurveyPanel, CountsTheBatchesThatACurvatureIsOf) {
  Survey s = sample();
  s.growth = {{.batches = 1, .largest = {.value = 20.0}}, {.batches = 2, .largest = {.value = 15.0}}};
  EXPECT_THAT(panel(s, 200), HasSubstr("20 with 1 batch, 15 with 2 batches, 12.1 with all 2"));
}

TEST(SurveyPanel, ShowsHostileNamesAndObeysNothing) {
  Survey s = sample();
  s.subject = "a\x1b[31mb";
  s.layers = {{.name = "fc\x07", .parameters = 3}};
  s.notes = {"\x1b]0;x"};
  EXPECT_THAT(panel(s), Not(HasSubstr("\x1b")));
  EXPECT_THAT(panel(s), Not(HasSubstr("\x07")));
}

TEST(SurveyPanel, WithoutFiniteValuesShowsNoCurvature) {
  Survey s;
  s.subject = "broken";
  s.not_finite = {"fc1.weight"};
  s.reasons = {"values are not finite: fc1.weight"};
  const std::string text = panel(s);
  EXPECT_THAT(text, HasSubstr("fc1.weight"));
  EXPECT_THAT(text, Not(HasSubstr("Curvature")));
}

TEST(SurveyJson, HasTheFixedFormAndKindsForWhatIsNotFinite) {
  const auto json = nlohmann::json::parse(survey_json(sample()));
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["loss"], 0.412);
  EXPECT_EQ(json["gradient_norm"], 0.52);
  EXPECT_EQ(json["gHg"], 1.4);
  EXPECT_EQ(json["eigenvalues"]["top"][0]["value"], 12.05);
  EXPECT_EQ(json["eigenvalues"]["top"][0]["low"], 12.04);
  EXPECT_TRUE(json["eigenvalues"]["below"].is_null());
  EXPECT_EQ(json["eigenvalues"]["below_kind"], "-inf");
  EXPECT_EQ(json["trace"]["stderr"], 1.2);
  EXPECT_EQ(json["index"]["lower"], 3);
  EXPECT_EQ(json["index"]["upper"], 9);
  EXPECT_EQ(json["verdict"], "not_critical");
  EXPECT_EQ(json["cost"]["hvps"], 41);
  EXPECT_EQ(json["parameters"], 109386);
  EXPECT_TRUE(json["condition"]["value"].is_null());
  EXPECT_EQ(json["condition"]["kind"], "nan");
}

TEST(SurveyDrawing, DrawsASliceAPlaneAndADensity) {
  Survey s = sample();
  s.slices = {{.direction = "top eigenvector",
               .curvature = 12.0,
               .slope = 0.0,
               .at = {-1.0, 0.0, 1.0},
               .loss = {6.4, 0.4, 6.4}}};
  s.plane = Survey::Plane{.x_direction = "top eigenvector",
                          .y_direction = "bottom eigenvector",
                          .x = {-1, 0, 1},
                          .y = {-1, 0, 1},
                          .loss = {5, 0, 5, 6, 1, 6, 5, 0, 5}};
  s.density = Survey::Density{.at = {-1, 0, 1},
                              .density = {0.01, 0.9, 0.1},
                              .low = {0.0, 0.8, 0.05},
                              .high = {0.02, 1.0, 0.2},
                              .bandwidth = 0.1};
  const std::string text = survey_drawings(s, {.width = 80});
  EXPECT_THAT(text, HasSubstr("loss along the top eigenvector"));
  EXPECT_THAT(text, HasSubstr("()")) << "where it stands";
  EXPECT_THAT(text, HasSubstr("density of the eigenvalues"));
  const auto svgs = survey_svgs(s);
  ASSERT_EQ(svgs.size(), 3U);
  EXPECT_EQ(svgs[0].name, "survey-density.svg");
  EXPECT_EQ(svgs[1].name, "survey-slice-top-eigenvector.svg");
  for (const Drawing& drawing : svgs) {
    EXPECT_TRUE(drawing.svg.starts_with("<svg ") && drawing.svg.ends_with("</svg>\n")) << drawing.name;
    EXPECT_THAT(drawing.svg, Not(HasSubstr("nan")));
  }
}

TEST(SurveyDrawing, LossesThatAreNotFiniteAreGaps) {
  Survey s = sample();
  const double inf = std::numeric_limits<double>::infinity();
  s.slices = {{.direction = "gradient", .at = {-1.0, 0.0, 1.0}, .loss = {inf, 0.4, 0.5}}};
  s.plane = Survey::Plane{
      .x_direction = "a", .y_direction = "b", .x = {-1, 1}, .y = {-1, 1}, .loss = {inf, std::nan(""), 1.0, 1.0}};
  for (const Drawing& drawing : survey_svgs(s)) {
    EXPECT_THAT(drawing.svg, Not(HasSubstr("nan"))) << drawing.name;
    EXPECT_THAT(drawing.svg, Not(HasSubstr("inf"))) << drawing.name;
  }
}

}  // namespace
}  // namespace thalweg::report
