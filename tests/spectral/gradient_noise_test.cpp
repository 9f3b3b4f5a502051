#include "thalweg/spectral/gradient_noise.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "small_networks.h"
#include "thalweg/spectral/hessian.h"

namespace thalweg {
namespace {

using testing::leaf;
using testing::normal;
using testing::TanhNetwork;

// ‖g in float − g in double at the very same numbers‖: what is to be estimated.
double true_error(const at::Tensor& gradient, const at::Tensor& truth) {
  return (gradient.to(at::kDouble) - truth).norm().item<double>();
}

void expect_within_a_factor_of_three(double estimate, double truth) {
  EXPECT_LT(estimate, 3.0 * truth);
  EXPECT_GT(estimate, truth / 3.0);
}

TEST(GradientNoise, OfTanhNetworksIsWithinAFactorOfThree) {
  const std::vector<TanhNetwork::Shape> shapes = {
      {.inputs = 20, .hidden = 30, .classes = 10, .rows = 64},
      {.inputs = 100, .hidden = 50, .classes = 5, .rows = 16},
      {.inputs = 10, .hidden = 200, .classes = 3, .rows = 300},
      {.inputs = 300, .hidden = 20, .classes = 10, .rows = 100},
  };
  for (TanhNetwork::Shape shape : shapes) {
    for (const std::uint64_t seed : {1, 2, 3}) {
      SCOPED_TRACE(::testing::Message() << shape.inputs << "-" << shape.hidden << ", seed " << seed);
      shape.type = at::kFloat;
      shape.seed = 10 * seed;
      const TanhNetwork net(shape), truth = net.in_double();
      const GradientNoise noise = gradient_noise([net] { return net.loss(); }, net.parameters());
      const auto exact = flatten(torch::autograd::grad({truth.loss()}, truth.parameters()));
      expect_within_a_factor_of_three(noise.norm, true_error(noise.gradient, exact));
    }
  }
}

// ½θ'Aθ − b'θ, at a random point and at its minimum, where the gradient is nothing but its error.
TEST(GradientNoise, OfAQuadraticIsWithinAFactorOfThreeAlsoAtItsMinimum) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    const at::Tensor m = normal({200, 200}, seed),
                     a = (at::mm(m, m.t()) / 200.0 + at::eye(200, at::kDouble)).to(at::kFloat);
    const at::Tensor b = normal({200}, seed + 10, at::kFloat);
    const at::Tensor minimum = at::mv(at::linalg_inv(a.to(at::kDouble)), b.to(at::kDouble)).to(at::kFloat);
    for (const at::Tensor& start : {normal({200}, seed + 20, at::kFloat), minimum}) {
      const at::Tensor theta = leaf(start);
      const GradientNoise noise =
          gradient_noise([=] { return 0.5 * theta.dot(at::mv(a, theta)) - b.dot(theta); }, {theta});
      const at::Tensor symmetric = 0.5 * (a.to(at::kDouble) + a.to(at::kDouble).t());
      const at::Tensor exact = at::mv(symmetric, start.to(at::kDouble)) - b.to(at::kDouble);
      expect_within_a_factor_of_three(noise.norm, true_error(noise.gradient, exact));
    }
  }
}

TEST(GradientNoise, ScalesWithTheLoss) {
  const TanhNetwork net({.type = at::kFloat});
  const double plain = gradient_noise([net] { return net.loss(); }, net.parameters()).norm;
  for (const double scale : {std::ldexp(1.0, -40), std::ldexp(1.0, 40)}) {
    EXPECT_NEAR(gradient_noise([=] { return scale * net.loss(); }, net.parameters()).norm, scale * plain,
                1e-6 * scale * plain);
  }
}

TEST(GradientNoise, InDoubleIsABillionTimesSmaller) {
  const TanhNetwork single({.type = at::kFloat}), twice = single.in_double();
  const double ratio = gradient_noise([=] { return twice.loss(); }, twice.parameters()).norm /
                       gradient_noise([=] { return single.loss(); }, single.parameters()).norm;
  EXPECT_LT(ratio, 1e-8);
  EXPECT_GT(ratio, 1e-10);
}

TEST(GradientNoise, OfAnExactGradientIsZero) {
  const at::Tensor x = leaf(at::zeros({4}));
  EXPECT_EQ(gradient_noise([=] { return x.square().sum(); }, {x}).norm, 0.0) << "2x is exact";
  EXPECT_EQ(gradient_noise([] { return at::ones({}); }, {x}).norm, 0.0) << "a constant loss";
}

TEST(GradientNoise, OfANotANumberIsOne) {
  const TanhNetwork net({.type = at::kFloat});
  net.w2.variable_data().fill_(std::numeric_limits<float>::quiet_NaN());
  EXPECT_TRUE(std::isnan(gradient_noise([net] { return net.loss(); }, net.parameters()).norm));
}

TEST(GradientNoise, LeavesTheParametersBitForBit) {
  const TanhNetwork net({.type = at::kFloat});
  const at::Tensor before = flatten(net.parameters()).detach();
  gradient_noise([net] { return net.loss(); }, net.parameters());
  EXPECT_TRUE(testing::same_bits(flatten(net.parameters()), before));
}

TEST(GradientNoise, RefusesNoRepetitionAndNoParameters) {
  const TanhNetwork net(TanhNetwork::Shape{});
  const auto loss = [net] { return net.loss(); };
  EXPECT_THROW(gradient_noise(loss, net.parameters(), {.repetitions = 0}), std::invalid_argument);
  EXPECT_THROW(gradient_noise(loss, {}), std::invalid_argument);
}

}  // namespace
}  // namespace thalweg
