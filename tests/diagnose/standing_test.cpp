// A run that stands still, and the three things that it may stand at.
#include "thalweg/diagnose/standing.h"

#include <gmock/gmock.h>

#include <cmath>
#include <optional>
#include <random>

#include "scripted_run.h"
#include "thalweg/diagnose/checks.h"
#include "thalweg/diagnose/local_minimum.h"
#include "thalweg/diagnose/plateau.h"
#include "thalweg/diagnose/saddle_point.h"

namespace thalweg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Measured {
  double value = 0.0;
  double error = 0.0;
};

// Losses that stand at 2.3 but for noise; the point is looked at at the end.
struct Stands {
  std::int64_t steps = 600;
  double constant = 2.3;
  ScriptedRun::Formula loss = [](std::int64_t t) { return 2.3 + 0.02 * std::sin(1.7 * static_cast<double>(t)); };
  bool looked = true;
  double live = 1.0;
  Measured gradient{0.01, 0.005};
  std::optional<Measured> lambda_min = Measured{-0.001, 0.01};
  std::optional<Measured> curvature, gain, descent = Measured{0.001, 0.002};
  double length = 1.0;
  double neighbours = 0.8;

  History history() const {
    ScriptedRun out;
    out.before(Quantity::initial_loss, 2.35).before(Quantity::constant_loss, constant);
    out.each(steps, Quantity::loss, loss);
    if (!looked) return out.history;
    const auto put = [&](Quantity quantity, const std::optional<Measured>& m) {
      if (!m) return;
      out.history.put({.step = steps, .value = m->value, .error = static_cast<float>(m->error), .quantity = quantity});
    };
    put(Quantity::gradient_norm, gradient);
    put(Quantity::live_weights, Measured{live, 0.0});
    put(Quantity::lambda_min, lambda_min);
    put(Quantity::escape_curvature, curvature);
    put(Quantity::escape_gain, gain);
    put(Quantity::escape_length, curvature ? std::optional(Measured{length, 0.0}) : std::nullopt);
    put(Quantity::descent_gain, descent);
    if (std::isfinite(neighbours)) put(Quantity::neighbour_loss, Measured{neighbours, 0.0});
    return out.history;
  }
};

Stands at_a_saddle() {
  Stands run;
  run.lambda_min = Measured{-1.0, 0.1};
  run.curvature = Measured{-0.9, 0.1};
  run.gain = Measured{0.5, 0.05};
  return run;
}

Stands on_a_plateau() {
  Stands run;
  run.live = 0.001;
  return run;
}

void expect_only(const History& history, std::string_view code) {
  const Judgement saddle = judge_saddle_point(history), plateau = judge_plateau(history),
                  minimum = judge_local_minimum(history);
  EXPECT_EQ(!saddle.findings.empty(), code == "saddle_point") << saddle.reason;
  EXPECT_EQ(!plateau.findings.empty(), code == "plateau") << plateau.reason;
  EXPECT_EQ(!minimum.findings.empty(), code == "local_minimum") << minimum.reason;
}

// --- standing

TEST(Standing, IsALossThatDoesNotFallOverTheLastHalf) {
  const auto at = standing(Stands().history());
  ASSERT_TRUE(at.standing) << at.otherwise.reason;
  EXPECT_EQ(at.standing->first, 300);
  EXPECT_NEAR(at.standing->level, 2.3, 0.02);
  EXPECT_EQ(at.standing->look, 600);
  EXPECT_EQ(at.standing->reachable, 0.8);
}

TEST(Standing, ALossThatFallsDoesNotStand) {
  Stands run;
  run.loss = [](std::int64_t t) { return 2.3 * std::exp(-static_cast<double>(t) / 600.0); };
  EXPECT_EQ(standing(run.history()).otherwise.verdict, Verdict::healthy);
}

// A saddle is left exponentially: only the last steps show it.
TEST(Standing, ALossThatHasJustBegunToFallDoesNotStand) {
  Stands run;
  run.loss = [](std::int64_t t) { return t < 540 ? 2.3 : 1.8; };
  EXPECT_THAT(standing(run.history()).otherwise.reason, HasSubstr("still falls"));
}

