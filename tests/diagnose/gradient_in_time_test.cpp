// vanishing_gradient and exploding_gradient of recurrent layers, on runs made by formula.
#include "thalweg/diagnose/gradient_in_time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "scripted_run.h"
#include "thalweg/diagnose/checks.h"

namespace thalweg {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kSteps = 600;

struct Recurs {
  ScriptedRun::Formula loss = [](std::int64_t) { return 0.167; };  // stands at the constant's
  ScriptedRun::Formula gain = [](std::int64_t) { return 1e-9; };
  ScriptedRun::Formula decay = [](std::int64_t) { return -0.4; };
  ScriptedRun::Formula horizon = [](std::int64_t) { return 11.0; };
  double bar = 0.02;  // of the decay
  double neighbours = kNaN;
  std::int64_t every = 50;

  History history() const {
    ScriptedRun run;
    run.before(Quantity::initial_loss, 0.5).before(Quantity::constant_loss, 0.167);
    if (!std::isnan(neighbours)) run.at(300, Quantity::neighbour_loss, neighbours);
    run.each(kSteps, Quantity::loss, loss);
    for (std::int64_t t = 0; t < kSteps; t += every) {
      run.at(t, Quantity::backward_gain, gain(t), "rnn1");
      if (std::isfinite(horizon(t))) run.at(t, Quantity::memory_horizon, horizon(t), "rnn1");
      run.history.put({.step = t,
                       .value = decay(t),
                       .error = static_cast<float>(bar),
                       .quantity = Quantity::gradient_time_decay,
                       .scope = run.history.scopes_table.number("rnn1")});
    }
    return run.history;
  }
};

Recurs explodes() {
  Recurs run;
  run.gain = [](std::int64_t) { return 1e6; };
  run.decay = [](std::int64_t) { return 0.3; };
  run.horizon = [](std::int64_t) { return kInfinity; };
  run.loss = [](std::int64_t t) { return t < 40 ? 0.4 - 0.004 * static_cast<double>(t) : 5.0; };
  return run;
}

// --- vanishing

TEST(VanishingInTime, IsAFaultWhereNothingIsLearntAndNothingReachesBack) {
  const Judgement judgement = judge_vanishing_gradient_in_time(Recurs().history());
  ASSERT_EQ(judgement.verdict, Verdict::fault) << judgement.reason;
  const Finding& finding = judgement.findings.at(0);
  EXPECT_EQ(finding.code, "vanishing_gradient");
  EXPECT_EQ(finding.scope, "rnn1");
  EXPECT_THAT(finding.message, HasSubstr("within 11 steps"));
  ASSERT_EQ(finding.remedies.size(), 4U);
  EXPECT_EQ(finding.remedies[1].lever, "model.layers.memory");
  EXPECT_EQ(finding.remedies[1].value, "52");  // ln 1e-9 / -0.4
}

TEST(VanishingInTime, ANetworkThatLearnsNeedsNoLongMemory) {
  Recurs run;
  run.loss = [](std::int64_t t) { return 0.167 * std::exp(-static_cast<double>(t) / 100.0); };
  EXPECT_EQ(judge_vanishing_gradient_in_time(run.history()).verdict, Verdict::healthy);
  run.loss = [](std::int64_t t) { return t < 200 ? 0.167 : 0.01; };  // finished, and stands still
  EXPECT_EQ(judge_vanishing_gradient_in_time(run.history()).verdict, Verdict::healthy);
}

// It may well learn more with a longer memory; that it does not is no fault that can be shown.
TEST(VanishingInTime, IsANoteWhereSomethingWasLearntAllTheSame) {
  Recurs run;
  run.loss = [](std::int64_t t) { return t < 200 ? 0.167 : 0.08; };
  const Judgement judgement = judge_vanishing_gradient_in_time(run.history());
  EXPECT_EQ(judgement.verdict, Verdict::healthy);
  ASSERT_EQ(judgement.findings.size(), 1U);
  EXPECT_EQ(judgement.findings[0].severity, Severity::note);
}

TEST(VanishingInTime, ARunThatStandsThoughItsGradientReachesBackHasAnotherFault) {
  Recurs run;
  run.gain = [](std::int64_t) { return 0.3; };
  run.horizon = [](std::int64_t) { return kInfinity; };
  EXPECT_EQ(judge_vanishing_gradient_in_time(run.history()).verdict, Verdict::healthy);
}

// A hundredth just before the beginning: all but the first steps is learnt from.
TEST(VanishingInTime, AHorizonNearTheWholeSequenceIsNone) {
  Recurs run;
  run.gain = [](std::int64_t) { return 3e-3; };
  run.horizon = [](std::int64_t) { return 24.0; };
  EXPECT_EQ(judge_vanishing_gradient_in_time(run.history()).verdict, Verdict::healthy);
}

// What the start forgot, training may have learnt to keep: only the last half counts.
TEST(VanishingInTime, OnlyTheLastHalfCounts) {
  Recurs run;
  run.gain = [](std::int64_t t) { return t < 250 ? 1e-9 : 0.5; };
  EXPECT_EQ(judge_vanishing_gradient_in_time(run.history()).verdict, Verdict::healthy);
}

// One look at the start is enough where nothing was learnt since; where something was, the weights are others.
TEST(VanishingInTime, WithoutAReadingInTheLastHalfTheEarlierOnesCountIfNothingWasLearnt) {
  Recurs run;
  run.every = 1000;
  EXPECT_EQ(judge_vanishing_gradient_in_time(run.history()).verdict, Verdict::fault);
  run.loss = [](std::int64_t t) { return t < 100 ? 0.167 : 0.1; };
  EXPECT_EQ(judge_vanishing_gradient_in_time(run.history()).verdict, Verdict::cannot_tell);
}

TEST(GradientInTime, OfARunWithoutRecurrenceNothingIsSaid) {
  ScriptedRun run;
  run.before(Quantity::constant_loss, 2.3).each(kSteps, Quantity::loss, [](std::int64_t) { return 2.3; });
  EXPECT_TRUE(judge_vanishing_gradient_in_time(run.history).findings.empty());
  EXPECT_TRUE(judge_exploding_gradient_in_time(run.history).findings.empty());
}

// --- exploding

TEST(ExplodingInTime, IsAFaultWhereItThrowsTheLossUp) {
  const Judgement judgement = judge_exploding_gradient_in_time(explodes().history());
  ASSERT_EQ(judgement.verdict, Verdict::fault) << judgement.reason;
  EXPECT_EQ(judgement.findings.at(0).code, "exploding_gradient");
  EXPECT_THAT(judgement.findings.at(0).message, HasSubstr("optimizer.clip_norm"));
}

// The throw itself saturates the units, and then the gradient vanishes: what counts is what was before it.
TEST(ExplodingInTime, WhatTheThrowMadeOfItDoesNotHideIt) {
  Recurs run = explodes();
  run.gain = [](std::int64_t t) { return t < 50 ? 1e6 : 1e-30; };
  run.decay = [](std::int64_t t) { return t < 50 ? 0.3 : -2.0; };
  EXPECT_EQ(judge_exploding_gradient_in_time(run.history()).verdict, Verdict::fault);
}

TEST(ExplodingInTime, AGradientThatGrowsWhileTheLossFallsIsNone) {
  Recurs run = explodes();
  run.loss = [](std::int64_t t) { return 0.4 * std::exp(-static_cast<double>(t) / 100.0); };
  EXPECT_EQ(judge_exploding_gradient_in_time(run.history()).verdict, Verdict::healthy);
}

TEST(ExplodingInTime, ALossThrownUpByAnotherFaultIsNotLaidAtItsDoor) {
  Recurs run = explodes();
  run.gain = [](std::int64_t) { return 0.8; };
  run.decay = [](std::int64_t) { return -0.01; };
  EXPECT_EQ(judge_exploding_gradient_in_time(run.history()).verdict, Verdict::healthy);
}

TEST(ExplodingInTime, ASpikeThatHealsIsNone) {
  Recurs run = explodes();
  run.loss = [](std::int64_t t) { return t >= 40 && t < 60 ? 5.0 : 0.4 * std::exp(-static_cast<double>(t) / 100.0); };
  EXPECT_EQ(judge_exploding_gradient_in_time(run.history()).verdict, Verdict::healthy);
}

TEST(ExplodingInTime, GrowthWithinItsErrorBarIsNone) {
  Recurs run = explodes();
  run.bar = 0.5;
  EXPECT_EQ(judge_exploding_gradient_in_time(run.history()).verdict, Verdict::healthy);
}

// --- together

TEST(GradientInTime, BothAreAmongTheChecksOfARun) {
  const auto codes = [](const Judgement& judgement) {
    std::vector<std::string> result;
    for (const Finding& f : judgement.findings) result.push_back(f.code);
    return result;
  };
  EXPECT_THAT(codes(judge_run(Recurs().history())), ::testing::Contains("vanishing_gradient"));
  EXPECT_THAT(codes(judge_run(explodes().history())), ::testing::Contains("exploding_gradient"));
}

TEST(GradientInTime, DoesNotDependOnTheScaleOfTheLoss) {
  for (const double scale : {1e-9, 1e9}) {
    for (const Recurs& run : {Recurs(), explodes()}) {
      const History whole = run.history();
      History scaled;
      scaled.scopes_table = whole.scopes_table;
      for (const Quantity q : {Quantity::loss, Quantity::initial_loss, Quantity::constant_loss}) {
        for (const Point& p : whole.series(q)) scaled.put({.step = p.step, .value = scale * p.value, .quantity = q});
      }
      for (const Quantity q : {Quantity::backward_gain, Quantity::memory_horizon, Quantity::gradient_time_decay}) {
        for (const Point& p : whole.series(q, 1)) {
          scaled.put({.step = p.step, .value = p.value, .error = p.error, .quantity = q, .scope = 1});
        }
      }
      EXPECT_EQ(judge_vanishing_gradient_in_time(scaled).verdict, judge_vanishing_gradient_in_time(whole).verdict);
      EXPECT_EQ(judge_exploding_gradient_in_time(scaled).verdict, judge_exploding_gradient_in_time(whole).verdict);
    }
  }
}

}  // namespace
}  // namespace thalweg
