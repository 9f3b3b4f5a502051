#include "thalweg/diagnose/layer_coupling.h"

#include <gmock/gmock.h>

#include "scripted_run.h"

namespace thalweg {
namespace {

struct Looks {
  double alone = -0.1, interaction = 0.02, error = 1e-6;
  double last_loss = 0.4;
  std::int64_t every = 25;

  History history() const {
    ScriptedRun out;
    out.history.header.peak_learning_rate = 0.1;
    out.before(Quantity::initial_loss, 2.3).before(Quantity::constant_loss, 2.3);
    out.each(500, Quantity::loss, [&](std::int64_t t) { return t < 100 ? 2.3 : last_loss; });
    out.each(
        500, Quantity::learning_rate, [](std::int64_t) { return 0.1; }, 100);
    for (std::int64_t step = 0; step < 500; step += every) {
      const auto put = [&](Quantity quantity, double value) {
        out.history.put({.step = step, .value = value, .error = static_cast<float>(error), .quantity = quantity});
      };
      put(Quantity::change_alone, alone);
      put(Quantity::change_interaction, interaction);
      put(Quantity::coupling_share, 0.6);
    }
    return out.history;
  }
};

TEST(LayerCoupling, StepsThatGainWhatTheirLayersWouldAreHealthy) {
  EXPECT_TRUE(judge_layer_coupling(Looks{}.history()).findings.empty());
}

TEST(LayerCoupling, LayersThatTakeMostOfTheGainAreNamed) {
  const Judgement judgement = judge_layer_coupling(Looks{.interaction = 0.08, .last_loss = 2.2}.history());
  EXPECT_EQ(judgement.verdict, Verdict::fault);
  EXPECT_EQ(judgement.findings.at(0).remedies.at(0).lever, "optimizer.lr");
  EXPECT_GT(judgement.findings[0].evidence.at(0).value, judgement.findings[0].evidence[0].threshold);
}

TEST(LayerCoupling, AreAWarningWhereTheRunLearns) {
  const Judgement judgement = judge_layer_coupling(Looks{.interaction = 0.08}.history());
  EXPECT_EQ(judgement.verdict, Verdict::healthy);
  EXPECT_EQ(judgement.findings.at(0).severity, Severity::warning);
}

// Each layer alone would rise as well: the step is too long, and not for its coupling.
TEST(LayerCoupling, AStepThatIsTooLongForEachLayerIsNot) {
  EXPECT_TRUE(
      judge_layer_coupling(Looks{.alone = 0.1, .interaction = 0.08, .last_loss = 2.2}.history()).findings.empty());
}

TEST(LayerCoupling, WhatIsBelowItsRoundingIsNot) {
  EXPECT_TRUE(
      judge_layer_coupling(Looks{.alone = -1e-7, .interaction = 9e-8, .last_loss = 2.2}.history()).findings.empty());
}

TEST(LayerCoupling, AStepThatIsThrownUpIsBad) {
  EXPECT_FALSE(judge_layer_coupling(Looks{.interaction = kInfinity, .last_loss = 2.2}.history()).findings.empty());
}

TEST(LayerCoupling, AFewLooksTellNothing) {
  EXPECT_TRUE(
      judge_layer_coupling(Looks{.interaction = 0.08, .last_loss = 2.2, .every = 100}.history()).findings.empty());
}

}  // namespace
}  // namespace thalweg
