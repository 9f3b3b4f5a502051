#include "thalweg/diagnose/learning_rate_too_low.h"

#include <gmock/gmock.h>

#include <cmath>

#include "scripted_run.h"

namespace thalweg {
namespace {

using testing::HasSubstr;

struct Slow {
  std::int64_t steps = 600;
  double overshoot = 1e-4;
  double movement = 1e-5;  // |u|/|w|
  double end = 2.2;        // the loss goes there from 2.3 in a straight line
  ScriptedRun::Formula rate = [](std::int64_t) { return 1e-5; };

  ScriptedRun run() const {
    ScriptedRun out;
    out.before(Quantity::initial_loss, 2.35).before(Quantity::constant_loss, 2.3);
    out.each(steps, Quantity::loss, [this](std::int64_t t) {
      return 2.3 + (end - 2.3) * static_cast<double>(t) / static_cast<double>(steps);
    });
    out.each(steps, Quantity::weight_sq, [](std::int64_t) { return 100.0; });
    out.each(steps, Quantity::update_sq, [this](std::int64_t) { return 100.0 * movement * movement; });
    out.each(steps, Quantity::learning_rate, rate);
    out.each(
        steps, Quantity::overshoot_secant,
        [this](std::int64_t t) { return overshoot * (1.0 + 0.5 * std::sin(static_cast<double>(t))); }, 12);
    out.history.header.peak_learning_rate = 1e-5;
    return out;
  }
};

TEST(LearningRateTooLow, NamesACrawlingRun) {
  const Judgement judgement = judge_learning_rate_too_low(Slow().run().history);
  ASSERT_EQ(judgement.verdict, Verdict::fault) << judgement.reason;
  const Finding& finding = judgement.findings.at(0);
  EXPECT_EQ(finding.code, "learning_rate_too_low");
  EXPECT_LT(finding.evidence.at(0).value, finding.evidence.at(0).threshold);
  EXPECT_EQ(finding.remedies.at(0).value, "0.001");  // a hundred times, at most
}

TEST(LearningRateTooLow, TheRemedyIsTheMinimumAlongTheStepWhereThatIsNearer) {
  Slow slow;
  slow.overshoot = 0.006;
  const Finding finding = judge_learning_rate_too_low(slow.run().history).findings.at(0);
  // 1/(2ρ) with ρ at the upper end of its median's interval, between the median 0.006 and the largest 0.009: 83 to 56
  // times.
  EXPECT_GT(std::stod(finding.remedies.at(0).value), 5.6e-4);
  EXPECT_LT(std::stod(finding.remedies.at(0).value), 8.3e-4);
}

TEST(LearningRateTooLow, AnOrdinaryOvershootIsHealthy) {
  Slow slow;
  slow.overshoot = 0.1;
  EXPECT_EQ(judge_learning_rate_too_low(slow.run().history).verdict, Verdict::healthy);
}

TEST(LearningRateTooLow, WeightsThatMoveAreHealthy) {
  Slow slow;
  slow.movement = 1e-3;
  EXPECT_EQ(judge_learning_rate_too_low(slow.run().history).verdict, Verdict::healthy);
}

TEST(LearningRateTooLow, ARunThatGotFarIsHealthyWithoutAnyOtherReading) {
  ScriptedRun run;
  run.before(Quantity::constant_loss, 2.3);
  run.each(100, Quantity::loss, [](std::int64_t t) { return t < 50 ? 2.3 : 0.5; });
  EXPECT_EQ(judge_learning_rate_too_low(run.history).verdict, Verdict::healthy);
}

TEST(LearningRateTooLow, ANetworkThatWasThrownIsNotSlow) {
  Slow slow;
  ScriptedRun run = slow.run();
  History history;
  history.header = run.history.header;
  for (std::int64_t step = 0; step < 600; ++step)
    history.put({.step = step, .value = step > 2 && step < 9 ? 80.0 : 2.3, .quantity = Quantity::loss});
  EXPECT_EQ(judge_learning_rate_too_low(history).verdict, Verdict::healthy);
}

TEST(LearningRateTooLow, WarmUpCannotBeTold) {
  Slow slow;
  slow.rate = [](std::int64_t step) { return 1e-8 * static_cast<double>(step + 1); };
  ScriptedRun run = slow.run();
  run.history.header.peak_learning_rate = 1e-2;
  const Judgement judgement = judge_learning_rate_too_low(run.history);
  EXPECT_EQ(judgement.verdict, Verdict::cannot_tell);
  EXPECT_THAT(judgement.reason, HasSubstr("rising"));
}

// After the peak the small steps of a decay are not counted: only 100 steps were at the peak.
TEST(LearningRateTooLow, DecayedStepsDoNotCount) {
  Slow slow;
  slow.rate = [](std::int64_t step) { return step < 100 ? 1e-5 : 1e-8; };
  const Judgement judgement = judge_learning_rate_too_low(slow.run().history);
  EXPECT_EQ(judgement.verdict, Verdict::cannot_tell);
  EXPECT_THAT(judgement.reason,
              HasSubstr("100 steps at the peak rate with 9 overshoots were read; 200 steps with 8 tell"));
}

TEST(LearningRateTooLow, WithoutALossNothingIsKnown) {
  EXPECT_EQ(judge_learning_rate_too_low(History()).verdict, Verdict::cannot_tell);
}

}  // namespace
}  // namespace thalweg
