// P, as the steps themselves show it: u = −ε P⁻¹ (the momentum, or the gradient).
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "tests/optim/optimizers.h"
#include "thalweg/optim/optimizer.h"

namespace thalweg {
namespace {

using recipe::OptimizerKind;
using testing::numbers;
using testing::parameter;
using testing::set_gradient;

constexpr double kRate = 0.01;
constexpr int kSteps = 5;

struct LastStep {
  at::Tensor update, gradient, preconditioner;
  std::map<std::string, at::Tensor> state;
};

LastStep last_step(const recipe::Optimizer& options, at::ScalarType type) {
  auto optimizer = make_optimizer(options, {{"w", parameter(numbers({3, 2}, 1.0, type))}});
  const at::Tensor weight = optimizer->parameters()[0].second;
  LastStep last;
  for (int t = 0; t < kSteps; ++t) {
    set_gradient(weight, numbers({3, 2}, 10.0 + t, type));
    last.update = optimizer->preview(kRate)[0];
    optimizer->step(kRate);
  }
  last.gradient = weight.grad();
  last.preconditioner = optimizer->preconditioner()[0];
  for (auto& [name, value] : optimizer->state()) last.state[name] = value;
  return last;
}

class Preconditioner : public ::testing::TestWithParam<at::ScalarType> {};
INSTANTIATE_TEST_SUITE_P(Types, Preconditioner, ::testing::Values(at::kFloat, at::kDouble),
                         [](const auto& info) { return at::toString(info.param); });

TEST_P(Preconditioner, OfAdamIsTheRootOfTheCorrectedSecondMoment) {
  for (const OptimizerKind kind : {OptimizerKind::adam, OptimizerKind::adamw}) {
    const LastStep last = last_step({.kind = kind, .lr = kRate, .eps = 1e-3}, GetParam());
    const at::Tensor momentum = last.state.at("w.exp_avg") / (1.0 - std::pow(0.9, kSteps));
    EXPECT_TRUE(at::allclose(last.update, -kRate * momentum / last.preconditioner, 1e-4, 1e-7));
  }
}

TEST_P(Preconditioner, OfRmspropIsTheRootOfTheSecondMoment) {
  const LastStep plain = last_step({.kind = OptimizerKind::rmsprop, .lr = kRate, .eps = 1e-3}, GetParam());
  EXPECT_TRUE(at::allclose(plain.update, -kRate * plain.gradient / plain.preconditioner, 1e-4, 1e-7));
}

TEST_P(Preconditioner, OfSgdIsOne) {
  const LastStep last = last_step({.kind = OptimizerKind::sgd, .lr = kRate, .momentum = 0.9}, GetParam());
  EXPECT_TRUE(at::equal(last.preconditioner, at::ones_like(last.preconditioner)));
  EXPECT_TRUE(at::allclose(last.update, -kRate * last.state.at("w.momentum_buffer"), 1e-4, 1e-7));
}

TEST_P(Preconditioner, HoldsTheRateOfTheGroup) {
  recipe::Optimizer options{.kind = OptimizerKind::adam, .lr = kRate, .eps = 1e-3};
  const LastStep whole = last_step(options, GetParam());
  options.groups = {{.match = "w", .lr = 0.25 * kRate}};
  EXPECT_TRUE(at::allclose(last_step(options, GetParam()).preconditioner, 4.0 * whole.preconditioner));
  options.groups = {{.match = "w", .lr = 0.0}};
  EXPECT_TRUE(last_step(options, GetParam()).preconditioner.isinf().all().item<bool>());
}

TEST(PreconditionerBeforeTheFirstStep, IsThereForSgdAloneAndForEachParameterByItself) {
  const auto before = [](OptimizerKind kind) {
    return make_optimizer({.kind = kind, .lr = kRate},
                          {{"a", parameter(at::ones({2}))}, {"b", parameter(at::ones({2}))}});
  };
  EXPECT_TRUE(before(OptimizerKind::sgd)->preconditioner()[0].defined());
  for (const OptimizerKind kind : {OptimizerKind::adamw, OptimizerKind::nadamw, OptimizerKind::rmsprop}) {
    auto optimizer = before(kind);
    EXPECT_FALSE(optimizer->preconditioner()[0].defined());
    set_gradient(optimizer->parameters()[0].second, at::ones({2}));
    optimizer->step(kRate);
    EXPECT_TRUE(optimizer->preconditioner()[0].defined());
    EXPECT_FALSE(optimizer->preconditioner()[1].defined()) << "it has had no gradient";
  }
}

}  // namespace
}  // namespace thalweg
