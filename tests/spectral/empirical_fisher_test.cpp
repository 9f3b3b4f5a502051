#include "thalweg/spectral/empirical_fisher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <stdexcept>

#include "small_networks.h"
#include "thalweg/spectral/hessian.h"

namespace thalweg {
namespace {

using testing::leaf;
using testing::matrix_of;
using testing::TanhNetwork;

// A gradient a row, [n, p].
at::Tensor row_gradients(const TanhNetwork& net) {
  std::vector<at::Tensor> rows;
  const at::Tensor losses = net.losses();
  for (std::int64_t i = 0; i < losses.size(0); ++i) {
    rows.push_back(flatten(torch::autograd::grad({losses[i]}, net.parameters(), {}, /*retain_graph=*/true)));
  }
  return at::stack(rows);
}

EmpiricalFisherOperator fisher_of(const TanhNetwork& net) {
  return EmpiricalFisherOperator([net] { return net.losses(); }, net.parameters());
}

TEST(EmpiricalFisher, IsTheMeanOfTheRowsOuterProducts) {
  const TanhNetwork net({.rows = 6});
  const at::Tensor g = row_gradients(net);
  EmpiricalFisherOperator op = fisher_of(net);
  EXPECT_TRUE(at::allclose(matrix_of(op), at::mm(g.t(), g) / 6.0, 1e-10, 1e-12));
  EXPECT_TRUE(at::allclose(op.gradient(), g.mean(0), 1e-10, 1e-12));
}

TEST(EmpiricalFisher, HasNoMoreThanARankARow) {
  const TanhNetwork net({.rows = 3});
  EmpiricalFisherOperator op = fisher_of(net);
  const at::Tensor values = std::get<0>(at::linalg_eigh(matrix_of(op)));
  const std::int64_t p = op.dimension();
  EXPECT_LT(values.slice(0, 0, p - 3).abs().max().item<double>(), 1e-12);
  EXPECT_GT(values[p - 3].item<double>(), 1e-6);
}

TEST(EmpiricalFisher, ScalesWithTheSquareOfTheLoss) {
  const TanhNetwork net(TanhNetwork::Shape{});
  EmpiricalFisherOperator plain = fisher_of(net);
  for (const double scale : {1e-12, 1e12}) {
    EmpiricalFisherOperator scaled([net, scale] { return scale * net.losses(); }, net.parameters());
    EXPECT_LT(testing::relative_error(matrix_of(scaled), scale * scale * matrix_of(plain)), 1e-12);
  }
}

TEST(EmpiricalFisher, CountsItsProducts) {
  const TanhNetwork net(TanhNetwork::Shape{});
  EmpiricalFisherOperator op = fisher_of(net);
  EXPECT_GT(op.cost().gradient_units, 1.0);
  op.apply(at::ones({op.dimension()}, at::kDouble));
  EXPECT_EQ(op.cost().products, 1);
  EXPECT_DOUBLE_EQ(op.cost().gradient_units * op.seconds_per_gradient(), op.cost().seconds);
}

TEST(EmpiricalFisher, RefusesTheMeanOfTheLosses) {
  const TanhNetwork net(TanhNetwork::Shape{});
  try {
    EmpiricalFisherOperator([net] { return net.loss(); }, net.parameters());
    FAIL() << "the mean was taken";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("one loss a row"));
  }
  EXPECT_THROW(EmpiricalFisherOperator([net] { return net.losses(); }, {}), std::invalid_argument);
}

}  // namespace
}  // namespace thalweg
