// Gradients that vanish and explode in depth, on runs made by formula.
#include "thalweg/diagnose/gradient_in_depth.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>

#include "scripted_run.h"

namespace thalweg {
namespace {

using testing::HasSubstr;

// Ten hidden layers and an output; each makes the gradient `factor`-fold on its way back.
struct Deep {
  double factor = 0.3;
  double loss = 2.3;  // at the end; it begins at 2.3
  int layers = 10;
  std::int64_t steps = 400;
  bool taps = true;

  History history() const {
    ScriptedRun run;
    run.before(Quantity::initial_loss, 2.3).before(Quantity::constant_loss, 2.3);
    run.each(steps, Quantity::loss, [&](std::int64_t t) { return t < steps / 4 ? 2.3 : loss; });
    for (int l = 1; l <= layers + 1; ++l) {
      const double size = std::pow(factor, layers + 1 - l);
      for (std::int64_t t = 0; t < steps; t += 40) {
        if (taps) {
          run.at(t, Quantity::activation_gradient_rms, size, fmt::format("linear{}", l));
        } else {
          run.at(t, Quantity::gradient_sq, size * size, fmt::format("linear{}.weight", l));
          run.at(t, Quantity::weight_sq, 128.0, fmt::format("linear{}.weight", l));
          run.at(t, Quantity::gradient_sq, 1e-30, fmt::format("linear{}.bias", l));
        }
      }
    }
    return run.history;
  }
};

TEST(VanishingGradient, IsOneThatDepthMakesNothingOfWhereNothingIsLearnt) {
  for (const bool taps : {true, false}) {
    const Judgement judgement = judge_vanishing_gradient(Deep{.taps = taps}.history());
    ASSERT_EQ(judgement.verdict, Verdict::fault) << taps;
    const Finding& finding = judgement.findings.at(0);
    EXPECT_EQ(finding.code, "vanishing_gradient");
    EXPECT_THAT(finding.message, HasSubstr("0.3-fold"));
    EXPECT_LT(finding.evidence.at(0).value, finding.evidence.at(0).threshold);
    EXPECT_EQ(finding.remedies.at(0).lever, "model.init.kind");
    EXPECT_EQ(judge_exploding_gradient(Deep{.taps = taps}.history()).verdict, Verdict::healthy);
  }
}

TEST(VanishingGradient, InANetworkThatLearnsInSpiteOfItIsNone) {
  EXPECT_EQ(judge_vanishing_gradient(Deep{.loss = 1.5}.history()).verdict, Verdict::healthy);
}

TEST(VanishingGradient, OfAMildFactorOrAFewLayersIsNone) {
  EXPECT_EQ(judge_vanishing_gradient(Deep{.factor = 0.6}.history()).verdict, Verdict::healthy);
  EXPECT_EQ(judge_vanishing_gradient(Deep{.factor = 1e-3, .layers = 4}.history()).verdict, Verdict::healthy);
}

TEST(VanishingGradient, BeforeTwoHundredStepsIsNotSaid) {
  EXPECT_EQ(judge_vanishing_gradient(Deep{.steps = 199}.history()).verdict, Verdict::healthy);
}

// A dead layer, or weights of zero: one step does it all, and that is another fault.
TEST(VanishingGradient, ByASingleLayerIsNone) {
  for (const double cut : {1e-6, 0.0}) {
    Deep deep{.factor = 0.9};
    History history = deep.history();
    ScriptedRun run;
    run.history = history;
    for (int l = 1; l <= 4; ++l) {
      for (std::int64_t t = 361; t < 400; ++t)
        run.at(t, Quantity::activation_gradient_rms, cut * std::pow(0.9, 11 - l), fmt::format("linear{}", l));
    }
    EXPECT_EQ(judge_vanishing_gradient(run.history).verdict, Verdict::healthy) << cut;
  }
}

TEST(VanishingGradient, WithoutReadingsOfLayersCannotBeTold) {
  ScriptedRun run;
  run.each(300, Quantity::loss, [](std::int64_t) { return 2.3; });
  EXPECT_EQ(judge_vanishing_gradient(run.history).verdict, Verdict::cannot_tell);
  EXPECT_EQ(judge_exploding_gradient(run.history).verdict, Verdict::cannot_tell);
}

TEST(ExplodingGradient, IsOneThatDepthMakesTooMuchOf) {
  for (const bool taps : {true, false}) {
    const Judgement judgement = judge_exploding_gradient(Deep{.factor = 3.0, .taps = taps}.history());
    ASSERT_EQ(judgement.verdict, Verdict::fault) << taps;
    EXPECT_EQ(judgement.findings.at(0).code, "exploding_gradient");
    EXPECT_GT(judgement.findings.at(0).evidence.at(0).value, judgement.findings.at(0).evidence.at(0).threshold);
  }
  EXPECT_EQ(judge_exploding_gradient(Deep{.factor = 3.0, .loss = 1.0}.history()).verdict, Verdict::healthy);
  EXPECT_EQ(judge_exploding_gradient(Deep{.factor = 1.6}.history()).verdict, Verdict::healthy);
}

TEST(ExplodingGradient, ThatThrowsTheLossNeedsNoTwoHundredSteps) {
  EXPECT_EQ(judge_exploding_gradient(Deep{.factor = 3.0, .loss = 1e5, .steps = 120}.history()).verdict, Verdict::fault);
}

TEST(GradientInDepth, DoesNotDependOnTheScaleOfTheLoss) {
  for (const double scale : {1e-9, 1e9}) {
    const History history = Deep{}.history();
    History scaled;
    scaled.scopes_table = history.scopes_table;
    for (const Quantity q :
         {Quantity::loss, Quantity::initial_loss, Quantity::constant_loss, Quantity::activation_gradient_rms}) {
      for (const Scope scope : history.scopes(q)) {
        for (const Point& p : history.series(q, scope))
          scaled.put({.step = p.step, .value = scale * p.value, .quantity = q, .scope = scope});
      }
    }
    EXPECT_EQ(judge_vanishing_gradient(scaled).verdict, Verdict::fault);
  }
}

}  // namespace
}  // namespace thalweg
