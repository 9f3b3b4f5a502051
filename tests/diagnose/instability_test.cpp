#include "thalweg/diagnose/instability.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "scripted_run.h"

namespace thalweg {
namespace {

using testing::HasSubstr;

double at(std::int64_t step) { return static_cast<double>(step); }

struct Course {
  ScriptedRun::Formula overshoot, edge_ratio, loss;
  std::int64_t steps = 300;
  std::int64_t every = 10;  // steps between looks
};

ScriptedRun run_of(const Course& course) {
  ScriptedRun run;
  run.each(course.steps, Quantity::loss, course.loss);
  run.each(course.steps, Quantity::overshoot, course.overshoot, course.every);
  return run.each(course.steps, Quantity::edge_ratio, course.edge_ratio, course.every);
}

double rising_loss(std::int64_t step) { return 2.0 + 2e-3 * at(step) + 0.01 * std::sin(5.0 * at(step)); }
double falling_loss(std::int64_t step) { return 3.0 - 1e-3 * at(step) + 0.01 * std::sin(5.0 * at(step)); }

// A rate that grows linearly, on a quadratic whose step has fixed shares of the modes: ρ = ½ε Σ cᵢλᵢ reaches 0.8 at
// 400.
Course ramp() {
  return {.overshoot = [](std::int64_t t) { return 0.002 * at(t); },
          .edge_ratio = [](std::int64_t t) { return 0.01 * at(t + 1); },
          .loss = rising_loss};
}

// The crossing alone, for which there is a closed form.
const InstabilityOptions kCrossing{.lag = 0.0};

// ----------------------------------------------------------------------------------------------------- the growth

// The recursion itself: w ← w − a m, m ← β m + g, g = λ w, with λ at r times the limit 2(1 + β)/a.
double simulated_growth(double ratio, double momentum) {
  double w = 1.0, m = 0.0, log_growth = 0.0;
  constexpr int kSettle = 2000, kSteps = 4000;
  for (int step = 0; step < kSteps; ++step) {
    m = momentum * m + 2.0 * (1.0 + momentum) * ratio * w;
    w -= m;
    const double size = std::hypot(w, m);
    if (step >= kSettle) log_growth += std::log(size);
    w /= size, m /= size;
  }
  return std::exp(log_growth / (kSteps - kSettle));
}

TEST(ModeGrowth, IsThatOfTheRecursion) {
  for (const double momentum : {0.0, 0.5, 0.9}) {
    for (const double ratio : {0.05, 0.4, 0.7, 0.99, 1.0, 1.01, 1.5, 8.0}) {
      EXPECT_NEAR(mode_growth(ratio, momentum), simulated_growth(ratio, momentum), 5e-3 * (1.0 + ratio))
          << "ratio " << ratio << ", momentum " << momentum;
    }
  }
}

TEST(ModeGrowth, PassesOneAtTheLimit) {
  for (const double momentum : {0.0, 0.3, 0.9, 0.99}) {
    EXPECT_LT(mode_growth(0.999, momentum), 1.0);
    EXPECT_NEAR(mode_growth(1.0, momentum), 1.0, 1e-12);
    EXPECT_GT(mode_growth(1.001, momentum), 1.0);
  }
  EXPECT_DOUBLE_EQ(mode_growth(1.5, 0.0), 2.0);  // |1 − ελ| at ελ = 3
}

// --------------------------------------------------------------------------------------------------- the forecast

TEST(Instability, ALinearRampIsForetoldExactly) {
  const auto forecast = forecast_instability(run_of(ramp()).history, kCrossing);
  ASSERT_TRUE(forecast);
  EXPECT_NEAR(forecast->step, 400.0, 1e-6);
  EXPECT_NEAR(forecast->margin, 0.0, 1e-4);
  EXPECT_EQ(forecast->made_at, 299);
  EXPECT_NEAR(forecast->overshoot, 0.598, 1e-9);
  EXPECT_NEAR(forecast->overshoot_slope, 0.002, 1e-12);
  EXPECT_GT(forecast->growth, 1.0);
}

TEST(Instability, TheRunIsLostSomeTimeAfterTheCrossing) {
  const auto forecast = forecast_instability(run_of(ramp()).history);  // seen over 190 steps
  ASSERT_TRUE(forecast);
  EXPECT_NEAR(forecast->step, 400.0 + 0.2 * 190.0, 1e-6);
  EXPECT_NEAR(forecast->margin, 0.2 * 190.0, 1e-4);
}

TEST(Instability, AGrowingModeMustExistByThen) {
  Course late = ramp();
  late.edge_ratio = [](std::int64_t t) { return std::exp(0.01 * (at(t) - 450.0)); };  // passes 1 at 450
  const auto forecast = forecast_instability(run_of(late).history, kCrossing);
  ASSERT_TRUE(forecast);
  EXPECT_NEAR(forecast->step, 450.0, 1e-6);
  EXPECT_LT(forecast->growth, 1.0);  // not yet

  Course never = ramp();
  never.edge_ratio = [](std::int64_t) { return 0.5; };
  EXPECT_FALSE(forecast_instability(run_of(never).history, kCrossing));
}

TEST(Instability, OnlyWhatHadBeenReadIsUsed) {
  Course course = ramp();
  course.steps = 600;
  course.overshoot = [](std::int64_t t) { return t <= 300 ? 0.002 * at(t) : 0.1; };
  const auto then = forecast_instability(run_of(course).history, 299, kCrossing);
  ASSERT_TRUE(then);
  EXPECT_NEAR(then->step, 400.0, 1e-6);
  EXPECT_FALSE(forecast_instability(run_of(course).history, kCrossing));
}

TEST(Instability, TheIntervalHoldsTheCrossingNineTimesInTen) {
  std::mt19937 random(1);
  std::normal_distribution<double> noise(0.0, 0.05);
  int stood = 0, held = 0;
  constexpr int kRuns = 1000;
  for (int i = 0; i < kRuns; ++i) {
    Course course = ramp();
    course.overshoot = [&](std::int64_t t) { return 0.002 * at(t) + noise(random); };
    const auto forecast = forecast_instability(run_of(course).history, kCrossing);
    if (!forecast) continue;
    ++stood;
    held += std::abs(forecast->step - 400.0) <= forecast->margin;
  }
  EXPECT_GT(stood, 0.99 * kRuns);
  EXPECT_NEAR(static_cast<double>(held) / stood, 0.91, 0.03);  // Fieller's own, not centred on N: 0.90
}

TEST(Instability, LossesMayBeScaled) {
  for (const double scale : {1e-12, 1e12}) {
    Course course = ramp();
    course.loss = [&](std::int64_t t) { return scale * rising_loss(t); };
    const auto forecast = forecast_instability(run_of(course).history, kCrossing);
    ASSERT_TRUE(forecast) << scale;
    EXPECT_NEAR(forecast->step, 400.0, 1e-6) << scale;
  }
}

TEST(Instability, ReadingsThatAreNotNumbersAreLeftOut) {
  Course course = ramp();
  course.overshoot = [](std::int64_t t) { return t == 200 ? kNaN : 0.002 * at(t); };
  course.edge_ratio = [](std::int64_t t) { return t == 220 ? kNaN : t == 250 ? kInfinity : 0.01 * at(t + 1); };
  course.loss = [](std::int64_t t) { return t % 50 == 7 ? kNaN : rising_loss(t); };
  const auto forecast = forecast_instability(run_of(course).history, kCrossing);
  ASSERT_TRUE(forecast);
  EXPECT_NEAR(forecast->step, 400.0, 1e-6);
}

TEST(Instability, TwoOvershootsOfOneStepAreOneReading) {
  ScriptedRun run = run_of(ramp());
  run.each(
      300, Quantity::overshoot_secant, [](std::int64_t) { return 0.9; }, 10);
  const auto forecast = forecast_instability(run.history, kCrossing);
  EXPECT_NEAR(forecast.value().step, 400.0, 1e-6) << "the exact ones count";
}

TEST(Instability, AnOvershootWithAWideErrorBarCountsToo) {
  ScriptedRun run;
  run.each(300, Quantity::loss, rising_loss).each(300, Quantity::edge_ratio, ramp().edge_ratio, 10);
  for (std::int64_t t = 0; t < 300; t += 10)
    run.history.put({.step = t, .value = 0.002 * at(t), .error = 1.0F, .quantity = Quantity::overshoot_secant});
  EXPECT_TRUE(forecast_instability(run.history, kCrossing));
}

TEST(Instability, AStepThatMomentumCarriesUphillIsNoSmallOvershoot) {
  Course course = ramp();
  course.overshoot = [](std::int64_t t) { return (t % 20 == 0 ? -0.002 : 0.002) * at(t); };
  const auto forecast = forecast_instability(run_of(course).history, kCrossing);
  ASSERT_TRUE(forecast);
  EXPECT_NEAR(forecast->step, 400.0, 1e-6);
}

TEST(Instability, AnOutlierOfOneBatchDoesNotMakeTheEdge) {
  Course course = ramp();
  course.edge_ratio = [](std::int64_t t) { return t == 290 ? 1e30 : 0.3; };
  EXPECT_FALSE(forecast_instability(run_of(course).history, kCrossing));
}

TEST(Instability, NothingIsSaidOfTooFewReadings) {
  EXPECT_FALSE(forecast_instability(History()));
  Course sparse = ramp();
  sparse.every = 50;  // six of each
  EXPECT_FALSE(forecast_instability(run_of(sparse).history, kCrossing));
  sparse.every = 40;  // eight
  EXPECT_TRUE(forecast_instability(run_of(sparse).history, kCrossing));

  ScriptedRun blind;
  blind.each(300, Quantity::loss, rising_loss).each(300, Quantity::overshoot, ramp().overshoot, 10);
  EXPECT_FALSE(forecast_instability(blind.history)) << "without an edge ratio nothing is known of the modes";
}

TEST(Instability, ALineIsNotDrawnFurtherThanItWasSeen) {
  Course flat = ramp();
  flat.overshoot = [](std::int64_t t) { return 0.001 * at(t); };  // 0.8 at 800, seen over 190 steps
  EXPECT_FALSE(forecast_instability(run_of(flat).history, kCrossing));
}

TEST(Instability, AfterTheEndOfTheRunIsNoMatter) {
  ScriptedRun run = run_of(ramp());
  run.history.header.planned_steps = 401;
  EXPECT_TRUE(forecast_instability(run.history, kCrossing));
  run.history.header.planned_steps = 399;
  EXPECT_FALSE(forecast_instability(run.history, kCrossing));
}

// ---------------------------------------------------------------------------------------------- healthy, and dynamic

TEST(Instability, ALevelAtTheEdgeIsNoAlarm) {
  std::mt19937 random(2);
  std::normal_distribution<double> noise(0.0, 0.1);
  Course course{.overshoot = [&](std::int64_t) { return 0.9 + noise(random); },
                .edge_ratio = [&](std::int64_t) { return 1.05 * std::exp(noise(random)); },
                .loss = [&](std::int64_t t) { return 0.5 + 2.0 * std::exp(-1e-3 * at(t)) + 0.1 * noise(random); },
                .steps = 2000};
  EXPECT_EQ(score_instability(run_of(course).history).alarms, 0);
}

TEST(Instability, ARampAlongWhichTheLossFallsIsNoAlarm) {
  Course course = ramp();
  course.loss = falling_loss;
  EXPECT_FALSE(forecast_instability(run_of(course).history, kCrossing));
}

// f = uv on the target 0, L = ½(uv)², λ = u² + v²: at a rate between 2/λ and 4/λ the loss is thrown up, and comes down
// at a flatter place (Lewkowycz et al. 2020).
ScriptedRun catapult(double rate_over_limit, std::int64_t every) {
  ScriptedRun run;
  double u = 4.0, v = 0.01;
  const double rate = 2.0 * rate_over_limit / (u * u);
  for (std::int64_t step = 0; step < 400; ++step) {
    const double f = u * v, lambda = u * u + v * v, gg = f * f * lambda;
    const double ghg = f * f * (v * v * v * v + u * u * u * u + 2.0 * u * v * (2.0 * f) + 2.0 * u * u * v * v);
    run.at(step, Quantity::loss, 0.5 * f * f);
    if (step % every == 0 && gg > 0.0) {
      run.at(step, Quantity::overshoot, 0.5 * rate * ghg / gg).at(step, Quantity::edge_ratio, 0.5 * rate * lambda);
    }
    const double du = f * v, dv = f * u;
    u -= rate * du, v -= rate * dv;
  }
  return run;
}

TEST(Instability, ACatapultThatComesDownIsNoAlarm) {
  for (const double ratio : {1.05, 1.2, 1.5, 1.8}) {
    for (const std::int64_t every : {2, 5, 10}) {
      const ScriptedRun run = catapult(ratio, every);
      const auto losses = run.history.series(Quantity::loss);
      const auto highest = std::ranges::max_element(losses, {}, &Point::value);
      ASSERT_GT(highest->value, 10.0 * losses.front().value) << "it must be thrown up";
      ASSERT_LT(losses.back().value, losses.front().value) << "and come down";
      const InstabilityScore score = score_instability(run.history);
      EXPECT_EQ(score.alarms, 0) << "ratio " << ratio << ", a look each " << every << " steps";
    }
  }
}

// Noisy gradient descent on ½ Σ λᵢxᵢ² with a rate that grows until 2/λmax and beyond: variances as ε/(2 − ελ).
ScriptedRun noisy_descent(unsigned seed, double last_rate, std::int64_t steps) {
  std::mt19937 random(seed);
  std::normal_distribution<double> noise(0.0, 1.0);
  std::vector<double> x(20, 20.0);
  ScriptedRun run;
  for (std::int64_t step = 0; step < steps; ++step) {
    const double rate = last_rate * at(step + 1) / at(steps);
    double loss = 0.0, gg = 0.0, ghg = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double h = i == 0 ? 1.0 : 0.1, g = h * x[i] + std::sqrt(h) * noise(random);
      loss += 0.5 * h * x[i] * x[i], gg += g * g, ghg += g * h * g;
      x[i] -= rate * g;
    }
    run.at(step, Quantity::loss, loss);
    if (step % 10 == 0)
      run.at(step, Quantity::overshoot, 0.5 * rate * ghg / gg).at(step, Quantity::edge_ratio, 0.5 * rate);
  }
  return run;
}

TEST(Instability, ANoisyDescentThatIsRampedBeyondTheEdgeIsForetold) {
  int foretold = 0;
  for (unsigned seed = 0; seed < 10; ++seed) {
    const InstabilityScore score = score_instability(noisy_descent(seed, 2.4, 1200).history);
    ASSERT_TRUE(score.blow_up);
    foretold += score.lead && *score.lead >= 10.0;
  }
  EXPECT_GT(foretold, 5) << "most of them";
}

TEST(Instability, ANoisyDescentBelowTheEdgeIsNot) {
  for (unsigned seed = 0; seed < 10; ++seed)
    EXPECT_EQ(score_instability(noisy_descent(seed, 1.0, 1200).history).alarms, 0) << seed;
}

// ----------------------------------------------------------------------------------------------- what happened, scores

std::optional<std::int64_t> blow_up_of(std::int64_t steps, const ScriptedRun::Formula& loss) {
  return blow_up_step(ScriptedRun().each(steps, Quantity::loss, loss).history);
}
double learning(std::int64_t step) { return 0.5 + 2.0 * std::exp(-0.02 * at(step)) + 0.05 * std::sin(7.0 * at(step)); }

TEST(BlowUp, IsTheStepFromWhichHalfOfWhatWasLearntIsLostForGood) {
  EXPECT_EQ(blow_up_of(400, learning), std::nullopt);
  EXPECT_EQ(blow_up_of(400, [](std::int64_t t) { return t < 300 ? learning(t) : 2.0; }), 300);
  EXPECT_EQ(blow_up_of(400, [](std::int64_t t) { return t < 300 ? learning(t) : 1.2; }), std::nullopt);
  EXPECT_EQ(blow_up_of(400, [](std::int64_t t) { return t < 300 || t > 340 ? learning(t) : 9.0; }), std::nullopt);
  EXPECT_EQ(blow_up_of(400, [](std::int64_t t) { return t % 10 == 0 ? 50.0 : learning(t); }), std::nullopt);
}

TEST(BlowUp, AtTheEndOfTheRunOneBlockTells) {
  EXPECT_EQ(blow_up_of(320, [](std::int64_t t) { return t < 300 ? learning(t) : 2.0; }), 300);
  EXPECT_EQ(blow_up_of(310, [](std::int64_t t) { return t < 300 ? learning(t) : 2.0; }), std::nullopt);
}

TEST(BlowUp, LossesThatAreNotFiniteToTheEnd) {
  EXPECT_EQ(blow_up_of(301, [](std::int64_t t) { return t < 300 ? learning(t) : kNaN; }), 300);
  EXPECT_EQ(blow_up_of(400, [](std::int64_t t) { return t == 300 ? kNaN : learning(t); }), std::nullopt);
  EXPECT_EQ(blow_up_of(400, [](std::int64_t) { return kNaN; }), 0);
  EXPECT_EQ(blow_up_step(History()), std::nullopt);
}

TEST(BlowUp, TheBestConstantIsTheFloorWhereItIsKnown) {
  ScriptedRun run;
  run.before(Quantity::initial_loss, 8.0).before(Quantity::constant_loss, 2.5);
  run.each(400, Quantity::loss, [](std::int64_t t) { return t < 300 ? learning(t) : 2.0; });
  EXPECT_EQ(blow_up_step(run.history), 300);
}

TEST(BlowUp, ARunThatHasNotLearntIsNotLost) {
  std::mt19937 random(3);
  std::normal_distribution<double> noise(0.0, 0.1);
  EXPECT_EQ(blow_up_of(1000, [&](std::int64_t) { return 2.3 + noise(random); }), std::nullopt);
  EXPECT_EQ(blow_up_of(1000, [&](std::int64_t t) { return (t < 500 ? 2.3 : 30.0) + noise(random); }), 500);
}

TEST(BlowUp, LossesMayBeScaled) {
  for (const double scale : {1e-12, 1e12})
    EXPECT_EQ(blow_up_of(400, [&](std::int64_t t) { return scale * (t < 300 ? learning(t) : 2.0); }), 300);
}

// The ramp again, learning until 100, rising until the loss is lost at `lost`.
Course lost_at(std::int64_t lost, std::int64_t steps) {
  Course course = ramp();
  course.steps = steps;
  course.loss = [lost](std::int64_t t) {
    const double learnt = t < 100 ? 4.0 - 0.02 * at(t) : rising_loss(t);
    return t < lost ? learnt : 20.0;
  };
  return course;
}

TEST(InstabilityScore, AForecastThatCameTrue) {
  const InstabilityScore score = score_instability(run_of(lost_at(400, 500)).history, kCrossing);
  EXPECT_EQ(score.blow_up, 400);
  ASSERT_TRUE(score.lead);
  EXPECT_GE(*score.lead, 100.0);
  EXPECT_NEAR(*score.first_error, 0.0, 1e-6);
  EXPECT_NEAR(*score.last_error, 0.0, 1e-6);
  EXPECT_EQ(score.alarms, 1);
  EXPECT_LT(score.forecasts.back().made_at, 400) << "what is said afterwards is no forecast";
}

TEST(InstabilityScore, AForecastThatDidNotIsAFalseAlarm) {
  Course course = lost_at(1000, 800);
  course.overshoot = [](std::int64_t t) { return t <= 350 ? 0.002 * at(t) : 0.2; };         // the ramp is over,
  course.loss = [then = course.loss](std::int64_t t) { return t <= 350 ? then(t) : 2.0; };  // and the loss comes down
  const InstabilityScore score = score_instability(run_of(course).history);
  EXPECT_FALSE(score.blow_up);
  EXPECT_FALSE(score.lead);
  EXPECT_EQ(score.alarms, 1);
  EXPECT_EQ(score.false_alarms, 1);
  EXPECT_EQ(score.open, 0);
  EXPECT_EQ(score.came_true, 0);
}

TEST(InstabilityScore, WhatLiesBeyondTheLastStepIsOpen) {
  const InstabilityScore score = score_instability(run_of(lost_at(1000, 350)).history);
  EXPECT_EQ(score.false_alarms, 1);
  EXPECT_EQ(score.open, 1);
}

TEST(Instability, SaysItInASentence) {
  const InstabilityForecast forecast{
      .made_at = 490, .step = 540.2, .margin = 34.9, .overshoot = 0.72, .overshoot_slope = 0.002, .edge_ratio = 3.1};
  EXPECT_EQ(
      words(forecast),
      "leaves the stable region at step 540 ± 35 (said at step 490: overshoot 0.72, +0.20 in 100 steps; edge ratio "
      "3.1)");
}

}  // namespace
}  // namespace thalweg
