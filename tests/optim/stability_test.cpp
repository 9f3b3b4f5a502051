// The limits, by iterating the optimizers themselves on quadratics that lie just below and just above.
#include "thalweg/optim/stability.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/optim/optimizers.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using recipe::OptimizerKind;
using testing::NamedOptions;
using testing::parameter;
using testing::set_gradient;

constexpr double kRate = 0.05;

// The weight decay is large, that its share in the limit shows; eps = 1 and weights of 1e-9 hold P at 1: √v̂ is of the
// gradient's size, and adds nothing to it.
std::vector<NamedOptions> every_limit() {
  const recipe::Optimizer fixed{.beta1 = 0.9, .beta2 = 0.99, .eps = 1.0};
  const auto with = [&](OptimizerKind kind, double decay = 0.0, double momentum = 0.0) {
    recipe::Optimizer options = fixed;
    options.kind = kind;
    options.lr = kRate;
    options.weight_decay = decay;
    options.momentum = momentum;
    return options;
  };
  recipe::Optimizer nesterov = with(OptimizerKind::sgd, 0.0, 0.9);
  nesterov.nesterov = true;
  return {{"sgd", with(OptimizerKind::sgd)},
          {"sgd_decay", with(OptimizerKind::sgd, 5.0)},
          {"heavy_ball", with(OptimizerKind::sgd, 0.0, 0.9)},
          {"nesterov", nesterov},
          {"adam", with(OptimizerKind::adam)},
          {"adam_decay", with(OptimizerKind::adam, 100.0)},
          {"adamw", with(OptimizerKind::adamw)},
          {"adamw_decay", with(OptimizerKind::adamw, 5.0)},
          {"nadamw", with(OptimizerKind::nadamw)},
          {"rmsprop", with(OptimizerKind::rmsprop)},
          {"rmsprop_momentum", with(OptimizerKind::rmsprop, 0.0, 0.9)}};
}

// ‖w‖ after 400 steps on ½ λ ‖w‖², over ‖w‖ at the start; what was met on the way does not count.
double growth(Optimizer& optimizer, const at::Tensor& curvature) {
  const at::Tensor weight = optimizer.parameters()[0].second;
  const double start = weight.norm().item<double>();
  for (int i = 0; i < 400; ++i) {
    set_gradient(weight, curvature * weight.detach());
    optimizer.step(kRate);
  }
  return weight.norm().item<double>() / start;
}

std::unique_ptr<Optimizer> optimizer_of(const recipe::Optimizer& options, const at::Tensor& start) {
  return make_optimizer(options, {{"w", parameter(start)}});
}

// As if the optimizer had made `steps` steps.
void set_steps(Optimizer& optimizer, std::int64_t steps) {
  Optimizer::Named state = optimizer.state();
  for (auto& [name, value] : state) {
    if (name == "step") value.fill_(steps);
    if (name == "mu_product") value.fill_(1e-300);
  }
  optimizer.load(state);
}

class EveryLimit : public ::testing::TestWithParam<NamedOptions> {};
INSTANTIATE_TEST_SUITE_P(All, EveryLimit, ::testing::ValuesIn(every_limit()),
                         [](const auto& info) { return info.param.name; });

TEST_P(EveryLimit, IsWhereTheOptimizerStopsToBeStable) {
  for (const std::int64_t steps : {20'000LL, 1'000'000'000LL}) {
    const StabilityLimit limit = stability_limit(GetParam().options, kRate, steps);
    for (const double share : {0.98, 1.02}) {
      auto optimizer = optimizer_of(GetParam().options, at::full({1}, 1e-9, at::kDouble));
      set_steps(*optimizer, steps);
      const double curvature = share * limit.eigenvalue - limit.added_curvature;
      const double grown = growth(*optimizer, at::full({1}, curvature, at::kDouble));
      EXPECT_EQ(grown < 1.0, share < 1.0) << grown << " at " << share << " of the limit, after " << steps << " steps";
    }
  }
}

