#include "thalweg/train/control.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace thalweg {
namespace {

// A run of plain SGD on L(x) = ½ h x² whose curvature h grows: what control sees of it, step by step.
struct QuadraticRun {
  Control control;
  double rate = 0.1;
  std::vector<Action> actions;

  explicit QuadraticRun(recipe::ActMode mode) : control(mode, header(), 1.0) {}

  static RunHeader header() { return {.planned_steps = 2000, .peak_learning_rate = 0.1}; }

  void say(std::int64_t step, Quantity quantity, double value) {
    control.put({.step = step, .value = value, .error = 0.0F, .quantity = quantity});
  }

  void step(std::int64_t t, double loss, double gg, double ghg) {
    const double lr = rate * control.rate_scale(), rho = 0.5 * lr * ghg / gg;
    say(t, Quantity::loss, loss);
    say(t, Quantity::objective, loss);
    say(t, Quantity::learning_rate, lr);
    say(t, Quantity::gradient_sq, gg);
    say(t, Quantity::update_sq, lr * lr * gg);
    say(t, Quantity::gradient_update, -lr * gg);
    say(t, Quantity::overshoot_secant, rho);
    say(t, Quantity::curvature_secant, lr * lr * ghg);
    say(t, Quantity::actual_change, -lr * gg + 0.5 * lr * lr * ghg);
    if (t % 4 == 0) {
      say(t, Quantity::curvature_along_gradient, ghg);
      say(t, Quantity::curvature_along_update, lr * lr * ghg);
      say(t, Quantity::overshoot, rho);
    }
    if (const auto s = control.trial_scale()) {
      // d = L(θ+u) − L(θ+su) of the quadratic.
      const double d = -lr * gg * (1 - *s) + 0.5 * lr * lr * ghg * (1 - *s * *s);
      if (const auto action = control.tried(t, d, lr)) actions.push_back(*action);
    }
    control.look(t + 1);
  }
};

// g'g stays, g'Hg grows a hundredfold, the loss and its oscillation grow.
void sick(QuadraticRun& run, std::int64_t steps) {
  for (std::int64_t t = 0; t < steps; ++t) {
    const double growth = std::pow(100.0, static_cast<double>(t) / static_cast<double>(steps));
    const double wobble = t % 2 == 0 ? 0.3 : -0.3;
    run.step(t, 1.0 + 0.02 * growth * (1.0 + wobble), 1.0, 2.0 * growth);
  }
}

TEST(Control, LowersTheRateOnAProvenIllConditionedStep) {
  QuadraticRun run(recipe::ActMode::autopilot);
  sick(run, 800);
  ASSERT_FALSE(run.actions.empty());
  const Action& action = run.actions.front();
  EXPECT_EQ(action.lever, "optimizer.lr");
  EXPECT_EQ(action.trial.verdict, TrialVerdict::proven);
  EXPECT_GT(action.trial.low, 0.0);
  EXPECT_LT(action.to, 0.51 * action.from);
  EXPECT_GE(action.to, 0.09 * action.from);
  EXPECT_LT(run.control.rate_scale(), 0.51);
}

TEST(Control, OnlyAutopilotTouchesAnything) {
  for (const recipe::ActMode mode : {recipe::ActMode::off, recipe::ActMode::advise}) {
    QuadraticRun run(mode);
    sick(run, 800);
    EXPECT_TRUE(run.actions.empty());
    EXPECT_EQ(run.control.rate_scale(), 1.0);
  }
}

TEST(Control, LeavesAHealthyRunAlone) {
  QuadraticRun run(recipe::ActMode::autopilot);
  for (std::int64_t t = 0; t < 800; ++t) {
    const double left = std::exp(-static_cast<double>(t) / 200.0);
    run.step(t, 0.2 + left, left, 5.0 * left);
  }
  EXPECT_TRUE(run.actions.empty());
  EXPECT_FALSE(run.control.trial_scale().has_value());
}

TEST(Control, ATrialThatDoesNotProveTheSmallerStepChangesNothing) {
  Control control(recipe::ActMode::autopilot, QuadraticRun::header(), 1.0);
  for (int k = 0; k < 48; ++k) EXPECT_FALSE(control.tried(k, k % 2 == 0 ? 1.0 : -1.0, 0.1).has_value());
  EXPECT_EQ(control.rate_scale(), 1.0);
  Control worse(recipe::ActMode::autopilot, QuadraticRun::header(), 1.0);
  for (int k = 0; k < 12; ++k) EXPECT_FALSE(worse.tried(k, -1.0 - 0.01 * k, 0.1).has_value());
  EXPECT_EQ(worse.rate_scale(), 1.0);
}

TEST(Control, TellsTheEffectOnceTheWindowAfterIsFull) {
  QuadraticRun run(recipe::ActMode::autopilot);
  std::int64_t t = 0;
  for (; t < 800 && run.actions.empty(); ++t) {
    const double growth = std::pow(100.0, static_cast<double>(t) / 800.0);
    run.step(t, 1.0 + 0.02 * growth * (t % 2 == 0 ? 1.3 : 0.7), 1.0, 2.0 * growth);
  }
  ASSERT_EQ(run.actions.size(), 1U);
  EXPECT_TRUE(std::isnan(run.actions.front().loss_after));
  EXPECT_FALSE(run.control.effect().has_value());
  for (int k = 0; k < 64; ++k, ++t) run.step(t, 0.25, 1.0, 1.0);
  const auto action = run.control.effect();
  ASSERT_TRUE(action.has_value());
  EXPECT_NEAR(action->loss_after, 0.25, 1e-12);
  EXPECT_GT(action->loss_before, 1.0);
  EXPECT_FALSE(run.control.effect().has_value()) << "told once";
}

}  // namespace
}  // namespace thalweg
