#include "thalweg/diagnose/ill_conditioned_step.h"

#include <gmock/gmock.h>

#include "quadratic_descent.h"

namespace thalweg {
namespace {

using testing::HasSubstr;

// A valley with walls a hundred times steeper than its floor. Along the walls a step multiplies x by 1 − ελ = −(1 +
// excess): the textbook's case.
QuadraticDescent valley(double excess) {
  return {.curvatures = {100.0, 1.0},
          .start = {1e-3, 10.0},
          .rate = [=](std::int64_t) { return (2.0 + excess) / 100.0; },
          .steps = 300};
}

TEST(IllConditionedStep, NamesAStepThatClimbsTheWallsOfAValley) {
  ScriptedRun run = valley(0.05).run();
  run.history.header.peak_learning_rate = 2.05 / 100.0;
  const Judgement judgement = judge_ill_conditioned_step(run.history);
  ASSERT_EQ(judgement.verdict, Verdict::fault) << judgement.reason;
  const Finding& finding = judgement.findings.at(0);
  EXPECT_EQ(finding.code, "ill_conditioned_step");
  EXPECT_EQ(finding.evidence.at(0).quantity, Quantity::curvature_along_gradient);
  EXPECT_GE(finding.evidence.at(0).value, finding.evidence.at(0).threshold);
  EXPECT_GE(finding.evidence.at(1).value, finding.evidence.at(1).threshold);
  EXPECT_THAT(finding.message, HasSubstr("curvature"));
  // The walls' own ρ is ½ · 2.05: the step is best at u/2.05, and the remedy is never above 0.3 of the rate.
  ASSERT_EQ(finding.remedies.size(), 1U);
  EXPECT_EQ(finding.remedies[0].lever, "optimizer.lr");
  EXPECT_NEAR(std::stod(finding.remedies[0].value), 0.3 * 2.05 / 100.0, 1e-4);
}

TEST(IllConditionedStep, GHgIsExactForGradientDescent) {
  const QuadraticDescent descent = valley(0.05);
  const Finding finding = judge_ill_conditioned_step(descent.run().history).findings.at(0);
  // Late in the run the gradient lies along the walls, where g'Hg = λ g'g.
  EXPECT_NEAR(finding.evidence.at(0).value / 100.0, finding.evidence.at(1).value, 0.5 * finding.evidence.at(1).value);
}

TEST(IllConditionedStep, AtTheEdgeOfStabilityNothingIsFound) {
  for (const double excess : {-0.5, -0.05, -1e-3, 0.0}) {
    EXPECT_EQ(judge_ill_conditioned_step(valley(excess).run().history).verdict, Verdict::healthy) << excess;
  }
}

// A rising gradient alone, with curvature that grows as much, while the loss falls, is healthy.
TEST(IllConditionedStep, AFallingLossIsNeverAccused) {
  ScriptedRun run;
  run.each(400, Quantity::loss, [](std::int64_t t) { return 2.0 * std::exp(-0.01 * static_cast<double>(t)); });
  run.each(400, Quantity::gradient_sq, [](std::int64_t t) { return std::exp(0.02 * static_cast<double>(t)); });
  run.each(400, Quantity::update_sq, [](std::int64_t) { return 1.0; });
  run.each(
      400, Quantity::curvature_secant, [](std::int64_t t) { return std::exp(0.02 * static_cast<double>(t)); }, 12);
  run.each(
      400, Quantity::actual_change, [](std::int64_t) { return 1.0; }, 12);
  EXPECT_EQ(judge_ill_conditioned_step(run.history).verdict, Verdict::healthy);
}

TEST(IllConditionedStep, WithoutUphillStepsNothingIsFound) {
  ScriptedRun run = valley(0.05).run();
  History history;
  for (const Quantity quantity :
       {Quantity::loss, Quantity::gradient_sq, Quantity::update_sq, Quantity::curvature_secant}) {
    for (const Point& p : run.history.series(quantity))
      history.put({.step = p.step, .value = p.value, .quantity = quantity});
  }
  for (std::int64_t step = 0; step < 300; step += 12)
    history.put({.step = step, .value = -1.0, .quantity = Quantity::actual_change});
  EXPECT_EQ(judge_ill_conditioned_step(history).verdict, Verdict::healthy);
}

TEST(IllConditionedStep, SaysHowManyReadingsItNeeds) {
  QuadraticDescent descent = valley(0.05);
  descent.steps = 40;
  const Judgement judgement = judge_ill_conditioned_step(descent.run().history);
  EXPECT_EQ(judgement.verdict, Verdict::cannot_tell);
  EXPECT_THAT(judgement.reason, HasSubstr("4 curvatures along the step were read, 8 within 64 steps"));
}

TEST(IllConditionedStep, NonFiniteReadingsAreNoCrash) {
  ScriptedRun run = valley(0.05).run();
  for (std::int64_t step = 300; step < 400; step += 4) {
    run.at(step, Quantity::loss, kNaN).at(step, Quantity::gradient_sq, kInfinity).at(step, Quantity::update_sq, kNaN);
    run.at(step, Quantity::curvature_secant, kNaN)
        .at(step, Quantity::actual_change, kNaN)
        .at(step, Quantity::overshoot_secant, kNaN);
  }
  judge_ill_conditioned_step(run.history);
}

}  // namespace
}  // namespace thalweg
