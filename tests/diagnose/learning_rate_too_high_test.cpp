#include "thalweg/diagnose/learning_rate_too_high.h"

#include <gmock/gmock.h>

#include <cmath>

#include "quadratic_descent.h"

namespace thalweg {
namespace {

using testing::HasSubstr;

// Ten classes: the best constant has ln 10.
ScriptedRun ten_classes(std::int64_t steps, const ScriptedRun::Formula& loss) {
  ScriptedRun run;
  run.before(Quantity::initial_loss, 2.35).before(Quantity::constant_loss, std::log(10.0));
  run.each(steps, Quantity::loss, loss);
  run.history.header.peak_learning_rate = 0.5;
  run.history.header.planned_steps = steps;
  return run;
}

double noise(std::int64_t step) { return 0.2 * std::sin(7.0 * static_cast<double>(step)); }
double falling(std::int64_t step) { return 0.4 + 1.9 * std::exp(-0.02 * static_cast<double>(step)) + noise(step); }

TEST(LearningRateTooHigh, AFallingLossIsHealthy) {
  EXPECT_EQ(judge_learning_rate_too_high(ten_classes(400, falling).history).verdict, Verdict::healthy);
}

TEST(LearningRateTooHigh, ALossThatStaysWhereItWasThrownIsAFault) {
  const auto thrown = [](std::int64_t step) { return step < 3 ? 2.3 : step < 10 ? 90.0 : 2.4 + noise(step); };
  const Judgement judgement = judge_learning_rate_too_high(ten_classes(400, thrown).history);
  ASSERT_EQ(judgement.verdict, Verdict::fault) << judgement.reason;
  const Finding& finding = judgement.findings.at(0);
  EXPECT_EQ(finding.code, "learning_rate_too_high");
  EXPECT_NEAR(static_cast<double>(finding.first_step), 3.0, 2.0);
  EXPECT_DOUBLE_EQ(finding.evidence.at(0).value, 90.0);
  EXPECT_DOUBLE_EQ(finding.evidence.at(0).threshold, 1.5 * 2.35);
  EXPECT_EQ(finding.remedies.at(0).value, "0.05");  // no overshoot was read: a tenth
}

TEST(LearningRateTooHigh, TheRemedyIsTheMinimumAlongTheStep) {
  const auto thrown = [](std::int64_t step) { return step < 3 ? 2.3 : step < 10 ? 90.0 : 2.4; };
  ScriptedRun run = ten_classes(400, thrown);
  run.at(0, Quantity::overshoot, 10.0);
  const Finding finding = judge_learning_rate_too_high(run.history).findings.at(0);
  EXPECT_EQ(finding.remedies.at(0).value, "0.025");  // 0.5 / (2 · 10)
}

TEST(LearningRateTooHigh, ALossThatComesBackIsAWarningAndNoFault) {
  const auto catapult = [](std::int64_t step) { return step >= 20 && step < 45 ? 9.0 : falling(step); };
  const Judgement judgement = judge_learning_rate_too_high(ten_classes(600, catapult).history);
  EXPECT_EQ(judgement.verdict, Verdict::healthy);
  EXPECT_EQ(judgement.findings.at(0).severity, Severity::warning);
  EXPECT_THAT(judgement.findings.at(0).message, HasSubstr("came down"));
}

TEST(LearningRateTooHigh, JustThrownCannotBeTold) {
  const auto thrown = [](std::int64_t step) { return step < 60 ? falling(step) : 9.0; };
  ScriptedRun run = ten_classes(70, thrown);
  run.history.header.planned_steps = 1000;
  const Judgement judgement = judge_learning_rate_too_high(run.history);
  EXPECT_EQ(judgement.verdict, Verdict::cannot_tell);
  EXPECT_EQ(judgement.findings.at(0).severity, Severity::warning);
}

TEST(LearningRateTooHigh, SpikesOfOneBatchAreNotThrows) {
  const auto spiky = [](std::int64_t step) { return step % 10 == 0 ? 50.0 : falling(step); };
  EXPECT_EQ(judge_learning_rate_too_high(ten_classes(400, spiky).history).verdict, Verdict::healthy);
}

TEST(LearningRateTooHigh, ForgettingAllIsAFaultWithoutAThrow) {
  const auto forgets = [](std::int64_t step) { return step < 150 ? falling(step) : 2.3; };
  const Judgement judgement = judge_learning_rate_too_high(ten_classes(400, forgets).history);
  EXPECT_EQ(judgement.verdict, Verdict::fault);
  EXPECT_NEAR(static_cast<double>(judgement.findings.at(0).first_step), 150.0, 16.0);
}

TEST(LearningRateTooHigh, DivergenceIsNamedAtOnce) {
  QuadraticDescent descent{
      .curvatures = {1.0}, .start = {1.0}, .rate = [](std::int64_t) { return 6.0; }, .steps = 8};  // x → −5x
  const Judgement judgement = judge_learning_rate_too_high(descent.run().history);
  ASSERT_EQ(judgement.verdict, Verdict::fault);
  EXPECT_THAT(judgement.findings.at(0).message, HasSubstr("diverged"));
  // ρ = ½ · 6: lr/(2ρ) is the minimum, 1. The recipe's rate is not known, the one in force is.
  EXPECT_EQ(judgement.findings.at(0).remedies.at(0).value, "1");
}

TEST(LearningRateTooHigh, NaNAfterGrowthIsDivergence) {
  const auto grows = [](std::int64_t step) { return step < 5 ? 2.3 * std::pow(4.0, step) : kNaN; };
  EXPECT_EQ(judge_learning_rate_too_high(ten_classes(8, grows).history).verdict, Verdict::fault);
}

TEST(LearningRateTooHigh, NaNOutOfNowhereIsNot) {
  const auto breaks = [](std::int64_t step) { return step < 100 ? falling(step) : kNaN; };
  ScriptedRun run = ten_classes(102, breaks);
  EXPECT_NE(judge_learning_rate_too_high(run.history).verdict, Verdict::fault);
}

TEST(LearningRateTooHigh, ABadStartThatFallsIsHealthy) {
  ScriptedRun run;
  run.before(Quantity::initial_loss, 40.0).before(Quantity::constant_loss, 2.3);
  run.each(400, Quantity::loss, [](std::int64_t t) { return 0.5 + 39.5 * std::exp(-0.03 * static_cast<double>(t)); });
  EXPECT_EQ(judge_learning_rate_too_high(run.history).verdict, Verdict::healthy);
}

TEST(LearningRateTooHigh, APlateauAtTheStartIsNotAccused) {
  const auto plateau = [](std::int64_t step) { return 2.31 + noise(step); };
  EXPECT_EQ(judge_learning_rate_too_high(ten_classes(800, plateau).history).verdict, Verdict::healthy);
}

TEST(LearningRateTooHigh, AHistoryFromTheMiddleOfARunIsHeldToItsOwnNoise) {
  History history;
  for (std::int64_t step = 500; step < 900; ++step)
    history.put({.step = step, .value = 0.4 + noise(step), .quantity = Quantity::loss});
  EXPECT_EQ(judge_learning_rate_too_high(history).verdict, Verdict::healthy);
}

TEST(LearningRateTooHigh, ALossWithoutAFloorIsNotJudgedByItsLevel) {
  ScriptedRun run;
  run.each(400, Quantity::loss, [](std::int64_t t) { return -1.0 + 0.01 * static_cast<double>(t); });
  EXPECT_EQ(judge_learning_rate_too_high(run.history).verdict, Verdict::healthy);
}

TEST(LearningRateTooHigh, FewLossesCannotTell) {
  const Judgement judgement = judge_learning_rate_too_high(ten_classes(20, falling).history);
  EXPECT_EQ(judgement.verdict, Verdict::cannot_tell);
  EXPECT_THAT(judgement.reason, HasSubstr("20 losses were read, 48 tell"));
  EXPECT_EQ(judge_learning_rate_too_high(History()).verdict, Verdict::cannot_tell);
}

}  // namespace
}  // namespace thalweg
