#include "thalweg/observe/curvature/overshoot.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/observe/collect.h"
#include "tests/observe/curvature/quadratic.h"

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
    step.output_scale = outputs.abs().max().item<double>();
    const at::Tensor v1 = w1 + u1, v2 = w2 + u2;  // as float32 rounds them
    const std::vector<StepSums> sums{StepSums{.gradient_update = -0.5}};
    step.sums = sums;
    step.objective_again = [&] { return mean(rows(v1, v2).first); };
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
