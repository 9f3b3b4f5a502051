#include "thalweg/diagnose/non_finite.h"

#include <gmock/gmock.h>

#include <cmath>

#include "scripted_run.h"

namespace thalweg {
namespace {

using testing::HasSubstr;

double steady(std::int64_t) { return 1.0; }

ScriptedRun quiet_run(std::int64_t steps) {
  ScriptedRun run;
  for (const Quantity quantity :
       {Quantity::loss, Quantity::objective, Quantity::gradient_sq, Quantity::update_sq, Quantity::weight_sq}) {
    run.each(steps, quantity, steady);
  }
  return run;
}

TEST(NonFinite, FiniteRunsAreHealthy) {
  const Judgement judgement = judge_non_finite(quiet_run(40).history);
  EXPECT_EQ(judgement.verdict, Verdict::healthy);
  EXPECT_THAT(judgement.reason, HasSubstr("40"));
}

TEST(NonFinite, WithoutALossNothingIsKnown) {
  const Judgement judgement = judge_non_finite(History());
  EXPECT_EQ(judgement.verdict, Verdict::cannot_tell);
  EXPECT_THAT(judgement.reason, HasSubstr("no loss"));
}

TEST(NonFinite, OverflowingDerivedQuantitiesAreNoFinding) {
  ScriptedRun run = quiet_run(40);
  run.at(40, Quantity::overshoot, kNaN)
      .at(40, Quantity::overshoot_secant, kInfinity)
      .at(40, Quantity::relative_gradient_norm, kNaN);
  EXPECT_EQ(judge_non_finite(run.history).verdict, Verdict::healthy);
}

TEST(NonFinite, OfOneStepTheLossComesBeforeTheGradientAndTheWeights) {
  ScriptedRun run = quiet_run(40);
  run.at(40, Quantity::weight_sq, kNaN).at(40, Quantity::gradient_sq, kNaN).at(40, Quantity::loss, kInfinity);
  const Judgement judgement = judge_non_finite(run.history);
  ASSERT_EQ(judgement.verdict, Verdict::fault);
  const Finding& finding = judgement.findings.front();
  EXPECT_EQ(finding.code, "non_finite");
  EXPECT_EQ(finding.severity, Severity::fault);
  EXPECT_EQ(finding.first_step, 40);
  ASSERT_FALSE(finding.evidence.empty());
  EXPECT_EQ(finding.evidence.front().quantity, Quantity::loss);
  EXPECT_TRUE(std::isinf(finding.evidence.front().value));
  EXPECT_THAT(finding.message, HasSubstr("log of 0"));
}

TEST(NonFinite, AnEarlierStepComesFirstWhateverTheQuantity) {
  ScriptedRun run = quiet_run(40);
  run.at(40, Quantity::weight_sq, kInfinity).at(41, Quantity::loss, kNaN);
  const Finding finding = judge_non_finite(run.history).findings.at(0);
  EXPECT_EQ(finding.first_step, 40);
  EXPECT_EQ(finding.evidence.front().quantity, Quantity::weight_sq);
  EXPECT_THAT(finding.message, HasSubstr("optimizer"));
}

TEST(NonFinite, AGradientBadInSomeParametersBrokeInTheLastOfThem) {
  ScriptedRun run = quiet_run(40);
  run.at(40, Quantity::loss, 1.0).at(40, Quantity::gradient_sq, kNaN);
  run.at(40, Quantity::gradient_sq, kNaN, "conv1.weight").at(40, Quantity::gradient_sq, kNaN, "conv2.weight");
  run.at(40, Quantity::gradient_sq, 0.5, "head.weight");
  const Finding finding = judge_non_finite(run.history).findings.at(0);
  EXPECT_EQ(finding.scope, "conv2.weight");
  EXPECT_THAT(finding.message, HasSubstr("conv1.weight, conv2.weight (2 of 3 parameters)"));
  EXPECT_THAT(finding.message, HasSubstr("broke at conv2.weight"));
}

TEST(NonFinite, AGradientBadEverywhereHasNoScope) {
  ScriptedRun run = quiet_run(40);
  run.at(40, Quantity::gradient_sq, kNaN)
      .at(40, Quantity::gradient_sq, kNaN, "a")
      .at(40, Quantity::gradient_sq, kNaN, "b");
  const Finding finding = judge_non_finite(run.history).findings.at(0);
  EXPECT_EQ(finding.scope, "");
  EXPECT_THAT(finding.message, HasSubstr("in every parameter"));
}

TEST(NonFinite, GrowthBeforeMeansThatTheStepsDiverged) {
  ScriptedRun run;
  run.each(60, Quantity::loss, [](std::int64_t step) { return step < 40 ? 2.0 : 2.0 * std::pow(3.0, step - 40.0); });
  run.at(60, Quantity::loss, kNaN);
  const Finding finding = judge_non_finite(run.history).findings.at(0);
  EXPECT_THAT(finding.message, HasSubstr("the steps diverged"));
  ASSERT_EQ(finding.evidence.size(), 2U);
  EXPECT_DOUBLE_EQ(finding.evidence[1].value, 2.0 * std::pow(3.0, 19.0));
}

TEST(NonFinite, AStepThatAScalerSkippedIsAWarning) {
  ScriptedRun run = quiet_run(40);
  run.at(40, Quantity::loss, 1.0).at(40, Quantity::gradient_sq, kInfinity).at(40, Quantity::weight_sq, 1.0);
  run.at(41, Quantity::loss, 1.0).at(41, Quantity::weight_sq, 1.0);
  const Judgement judgement = judge_non_finite(run.history);
  EXPECT_EQ(judgement.verdict, Verdict::healthy);
  EXPECT_EQ(judgement.findings.at(0).severity, Severity::warning);
}

TEST(NonFinite, BadCellsOfTheDataAreNamedBeforeTheFirstLoss) {
  ScriptedRun run;
  run.before(Quantity::input_max_abs, kNaN).before(Quantity::loss, kNaN);
  const Finding finding = judge_non_finite(run.history).findings.at(0);
  EXPECT_EQ(finding.evidence.front().quantity, Quantity::input_max_abs);
  EXPECT_THAT(finding.message, HasSubstr("data"));
}

}  // namespace
}  // namespace thalweg