// A small batch's losses scatter widely, and so does the median of the last of them.
TEST(Standing, NoiseOfTheLastStepsIsNoFall) {
  int standing_runs = 0;
  for (unsigned seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    Stands run;
    run.steps = 2000;
    run.loss = [&](std::int64_t) { return 2.0 + 0.6 * normal(random); };
    standing_runs += standing(run.history()).standing.has_value();
  }
  EXPECT_GE(standing_runs, 38);
}

TEST(Standing, AFinishedTrainingIsNotFar) {
  Stands run;
  run.loss = [](std::int64_t) { return 0.1; };
  EXPECT_EQ(standing(run.history()).otherwise.verdict, Verdict::healthy);
}

TEST(Standing, AShortRunCannotTell) {
  Stands run;
  run.steps = 200;
  EXPECT_EQ(standing(run.history()).otherwise.verdict, Verdict::cannot_tell);
  EXPECT_THAT(standing(run.history()).otherwise.reason, HasSubstr("256 tell"));
}

// An earlier look says nothing of the point where it stands now.
TEST(Standing, ALookFromBeforeTheWindowIsNoLook) {
  Stands run;
  History history = run.history();
  for (std::int64_t t = 600; t < 2000; ++t) history.put({.step = t, .value = 2.3});
  EXPECT_FALSE(standing(history).standing->look);
}

TEST(Standing, WithoutALookNothingIsSaidButWhatWouldTell) {
  Stands run;
  run.looked = false;
  for (const auto judge :
       {+[](const History& h) { return judge_saddle_point(h); }, +[](const History& h) { return judge_plateau(h); },
        +[](const History& h) { return judge_local_minimum(h); }}) {
    const Judgement judgement = judge(run.history());
    EXPECT_EQ(judgement.verdict, Verdict::cannot_tell);
    EXPECT_THAT(judgement.reason, HasSubstr("thalweg survey"));
  }
}

TEST(Standing, WithoutCurvatureNothingIsSaidEither) {
  Stands run = on_a_plateau();
  run.lambda_min.reset();
  expect_only(run.history(), "");
  EXPECT_EQ(judge_plateau(run.history()).verdict, Verdict::cannot_tell);
}

// --- saddle_point

TEST(SaddlePoint, IsAWayDownWithoutASlope) {
  expect_only(at_a_saddle().history(), "saddle_point");
  const Finding finding = judge_saddle_point(at_a_saddle().history()).findings.at(0);
  EXPECT_EQ(finding.severity, Severity::fault);
  EXPECT_EQ(finding.first_step, 300);
  EXPECT_EQ(finding.remedies.at(0).lever, "model.init.kind");
}

TEST(SaddlePoint, NegativeCurvatureThatLeadsNowhereIsNone) {
  Stands run = at_a_saddle();
  run.gain = Measured{0.01, 0.001};
  EXPECT_EQ(judge_saddle_point(run.history()).verdict, Verdict::healthy);
}

TEST(SaddlePoint, WhatOtherRowsDoNotConfirmIsNone) {
  Stands run = at_a_saddle();
  run.gain = Measured{0.5, 0.6};
  EXPECT_EQ(judge_saddle_point(run.history()).verdict, Verdict::healthy);
  run = at_a_saddle();
  run.curvature = Measured{-0.1, 0.2};
  EXPECT_EQ(judge_saddle_point(run.history()).verdict, Verdict::healthy);
}

TEST(SaddlePoint, ASlopeIsNone) {
  Stands run = at_a_saddle();
  run.gradient = Measured{0.6, 0.1};
  EXPECT_EQ(judge_saddle_point(run.history()).verdict, Verdict::healthy);
  EXPECT_THAT(judge_saddle_point(run.history()).reason, HasSubstr("slope"));
}

// --- plateau

TEST(Plateau, IsWhereNothingPulls) {
  expect_only(on_a_plateau().history(), "plateau");
  EXPECT_EQ(judge_plateau(on_a_plateau().history()).verdict, Verdict::fault);
}

