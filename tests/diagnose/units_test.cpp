// dead_units and saturated_units on runs made by formula.
#include <gmock/gmock.h>

#include "scripted_run.h"
#include "thalweg/diagnose/checks.h"
#include "thalweg/diagnose/dead_units.h"
#include "thalweg/diagnose/saturated_units.h"

namespace thalweg {
namespace {

using testing::HasSubstr;

// Windows every 50 steps with these shares of layer linear2; linear1 has few.
struct Counted {
  Quantity quantity = Quantity::dead_units;
  double share = 0.95, loss = 2.3;
  std::int64_t steps = 400;
  double last = -1.0;  // of the last window, where it is another

  History history() const {
    ScriptedRun run;
    run.before(Quantity::initial_loss, 2.4).before(Quantity::constant_loss, 2.3);
    run.each(steps, Quantity::loss, [&](std::int64_t t) { return t < steps / 4 ? 2.3 : loss; });
    for (std::int64_t t = 0; t < steps; t += 50) {
      run.at(t, quantity, 0.05, "linear1");
      run.at(t, quantity, last >= 0.0 && t + 50 >= steps ? last : share, "linear2");
    }
    return run.history;
  }
};

TEST(DeadUnits, ThatLetNothingThroughAreAFault) {
  const Judgement judgement = judge_dead_units(Counted{}.history());
  ASSERT_EQ(judgement.verdict, Verdict::fault);
  const Finding& finding = judgement.findings.at(0);
  EXPECT_EQ(finding.scope, "linear2");
  EXPECT_THAT(finding.message, HasSubstr("95% of the units of linear2"));
  EXPECT_EQ(finding.first_step, 0);
  EXPECT_GE(finding.evidence.at(0).value, finding.evidence.at(0).threshold);
}

TEST(DeadUnits, ThatOnlyCostWidthAreAWarningAndOnlyWhereTheyStayDead) {
  const Judgement judgement = judge_dead_units(Counted{.share = 0.6, .loss = 0.5}.history());
  EXPECT_EQ(judgement.verdict, Verdict::healthy);
  ASSERT_EQ(judgement.findings.size(), 1U);
  EXPECT_EQ(judgement.findings.at(0).severity, Severity::warning);
  EXPECT_TRUE(judge_dead_units(Counted{.share = 0.2, .loss = 0.5, .last = 0.6}.history()).findings.empty());
}

TEST(DeadUnits, AFewAreHealthyAndUncountedOnesCannotBeTold) {
  EXPECT_TRUE(judge_dead_units(Counted{.share = 0.3}.history()).findings.empty());
  EXPECT_EQ(judge_dead_units(ScriptedRun().each(300, Quantity::loss, [](auto) { return 2.3; }).history).verdict,
            Verdict::cannot_tell);
}

TEST(DeadUnits, ExplainThePlateauThatTheyMake) {
  History history = Counted{.steps = 600}.history();
  for (const auto& [quantity, value] : {std::pair{Quantity::gradient_norm, 1e-9},
                                        {Quantity::gradient_noise, 1e-9},
                                        {Quantity::live_weights, 0.0},
                                        {Quantity::lambda_min, 0.0},
                                        {Quantity::neighbour_loss, 0.5},
                                        {Quantity::descent_gain, 0.0}}) {
    history.put({.step = 599, .value = value, .error = 1e-12F, .quantity = quantity});
  }
  const Judgement judgement = judge_run(history);
  ASSERT_GE(judgement.findings.size(), 2U);
  EXPECT_EQ(judgement.findings[0].code, "dead_units");
  EXPECT_EQ(judgement.findings[1].code, "plateau");
  EXPECT_THAT(judgement.findings[1].causes, testing::Contains("dead_units"));
}

TEST(SaturatedUnits, WithALossThatStaysHighAreAFault) {
  const Judgement judgement = judge_saturated_units(Counted{Quantity::saturated_units, 0.7, 1.5}.history());
  ASSERT_EQ(judgement.verdict, Verdict::fault);
  EXPECT_THAT(judgement.findings.at(0).message, HasSubstr("70% of the units of linear2"));
}

TEST(SaturatedUnits, OfANetworkThatLearntOrInOneWindowOrTooEarlyAreNone) {
  const Quantity q = Quantity::saturated_units;
  EXPECT_TRUE(judge_saturated_units(Counted{q, 0.7, 0.8}.history()).findings.empty());
  EXPECT_TRUE(judge_saturated_units(Counted{q, 0.4, 1.5, 400, 0.7}.history()).findings.empty());
  EXPECT_TRUE(judge_saturated_units(Counted{q, 0.7, 1.5, 150}.history()).findings.empty());
}

}  // namespace
}  // namespace thalweg