// A preconditioner that differs from entry to entry, held by a long memory.
TEST(StabilityLimit, HoldsForTheLargestEigenvalueOfThePreconditionedHessian) {
  const recipe::Optimizer options{
      .kind = OptimizerKind::adam, .lr = kRate, .beta1 = 0.9, .beta2 = 1.0 - 1e-15, .eps = 0.1};
  const double limit = stability_limit(options, kRate).eigenvalue;
  for (const double share : {0.98, 1.02}) {
    auto optimizer = optimizer_of(options, at::full({2}, 1e-6));
    Optimizer::Named state = optimizer->state();
    for (auto& [name, value] : state) {
      if (name == "step") value.fill_(std::int64_t{1} << 60);
      if (name == "w.exp_avg_sq") value.copy_(at::tensor({4.0F, 0.25F}));
    }
    optimizer->load(state);
    const at::Tensor p = optimizer->preconditioner()[0];
    EXPECT_TRUE(at::allclose(p, at::tensor({2.1F, 0.6F})));
    // The larger curvature is the harmless one: P⁻¹H is what counts.
    const at::Tensor curvature = p * at::tensor({0.9F, static_cast<float>(share)}) * limit;
    ASSERT_GT(curvature[0].item<float>(), curvature[1].item<float>());
    EXPECT_EQ(growth(*optimizer, curvature) < 1.0, share < 1.0);
  }
}

TEST(StabilityLimit, IsThePublishedFormula) {
  const double e = 0.01, b = 0.9;
  const auto at_rate = [&](const recipe::Optimizer& options) { return stability_limit(options, e).eigenvalue; };
  EXPECT_DOUBLE_EQ(at_rate({.kind = OptimizerKind::sgd}), 2 / e);
  EXPECT_DOUBLE_EQ(at_rate({.kind = OptimizerKind::sgd, .momentum = b}), (2 + 2 * b) / e);
  EXPECT_DOUBLE_EQ(at_rate({.kind = OptimizerKind::sgd, .momentum = b, .nesterov = true}),
                   (2 + 2 * b) / (e * (1 + 2 * b)));
  EXPECT_NEAR(at_rate({.kind = OptimizerKind::adamw, .beta1 = b}), (2 + 2 * b) / ((1 - b) * e), 1e-9);
  EXPECT_DOUBLE_EQ(at_rate({.kind = OptimizerKind::rmsprop}), 2 / e);
}

TEST(StabilityLimit, SaysWhatItIsAndWhatItDoesNotCover) {
  const StabilityLimit plain =
      stability_limit({.kind = OptimizerKind::sgd, .momentum = 0.9, .weight_decay = 0.01}, 0.1);
  EXPECT_EQ(plain.optimizer, "heavy ball");
  EXPECT_EQ(plain.formula, "(2 + 2μ)/ε");
  EXPECT_EQ(plain.source, "Cohen et al. 2021");
  EXPECT_EQ(plain.caveat, "");
  EXPECT_DOUBLE_EQ(plain.added_curvature, 0.01);
  EXPECT_EQ(stability_limit({.kind = OptimizerKind::adamw, .weight_decay = 0.01}, 0.1).added_curvature, 0.0);
  EXPECT_THAT(stability_limit({.kind = OptimizerKind::sgd, .clip_norm = 1.0}, 0.1).caveat,
              ::testing::HasSubstr("Clipping"));
}

TEST(StabilityLimit, AtTheEndsOfTheRates) {
  EXPECT_TRUE(std::isinf(stability_limit({.kind = OptimizerKind::adamw}, 0.0).eigenvalue));
  const StabilityLimit none = stability_limit({.kind = OptimizerKind::sgd, .momentum = 1.0}, 0.1);
  EXPECT_EQ(none.eigenvalue, 0.0);
  EXPECT_THAT(none.caveat, ::testing::HasSubstr("at no rate"));
}

TEST(StabilityLimit, RefusesWhatNoStepHas) {
  EXPECT_THROW(stability_limit({}, -0.1), UsageError);
  EXPECT_THROW(stability_limit({}, std::numeric_limits<double>::quiet_NaN()), UsageError);
  EXPECT_THROW(stability_limit({}, 0.1, -1), UsageError);
  EXPECT_THROW(stability_limit({.beta1 = 1.0}, 0.1), UsageError);
}

}  // namespace
}  // namespace thalweg
