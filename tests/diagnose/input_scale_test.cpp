#include "thalweg/diagnose/input_scale.h"

#include <gmock/gmock.h>

#include "scripted_run.h"

namespace thalweg {
namespace {

using testing::HasSubstr;

ScriptedRun inputs(double rms, double max, double spread) {
  ScriptedRun run;
  run.before(Quantity::input_mean, 0.0).before(Quantity::input_rms, rms).before(Quantity::input_max_abs, max);
  run.before(Quantity::input_scale_spread, spread);
  return run;
}

TEST(InputScale, StandardisedAndUnitInputsAreHealthy) {
  EXPECT_EQ(judge_input_scale(inputs(1.0, 4.0, 1.0).history).verdict, Verdict::healthy);
  EXPECT_EQ(judge_input_scale(inputs(0.45, 1.0, 1.0).history).verdict, Verdict::healthy);
  EXPECT_TRUE(judge_input_scale(inputs(0.03, 1.0, 3.0).history).findings.empty());  // one-hot of a thousand
}

TEST(InputScale, RawPixelsThatDoNoHarmAreAWarning) {
  ScriptedRun run = inputs(116.0, 255.0, 1.0);
  run.before(Quantity::initial_loss, 2.39).before(Quantity::constant_loss, 2.3);
  const Judgement judgement = judge_input_scale(run.history);
  EXPECT_EQ(judgement.verdict, Verdict::healthy);
  EXPECT_EQ(judgement.findings.at(0).severity, Severity::warning);
}

TEST(InputScale, RawPixelsWithAFirstLossFarAboveTheConstantsAreAFault) {
  ScriptedRun run = inputs(116.0, 255.0, 1.0);
  run.before(Quantity::initial_loss, 47.0).before(Quantity::constant_loss, 2.3);
  const Judgement judgement = judge_input_scale(run.history);
  ASSERT_EQ(judgement.verdict, Verdict::fault);
  const Finding& finding = judgement.findings.at(0);
  EXPECT_THAT(finding.message, HasSubstr("the first loss is 47"));
  EXPECT_EQ(finding.evidence.at(0).quantity, Quantity::input_rms);
  EXPECT_EQ(finding.evidence.at(1).quantity, Quantity::initial_loss);
  EXPECT_DOUBLE_EQ(finding.evidence.at(1).threshold, 4.6);
  EXPECT_EQ(finding.remedies.at(0).lever, "data.input_scaling");
  EXPECT_EQ(finding.remedies.at(0).value, "\"standardize\"");
}

TEST(InputScale, UnevenColumnsAreAFaultWhereTheLossStays) {
  ScriptedRun slow = inputs(1.0, 12.0, 1e4), fast = inputs(1.0, 12.0, 1e4);
  slow.before(Quantity::constant_loss, 1.0).each(300, Quantity::loss, [](std::int64_t) { return 0.95; });
  fast.before(Quantity::constant_loss, 1.0).each(300, Quantity::loss, [](std::int64_t t) {
    return t < 50 ? 1.0 : 0.1;
  });
  EXPECT_EQ(judge_input_scale(slow.history).verdict, Verdict::fault);
  EXPECT_EQ(judge_input_scale(fast.history).verdict, Verdict::healthy);
}

TEST(InputScale, TooSmallInputsAreSeen) {
  const Judgement judgement = judge_input_scale(inputs(0.002, 0.004, 1.0).history);
  EXPECT_THAT(judgement.findings.at(0).message, HasSubstr("no value above 0.004"));
}

TEST(InputScale, WithoutReadingsOfTheInputsItCannotTell) {
  EXPECT_EQ(judge_input_scale(History()).verdict, Verdict::cannot_tell);
}

TEST(InputScale, NonFiniteReadingsAreNotAScale) {
  EXPECT_TRUE(judge_input_scale(inputs(kNaN, kNaN, kNaN).history).findings.empty());
}

}  // namespace
}  // namespace thalweg
