#include "thalweg/diagnose/symmetric_initialization.h"

#include <gmock/gmock.h>

#include "scripted_run.h"
#include "thalweg/diagnose/checks.h"

namespace thalweg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ScriptedRun start(double hidden, double output, double scale = 1.0) {
  ScriptedRun run;
  run.at(0, Quantity::symmetric_units, hidden, "linear1").at(0, Quantity::weight_spectral_scale, scale, "linear1");
  run.at(0, Quantity::symmetric_units, output, "linear2").at(0, Quantity::weight_spectral_scale, 1.0, "linear2");
  return run;
}

TEST(SymmetricInitialization, RandomWeightsAreHealthy) {
  const Judgement judgement = judge_symmetric_initialization(start(0.0, 0.0).history);
  EXPECT_EQ(judgement.verdict, Verdict::healthy);
  EXPECT_TRUE(judgement.findings.empty());
}

TEST(SymmetricInitialization, ALayerOfCopiesIsAFaultThatNamesIt) {
  const Judgement judgement = judge_symmetric_initialization(start(1.0, 0.0).history);
  ASSERT_EQ(judgement.verdict, Verdict::fault);
  const Finding& finding = judgement.findings.at(0);
  EXPECT_EQ(finding.scope, "linear1");
  EXPECT_THAT(finding.message, HasSubstr("linear1 (100%)"));
  EXPECT_EQ(finding.remedies.at(0).lever, "model.init.kind");
}

TEST(SymmetricInitialization, ZerosAreCalledZeros) {
  EXPECT_THAT(judge_symmetric_initialization(start(1.0, 0.0, 0.0).history).findings.at(0).message,
              HasSubstr("all weights zero"));
}

TEST(SymmetricInitialization, AFewCopiesAreAWarning) {
  const Judgement judgement = judge_symmetric_initialization(start(0.1, 0.0).history);
  EXPECT_EQ(judgement.verdict, Verdict::healthy);
  EXPECT_EQ(judgement.findings.at(0).severity, Severity::warning);
}

TEST(SymmetricInitialization, WithoutReadingsItCannotTell) {
  EXPECT_EQ(judge_symmetric_initialization(History()).verdict, Verdict::cannot_tell);
}

TEST(SymmetricInitialization, WhatCouldNotBeComparedIsNoFinding) {
  EXPECT_TRUE(judge_symmetric_initialization(start(kNaN, kNaN).history).findings.empty());
}

// It is the root: what stands still because of it says so.
TEST(SymmetricInitialization, IsTheCauseOfARunThatStandsAtASaddle) {
  ScriptedRun run = start(1.0, 0.0, 0.0);
  run.before(Quantity::initial_loss, 2.3).before(Quantity::constant_loss, 2.3);
  run.each(400, Quantity::loss, [](std::int64_t) { return 2.3; });
  run.at(400, Quantity::escape_curvature, -1.0)
      .at(400, Quantity::escape_gain, 1.0)
      .at(400, Quantity::escape_length, 3.0);
  run.at(400, Quantity::gradient_norm, 1e-6)
      .at(400, Quantity::gradient_noise, 1e-7)
      .at(400, Quantity::live_weights, 1.0);
  run.at(400, Quantity::lambda_min, -1.0).at(400, Quantity::lambda_max, 1.0).at(400, Quantity::descent_gain, 0.0);
  const Judgement judgement = judge_run(run.history);
  ASSERT_FALSE(judgement.findings.empty());
  EXPECT_EQ(judgement.findings.front().code, "symmetric_initialization");
  for (const Finding& f : judgement.findings) {
    if (f.code == "saddle_point") EXPECT_THAT(f.causes, ElementsAre("symmetric_initialization"));
  }
}

}  // namespace
}  // namespace thalweg
