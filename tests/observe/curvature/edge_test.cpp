#include "thalweg/observe/curvature/edge.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/observe/collect.h"
#include "tests/observe/curvature/quadratic.h"
#include "tests/observe/small_loop.h"

namespace thalweg {
namespace {

struct Known final : OptimizerView {
  std::vector<at::Tensor> p;
  std::optional<StabilityLimit> limit;
  std::string name() const override { return "known"; }
  double learning_rate() const override { return 0.01; }
  std::vector<bool> steps() const override { return std::vector<bool>(p.size(), true); }
  std::optional<StabilityLimit> stability_limit() const override { return limit; }
  std::vector<at::Tensor> preconditioner() const override { return p; }
  std::vector<at::Tensor> second_moments() const override { return {}; }
};

Known sgd(double rate) {
  Known k;
  k.p = {at::ones({3}, at::kDouble)};
  k.limit = StabilityLimit{.eigenvalue = 2.0 / rate};
  return k;
}

Collect look(Step step, const OptimizerView& optimizer) {
  Edge instrument;
  Collect said;
  step.optimizer = &optimizer;
  instrument.before_backward(step);
  instrument.after_backward(step, said);
  return said;
}

const at::Tensor kNoStep = at::zeros({3}, at::kDouble);

TEST(Edge, OfGradientDescentIsTheLargestEigenvalueOverTwoThroughTheRate) {
  Quadratic q;
  const Collect said = look(q.step(kNoStep), sgd(0.01));
  EXPECT_NEAR(said.only(Quantity::preconditioned_lambda_max).value, 100.0, 1e-9);
  EXPECT_EQ(said.only(Quantity::stability_limit).value, 200.0);
  EXPECT_NEAR(said.only(Quantity::edge_ratio).value, 0.5, 1e-12);
}

TEST(Edge, TakesTheOptimizersPreconditionerAndItsDecay) {
  Quadratic q;  // A = diag(1, 4, 100)
  Known k = sgd(0.01);
  k.p = {at::tensor({0.01, 4.0, 50.0}, at::kDouble)};
  k.limit->added_curvature = 0.5;  // (1 + 0.5) / 0.01 = 150 is the largest
  EXPECT_NEAR(look(q.step(kNoStep), k).only(Quantity::preconditioned_lambda_max).value, 150.0, 1e-6);
}

TEST(Edge, LeavesFrozenParametersOut) {
  Quadratic q;
  Known k = sgd(0.01);
  k.p = {at::tensor({1.0, 1.0, std::numeric_limits<double>::infinity()}, at::kDouble)};
  EXPECT_NEAR(look(q.step(kNoStep), k).only(Quantity::preconditioned_lambda_max).value, 4.0, 1e-9);
}

TEST(Edge, SaysNothingWhereItDoesNotKnowTheOptimizer) {
  Quadratic q;
  const Step step = q.step(kNoStep);
  Known k = sgd(0.01);
  k.p = {};
  EXPECT_TRUE(look(step, k).readings.empty()) << "no P";
  k.p = {at::Tensor()};
  EXPECT_TRUE(look(step, k).readings.empty()) << "before the first step";
  k.p = {at::tensor({1.0, 0.0, 1.0}, at::kDouble)};
  EXPECT_TRUE(look(step, k).readings.empty()) << "P has no root";
  k = sgd(0.01);
  k.limit = std::nullopt;
  EXPECT_TRUE(look(step, k).readings.empty()) << "no limit";
  k.limit = StabilityLimit{.eigenvalue = std::numeric_limits<double>::infinity()};
  EXPECT_TRUE(look(step, k).readings.empty()) << "rate 0";
  Edge instrument;
  Collect said;
  instrument.before_backward(step);
  instrument.after_backward(step, said);
  EXPECT_TRUE(said.readings.empty()) << "updates by hand";
}

// Training with momentum, P changing from step to step: the eigenvalue against that of the dense P^-½ H P^-½.
TEST(Edge, CoversTheEigenvalueInNineteenOfTwentySteps) {
  constexpr int kSteps = 40;
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    SmallLoop loop({.widths = {8, 8, 3}, .type = type, .rate = 0.1, .momentum = 0.9});
    Edge instrument;
    std::vector<at::Tensor> moments;
    int within = 0, narrow = 0;
    for (int i = 0; i < kSteps; ++i) {
      Step& step = loop.forward();
      Known k;
      k.limit = StabilityLimit{.eigenvalue = 20.0};
      for (std::size_t j = 0; j < loop.gradient.size(); ++j) {
        const at::Tensor square = loop.gradient[j].square();
        if (moments.size() <= j) moments.push_back(square);
        moments[j] = 0.9 * moments[j] + 0.1 * square;
        k.p.push_back(moments[j].sqrt() + 1e-3);
      }
      step.optimizer = &k;
      Collect said;
      instrument.before_backward(step);
      instrument.after_backward(step, said);
      loop.move();
      const at::Tensor root = SmallLoop::flat(k.p).to(at::kDouble).rsqrt();
      const at::Tensor met = root.unsqueeze(1) * loop.hessian() * root;
      const double exact = at::linalg_eigvalsh(met)[-1].item<double>();
      const Reading& reading = said.only(Quantity::preconditioned_lambda_max);
      within += std::abs(reading.value - exact) <= static_cast<double>(reading.error) ? 1 : 0;
      narrow += static_cast<double>(reading.error) <= 0.1 * exact ? 1 : 0;
    }
    EXPECT_GE(within, kSteps * 19 / 20) << c10::toString(type);
    EXPECT_GE(narrow, kSteps * 3 / 4) << c10::toString(type);
  }
}

}  // namespace
}  // namespace thalweg
