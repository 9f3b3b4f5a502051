#include "thalweg/train/stop.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace thalweg {
namespace {

constexpr std::int64_t kPerEpoch = 10;

// Feeds one evaluation an epoch; returns the epoch after which a criterion was met, or 0.
int stopped_after(StopRules& rules, const std::vector<double>& heldout, const std::vector<double>& training = {},
                  const std::vector<double>& metric = {}) {
  for (std::size_t t = 0; t < heldout.size(); ++t) {
    const auto step = static_cast<std::int64_t>(t + 1) * kPerEpoch;
    Evaluation e{.step = step, .train_loss = training.empty() ? 1.0 : training[t], .heldout_loss = {heldout[t], 0, 0}};
    rules.evaluated(e, metric.empty() ? -heldout[t] : metric[t], std::nullopt);
    if (!rules.met(step, 0.0).empty()) return static_cast<int>(t + 1);
  }
  return 0;
}

recipe::Stop options(recipe::StopRule rule = recipe::StopRule::none) {
  recipe::Stop stop;
  stop.epochs = 0;
  stop.rule = rule;
  return stop;
}

TEST(StopRules, EpochsStepsAndSecondsWhicheverComesFirst) {
  recipe::Stop stop = options();
  stop.epochs = 3;
  StopRules epochs(stop, true, kPerEpoch);
  EXPECT_EQ(epochs.planned_steps(), 30);
  EXPECT_EQ(epochs.met(29, 0.0), "");
  EXPECT_EQ(epochs.met(30, 0.0), "epochs");
  stop.steps = 12;
  StopRules steps(stop, true, kPerEpoch);
  EXPECT_EQ(steps.met(12, 0.0), "steps");
  stop.seconds = 5.0;
  StopRules seconds(stop, true, kPerEpoch);
  EXPECT_EQ(seconds.met(11, 5.0), "seconds");
}

TEST(StopRules, MetricTargetKnowsWhichWayIsBetter) {
  recipe::Stop stop = options();
  stop.metric_target = 0.9;
  StopRules up(stop, true, kPerEpoch), down(stop, false, kPerEpoch);
  EXPECT_EQ(stopped_after(up, {1, 1, 1}, {}, {0.5, 0.91, 0.95}), 2);
  EXPECT_EQ(up.met(20, 0), "metric_target");
  EXPECT_EQ(stopped_after(down, {1, 1, 1}, {}, {2.0, 1.0, 0.8}), 3);
}

TEST(StopRules, PatienceCountsEvaluationsWithoutImprovement) {
  recipe::Stop stop = options();
  stop.patience = 2;
  StopRules rules(stop, true, kPerEpoch);
  EXPECT_EQ(stopped_after(rules, {1, 1, 1, 1, 1}, {}, {0.5, 0.6, 0.6, 0.7, 0.69}), 0);
  EXPECT_EQ(rules.state().best_step, 40);
  StopRules again(stop, true, kPerEpoch);
  EXPECT_EQ(stopped_after(again, {1, 1, 1, 1}, {}, {0.5, 0.6, 0.6, 0.6}), 4) << "an equal value is no improvement";
}

TEST(StopRules, AMetricThatIsNotANumberIsNeverBest) {
  recipe::Stop stop = options();
  stop.patience = 2;
  StopRules rules(stop, true, kPerEpoch);
  EXPECT_EQ(stopped_after(rules, {1, 1, 1}, {}, {std::nan(""), std::nan(""), std::nan("")}), 2);
  EXPECT_EQ(rules.state().best_step, -1);
}

// GL = 100 (E/E_opt − 1): 1.04 → 4%, 1.06 → 6%.
TEST(StopRules, GeneralizationLossAboveAlpha) {
  StopRules rules(options(recipe::StopRule::generalization_loss), false, kPerEpoch);
  EXPECT_EQ(stopped_after(rules, {2.0, 1.0, 1.04, 1.06}), 4);
  EXPECT_EQ(rules.met(40, 0), "generalization_loss");
}

// Strips of 5. P_5 = 1000 (mean Ē / min Ē − 1). Training 1.1, 1.05, 1, 1, 1: P = 30; then constant: P = 0, and any loss
// of generalisation stops.
TEST(StopRules, ProgressQuotientForgivesWhileTrainingProgresses) {
  StopRules rules(options(recipe::StopRule::progress_quotient), false, kPerEpoch);
  const std::vector<double> heldout{1, 1, 1, 1, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2};
  // First strip: GL = 20, P = 30: 20/30 < 5. Second: GL = 20, P = 0.
  EXPECT_EQ(stopped_after(rules, heldout, {1.1, 1.05, 1, 1, 1, 1, 1, 1, 1, 1}), 10);
}

TEST(StopRules, UpStripsNeedsRisesAtTheEndsOfSuccessiveStrips) {
  recipe::Stop stop = options(recipe::StopRule::up_strips);
  stop.strips = 2;
  stop.strip = 2;
  StopRules rules(stop, false, kPerEpoch);
  EXPECT_EQ(stopped_after(rules, {5, 4, 6, 4.5, 3, 4.2, 3, 4.3, 9, 4.4}), 10)
      << "4, 4.5, 4.2, 4.3, 4.4 at strips' ends";
}

TEST(StopRules, EvidenceAboveZeroStops) {
  StopRules rules(options(recipe::StopRule::evidence), false, kPerEpoch);
  rules.evaluated({.step = 10, .heldout_loss = {1, 1, 1}}, 1.0, -0.5);
  EXPECT_EQ(rules.met(10, 0), "");
  rules.evaluated({.step = 20, .heldout_loss = {1, 1, 1}}, 1.0, 0.1);
  EXPECT_EQ(rules.met(20, 0), "evidence");
}

TEST(StopRules, AResumedRunGoesOnFromTheStateAndForgetsWhatStoppedIt) {
  recipe::Stop stop = options();
  stop.patience = 3;
  StopRules rules(stop, true, kPerEpoch);
  stopped_after(rules, {1, 1, 1}, {}, {0.9, 0.8, 0.7});
  StopRules resumed(stop, true, kPerEpoch);
  resumed.load(rules.state());
  EXPECT_EQ(resumed.met(30, 0), "");
  resumed.evaluated({.step = 40, .heldout_loss = {1, 1, 1}}, 0.6, std::nullopt);
  EXPECT_EQ(resumed.met(40, 0), "patience");
}

}  // namespace
}  // namespace thalweg
