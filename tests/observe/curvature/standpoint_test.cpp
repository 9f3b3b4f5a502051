// Points whose every figure is known: quadratics, a monkey saddle, a network of zeros, dead units.
#include "thalweg/observe/curvature/standpoint.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "tests/observe/collect.h"

namespace thalweg {
namespace {

// c (1 + ½ Σ a x² + x⁴ of the first + noise of the batch · x), in double.
struct Landscape {
  std::vector<double> curvatures;
  std::vector<double> slopes;  // one a batch, along every axis
  double scale = 1.0;
  double quartic = 0.0;
  at::Tensor x = at::empty({0});

  StandpointProblem problem() {
    x = at::zeros({static_cast<std::int64_t>(curvatures.size())}, at::kDouble).requires_grad_(true);
    const auto loss = [this](int k) {
      const at::Tensor a = at::tensor(curvatures, at::kDouble);
      return scale *
             (1.0 + (0.5 * a * x * x).sum() + quartic * x[0].pow(4) + slopes[static_cast<std::size_t>(k)] * x.sum());
    };
    return {.parameters = {x}, .batches = static_cast<int>(slopes.size()), .objective = loss, .loss = [loss](int k) {
              return loss(k).item<double>();
            }};
  }
};

TEST(Standpoint, OfASaddleFindsTheWayDownAndWhatItGains) {
  // −x² + x⁴ has its minimum, −¼, at x = 1/√2; the other axis rises.
  Landscape saddle{.curvatures = {-2.0, 3.0}, .slopes = std::vector<double>(6, 0.0), .quartic = 1.0};
  const auto point = look_at_standpoint(saddle.problem());
  ASSERT_TRUE(point);
  EXPECT_NEAR(point->lambda_min.value, -2.0, 1e-9);
  EXPECT_NEAR(point->lambda_max.value, 3.0, 1e-9);
  EXPECT_NEAR(point->escape_curvature.value, -2.0, 1e-9);
  EXPECT_NEAR(point->escape_gain.value, 0.25, 0.1) << "the walk doubles: it stops within a factor 2 of the best length";
  EXPECT_GT(point->escape_length.value, 0.35);
  EXPECT_LT(point->escape_length.value, 1.0);
  EXPECT_EQ(point->gradient.high, 0.0);
  EXPECT_EQ(point->descent_gain.value, 0.0);
  EXPECT_EQ(saddle.x.detach().abs().sum().item<double>(), 0.0) << "back where it was";
}

TEST(Standpoint, DoesNotDependOnTheScaleOfTheLoss) {
  const auto of = [](double scale) {
    Landscape saddle{
        .curvatures = {-2.0, 3.0, 1.0}, .slopes = {0.1, -0.1, 0.2, -0.2, 0.3, -0.3}, .scale = scale, .quartic = 1.0};
    return *look_at_standpoint(saddle.problem());
  };
  const Standpoint one = of(1.0);
  for (const double scale : {1e-12, 1e12}) {
    const Standpoint other = of(scale);
    EXPECT_NEAR(other.lambda_min.value / scale, one.lambda_min.value, 1e-6);
    EXPECT_NEAR(other.escape_gain.value / scale, one.escape_gain.value, 1e-6);
    EXPECT_NEAR(other.escape_length.value, one.escape_length.value, 1e-6);
    EXPECT_EQ(other.live_weights, one.live_weights);
  }
}

// The gains are those of rows that the walk was not fitted to: where only noise is fitted, nothing is gained.
TEST(Standpoint, WhatOnlyTheFittedRowsGainIsNoGain) {
  Landscape noise{.curvatures = {1.0, 1.0}, .slopes = {0.5, 0.5, -0.5, -0.4, -0.6, -0.5}};
  const auto point = look_at_standpoint(noise.problem());
  ASSERT_TRUE(point);
  EXPECT_LT(point->descent_gain.value + point->descent_gain.error, 0.0);
  EXPECT_FALSE(point->gradient.resolved());
}

TEST(Standpoint, OfAMinimumHasNoWayDown) {
  Landscape minimum{.curvatures = {1.0, 2.0, 5.0}, .slopes = std::vector<double>(6, 0.0)};
  Collect said;
  put(look_at_standpoint(minimum.problem()).value(), 7, [&](const Reading& r) { said.put(r); });
  EXPECT_NEAR(said.only(Quantity::lambda_min).value, 1.0, 1e-9);
  EXPECT_EQ(said.only(Quantity::descent_gain).value, 0.0);
  EXPECT_EQ(said.only(Quantity::gradient_norm).step, 7);
  for (const Reading& r : said.readings) EXPECT_NE(r.quantity, Quantity::escape_gain);
}

struct Network {
  at::Tensor x, y, w1, b1, w2, b2;
  at::Tensor (*activation)(const at::Tensor&);

