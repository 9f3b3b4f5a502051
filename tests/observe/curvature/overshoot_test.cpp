#include "thalweg/observe/curvature/overshoot.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/observe/collect.h"
#include "tests/observe/curvature/quadratic.h"
#include "tests/observe/small_loop.h"

namespace thalweg {
namespace {

TEST(Overshoot, OnAQuadraticTheSecantIsExact) {
  Quadratic q;
  const at::Tensor u = at::tensor({-0.1, 0.2, -0.01}, at::kDouble);
  Collect said;
  Overshoot().after_update(q.step(u), said);
  const double gu = q.gradient().dot(u).item<double>();
  EXPECT_NEAR(said.only(Quantity::curvature_secant).value, q.curvature(u), 1e-12);
  EXPECT_NEAR(said.only(Quantity::overshoot_secant).value, 0.5 * q.curvature(u) / -gu, 1e-9);
  EXPECT_NEAR(said.only(Quantity::actual_change).value, gu + 0.5 * q.curvature(u), 1e-12);
}

// At ρ = 1 the step gains nothing: the step −εg with ε = 2 g'g/g'Hg.
TEST(Overshoot, IsOneWhereTheStepGainsNothing) {
  Quadratic q;
  const at::Tensor g = q.gradient();
  const double rate = 2.0 * g.square().sum().item<double>() / q.curvature(g);
  Collect said;
  Overshoot().after_update(q.step(-rate * g), said);
  EXPECT_NEAR(said.only(Quantity::overshoot_secant).value, 1.0, 1e-9);
  EXPECT_NEAR(said.only(Quantity::actual_change).value, 0.0, 1e-9);
}

TEST(Overshoot, DoesNotDependOnTheScaleOfTheLoss) {
  Quadratic small, large;
  large.a = large.a * 1e6;
  large.b = large.b * 1e6;
  const at::Tensor u = -0.003 * small.gradient();
  Collect a, b;
  Overshoot().after_update(small.step(u), a);
  Overshoot().after_update(large.step(u), b);
  EXPECT_NEAR(a.only(Quantity::overshoot_secant).value, b.only(Quantity::overshoot_secant).value, 1e-9);
}

TEST(Overshoot, IsExactWhereTheLossIsCubicAlongTheStep) {
  const std::vector<at::Tensor> g{at::tensor({-2.0})}, u{at::tensor({0.5})};
  const auto loss = [](double t) { return 3.0 - 1.0 * t + 0.7 * t * t - 0.3 * t * t * t; };  // s = −1, u'Hu = 1.4
  Step step{.objective = loss(0.0), .objective_error = 1e-16};
  step.gradient = [&]() -> const std::vector<at::Tensor>& { return g; };
  step.update = [&]() -> const std::vector<at::Tensor>& { return u; };
  step.loss_along = loss;
  Collect said;
  Overshoot().after_update(step, said);
  EXPECT_NEAR(said.only(Quantity::curvature_forward).value, 1.4, 1e-12);
  EXPECT_NEAR(said.only(Quantity::overshoot_forward).value, 0.7, 1e-12);
  EXPECT_NEAR(said.only(Quantity::overshoot_secant).value, 1.0 + (loss(1.0) - loss(0.0)), 1e-12);
  EXPECT_NEAR(said.only(Quantity::overshoot_forward).error, 6.0 * 0.5 * 0.3, 1e-6)
      << "six times what the third derivative makes of it: −1.8 / 6";
}

// A step of 1.9 times the best one in a valley: the loss stands, and half way it is far lower.
TEST(Overshoot, TellsBouncingByTheMidpoint) {
  Quadratic q;
  const at::Tensor g = q.gradient();
  const double best = g.square().sum().item<double>() / q.curvature(g);
  Collect said;
  Overshoot().after_update(q.step(-1.9 * best * g), said);
  const double end = said.only(Quantity::actual_change).value, middle = said.only(Quantity::midpoint_change).value;
  EXPECT_LT(middle, 5.0 * end) << "falls " << middle << " half way, " << end << " at the end";
  EXPECT_LT(end, 0.0);
}

TEST(Overshoot, OfAStepAcrossTheGradientIsNotSaid) {
  Quadratic q;
  Collect said;
  Overshoot().after_update(q.step(at::zeros({3}, at::kDouble)), said);
  EXPECT_EQ(said.only(Quantity::actual_change).value, 0.0);
  for (const Reading& reading : said.readings) EXPECT_NE(reading.quantity, Quantity::overshoot_secant);
}

struct Coverage {
  int steps = 0, within = 0, telling = 0;
};

// How often ρ is within its bar of u'Hu by double backward in float64; how often the bar is small enough to tell
// something.
Coverage coverage(const SmallLoop::Options& options, int steps) {
  SmallLoop loop(options);
  Overshoot overshoot;
  Coverage c{.steps = steps};
  for (int i = 0; i < steps; ++i) {
    loop.forward();
    Collect said;
    overshoot.after_update(loop.move(), said);
    const Reading& rho = said.only(Quantity::overshoot_forward);
    const double exact = 0.5 * loop.curvature(loop.update) / -dot(loop.wide(loop.gradient), loop.wide(loop.update));
    const auto bar = static_cast<double>(rho.error);
    c.within += std::abs(rho.value - exact) <= bar ? 1 : 0;
    c.telling += bar < std::max(0.1, 0.5 * std::abs(exact)) ? 1 : 0;
  }
  return c;
}

struct Case {
  const char* name;
  SmallLoop::Options options;
};
class OvershootBar : public testing::TestWithParam<Case> {};

TEST_P(OvershootBar, CoversTheExactOvershootInNineteenOfTwentySteps) {
  constexpr int kSteps = 100;
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    SmallLoop::Options options = GetParam().options;
    options.type = type;
    const Coverage c = coverage(options, kSteps);
    EXPECT_GE(c.within, kSteps * 19 / 20) << c10::toString(type);
    EXPECT_GE(c.telling, kSteps * 3 / 4) << c10::toString(type) << ": a bar that swallows everything is useless";
  }
}

INSTANTIATE_TEST_SUITE_P(Training, OvershootBar,
                         testing::Values(Case{"tanh_sgd", {.rate = 0.3}},
                                         Case{"tanh_momentum", {.rate = 0.05, .momentum = 0.9}},
                                         Case{"tanh_adam", {.adam = true, .rate = 0.01}},
                                         Case{"relu_sgd", {.relu = true, .rate = 0.1}},
                                         Case{"relu_adam", {.relu = true, .adam = true, .rate = 0.003}},
                                         Case{"tiny_loss", {.rate = 0.3e12, .loss_scale = 1e-12}},
                                         Case{"huge_loss", {.rate = 0.3e-12, .loss_scale = 1e12}}),
                         [](const auto& info) { return info.param.name; });

// A small tanh network in float32 and float64: what float32 gets wrong lies within the error bar that float32 states.
TEST(Overshoot, ErrorBarCoversTheRoundingOfFloat32) {
  int outside = 0, unresolved = 0;
  constexpr int kSteps = 200;
  for (int trial = 0; trial < kSteps; ++trial) {
    at::manual_seed(static_cast<std::uint64_t>(trial));
    const auto wide = at::TensorOptions(at::kDouble);
    const at::Tensor x = at::randn({64, 20}, wide).to(at::kFloat), y = at::randint(5, {64}, at::kLong);
    const at::Tensor w1 = (0.3 * at::randn({32, 20}, wide)).to(at::kFloat),
                     w2 = (0.3 * at::randn({5, 32}, wide)).to(at::kFloat);
    const double size = std::pow(10.0, -1.0 - 4.0 * trial / kSteps);  // updates from 1e-1 down to 1e-5
    const at::Tensor u1 = (size * at::randn({32, 20}, wide)).to(at::kFloat),
                     u2 = (size * at::randn({5, 32}, wide)).to(at::kFloat);
    const auto rows = [&](const at::Tensor& p, const at::Tensor& q) {
      const at::Tensor input = x.to(p.dtype());
      const at::Tensor outputs = at::mm(at::tanh(at::mm(input, p.t())), q.t());
      return std::pair(at::cross_entropy_loss(outputs, y, {}, at::Reduction::None), outputs);
    };
    const auto mean = [](const at::Tensor& r) { return r.to(at::kDouble).mean().item<double>(); };
    const auto [before, outputs] = rows(w1, w2);
    Step step{.rows = 64};
    step.objective = mean(before);
    const double scale = std::max(std::abs(step.objective), mean(rows(w1 + u1, w2 + u2).first));
    step.objective_error = std::numeric_limits<float>::epsilon() * (scale + outputs.abs().max().item<double>() / 8.0);
    const at::Tensor v1 = w1 + u1, v2 = w2 + u2;  // as float32 rounds them
    const std::vector<at::Tensor> gradient{at::ones({1})}, update{at::full({1}, -0.5)};
    step.gradient = [&]() -> const std::vector<at::Tensor>& { return gradient; };
    step.update = [&]() -> const std::vector<at::Tensor>& { return update; };
    step.loss_along = [&](double t) { return mean(rows(w1 + t * u1, w2 + t * u2).first); };
    Collect said;
    Overshoot().after_update(step, said);
    const double exact = mean(rows(v1.to(at::kDouble), v2.to(at::kDouble)).first) -
                         mean(rows(w1.to(at::kDouble), w2.to(at::kDouble)).first);
    const Reading& change = said.only(Quantity::actual_change);
    outside += std::abs(change.value - exact) > change.error ? 1 : 0;
    unresolved += std::abs(change.value) < change.error ? 1 : 0;
  }
  EXPECT_EQ(outside, 0);
  EXPECT_GT(unresolved, 0) << "the smallest updates are below float32: the bar must say so";
  EXPECT_LT(unresolved, kSteps / 2) << "a bar that swallows ordinary updates is useless";
}

}  // namespace
}  // namespace thalweg