TEST(Plateau, WithAWayDownIsASaddle) {
  Stands run = at_a_saddle();
  run.live = 0.0;
  expect_only(run.history(), "saddle_point");
}

TEST(Plateau, WhereNothingIsToBeReachedIsNoFault) {
  Stands run = on_a_plateau();
  run.neighbours = 2.4;
  expect_only(run.history(), "");
}

// --- local_minimum

TEST(LocalMinimum, IsAWarningWhereNeighboursReachMore) {
  expect_only(Stands().history(), "local_minimum");
  const Judgement judgement = judge_local_minimum(Stands().history());
  EXPECT_EQ(judgement.verdict, Verdict::healthy);
  EXPECT_EQ(judgement.findings.at(0).severity, Severity::warning);
}

TEST(LocalMinimum, IsAFaultWhereThisVeryNetworkHasBeenLower) {
  Stands run;
  run.loss = [](std::int64_t t) { return t < 100 ? 1.9 : 2.2; };
  const Judgement judgement = judge_local_minimum(run.history());
  EXPECT_EQ(judgement.verdict, Verdict::fault);
  EXPECT_THAT(judgement.findings.at(0).message, HasSubstr("has had 1.9"));
}

TEST(LocalMinimum, ANoiseFloorIsNone) {
  for (const double neighbours : {2.5, 2.25}) {  // nothing told by the inputs; next to nothing
    Stands run;
    run.neighbours = neighbours;
    expect_only(run.history(), "");
    EXPECT_EQ(judge_local_minimum(run.history()).verdict, Verdict::healthy);
  }
}

TEST(LocalMinimum, WithoutNeighboursCannotTell) {
  Stands run;
  run.neighbours = kNaN;
  expect_only(run.history(), "");
  EXPECT_EQ(judge_local_minimum(run.history()).verdict, Verdict::cannot_tell);
}

// A constant rate hovers above its minimum: straight down the gradient there is something to be gained.
TEST(LocalMinimum, HoveringIsNone) {
  Stands run;
  run.descent = Measured{0.2, 0.05};
  expect_only(run.history(), "");
}

// --- all together

TEST(Standing, ASaddleExplainsStepsThatGoNowhere) {
  History history = at_a_saddle().history();
  history.header.peak_learning_rate = 0.1;
  for (std::int64_t t = 0; t < 600; ++t) {
    history.put({.step = t, .value = 100.0, .quantity = Quantity::weight_sq});
    history.put({.step = t, .value = 1e-12, .quantity = Quantity::update_sq});
    if (t % 12 == 0) history.put({.step = t, .value = 1e-4, .quantity = Quantity::overshoot});
  }
  const Judgement judgement = judge_run(history);
  ASSERT_EQ(judgement.findings.size(), 2U);
  EXPECT_EQ(judgement.findings[0].code, "saddle_point");
  EXPECT_EQ(judgement.findings[1].code, "learning_rate_too_low");
  EXPECT_THAT(judgement.findings[1].causes, ElementsAre("saddle_point"));
}

TEST(Standing, DoesNotDependOnTheScaleOfTheLoss) {
  for (const double scale : {1e-12, 1e12}) {
    for (const Stands& run : {at_a_saddle(), on_a_plateau(), Stands()}) {
      const History history = run.history();
      History scaled;
      for (const QuantityInfo& q : quantities()) {
        const bool share = q.id == Quantity::live_weights || q.id == Quantity::escape_length;
        for (const Point& p : history.series(q.id)) {
          const double factor = share ? 1.0 : scale;
          scaled.put({.step = p.step,
                      .value = factor * p.value,
                      .error = static_cast<float>(factor) * p.error,
                      .quantity = q.id});
        }
      }
      EXPECT_EQ(judge_saddle_point(scaled).findings.size(), judge_saddle_point(history).findings.size());
      EXPECT_EQ(judge_plateau(scaled).findings.size(), judge_plateau(history).findings.size());
      EXPECT_EQ(judge_local_minimum(scaled).findings.size(), judge_local_minimum(history).findings.size());
    }
  }
}

}  // namespace
}  // namespace thalweg
