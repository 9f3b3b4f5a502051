#include "thalweg/diagnose/checks.h"

#include <gmock/gmock.h>

#include <cmath>
#include <set>

#include "quadratic_descent.h"

namespace thalweg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ScriptedRun falling_run(std::int64_t steps) {
  ScriptedRun run;
  run.before(Quantity::input_rms, 1.0).before(Quantity::input_max_abs, 3.0).before(Quantity::input_scale_spread, 1.0);
  run.before(Quantity::initial_loss, 2.3).before(Quantity::constant_loss, 2.3);
  run.each(steps, Quantity::loss, [](std::int64_t t) { return 0.3 + 2.0 * std::exp(-0.02 * static_cast<double>(t)); });
  return run;
}

TEST(Checks, HaveTheCodesOfTheCatalogue) {
  std::set<std::string_view> named, known;
  constexpr std::string_view kInTime = "_in_time";  // the second check of the same finding
  for (const Check& check : checks()) {
    const bool second = check.name.ends_with(kInTime);
    named.insert(check.name.substr(0, check.name.size() - (second ? kInTime.size() : 0)));
  }
  for (const FindingInfo& kind : finding_kinds()) known.insert(kind.code);
  EXPECT_EQ(named, known);
}

TEST(JudgeRun, CallsARunHealthyWhoseLossFalls) {
  const Judgement judgement = judge_run(falling_run(400).history);
  EXPECT_EQ(judgement.verdict, Verdict::healthy) << judgement.reason;
  EXPECT_TRUE(judgement.findings.empty());
  EXPECT_THAT(judgement.reason, HasSubstr("ill_conditioned_step: 0 curvatures"));
}

TEST(JudgeRun, SaysWhatWouldTellWhereItCannot) {
  const Judgement judgement = judge_run(falling_run(20).history);
  EXPECT_EQ(judgement.verdict, Verdict::cannot_tell);
  EXPECT_THAT(judgement.reason, HasSubstr("20 losses were read, 48 tell"));
}

TEST(JudgeRun, BeforeTheFirstStepOnlyTheInputsAreJudged) {
  ScriptedRun run;
  run.before(Quantity::input_rms, 116.0).before(Quantity::initial_loss, 47.0).before(Quantity::constant_loss, 2.3);
  EXPECT_EQ(judge_run(run.history).verdict, Verdict::fault);
  EXPECT_EQ(judge_run(History()).verdict, Verdict::cannot_tell);
}

TEST(JudgeRun, DoesNotCallHealthyWhatLearntNothing) {
  ScriptedRun run;
  run.before(Quantity::constant_loss, 2.3).each(800, Quantity::loss, [](std::int64_t) { return 2.3; });
  const Judgement judgement = judge_run(run.history);
  EXPECT_EQ(judgement.verdict, Verdict::cannot_tell);
}

// Raw pixels, so that the steps diverge into NaN: one root, and what follows from it.
TEST(JudgeRun, PutsTheRootFirstAndFillsTheCauses) {
  ScriptedRun run;
  run.before(Quantity::input_rms, 116.0).before(Quantity::input_max_abs, 255.0);
  run.before(Quantity::initial_loss, 47.0).before(Quantity::constant_loss, 2.3);
  run.each(12, Quantity::loss, [](std::int64_t t) { return t < 10 ? 47.0 * std::pow(10.0, t) : kNaN; });
  const Judgement judgement = judge_run(run.history);
  ASSERT_EQ(judgement.findings.size(), 3U);
  EXPECT_EQ(judgement.findings[0].code, "input_scale");
  EXPECT_THAT(judgement.findings[0].causes, ElementsAre());
  EXPECT_EQ(judgement.findings[1].code, "learning_rate_too_high");
  EXPECT_THAT(judgement.findings[1].causes, ElementsAre("input_scale"));
  EXPECT_EQ(judgement.findings[2].code, "non_finite");
  EXPECT_THAT(judgement.findings[2].causes, ElementsAre("input_scale", "learning_rate_too_high"));
}

// A generator's loss that climbs from 1 to 50 is no fault of its rate; a loss that is not a number is.
TEST(JudgeRun, OfASurrogateItJudgesNoLevel) {
  ScriptedRun climbing;
  climbing.each(400, Quantity::loss, [](std::int64_t t) { return 1.0 + 0.125 * static_cast<double>(t); });
  climbing.each(
      400, Quantity::overshoot, [](std::int64_t) { return 1.4; }, 4);
  EXPECT_EQ(judge_run(climbing.history).verdict, Verdict::fault) << "of a loss, it would be one";
  climbing.history.header.loss = std::string(kSurrogate);
  const Judgement judgement = judge_run(climbing.history);
  EXPECT_EQ(judgement.verdict, Verdict::cannot_tell);
  EXPECT_TRUE(judgement.findings.empty());
  EXPECT_THAT(judgement.reason, HasSubstr("surrogate"));
  climbing.at(400, Quantity::loss, kNaN);
  ASSERT_EQ(judge_run(climbing.history).findings.size(), 1U);
  EXPECT_EQ(judge_run(climbing.history).findings.front().code, "non_finite");
}

// Whatever the order and the values of the readings, judging neither throws nor accuses without evidence and source.
TEST(JudgeRun, SurvivesHostileReadings) {
  const double values[] = {kNaN, kInfinity, -kInfinity, 0.0, -0.0, -1.0, 1e308, 1e-308, 1.0};
  for (std::size_t offset = 0; offset < 9; ++offset) {
    History history;
    for (std::int64_t step = 0; step < 300; ++step) {
      for (const QuantityInfo& q : quantities()) {
        const std::size_t pick = (static_cast<std::size_t>(step) * 7 + static_cast<std::size_t>(q.id) * 3 + offset) % 9;
        history.put({.step = step, .value = values[pick], .error = 0.0F, .quantity = q.id});
      }
    }
    for (const Finding& finding : judge_run(history).findings) {
      EXPECT_NE(finding_kind(finding.code), nullptr);
      EXPECT_FALSE(finding.message.empty());
      ASSERT_FALSE(finding.evidence.empty());
      for (const Evidence& evidence : finding.evidence) EXPECT_FALSE(evidence.source.empty());
    }
  }
}

}  // namespace
}  // namespace thalweg
