#include "thalweg/train/objective.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "test_paths.h"
#include "tests/train/parts.h"

namespace thalweg {
namespace {

using recipe::LossKind;
using recipe::TargetKind;
using ::testing::AllOf;
using testing::classes;
using testing::GivenPart;
using ::testing::HasSubstr;
using testing::real;
using testing::table;
using testing::usage_error;

Objective objective(const recipe::Loss& loss, const DataInfo& data, std::vector<at::Tensor> weights = {}) {
  return Objective(loss, data, std::move(weights));
}

// ---- the losses, their gradients and their gradients' gradients are torch's

std::map<std::string, recipe::Loss> golden_cases() {
  using enum LossKind;
  const auto sum = recipe::Reduction::sum;
  return {
      {"cross_entropy", {.kind = cross_entropy}},
      {"cross_entropy_smoothed", {.kind = cross_entropy, .label_smoothing = 0.1}},
      {"cross_entropy_shares", {.kind = cross_entropy}},
      {"cross_entropy_shares_smoothed", {.kind = cross_entropy, .label_smoothing = 0.1}},
      {"cross_entropy_sequence", {.kind = cross_entropy}},
      {"cross_entropy_sum", {.kind = cross_entropy, .reduction = sum}},
      {"nll", {.kind = nll_probabilities}},
      {"nll_smoothed", {.kind = nll_probabilities, .label_smoothing = 0.1}},
      {"nll_normalized", {.kind = nll_probabilities, .normalize = true}},
      {"nll_shares", {.kind = nll_probabilities}},
      {"mse", {.kind = mse}},
      {"mse_sum", {.kind = mse, .reduction = sum}},
      {"mse_one_hot", {.kind = mse}},
      {"mse_number", {.kind = mse}},
      {"mae", {.kind = mae}},
      {"huber", {.kind = huber, .delta = 0.7}},
      {"bce", {.kind = bce}},
      {"bce_logits", {.kind = bce_logits}},
  };
}

nlohmann::json golden() {
  std::ifstream file(std::string(test_paths::kSource) + "/tests/train/loss_golden.json");
  return nlohmann::json::parse(file);
}

at::Tensor tensor_of(const nlohmann::json& values, const nlohmann::json& shape) {
  const bool whole = values.front().is_number_integer();
  return at::tensor(values.get<std::vector<double>>(), at::kDouble)
      .reshape(shape.get<std::vector<std::int64_t>>())
      .to(whole ? at::kLong : at::kDouble);
}

void expect_near(const at::Tensor& value, const nlohmann::json& expected) {
  const auto numbers = expected.get<std::vector<double>>();
  const at::Tensor error = value.flatten() - at::tensor(numbers, at::kDouble);
  EXPECT_LT(error.abs().max().item<double>(), 1e-12);
}

TEST(Losses, ValuesAndTwoDerivativesAreTorchs) {
  const nlohmann::json cases = golden();
  for (const auto& [name, loss] : golden_cases()) {
    SCOPED_TRACE(name);
    const auto& expected = cases.at(name);
    const at::Tensor outputs = tensor_of(expected["outputs"], expected["shape"]).requires_grad_();
    const at::Tensor targets = tensor_of(expected["targets"], expected["target_shape"]);
    const Objective::Value value = objective(loss, classes(4))(outputs, targets);
    EXPECT_NEAR(value.total.item<double>(), expected["loss"].get<double>(), 1e-12);
    const at::Tensor gradient = torch::autograd::grad({value.total}, {outputs}, {}, true, true)[0];
    expect_near(gradient, expected["gradient"]);
    if (expected["second"].empty()) continue;
    expect_near(torch::autograd::grad({gradient.square().sum()}, {outputs})[0], expected["second"]);
  }
}

// A row is the mean over its entries, so that the mean over rows is the mean over everything.
TEST(Losses, RowsMeanWhatTheTotalMeans) {
  const nlohmann::json cases = golden();
  for (const auto& [name, loss] : golden_cases()) {
    SCOPED_TRACE(name);
    const auto& expected = cases.at(name);
    const at::Tensor outputs = tensor_of(expected["outputs"], expected["shape"]).requires_grad_();
    const Objective under_test = objective(loss, classes(4));
    const Objective::Value value = under_test(outputs, tensor_of(expected["targets"], expected["target_shape"]));
    ASSERT_EQ(value.rows.sizes(), at::IntArrayRef({outputs.size(0)}));
    EXPECT_FALSE(value.rows.requires_grad());
    EXPECT_NEAR(under_test.exact(value), expected["loss"].get<double>(), 1e-12);
    const double everything = static_cast<double>(value.entries * outputs.size(0));
    const bool sum = loss.reduction == recipe::Reduction::sum;
    EXPECT_NEAR(value.loss() * (sum ? everything : 1.0), expected["loss"].get<double>(), 1e-12);
  }
}

TEST(Losses, CrossEntropyOfClassesHasTorchsBits) {
  const at::Tensor outputs = at::linspace(-3.0, 5.0, 770).reshape({77, 10}).sin().requires_grad_();
  const at::Tensor targets = at::arange(77, at::kLong).remainder(10);
  const at::Tensor own = objective({}, classes(10))(outputs, targets).total,
                   torchs = at::cross_entropy_loss(outputs, targets);
  EXPECT_TRUE(own.equal(torchs));
  EXPECT_TRUE(torch::autograd::grad({own}, {outputs})[0].equal(torch::autograd::grad({torchs}, {outputs})[0]));
}

TEST(Losses, ColumnsOfASequenceAreAveragedToo) {
  const at::Tensor outputs = at::arange(12, at::kFloat).reshape({2, 3, 2});
  const Objective::Value value = objective({.kind = LossKind::mse}, real())(outputs, at::zeros({2, 3, 2}));
  EXPECT_FLOAT_EQ(value.rows[0].item<float>(), (0 + 1 + 4 + 9 + 16 + 25) / 6.0f);
  EXPECT_EQ(value.entries, 6);
}

TEST(Losses, MoreOutputsThanClassesAreAllowedOverClasses) {
  const Objective::Value value = objective({}, classes(3))(at::zeros({2, 5}), at::tensor({0, 2}, at::kLong));
  EXPECT_NEAR(value.loss(), std::log(5.0), 1e-6);
}

// ---- probabilities at their ends

at::Tensor gradient_of(const recipe::Loss& loss, const DataInfo& data, at::Tensor outputs, const at::Tensor& targets) {
  outputs.requires_grad_();
  return torch::autograd::grad({objective(loss, data)(outputs, targets).total}, {outputs})[0];
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Probabilities, UnguardedLogOfZeroIsMinusInfinity) {
  const auto nll = objective({.kind = LossKind::nll_probabilities}, classes(2));
  EXPECT_EQ(nll(table({{0.0, 1.0}}), at::tensor({0}, at::kLong)).loss(), kInfinity);
  const auto bce = objective({.kind = LossKind::bce}, classes(2));
  EXPECT_EQ(bce(at::zeros({1, 1}), at::tensor({1}, at::kLong)).loss(), kInfinity);
  EXPECT_EQ(bce(at::ones({1, 1}), at::tensor({0}, at::kLong)).loss(), kInfinity);
  EXPECT_TRUE(std::isnan(bce(at::full({1, 1}, -0.5), at::tensor({1}, at::kLong)).loss()));
}

// A certain and right prediction costs nothing, and the probabilities 0 beside it do not poison the gradient.
TEST(Probabilities, AZeroWithoutWeightIsHarmless) {
  const at::Tensor sure = table({{0.0, 1.0, 0.0}}), hot = table({{0.0, 1.0, 0.0}});
  const at::Tensor by_class =
      gradient_of({.kind = LossKind::nll_probabilities}, classes(3), sure.clone(), at::tensor({1}, at::kLong));
  EXPECT_TRUE(by_class.equal(table({{0.0, -1.0, 0.0}})));
  const at::Tensor by_share =
      gradient_of({.kind = LossKind::nll_probabilities}, classes(3, TargetKind::onehot), sure.clone(), hot);
  EXPECT_TRUE(by_share.equal(table({{0.0, -1.0, 0.0}})));
  const at::Tensor of_bce = gradient_of({.kind = LossKind::bce}, classes(3, TargetKind::onehot), sure.clone(), hot);
  EXPECT_TRUE(of_bce.isfinite().all().item<bool>());
}

TEST(Probabilities, ClippingCutsValueAndGradient) {
  const recipe::Loss clipped{.kind = LossKind::nll_probabilities, .clip = 0.01};
  const at::Tensor p = table({{0.001, 0.999}, {0.5, 0.5}}), t = at::tensor({0, 0}, at::kLong);
  const Objective::Value value = objective(clipped, classes(2))(p, t);
  EXPECT_NEAR(value.rows[0].item<double>(), -std::log(0.01), 1e-6);
  const at::Tensor gradient = gradient_of(clipped, classes(2), p.clone(), t);
  EXPECT_EQ(gradient[0][0].item<double>(), 0.0);
  EXPECT_NEAR(gradient[1][0].item<double>(), -1.0, 1e-6);
  const recipe::Loss bce{.kind = LossKind::bce, .clip = 0.01};
  EXPECT_NEAR(objective(bce, classes(2))(at::ones({1, 1}), at::tensor({0}, at::kLong)).loss(), -std::log(0.01), 1e-5);
}

// In float 1 − 1e-9 is 1: a guard finer than the data's precision guards one end only.
TEST(Probabilities, ClippingWorksInTheDatasPrecision) {
  const recipe::Loss bce{.kind = LossKind::bce, .clip = 1e-9};
  EXPECT_EQ(objective(bce, classes(2))(at::ones({1, 1}), at::tensor({0}, at::kLong)).loss(), kInfinity);
  EXPECT_NEAR(objective(bce, classes(2))(at::ones({1, 1}, at::kDouble), at::tensor({0}, at::kLong)).loss(),
              -std::log(1e-9), 1e-6);
}

TEST(Probabilities, NormalisingBySumZeroIsNotANumber) {
  const recipe::Loss loss{.kind = LossKind::nll_probabilities, .normalize = true};
  EXPECT_TRUE(std::isnan(objective(loss, classes(2))(at::zeros({1, 2}), at::tensor({0}, at::kLong)).loss()));
}

TEST(Losses, ASoftmaxOverOneUnitIsAllowedAndLearnsNothing) {
  const at::Tensor logits = at::randn({4, 1}).requires_grad_();
  const Objective::Value value =
      objective({.kind = LossKind::bce}, classes(2))(logits.softmax(1), at::tensor({1, 1, 1, 1}, at::kLong));
  EXPECT_EQ(torch::autograd::grad({value.total}, {logits})[0].abs().sum().item<double>(), 0.0);
}

// ---- penalties

TEST(Penalty, IsHalfTheSquareOfWeightsWithTwoAxesAndNotReported) {
  const at::Tensor weight = at::full({2, 3}, 2.0).requires_grad_(), bias = at::full({3}, 5.0).requires_grad_();
  const Objective with = objective({.kind = LossKind::mse, .l2 = 0.1}, real(), {weight, bias});
  const Objective::Value value = with(at::ones({4, 1}), at::zeros({4, 1}));
  EXPECT_NEAR(value.total.item<double>(), 1.0 + 0.5 * 0.1 * 24.0, 1e-6);
  EXPECT_NEAR(with.exact(value), 1.0 + 0.5 * 0.1 * 24.0, 1e-12);
  EXPECT_NEAR(value.loss(), 1.0, 1e-12);
  const auto gradients = torch::autograd::grad({value.total}, {weight, bias}, {}, {}, false, /*allow_unused=*/true);
  EXPECT_TRUE(gradients[0].allclose(weight * 0.1));
  EXPECT_FALSE(gradients[1].defined());
}

// ---- what does not fit

TEST(LossErrors, NameBothShapesAndWhatFits) {
  const at::Tensor ten = at::zeros({8}, at::kLong);
  EXPECT_THAT(
      usage_error([&] {
        objective({}, classes(10))(at::zeros({8, 5}), ten);
      }),
      AllOf(HasSubstr("cross_entropy"), HasSubstr("[8, 5]"), HasSubstr("[8] of 10 classes"), HasSubstr("[8, 10]")));
  EXPECT_THAT(usage_error([&] {
                objective({.kind = LossKind::mse}, classes(10))(at::zeros({8, 5}), ten);
              }),
              AllOf(HasSubstr("mse"), HasSubstr("[8, 10]"), HasSubstr("[8, 1]")));
  EXPECT_THAT(usage_error([&] {
                objective({.kind = LossKind::mse}, real())(at::zeros({8, 5}), at::zeros({8, 2}));
              }),
              AllOf(HasSubstr("[8, 5]"), HasSubstr("[8, 2] of real numbers")));
  EXPECT_THAT(usage_error([&] { objective({}, real())(at::zeros({8, 5}), at::zeros({8, 1})); }), HasSubstr("[8, 1]"));
  EXPECT_THAT(usage_error([&] {
                objective({}, classes(4, TargetKind::sequence))(at::zeros({8, 4}), at::zeros({8, 7}, at::kLong));
              }),
              AllOf(HasSubstr("[8, 7, 4]"), HasSubstr("return = \"all\"")));
}

// ---- the best constant

double best(const recipe::Loss& loss, const DataInfo& data, const at::Tensor& targets, std::int64_t outputs = 0) {
  return objective(loss, data).best_constant(GivenPart(targets), outputs);
}

const at::Tensor kClasses = at::tensor({0, 0, 0, 0, 0, 1, 1, 1, 2, 2}, at::kLong);

TEST(BestConstant, OverClassesIsTheEntropyOfTheirShares) {
  const double entropy = -(0.5 * std::log(0.5) + 0.3 * std::log(0.3) + 0.2 * std::log(0.2));
  EXPECT_NEAR(best({}, classes(3), kClasses), entropy, 1e-12);
  EXPECT_NEAR(best({.kind = LossKind::nll_probabilities}, classes(3), kClasses), entropy, 1e-12);
  EXPECT_NEAR(best({}, classes(3, TargetKind::sequence), kClasses.reshape({5, 2})), entropy, 1e-12);
  EXPECT_NEAR(best({}, classes(4), kClasses), entropy, 1e-12);
}

// No constant does better: the least of the loss itself, found by descent on the logits.
TEST(BestConstant, IsWhatDescentOnAConstantFinds) {
  const recipe::Loss smoothed{.label_smoothing = 0.2};
  const at::Tensor shares = table({{0.1, 0.2, 0.7}, {0.6, 0.2, 0.2}, {0.3, 0.3, 0.4}});
  for (const at::Tensor& targets : {kClasses, shares}) {
    const DataInfo data = classes(3, targets.is_floating_point() ? TargetKind::onehot : TargetKind::classes);
    at::Tensor constant = at::zeros({1, 3}, at::kDouble).requires_grad_();
    const auto loss = [&] { return objective(smoothed, data)(constant.expand({targets.size(0), 3}), targets).total; };
    for (int step = 0; step < 150; ++step) {
      const at::Tensor gradient = torch::autograd::grad({loss()}, {constant})[0];
      constant = (constant - 3.0 * gradient).detach().requires_grad_();
    }
    EXPECT_NEAR(best(smoothed, data, targets), loss().item<double>(), 1e-9);
  }
}

TEST(BestConstant, OfRealTargetsColumnByColumn) {
  const at::Tensor targets = table({{0.0, 10.0}, {1.0, 10.0}, {2.0, 10.0}, {9.0, 10.0}, {3.0, 10.0}});
  EXPECT_NEAR(best({.kind = LossKind::mse}, real(), targets), 0.5 * (9.0 + 4.0 + 1.0 + 36.0 + 0.0) / 5.0, 1e-12);
  EXPECT_NEAR(best({.kind = LossKind::mae}, real(), targets), 0.5 * (2.0 + 1.0 + 0.0 + 7.0 + 1.0) / 5.0, 1e-12);
  // δ = 1: the slope vanishes at 2 of {0, 1, 2, 9, 3}: −1 −1 + 0 + 1 + 1.
  EXPECT_NEAR(best({.kind = LossKind::huber}, real(), targets), 0.5 * (1.5 + 0.5 + 0.0 + 6.5 + 0.5) / 5.0, 1e-9);
}

TEST(BestConstant, OfClassesEntryByEntry) {
  const at::Tensor two = at::tensor({0, 0, 0, 1}, at::kLong);
  const double entropy = -(0.75 * std::log(0.75) + 0.25 * std::log(0.25));
  EXPECT_NEAR(best({.kind = LossKind::bce_logits}, classes(2), two, 1), entropy, 1e-12);
  EXPECT_NEAR(best({.kind = LossKind::mse}, classes(3), kClasses), (0.25 + 0.21 + 0.16) / 3.0, 1e-12);
  EXPECT_NEAR(best({.kind = LossKind::mse}, classes(3), kClasses, 1), 1.1 - 0.49, 1e-12);
  EXPECT_NEAR(best({.kind = LossKind::mae}, classes(3), kClasses), (0.5 + 0.3 + 0.2) / 3.0, 1e-12);
}

TEST(BestConstant, IsNotANumberWhereThereIsNone) {
  EXPECT_TRUE(std::isnan(best({.kind = LossKind::bce}, classes(4), at::full({3}, 3, at::kLong), 1)));
  EXPECT_TRUE(std::isnan(best({}, classes(3), at::empty({0}, at::kLong))));
}

TEST(BestConstant, OfManyRowsIsTakenFromEvenlySpacedOnes) {
  const at::Tensor many = at::arange(1'500'000, at::kLong).remainder(3);
  EXPECT_NEAR(best({}, classes(3), many), std::log(3.0), 1e-5);
}

}  // namespace
}  // namespace thalweg
