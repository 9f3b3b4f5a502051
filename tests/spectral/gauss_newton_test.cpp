#include "thalweg/spectral/gauss_newton.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <limits>
#include <stdexcept>

#include "small_networks.h"
#include "thalweg/spectral/hessian.h"
#include "thalweg/spectral/retained_gradient.h"

namespace thalweg {
namespace {

using testing::leaf;
using testing::matrix_of;
using testing::normal;
using testing::TanhNetwork;

NetworkOnBatch on_batch(const TanhNetwork& net) {
  return {.outputs = [net] { return net.outputs(); },
          .loss = [net](const at::Tensor& z) { return at::cross_entropy_loss(z, net.y); }};
}

// d outputs / d parameters, [outputs, p], a backward a row.
at::Tensor dense_jacobian(const at::Tensor& outputs, const std::vector<at::Tensor>& parameters) {
  std::vector<at::Tensor> rows;
  const at::Tensor flat = outputs.reshape(-1);
  for (std::int64_t i = 0; i < flat.size(0); ++i) {
    rows.push_back(flatten(torch::autograd::grad({flat[i]}, parameters, {}, /*retain_graph=*/true)));
  }
  return at::stack(rows);
}

// J' H_out J with H_out = (diag(π) − ππ') / n a row, the Hessian of cross-entropy in the logits.
TEST(GaussNewton, OfCrossEntropyIsTheClosedForm) {
  const TanhNetwork net({.rows = 6});
  GaussNewtonOperator op(on_batch(net), net.parameters());
  const at::Tensor probabilities = at::softmax(net.outputs().detach(), 1);
  std::vector<at::Tensor> blocks;
  for (std::int64_t i = 0; i < 6; ++i) {
    const at::Tensor pi = probabilities[i];
    blocks.push_back((pi.diag() - at::outer(pi, pi)) / 6.0);
  }
  const at::Tensor j = dense_jacobian(net.outputs(), net.parameters());
  EXPECT_TRUE(at::allclose(matrix_of(op), at::mm(j.t(), at::mm(at::block_diag(blocks), j)), 1e-10, 1e-12));
  EXPECT_EQ(op.dimension(), j.size(1));
}

TEST(GaussNewton, IsPositiveSemidefiniteWhereTheHessianIsNot) {
  const TanhNetwork net(TanhNetwork::Shape{});
  GaussNewtonOperator gauss_newton(on_batch(net), net.parameters());
  HessianOperator hessian({{.loss = [net] { return net.loss(); }}}, net.parameters());
  const auto smallest = [](LinearOperator& a) { return std::get<0>(at::linalg_eigh(matrix_of(a)))[0].item<double>(); };
  EXPECT_LT(smallest(hessian), -1e-3);
  EXPECT_GT(smallest(gauss_newton), -1e-12);
}

TEST(GaussNewton, IsTheHessianOfALinearNetwork) {
  const at::Tensor x = normal({6, 4}, 1), y = normal({6, 3}, 2), w = leaf(normal({3, 4}, 3)), b = leaf(normal({3}, 4));
  const auto outputs = [=] { return at::addmm(b, x, w.t()); };
  const auto loss = [=](const at::Tensor& z) { return (z - y).square().sum() + (z - y).pow(4).sum(); };
  GaussNewtonOperator gauss_newton({.outputs = outputs, .loss = loss}, {w, b});
  HessianOperator hessian({{.loss = [=] { return loss(outputs()); }}}, {w, b});
  EXPECT_TRUE(at::allclose(matrix_of(gauss_newton), matrix_of(hessian), 1e-10, 1e-10));
}

TEST(GaussNewton, GivesTheGradientOnTheWay) {
  const TanhNetwork net(TanhNetwork::Shape{});
  const GaussNewtonOperator op(on_batch(net), net.parameters());
  const auto gradient = flatten(torch::autograd::grad({net.loss()}, net.parameters()));
  EXPECT_TRUE(at::allclose(op.gradient(), gradient, 1e-12, 1e-14));
  EXPECT_FALSE(net.w1.grad().defined()) << "only the plain backward may fill .grad";
}

TEST(GaussNewton, ScalesWithTheLoss) {
  const TanhNetwork net(TanhNetwork::Shape{});
  GaussNewtonOperator plain(on_batch(net), net.parameters());
  for (const double scale : {1e-12, 1e12}) {
    NetworkOnBatch scaled = on_batch(net);
    scaled.loss = [net, scale](const at::Tensor& z) { return scale * at::cross_entropy_loss(z, net.y); };
    GaussNewtonOperator op(scaled, net.parameters());
    EXPECT_LT(testing::relative_error(matrix_of(op), scale * matrix_of(plain)), 1e-12);
  }
}

TEST(GaussNewton, WhatTheOutputsDoNotReachHasZeros) {
  const at::Tensor w = leaf(normal({3}, 1)), unused = leaf(normal({2}, 2));
  GaussNewtonOperator op(
      {.outputs = [=] { return w * w; }, .loss = [](const at::Tensor& z) { return z.square().sum(); }}, {w, unused});
  const at::Tensor g = matrix_of(op);
  EXPECT_TRUE(at::allclose(g.slice(0, 0, 3).slice(1, 0, 3), (8 * w.detach().square()).diag()));
  EXPECT_TRUE(g.slice(0, 3).eq(0).all().item<bool>());
}

TEST(GaussNewton, OfALinearLossOrConstantOutputsIsZero) {
  const at::Tensor w = leaf(normal({3}, 1));
  GaussNewtonOperator linear({.outputs = [=] { return w * w; }, .loss = [](const at::Tensor& z) { return z.sum(); }},
                             {w});
  EXPECT_TRUE(matrix_of(linear).eq(0).all().item<bool>());
  GaussNewtonOperator constant({.outputs = [] { return at::ones({2}, at::kDouble); },
                                .loss = [](const at::Tensor& z) { return z.square().sum(); }},
                               {w});
  EXPECT_TRUE(matrix_of(constant).eq(0).all().item<bool>());
}

TEST(GaussNewton, KeepsNotANumber) {
  const TanhNetwork net(TanhNetwork::Shape{});
  net.w1.variable_data().fill_(std::numeric_limits<double>::quiet_NaN());
  GaussNewtonOperator op(on_batch(net), net.parameters());
  EXPECT_TRUE(op.apply(at::ones({op.dimension()}, at::kDouble)).isnan().any().item<bool>());
}

TEST(GaussNewton, CountsItsProducts) {
  const TanhNetwork net(TanhNetwork::Shape{});
  GaussNewtonOperator op(on_batch(net), net.parameters());
  const OperatorCost before = op.cost();
  EXPECT_EQ(before.products, 0);
  EXPECT_GT(before.gradient_units, 1.0) << "the forward, the backward and the graph of the Jacobian";
  op.apply(at::ones({2, op.dimension()}, at::kDouble));
  EXPECT_EQ(op.cost().products, 2);
  EXPECT_DOUBLE_EQ(op.cost().gradient_units * op.seconds_per_gradient(), op.cost().seconds);
}

TEST(GaussNewton, OfAnOperationWithoutASecondDerivativeThrows) {
  const at::Tensor x = normal({1, 1, 4, 8}, 1, at::kFloat), w = leaf(normal({8, 8}, 2, at::kFloat));
  GaussNewtonOperator op({.outputs = [=] { return at::scaled_dot_product_attention(at::matmul(x, w), x, x); },
                          .loss = [](const at::Tensor& z) { return z.square().sum(); }},
                         {w});
  EXPECT_THROW(op.apply(at::ones({64})), NoSecondDerivative);
}

TEST(GaussNewton, RefusesWhatItCannotDifferentiate) {
  const at::Tensor w = leaf(normal({3}, 1)), constant = normal({3}, 1);
  const auto square = [](const at::Tensor& z) { return z.square(); };
  const auto refusal = [&](std::vector<at::Tensor> parameters) -> std::string {
    try {
      GaussNewtonOperator({.outputs = [=] { return 2 * w; }, .loss = square}, std::move(parameters));
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "nothing was refused";
  };
  EXPECT_THAT(refusal({w}), ::testing::HasSubstr("a loss that is one number"));
  EXPECT_THAT(refusal({}), ::testing::HasSubstr("without parameters"));
  EXPECT_THAT(refusal({constant}), ::testing::HasSubstr("leaves that require gradients"));
  EXPECT_THAT(refusal({w, leaf(normal({3}, 1, at::kFloat))}),
              ::testing::HasSubstr("not double on cpu and float on cpu"));
}

}  // namespace
}  // namespace thalweg
