#include "thalweg/observe/curvature/critical_step.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "tests/observe/collect.h"
#include "tests/observe/small_loop.h"

namespace thalweg {
namespace {

// L along the step: −s t + ½ c t², back at its start at t = 2s/c.
Collect look(const std::function<double(double)>& loss, double rounding = 1e-15, int* forwards = nullptr) {
  Step step{.objective = loss(0.0), .objective_error = rounding};
  step.loss_along = [&](double t) {
    if (forwards != nullptr) ++*forwards;
    return loss(t);
  };
  Collect said;
  CriticalStep().after_update(step, said);
  return said;
}

TEST(CriticalStep, OfAQuadraticIsOneOverTheOvershoot) {
  for (const double rho : {0.02, 0.03, 0.1, 0.3, 0.5, 0.9, 1.0, 1.1, 1.9, 3.0, 7.0}) {
    int forwards = 0;
    const Collect said = look([&](double t) { return 5.0 - t + rho * t * t; }, 1e-15, &forwards);
    const Reading& t = said.only(Quantity::critical_step);
    EXPECT_NEAR(t.value, 1.0 / rho, 1e-6 / rho) << rho;
    EXPECT_LE(static_cast<double>(t.error), 0.05 / rho) << rho;
    EXPECT_LE(forwards, 8);
  }
}

TEST(CriticalStep, DoesNotDependOnTheScaleOfTheLoss) {
  for (const double scale : {1e-12, 1e12}) {
    const Collect said = look([&](double t) { return scale * (5.0 - t + 0.3 * t * t); }, 1e-15 * scale);
    EXPECT_NEAR(said.only(Quantity::critical_step).value, 1.0 / 0.3, 1e-6);
  }
}

TEST(CriticalStep, BracketHoldsTheCrossingOfAnyLoss) {
  const std::function<double(double)> losses[] = {
      [](double t) { return -t + 0.1 * t * t + 0.05 * t * t * t; }, [](double t) { return std::abs(t - 3.0); },
      [](double t) { return std::cosh(t - 0.7); },
      [](double t) { return -std::exp(-(t - 2.0) * (t - 2.0)) + 0.001 * t; },
      [](double t) { return std::exp(6.0 * t) - 30.0 * t; }};
  for (const auto& loss : losses) {
    const Collect said = look(loss);
    const Reading& t = said.only(Quantity::critical_step);
    const auto e = static_cast<double>(t.error) * (1.0 + 1e-6);
    EXPECT_LT(loss(t.value - e), loss(0.0) + 1e-12);
    EXPECT_GT(loss(t.value + e), loss(0.0) - 1e-12);
  }
}

TEST(CriticalStep, IsNotSaidWhereTheLossRisesAtOnceOrFallsForever) {
  EXPECT_TRUE(look([](double t) { return t + t * t; }).readings.empty());
  EXPECT_TRUE(look([](double t) { return -t; }).readings.empty());
  EXPECT_TRUE(look([](double) { return 2.0; }).readings.empty());
  EXPECT_TRUE(look([](double t) { return t > 0.0 ? std::nan("") : 1.0; }).readings.empty());
}

TEST(CriticalStep, OfALossThatOverflowsIsFoundByHalving) {
  const auto loss = [](double t) { return t > 0.9 ? std::numeric_limits<double>::infinity() : -t + 2.0 * t * t; };
  EXPECT_NEAR(look(loss).only(Quantity::critical_step).value, 0.5, 0.05);
}

// Rounding of 0.01 beside a fall of 1: signs inside of it decide nothing, and the bar says so.
TEST(CriticalStep, BarIsNotNarrowerThanRoundingAllows) {
  int within = 0;
  for (int trial = 0; trial < 50; ++trial) {
    const double rho = 0.2 + 0.01 * trial;
    const Collect said = look([&](double t) { return -t + rho * t * t + 0.005 * std::sin(1e4 * t + trial); }, 0.0025);
    const Reading& t = said.only(Quantity::critical_step);
    within += std::abs(t.value - 1.0 / rho) <= static_cast<double>(t.error) ? 1 : 0;
  }
  EXPECT_EQ(within, 50);
}

// Steps of a training: the loss with the network in double crosses inside the bracket.
TEST(CriticalStep, OfATrainingIsWhereTheLossIsBack) {
  for (const bool relu : {false, true}) {
    SmallLoop loop({.relu = relu, .rate = 0.5});
    int said_of = 0;
    for (int i = 0; i < 40; ++i) {
      loop.forward();
      Collect said;
      CriticalStep().after_update(loop.move(), said);
      if (said.readings.empty()) continue;
      ++said_of;
      const Reading& t = said.only(Quantity::critical_step);
      const auto e = static_cast<double>(t.error) * (1.0 + 1e-6);
      const double start = loop.loss_at(0.0, at::kDouble);
      EXPECT_LT(loop.loss_at(t.value - e, at::kDouble), start + 1e-6);
      EXPECT_GT(loop.loss_at(t.value + e, at::kDouble), start - 1e-6);
    }
    EXPECT_GE(said_of, 30);
  }
}

}  // namespace
}  // namespace thalweg
