// The rule of the verdict, clause by clause.
#include "thalweg/survey/verdict.h"

#include <gmock/gmock.h>

#include <cmath>

namespace thalweg {
namespace {

using ::testing::HasSubstr;

// A point at which everything says "minimum": a gradient at its rounding, curvature from 1 to 10.
Survey minimum() {
  Survey s;
  s.parameters = 1000;
  s.loss = 1.0;
  s.gradient = {.norm = 1e-7, .rounding = 1e-7};
  s.top = {{.value = 10.0, .residual = 1e-4, .low = 9.999, .high = 10.001, .converged = true}};
  s.bottom = {{.value = 1.0, .residual = 1e-4, .low = 0.999, .high = 1.001, .converged = true}};
  s.above = 10.2;
  s.below = 0.9;
  s.certainty = 0.999;
  s.noise = 1e-6;
  return s;
}

Survey saddle() {
  Survey s = minimum();
  s.bottom = {{.value = -0.5, .residual = 1e-4, .low = -0.501, .high = -0.499, .converged = true}};
  s.below = -0.6;
  s.escape = Survey::Escape{.curvature = -0.5, .length = 1.0, .gain = 0.2, .resolution = 1e-6};
  return s;
}

// Sampled over `samples` batches: ‖G‖² in [low, high], noise as given.
Survey::Gradient sampled(double low, double value, double high, double noise_sq) {
  return {.norm = std::sqrt(std::max(0.0, value) + noise_sq),
          .rounding = 1e-7,
          .samples = 8,
          .norm_sq = {value, low, high},
          .noise_sq = noise_sq};
}

SurveyVerdict verdict(Survey s) {
  judge(s);
  return s.verdict;
}

std::string why(Survey s) {
  judge(s);
  std::string all;
  for (const std::string& reason : s.reasons) all += reason + "\n";
  return all + s.would_take;
}

TEST(Verdict, AMinimumAndASaddleAtTheGradientsRounding) {
  EXPECT_EQ(verdict(minimum()), SurveyVerdict::minimum);
  EXPECT_EQ(verdict(saddle()), SurveyVerdict::saddle);
}

TEST(Verdict, AGradientAboveItsRoundingIsASlope) {
  Survey s = saddle();
  s.gradient.norm = 1e-3;
  EXPECT_EQ(verdict(s), SurveyVerdict::not_critical);
}

TEST(Verdict, AHundredthOfTheFirstGradientIsSmall) {
  Survey s = saddle();
  s.gradient.norm = 1e-3;
  s.gradient.at_start = 0.2;
  EXPECT_EQ(verdict(s), SurveyVerdict::saddle);
  s.gradient.at_start = 0.05;
  EXPECT_EQ(verdict(s), SurveyVerdict::not_critical);
}

TEST(Verdict, TheDeclineIsJudgedByTheUpperEndWhereTheGradientWasSampled) {
  Survey s = saddle();
  s.gradient = sampled(1e-6, 2e-6, 1e-2, 1e-3);
  s.gradient.at_start = 1.0;
  EXPECT_EQ(verdict(s), SurveyVerdict::not_critical) << "resolved, and at most a tenth of the first one";
}

TEST(Verdict, ASlopeThatTheNoiseHidesIsSmallOnlyWhereTheIntervalIsNarrow) {
  Survey s = saddle();
  s.gradient = sampled(-1e-4, 0.0, 1e-4, 1e-3);
  EXPECT_EQ(verdict(s), SurveyVerdict::saddle) << why(s);
  s.gradient = sampled(-1e-2, 0.0, 1e-2, 1e-3);
  EXPECT_EQ(verdict(s), SurveyVerdict::cannot_tell);
  EXPECT_THAT(why(s), HasSubstr("more batches"));
  s.gradient = sampled(1e-5, 1e-4, 2e-4, 1e-3);
  EXPECT_EQ(verdict(s), SurveyVerdict::not_critical) << "zero is excluded";
}

TEST(Verdict, AWayDownThatGainsLessThanTheHiddenSlopeIsNoSaddle) {
  Survey s = saddle();
  s.gradient = sampled(-1e-4, 0.0, 1e-4, 1e-3);  // a step along it gains 1e-4 / (2 · 10) at most
  s.escape->gain = 4e-6;
  EXPECT_EQ(verdict(s), SurveyVerdict::cannot_tell);
  s.escape->gain = 6e-6;
  EXPECT_EQ(verdict(s), SurveyVerdict::saddle);
}

TEST(Verdict, ADirectionThatOtherBatchesDoNotConfirmIsNoSaddleBeyondTheBatch) {
  Survey s = saddle();
  s.cross_fitted = {{.top = false, .rank = 1, .here = -0.5, .elsewhere = {-0.1, -0.3, 0.1}, .batches = 8}};
  EXPECT_EQ(verdict(s), SurveyVerdict::saddle)
      << "at its rounding the gradient is that of these batches: so is the saddle";
  s.gradient = sampled(-1e-4, 0.0, 1e-4, 1e-3);
  EXPECT_EQ(verdict(s), SurveyVerdict::cannot_tell);
  s.cross_fitted[0].elsewhere = {-0.2, -0.3, -0.1};
  EXPECT_EQ(verdict(s), SurveyVerdict::saddle);
}

TEST(Verdict, AnErrorBarAcrossZeroIsNoCertainDirection) {
  Survey s = saddle();
  s.bottom[0] = {.value = -0.05, .residual = 0.1, .low = -0.15, .high = 0.05};
  s.below = -0.2;
  s.escape->gain = 0.0;
  EXPECT_EQ(verdict(s), SurveyVerdict::cannot_tell);
  EXPECT_THAT(why(s), HasSubstr("more Hessian-vector products"));
}

TEST(Verdict, NegativeByLessThanRoundingIsNotNegative) {
  Survey s = minimum();
  s.bottom[0] = {.value = -5e-7, .residual = 1e-8, .low = -6e-7, .high = -4e-7, .converged = true};
  s.below = -1e-6;
  EXPECT_EQ(verdict(s), SurveyVerdict::minimum);
}

TEST(Verdict, AMinimumHasNothingBelowAHundredthOfTheSteepest) {
  Survey s = minimum();
  s.bottom[0] = {.value = 0.0, .residual = 1e-5, .low = -1e-5, .high = 1e-5};
  s.below = -0.09;
  EXPECT_EQ(verdict(s), SurveyVerdict::minimum);
  s.below = -0.11;
  EXPECT_EQ(verdict(s), SurveyVerdict::cannot_tell);
}

TEST(Verdict, AFlatDirectionThatFallsIsNoMinimum) {
  Survey s = minimum();
  s.bottom[0] = {.value = 0.0, .residual = 0.0, .low = -1e-6, .high = 1e-6, .converged = true};
  s.below = -1e-6;
  s.escape = Survey::Escape{.curvature = 0.0, .slope = 0.0, .length = 1.0, .gain = 0.3, .resolution = 1e-6};
  EXPECT_EQ(verdict(s), SurveyVerdict::cannot_tell);
  s.escape->slope = -0.3;
  EXPECT_EQ(verdict(s), SurveyVerdict::minimum) << "what is left of the slope explains the fall";
}

TEST(Verdict, WhereTheHessianVanishesNothingIsTold) {
  Survey s = minimum();
  s.top[0] = s.bottom[0] = {.value = 0.0, .residual = 0.0, .low = 0.0, .high = 0.0, .converged = true};
  s.above = s.below = s.noise = 0.0;
  EXPECT_EQ(verdict(s), SurveyVerdict::cannot_tell);
}

TEST(Verdict, ScalesWithTheLoss) {
  for (const double scale : {1e-12, 1e12}) {
    Survey s = saddle();
    s.loss *= scale;
    s.gradient.norm *= scale;
    s.gradient.rounding *= scale;
    for (auto* e : {&s.top[0], &s.bottom[0]})
      *e = {e->value * scale, e->residual * scale, e->low * scale, e->high * scale, true};
    s.above *= scale;
    s.below *= scale;
    s.noise *= scale;
    EXPECT_EQ(verdict(s), SurveyVerdict::saddle);
  }
}

TEST(Verdict, ValuesThatAreNotFiniteAreNamed) {
  Survey s = minimum();
  s.not_finite = {"fc1.weight", "fc2.bias"};
  EXPECT_EQ(verdict(s), SurveyVerdict::cannot_tell);
  EXPECT_THAT(why(s), HasSubstr("fc1.weight, fc2.bias"));
}

}  // namespace
}  // namespace thalweg
