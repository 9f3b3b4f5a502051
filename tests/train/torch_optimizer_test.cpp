// LibTorch's optimizers, read off the objects themselves while they train.
#include "thalweg/train/torch_optimizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/optim.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <ostream>
#include <string>

namespace thalweg {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Tensors = std::vector<at::Tensor>;

constexpr double kRate = 0.05;

at::Tensor leaf(const at::Tensor& values) { return values.to(at::kDouble).clone().requires_grad_(); }

// One way to make an optimizer whose P can be held at 1: eps = 1 and weights so small that v adds nothing.
struct Kind {
  std::string name;
  std::function<std::unique_ptr<torch::optim::Optimizer>(const Tensors&)> make;
};
void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

template <class Optimizer, class Options>
Kind kind(std::string name, const Options& options) {
  return {std::move(name),
          [options](const Tensors& parameters) { return std::make_unique<Optimizer>(parameters, options); }};
}

std::vector<Kind> kinds() {
  using namespace torch::optim;
  return {kind<SGD>("SGD", SGDOptions(kRate)),
          kind<SGD>("SGD_heavy_ball", SGDOptions(kRate).momentum(0.9).weight_decay(3.0)),
          kind<SGD>("SGD_dampened", SGDOptions(kRate).momentum(0.9).dampening(0.5)),
          kind<SGD>("SGD_nesterov", SGDOptions(kRate).momentum(0.9).nesterov(true)),
          kind<RMSprop>("RMSprop", RMSpropOptions(kRate).eps(1.0).weight_decay(3.0)),
          kind<RMSprop>("RMSprop_momentum_centered", RMSpropOptions(kRate).eps(1.0).momentum(0.8).centered(true)),
          kind<Adam>("Adam", AdamOptions(kRate).eps(1.0).weight_decay(3.0)),
          kind<Adam>("Adam_amsgrad", AdamOptions(kRate).eps(1.0).amsgrad(true)),
          kind<AdamW>("AdamW", AdamWOptions(kRate).eps(1.0).weight_decay(3.0)),
          kind<Adagrad>("Adagrad", AdagradOptions(kRate).eps(1.0))};
}

// Steps on ½ λ w², and says how large w became on the way: what grows raises v, which tames it again.
double descend(torch::optim::Optimizer& optimizer, const at::Tensor& weight, double curvature, int steps) {
  double largest = 0.0;
  for (int t = 0; t < steps; ++t) {
    weight.mutable_grad() = curvature * weight.detach();
    optimizer.step();
    largest = std::max(largest, std::abs(weight.item<double>()));
  }
  return largest;
}

class TorchOptimizerKind : public ::testing::TestWithParam<Kind> {};
INSTANTIATE_TEST_SUITE_P(All, TorchOptimizerKind, ::testing::ValuesIn(kinds()),
                         [](const auto& info) { return info.param.name; });

// Begun long after the start, where Adam corrects no more.
TEST_P(TorchOptimizerKind, HasItsLimitWhereItsOwnStepsBlowUp) {
  for (const double part : {0.98, 1.02}) {
    const at::Tensor weight = leaf(at::zeros({1}));
    const auto optimizer = GetParam().make({weight});
    descend(*optimizer, weight, 0.0, 1000);
    const auto view = view_of(*optimizer, {weight});
    const auto limit = view->stability_limit();
    ASSERT_TRUE(limit.has_value()) << view->why();
    EXPECT_NEAR(view->preconditioner()[0].item<double>(), 1.0, 1e-12);
    weight.data().fill_(1e-9);
    const double largest = descend(*optimizer, weight, part * limit->eigenvalue - limit->added_curvature, 500);
    const double last = std::abs(weight.item<double>());
    EXPECT_TRUE(part < 1.0 ? last < 1e-9 && largest < 1e-7 : largest > 1e-7) << part << ": " << last << ", " << largest;
  }
}

// The step itself says what it divided by: from weights of 0 the update is the weight.
TEST(TorchOptimizer, PAndSecondMomentsOfAdamAreThoseOfTheLastStep) {
  const at::Tensor a = leaf(at::zeros({3})), b = leaf(at::zeros({2}));
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(Tensors{a}, std::make_unique<torch::optim::AdamOptions>(0.1));
  groups.emplace_back(Tensors{b}, std::make_unique<torch::optim::AdamOptions>(0.025));
  torch::optim::Adam optimizer(groups, torch::optim::AdamOptions(0.1));
  const auto view = view_of(optimizer, {b, a});  // in an order of the model's own
  EXPECT_FALSE(view->preconditioner()[0].defined());
  EXPECT_EQ(view->learning_rate(), 0.1);
  const at::Tensor ga = at::tensor({1.0, -2.0, 0.5}, at::kDouble), gb = at::tensor({4.0, 3.0}, at::kDouble);
  a.mutable_grad() = ga;
  b.mutable_grad() = gb;
  optimizer.step();
  const Tensors p = view->preconditioner(), v = view->second_moments();
  EXPECT_TRUE(at::allclose(p[1], -0.1 * ga / a.detach(), 1e-12, 0.0));
  EXPECT_TRUE(at::allclose(p[0], -0.1 * gb / b.detach(), 1e-12, 0.0)) << "ε is the first group's: P is four times √v̂";
  EXPECT_TRUE(at::allclose(v[1], ga * ga, 1e-12, 0.0));
}

TEST(TorchOptimizer, FollowsOptionsThatChangeInTheRun) {
  const at::Tensor weight = leaf(at::ones({2}));
  torch::optim::SGD optimizer({weight}, torch::optim::SGDOptions(0.1));
  const auto view = view_of(optimizer, {weight});
  EXPECT_DOUBLE_EQ(view->stability_limit()->eigenvalue, 20.0);
  optimizer.param_groups()[0].options().set_lr(0.01);
  EXPECT_DOUBLE_EQ(view->learning_rate(), 0.01);
  EXPECT_DOUBLE_EQ(view->stability_limit()->eigenvalue, 200.0);
  const at::Tensor late = leaf(at::ones({2}));
  optimizer.add_param_group(torch::optim::OptimizerParamGroup({late}));
  EXPECT_THAT(view_of(optimizer, {late, weight})->steps(), ElementsAre(true, true));
}

TEST(TorchOptimizer, OfLbfgsSaysThatItCallsTheClosureOften) {
  const at::Tensor weight = leaf(at::ones({2}));
  torch::optim::LBFGS optimizer({weight});
  const auto view = view_of(optimizer, {weight});
  EXPECT_TRUE(view->repeats_closure());
  EXPECT_EQ(view->learning_rate(), 1.0);
  EXPECT_FALSE(view->stability_limit().has_value());
  EXPECT_THAT(view->why(), HasSubstr("torch::optim::LBFGS"));
}

struct OwnOptions : torch::optim::OptimizerCloneableOptions<OwnOptions> {};

class Lion final : public torch::optim::Optimizer {
 public:
  explicit Lion(Tensors parameters)
      : Optimizer({torch::optim::OptimizerParamGroup(std::move(parameters))}, std::make_unique<OwnOptions>()) {}
  at::Tensor step(LossClosure) override { return {}; }
};

class SteppingOtherwise final : public torch::optim::Adam {
  using Adam::Adam;
};

TEST(TorchOptimizer, OfAPersonsOwnClassIsNamedAndNothingIsClaimedOfIt) {
  const at::Tensor weight = leaf(at::ones({2}));
  Lion lion({weight});
  const auto view = view_of(lion, {weight});
  EXPECT_THAT(view->name(), HasSubstr("Lion"));
  EXPECT_THAT(view->why(), HasSubstr("steps by signs"));
  EXPECT_TRUE(std::isnan(view->learning_rate()));
  EXPECT_TRUE(view->preconditioner().empty());
  EXPECT_THAT(view->steps(), ElementsAre(true));

  SteppingOtherwise adam({weight}, torch::optim::AdamOptions(0.1));
  const auto of_subclass = view_of(adam, {weight});
  EXPECT_EQ(of_subclass->learning_rate(), 0.1);
  EXPECT_FALSE(of_subclass->stability_limit().has_value());
  EXPECT_THAT(of_subclass->why(), HasSubstr("SteppingOtherwise"));
}

TEST(Mismatch, IsWhatTheOptimizerStepsBesideAndWhatItLeavesOut) {
  const at::Tensor a = leaf(at::ones({2})), b = leaf(at::ones({3})), c = leaf(at::ones({4}));
  const torch::optim::SGD optimizer({a, c}, torch::optim::SGDOptions(0.1));
  const Mismatch found = mismatch(optimizer, {b, a});
  EXPECT_THAT(found.unstepped, ElementsAre(0));
  ASSERT_EQ(found.unwatched.size(), 1U);
  EXPECT_TRUE(found.unwatched[0].is_same(c));
  EXPECT_TRUE(mismatch(optimizer, {c, a}).unstepped.empty());
}

// A tensor under two names is one tensor: both are stepped.
TEST(Mismatch, ASharedTensorIsSteppedUnderBothOfItsNames) {
  const at::Tensor a = leaf(at::ones({2}));
  torch::optim::SGD optimizer({a}, torch::optim::SGDOptions(0.1));
  EXPECT_TRUE(mismatch(optimizer, {a, a}).unstepped.empty());
  EXPECT_THAT(view_of(optimizer, {a, a})->steps(), ElementsAre(true, true));
}

}  // namespace
}  // namespace thalweg
