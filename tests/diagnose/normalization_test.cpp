// Faults of batch norms, by what they are told by.
#include <gmock/gmock.h>

#include "scripted_run.h"
#include "thalweg/diagnose/checks.h"
#include "thalweg/diagnose/normalization_small_batch.h"
#include "thalweg/diagnose/normalization_stale.h"
#include "thalweg/diagnose/normalization_wrong_axis.h"

namespace thalweg {
namespace {

using testing::HasSubstr;

// A run with one norm that learns, is evaluated every 100 steps, and has nothing wrong with it.
struct Normed {
  std::int64_t steps = 400;
  double last_loss = 0.4;
  double spread = 1.001, noise = 0.2, gap = 0.1, gap_error = 0.05;
  std::vector<double> evaluation = {0.01, -0.01, 0.0, 0.02};
  double evaluation_error = 0.01;

  History history() const {
    ScriptedRun out;
    out.before(Quantity::initial_loss, 2.3).before(Quantity::constant_loss, 2.3);
    out.each(steps, Quantity::loss, [&](std::int64_t t) { return t < steps / 2 ? 2.0 : last_loss; });
    const Scope norm = out.history.scopes_table.number("batch_norm1");
    const auto put = [&](std::int64_t step, Quantity quantity, double value, double error, Scope scope) {
      out.history.put(
          {.step = step, .value = value, .error = static_cast<float>(error), .quantity = quantity, .scope = scope});
    };
    for (std::int64_t step = 20; step < steps; step += 40) {
      put(step, Quantity::feature_spread, spread, kNaN, norm);
      put(step, Quantity::statistics_noise, noise, 0.01, norm);
      put(step, Quantity::statistics_gap, gap, gap_error, norm);
    }
    for (std::size_t i = 0; i < evaluation.size(); ++i) {
      put(100 * (static_cast<std::int64_t>(i) + 1), Quantity::evaluation_gap, evaluation[i], evaluation_error,
          kWholeModel);
    }
    return out.history;
  }
};

void expect_healthy(const Normed& run) {
  const History history = run.history();
  EXPECT_TRUE(judge_normalization_wrong_axis(history).findings.empty());
  EXPECT_TRUE(judge_normalization_stale(history).findings.empty());
  EXPECT_TRUE(judge_normalization_small_batch(history).findings.empty());
}

TEST(Normalization, AHealthyNormIsNotAccused) { expect_healthy({}); }

TEST(Normalization, ARunWithoutANormIsNotAccused) {
  ScriptedRun out;
  out.before(Quantity::constant_loss, 2.3).each(400, Quantity::loss, [](std::int64_t) { return 1.0; });
  EXPECT_EQ(judge_normalization_stale(out.history).verdict, Verdict::healthy);
  EXPECT_EQ(judge_normalization_wrong_axis(out.history).verdict, Verdict::healthy);
  EXPECT_EQ(judge_normalization_small_batch(out.history).verdict, Verdict::healthy);
}

// --- wrong axis

TEST(WrongAxis, IsAWarningWhereTheRunLearns) {
  const Judgement judgement = judge_normalization_wrong_axis(Normed{.spread = 6.0}.history());
  ASSERT_EQ(judgement.findings.size(), 1U);
  EXPECT_EQ(judgement.verdict, Verdict::healthy);
  EXPECT_EQ(judgement.findings[0].severity, Severity::warning);
  EXPECT_EQ(judgement.findings[0].scope, "batch_norm1");
  EXPECT_THAT(judgement.findings[0].remedies.at(0).value, HasSubstr("axis = 1"));
}

TEST(WrongAxis, IsAFaultWhereItDoesNot) {
  const Judgement judgement = judge_normalization_wrong_axis(Normed{.last_loss = 2.0, .spread = 6.0}.history());
  EXPECT_EQ(judgement.verdict, Verdict::fault);
}

TEST(WrongAxis, TwoLooksAreTooFew) {
  EXPECT_TRUE(
      judge_normalization_wrong_axis(Normed{.steps = 80, .spread = 6.0, .evaluation = {}}.history()).findings.empty());
}

// --- stale statistics

TEST(Stale, IsAFaultWhereEvaluationPaysForItTwice) {
  const Normed run{.gap = 2.0, .evaluation = {0.01, 0.02, 0.8, 0.9}};
  const Judgement judgement = judge_normalization_stale(run.history());
  EXPECT_EQ(judgement.verdict, Verdict::fault);
  EXPECT_EQ(judgement.findings.at(0).first_step, 300);
  EXPECT_EQ(judgement.findings[0].remedies.at(0).lever, "model.statistics");
  EXPECT_THAT(judgement.findings[0].message, HasSubstr("2 standard deviations"));
}

TEST(Stale, OnceIsAWarning) {
  const Judgement judgement = judge_normalization_stale(Normed{.gap = 2.0, .evaluation = {0.01, 0.9}}.history());
  EXPECT_EQ(judgement.findings.at(0).severity, Severity::warning);
}

TEST(Stale, AGapThatCostsNothingIsNone) { expect_healthy({.gap = 2.0}); }

TEST(Stale, AGapThatSamplingMakesIsNone) { expect_healthy({.gap = 1.0, .gap_error = 0.9, .evaluation = {0.9, 0.9}}); }

TEST(Stale, DropoutThatEvaluationIsBetterWithoutIsNone) {
  expect_healthy({.gap = 0.4, .evaluation = {-0.5, -0.5, -0.5}});
}

TEST(Stale, WhatEvaluationPaysForWithinItsBarIsNone) {
  expect_healthy({.gap = 2.0, .evaluation = {0.3, 0.3}, .evaluation_error = 0.3});
}

TEST(Stale, ALossThatIsNotFiniteInEvaluationIsHarm) {
  const Normed run{.gap = 50.0, .evaluation = {kInfinity, kNaN}};
  EXPECT_EQ(judge_normalization_stale(run.history()).verdict, Verdict::fault);
}

// --- small batches

TEST(SmallBatch, IsAFaultWhereEvaluationPays) {
  const Judgement judgement = judge_normalization_small_batch(Normed{.noise = 1.4, .evaluation = {0.5, 0.6}}.history());
  EXPECT_EQ(judgement.verdict, Verdict::fault);
  EXPECT_THAT(judgement.findings.at(0).message, HasSubstr("group_norm"));
}

TEST(SmallBatch, IsAWarningWhereItDoesNot) {
  const Judgement judgement = judge_normalization_small_batch(Normed{.noise = 1.4}.history());
  EXPECT_EQ(judgement.verdict, Verdict::healthy);
  EXPECT_EQ(judgement.findings.at(0).severity, Severity::warning);
}

// The luck of the batch makes the loss higher while training: that is harm where the run does not get far.
TEST(SmallBatch, IsAFaultWhereTrainingPaysAndTheRunIsSlow) {
  const Normed slow{.last_loss = 1.6, .noise = 1.4, .evaluation = {-0.5, -0.6}};
  EXPECT_EQ(judge_normalization_small_batch(slow.history()).verdict, Verdict::fault);
  const Normed fast{.noise = 1.4, .evaluation = {-0.5, -0.6}};
  EXPECT_EQ(judge_normalization_small_batch(fast.history()).findings.at(0).severity, Severity::warning);
}

// --- in a run

TEST(Normalization, SmallBatchesExplainStaleStatistics) {
  const Judgement judgement = judge_run(Normed{.noise = 1.4, .gap = 2.0, .evaluation = {0.5, 0.6}}.history());
  ASSERT_EQ(judgement.findings.size(), 2U);
  EXPECT_EQ(judgement.findings[0].code, "normalization_small_batch");
  EXPECT_THAT(judgement.findings[1].causes, testing::ElementsAre("normalization_small_batch"));
}

TEST(Normalization, DoesNotDependOnTheScaleOfTheLoss) {
  for (const double scale : {1e-9, 1e9}) {
    Normed run{.last_loss = 0.4 * scale,
               .gap = 2.0,
               .evaluation = {0.5 * scale, 0.6 * scale},
               .evaluation_error = 0.01 * scale};
    ScriptedRun scaled;
    History history = run.history();
    scaled.before(Quantity::initial_loss, 2.3 * scale).before(Quantity::constant_loss, 2.3 * scale);
    scaled.each(400, Quantity::loss, [&](std::int64_t t) { return (t < 200 ? 2.0 : 0.4) * scale; });
    for (const Quantity q : {Quantity::evaluation_gap, Quantity::statistics_gap}) {
      const Scope scope =
          q == Quantity::evaluation_gap ? kWholeModel : scaled.history.scopes_table.number("batch_norm1");
      for (const Point& p : history.series(q, scope)) {
        scaled.history.put({.step = p.step, .value = p.value, .error = p.error, .quantity = q, .scope = scope});
      }
    }
    EXPECT_EQ(judge_normalization_stale(scaled.history).verdict, Verdict::fault) << scale;
  }
}

}  // namespace
}  // namespace thalweg
