#include "thalweg/train/neighbours.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/train/parts.h"
#include "thalweg/data/parts.h"

namespace thalweg {
namespace {

using recipe::LossKind;
using testing::classes;
using testing::real;

double loss_of(const at::Tensor& x, const at::Tensor& y, const DataInfo& info, LossKind kind, std::int64_t outputs) {
  const TensorPart part(x, y);
  const recipe::Loss loss{.kind = kind};
  const Objective objective(loss, info, {});
  return neighbour_loss({part, info, loss, objective}, {.outputs = outputs});
}

// Two heaps far from each other: all eight neighbours have the row's class, the prior is shared by two.
TEST(NeighbourLoss, OfHeapsIsThatOfTheShares) {
  const at::Tensor y = at::arange(200).remainder(2);
  const at::Tensor x = 100.0 * y.to(at::kFloat).unsqueeze(1) + at::linspace(0, 1, 200).unsqueeze(1);
  EXPECT_NEAR(loss_of(x, y, classes(2), LossKind::cross_entropy, 2), -std::log(8.5 / 9.0), 1e-5);
  EXPECT_NEAR(loss_of(x, y, classes(2), LossKind::nll_probabilities, 2), -std::log(8.5 / 9.0), 1e-5);
  EXPECT_NEAR(loss_of(x, y, classes(2), LossKind::bce_logits, 2), -std::log(8.5 / 9.0), 1e-5);
  EXPECT_NEAR(loss_of(x, y, classes(2), LossKind::mse, 2), 0.0, 1e-6);
}

TEST(NeighbourLoss, OfTargetsThatTheInputsDoNotTellIsNoLowerThanTheConstants) {
  at::manual_seed(5);
  const at::Tensor x = at::randn({800, 3}), y = at::randint(2, {800}, at::kLong), t = at::randn({800, 1});
  EXPECT_GT(loss_of(x, y, classes(2), LossKind::cross_entropy, 2), std::log(2.0));
  EXPECT_GT(loss_of(x, t, real(), LossKind::mse, 1), t.var().item<double>());
}

// On a line each row but the outermost lies amid its neighbours.
TEST(NeighbourLoss, OfALineIsNextToNothing) {
  const at::Tensor x = at::linspace(0, 1, 500).unsqueeze(1);
  EXPECT_LT(loss_of(x, x.clone(), real(), LossKind::mse, 1), 1e-5);
  EXPECT_LT(loss_of(x, x.clone(), real(), LossKind::mae, 1), 1e-3);
}

TEST(NeighbourLoss, IsNoneWhereNearnessMeansNothing) {
  DataInfo tokens = classes(2);
  tokens.tokens = true;
  const at::Tensor x = at::zeros({100, 4}), y = at::zeros({100}, at::kLong);
  EXPECT_TRUE(std::isnan(loss_of(x, y, tokens, LossKind::cross_entropy, 2)));
  EXPECT_TRUE(std::isnan(loss_of(x.slice(0, 0, 20), y.slice(0, 0, 20), classes(2), LossKind::cross_entropy, 2)));
  EXPECT_TRUE(std::isnan(loss_of(x, y, classes(2), LossKind::mse, 1))) << "one output for the class's number";
}

}  // namespace
}  // namespace thalweg