  StandpointProblem problem() {
    for (at::Tensor* p : {&w1, &b1, &w2, &b2}) p->requires_grad_(true);
    const auto loss = [this](int k) {
      const at::Tensor rows = x.slice(0, k * 32, k * 32 + 32), targets = y.slice(0, k * 32, k * 32 + 32);
      return (at::linear(activation(at::linear(rows, w1, b1)), w2, b2) - targets).square().mean();
    };
    return {.parameters = {w1, b1, w2, b2}, .batches = 6, .objective = loss, .loss = [loss](int k) {
              return loss(k).item<double>();
            }};
  }
};

Network network(double size, double bias, at::Tensor (*activation)(const at::Tensor&)) {
  at::manual_seed(3);
  const at::Tensor x = at::randn({192, 5});
  return {.x = x,
          .y = x.slice(1, 0, 1) + 0.1 * at::randn({192, 1}),
          .w1 = size * at::randn({16, 5}),
          .b1 = at::full({16}, bias),
          .w2 = size * at::randn({1, 16}),
          .b2 = at::zeros({1}),
          .activation = activation};
}

// Zero weights: the gradient vanishes on every row, and still there is a way down, between the layers.
TEST(Standpoint, OfANetworkOfZerosIsASaddle) {
  Network zeros = network(0.0, 0.0, [](const at::Tensor& z) { return z.tanh(); });
  const auto point = look_at_standpoint(zeros.problem());
  ASSERT_TRUE(point);
  EXPECT_LT(point->live_weights, 0.05);
  EXPECT_LT(point->escape_curvature.value + point->escape_curvature.error, 0.0);
  EXPECT_GT(point->escape_gain.value - point->escape_gain.error, 0.1);
}

TEST(Standpoint, OfDeadUnitsHasNothingThatMoves) {
  Network dead = network(0.3, -100.0, [](const at::Tensor& z) { return z.relu(); });
  const auto point = look_at_standpoint(dead.problem());
  ASSERT_TRUE(point);
  EXPECT_NEAR(point->live_weights, 1.0 / (16 * 5 + 16 + 16 + 1), 1e-9) << "the last bias alone";
  EXPECT_FALSE(point->escape_gain.known());
}

TEST(Standpoint, OfAFreshNetworkIsAllAlive) {
  Network fresh = network(0.3, 0.0, [](const at::Tensor& z) { return z.tanh(); });
  const auto point = look_at_standpoint(fresh.problem());
  ASSERT_TRUE(point);
  EXPECT_EQ(point->live_weights, 1.0);
  EXPECT_TRUE(point->gradient.resolved());
  EXPECT_GT(point->descent_gain.value - point->descent_gain.error, 0.0);
  EXPECT_FALSE(fresh.w1.grad().defined());
}

TEST(Standpoint, IsNotTakenWhereTheTimeIsTooShort) {
  Network fresh = network(0.3, 0.0, [](const at::Tensor& z) { return z.tanh(); });
  EXPECT_FALSE(look_at_standpoint(fresh.problem(), {.seconds = 0.0}));
  EXPECT_FALSE(look_at_standpoint(fresh.problem(), {.seconds = 1e-6}));
}

TEST(Standpoint, SurvivesNumbersThatAreNone) {
  for (const double scale : {std::nan(""), HUGE_VAL, 0.0}) {
    Landscape broken{.curvatures = {-1.0, 1.0}, .slopes = std::vector<double>(6, 0.1), .scale = scale};
    const auto point = look_at_standpoint(broken.problem());
    ASSERT_TRUE(point);
    Collect said;
    put(*point, 0, [&](const Reading& r) { said.put(r); });
    EXPECT_EQ(broken.x.detach().abs().sum().item<double>(), 0.0);
  }
}

TEST(Standpoint, NeedsBatchesToJudgeBy) {
  Landscape few{.curvatures = {1.0}, .slopes = {0.0, 0.0, 0.0}};
  EXPECT_THROW(look_at_standpoint(few.problem()), std::invalid_argument);
}

}  // namespace
}  // namespace thalweg
