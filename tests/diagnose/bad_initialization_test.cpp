#include "thalweg/diagnose/bad_initialization.h"

#include <gmock/gmock.h>

#include <cmath>
#include <string>

#include "scripted_run.h"

namespace thalweg {
namespace {

using testing::HasSubstr;

// `depth` layers, each of which multiplies the spread by `forward` on the way in and the pull by `backward` on the way
// back.
struct Shape {
  int depth = 10;
  double forward = 1.0;
  double backward = 1.0;
  double scale = 1.0;
  double correlation = 0.0;
};

ScriptedRun start(const Shape& shape, double initial = 2.35, double constant = 2.3) {
  ScriptedRun run;
  run.before(Quantity::initial_loss, initial).before(Quantity::constant_loss, constant);
  for (int l = 0; l < shape.depth; ++l) {
    const std::string layer = "linear" + std::to_string(l + 1);
    run.at(0, Quantity::activation_rms, std::pow(shape.forward, l), layer);
    run.at(0, Quantity::input_correlation, shape.correlation, layer);
    run.at(0, Quantity::weight_spectral_scale, shape.scale, layer);
    run.at(0, Quantity::gradient_sq, std::pow(shape.backward, 2 * (shape.depth - 1 - l)), layer + ".weight");
    run.at(0, Quantity::weight_sq, 1.0, layer + ".weight");
  }
  return run;
}

Judgement judged(const ScriptedRun& run) { return judge_bad_initialization(run.history); }

TEST(BadInitialization, ASignalThatKeepsItsSizeIsHealthy) {
  EXPECT_EQ(judged(start({})).verdict, Verdict::healthy);
  EXPECT_TRUE(judged(start({.forward = 0.85, .backward = 0.8})).findings.empty());
  EXPECT_TRUE(judged(start({.depth = 10, .forward = 0.5, .backward = 0.5})).findings.empty()) << "a start that trains";
  EXPECT_TRUE(judged(start({.depth = 2, .forward = 0.3, .backward = 0.1})).findings.empty()) << "too shallow to tell";
}

// Weights of zero with biases that are not: each unit differs from the others, and none hears its input.
TEST(BadInitialization, OutputsThatAreEqualForAllRowsInEveryLayerAreAFault) {
  EXPECT_EQ(judged(start({.depth = 3, .correlation = 1.0})).verdict, Verdict::fault);
  ScriptedRun silent;
  for (const char* layer : {"linear1", "linear2", "linear3"}) silent.at(0, Quantity::activation_rms, 0.0, layer);
  silent.before(Quantity::initial_loss, 2.3);
  EXPECT_EQ(judged(silent).verdict, Verdict::fault);
}

TEST(BadInitialization, WhatIsReadLaterIsNoStart) {
  ScriptedRun run;
  run.before(Quantity::initial_loss, 2.3);
  for (const char* layer : {"linear1", "linear2", "linear3"}) {
    run.at(40, Quantity::activation_rms, 1.0, layer).at(40, Quantity::input_correlation, 1.0, layer);
  }
  EXPECT_TRUE(judged(run).findings.empty());
}

TEST(BadInitialization, WhatShrinksForwardsIsAFault) {
  const Judgement judgement = judged(start({.depth = 30, .forward = 0.5}));
  ASSERT_EQ(judgement.verdict, Verdict::fault);
  EXPECT_THAT(judgement.findings.at(0).message, HasSubstr("what tells rows apart shrinks from 1 in linear1"));
  EXPECT_EQ(judgement.findings.at(0).remedies.at(0).lever, "model.init.kind");
}

// Biases keep the outputs large; that all rows put out the same is seen by their correlation.
TEST(BadInitialization, OutputsThatAreLargeButEqualForAllRowsAreSeen) {
  ScriptedRun run = start({.depth = 6});
  run.at(0, Quantity::activation_rms, 1.0, "linear7").at(0, Quantity::input_correlation, 1.0 - 1e-13, "linear7");
  run.at(0, Quantity::activation_rms, 1.0, "linear8").at(0, Quantity::input_correlation, 1.0 - 1e-13, "linear8");
  EXPECT_EQ(judged(run).verdict, Verdict::fault);
}

TEST(BadInitialization, WhatShrinksBackwardsIsAFault) {
  const Judgement judgement = judged(start({.depth = 30, .backward = 0.5}));
  ASSERT_EQ(judgement.verdict, Verdict::fault);
  EXPECT_THAT(judgement.findings.at(0).message, HasSubstr("the gradient pulls at linear1 only"));
}

TEST(BadInitialization, LayersThatNothingPullsAtAreNotComparedWith) {
  ScriptedRun run = start({.depth = 4});
  run.at(0, Quantity::gradient_sq, 0.0, "frozen.weight").at(0, Quantity::weight_sq, 1.0, "frozen.weight");
  EXPECT_EQ(judged(run).verdict, Verdict::healthy);
}

TEST(BadInitialization, ALayerThatBlowsUpOrSilencesIsAFault) {
  EXPECT_THAT(judged(start({.scale = 60.0})).findings.at(0).message,
              HasSubstr("linear1 blows its input up to 60 times its size"));
  EXPECT_EQ(judged(start({.scale = 60.0})).verdict, Verdict::fault);
  EXPECT_EQ(judged(start({.scale = 1e-5})).verdict, Verdict::fault);
  EXPECT_EQ(judged(start({.scale = 0.0})).verdict, Verdict::healthy) << "zeros: symmetric_initialization's";
}

TEST(BadInitialization, AFirstLossAboveTheConstantsIsAWarningAndFarAboveItAFault) {
  EXPECT_EQ(judged(start({}, 2.3 * 4.5)).verdict, Verdict::healthy);
  EXPECT_TRUE(judged(start({}, 2.3 * 4.5)).findings.empty());
  EXPECT_EQ(judged(start({}, 2.3 * 10)).findings.at(0).severity, Severity::warning);
  EXPECT_EQ(judged(start({}, 2.3 * 100)).verdict, Verdict::fault);
  EXPECT_EQ(judged(start({}, kInfinity)).verdict, Verdict::fault);
  EXPECT_EQ(judged(start({}, 5.0, kNaN)).verdict, Verdict::healthy) << "there is no constant to compare with";
}

TEST(BadInitialization, InputsOfABadScaleExplainALoudStart) {
  ScriptedRun run = start({}, 230.0);
  run.before(Quantity::input_rms, 116.0);
  EXPECT_TRUE(judged(run).findings.empty());
}

TEST(BadInitialization, ARunThatLearnsInSpiteOfItIsWarned) {
  ScriptedRun run = start({.scale = 60.0});
  run.each(400, Quantity::loss, [](std::int64_t t) { return 2.3 * std::exp(-0.01 * static_cast<double>(t)); });
  const Judgement judgement = judged(run);
  EXPECT_EQ(judgement.verdict, Verdict::healthy);
  EXPECT_EQ(judgement.findings.at(0).severity, Severity::warning);
  EXPECT_THAT(judgement.findings.at(0).message, HasSubstr("learns in spite of it"));
}

TEST(BadInitialization, WithoutReadingsItCannotTell) {
  EXPECT_EQ(judge_bad_initialization(History()).verdict, Verdict::cannot_tell);
}

TEST(BadInitialization, NonFiniteReadingsOfLayersAreLeftOut) {
  EXPECT_TRUE(judged(start({.forward = kNaN, .scale = kNaN})).findings.empty());
}

}  // namespace
}  // namespace thalweg
