#include "thalweg/spectral/finite_difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
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
using testing::relative_error;
using testing::TanhNetwork;

std::function<at::Tensor()> loss_of(const TanhNetwork& net) {
  return [net] { return net.loss(); };
}

at::Tensor exact_hessian(const TanhNetwork& net) {
  const TanhNetwork truth = net.in_double();
  HessianOperator hessian({{.loss = [truth] { return truth.loss(); }}}, truth.parameters());
  return matrix_of(hessian);
}

// Convolution, ReLU, max-pool, linear: thousands of kinks next to any point.
struct ReluNetwork {
  at::Tensor images = normal({64, 1, 12, 12}, 1, at::kFloat);
  at::Tensor targets = at::arange(64, at::kLong).remainder(5);
  at::Tensor kernel = leaf(normal({6, 1, 3, 3}, 2, at::kFloat) * 0.5);
  at::Tensor weight = leaf(normal({5, 150}, 3, at::kFloat) * 0.2);
  at::Tensor loss() const {
    const at::Tensor pooled = at::max_pool2d(at::relu(at::conv2d(images, kernel)), {2, 2});
    return at::cross_entropy_loss(at::mm(pooled.reshape({64, 150}), weight.t()), targets);
  }
};

template <class F>
std::string refusal(F&& make) {
  try {
    make();
  } catch (const StepsDisagree& error) {
    return error.what();
  }
  return "nothing was refused";
}

TEST(FiniteDifference, IsTheHessianOfASmoothNetwork) {
  for (const at::ScalarType type : {at::kDouble, at::kFloat}) {
    const TanhNetwork net({.rows = 20, .type = type});
    FiniteDifferenceOperator op(loss_of(net), net.parameters());
    const at::Tensor exact = exact_hessian(net);
    const double error = (matrix_of(op).to(at::kDouble) - exact).norm().item<double>() / exact.norm().item<double>();
    EXPECT_LT(error, type == at::kDouble ? 1e-7 : 1e-3);
    EXPECT_LT(op.relative_noise(), type == at::kDouble ? 1e-6 : 1e-2);
  }
}

// Stated, not hoped: along each eigenvector, not only along random directions, the error keeps what was said.
TEST(FiniteDifference, KeepsItsNoiseAlongEigenvectors) {
  for (const std::uint64_t seed : {1, 10, 20, 30}) {
    const TanhNetwork net({.inputs = 8, .hidden = 10, .rows = 40, .type = at::kFloat, .seed = seed});
    FiniteDifferenceOperator op(loss_of(net), net.parameters(), {.seed = seed});
    const auto [values, vectors] = at::linalg_eigh(exact_hessian(net));
    const double size = values.abs().max().item<double>();
    const at::Tensor columns = vectors.t().contiguous();
    const at::Tensor error = op.apply(columns.to(at::kFloat)).to(at::kDouble) - columns * values.unsqueeze(1);
    EXPECT_LT(error.norm(2, {1}).max().item<double>(), op.relative_noise() * size) << "seed " << seed;
  }
}

TEST(FiniteDifference, DoesNotChangeWithTheScaleOfTheLoss) {
  const TanhNetwork net(TanhNetwork::Shape{});
  FiniteDifferenceOperator plain(loss_of(net), net.parameters());
  for (const double scale : {1e-12, 1e12}) {
    FiniteDifferenceOperator scaled([net, scale] { return scale * net.loss(); }, net.parameters());
    EXPECT_LT(relative_error(matrix_of(scaled), scale * matrix_of(plain)), 1e-6);
  }
}

TEST(FiniteDifference, RefusesAReluNetwork) {
  const ReluNetwork net;
  const std::string words = refusal([&] {
    FiniteDifferenceOperator([net] { return net.loss(); }, {net.kernel, net.weight});
  });
  EXPECT_THAT(words, ::testing::HasSubstr("do not settle"));
  EXPECT_THAT(words, ::testing::HasSubstr("allowed: 0.003"));
}

// The same network with smooth parts in place of those with kinks.
TEST(FiniteDifference, TakesTheSameNetworkWithoutKinks) {
  const ReluNetwork net;
  const auto loss = [net] {
    const at::Tensor pooled = at::avg_pool2d(at::gelu(at::conv2d(net.images, net.kernel)), {2, 2});
    return at::cross_entropy_loss(at::mm(pooled.reshape({64, 150}), net.weight.t()), net.targets);
  };
  FiniteDifferenceOperator op(loss, {net.kernel, net.weight});
  const at::Tensor v = normal({op.dimension()}, 7, at::kFloat);
  const auto exact = flatten(RetainedGradient(loss(), {net.kernel, net.weight})
                                 .hessian_vector_product(unflatten(v, {net.kernel, net.weight})));
  EXPECT_LT(relative_error(op.apply(v), exact), 1e-2);
}

TEST(FiniteDifference, RefusesWhatIsNotFinite) {
  const TanhNetwork net(TanhNetwork::Shape{});
  net.b1.variable_data().fill_(std::numeric_limits<double>::quiet_NaN());
  EXPECT_THAT(refusal([&] { FiniteDifferenceOperator(loss_of(net), net.parameters()); }),
              ::testing::HasSubstr("not finite"));
}

TEST(FiniteDifference, RefusesParametersThatAreNone) {
  const at::Tensor constant = normal({3}, 1);
  EXPECT_THROW(FiniteDifferenceOperator([] { return at::ones({}); }, {constant}), std::invalid_argument);
  EXPECT_THROW(FiniteDifferenceOperator([] { return at::ones({}); }, {}), std::invalid_argument);
}

TEST(FiniteDifference, OfAConstantLossIsZeroAndOfOneParameterItsSecondDerivative) {
  const at::Tensor x = leaf(at::full({1}, 0.7, at::kDouble));
  FiniteDifferenceOperator constant([] { return at::ones({}, at::kDouble); }, {x});
  EXPECT_TRUE(matrix_of(constant).eq(0).all().item<bool>());
  FiniteDifferenceOperator cosine([x] { return at::cos(x).sum(); }, {x});
  EXPECT_NEAR(matrix_of(cosine).item<double>(), -std::cos(0.7), 1e-7);
}

TEST(FiniteDifference, WorksWhereAllParametersAreZero) {
  const at::Tensor x = leaf(at::zeros({3}, at::kDouble));
  FiniteDifferenceOperator op([x] { return (at::exp(x) + x.square()).sum(); }, {x});
  EXPECT_TRUE(at::allclose(matrix_of(op), 3.0 * at::eye(3, at::kDouble), 1e-6));
}

TEST(FiniteDifference, PutsTheParametersBackBitForBitAlsoWhenTheLossThrows) {
  const TanhNetwork net({.type = at::kFloat});
  std::vector<at::Tensor> before;
  for (const at::Tensor& p : net.parameters()) before.push_back(p.detach().clone());
  const auto unchanged = [&] {
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (!testing::same_bits(net.parameters()[i], before[i])) return false;
    }
    return true;
  };
  int calls = 0;
  const auto loss = [&] {
    if (calls == 33) throw std::runtime_error("the thirty-fourth gradient fails");
    ++calls;
    return net.loss();
  };
  FiniteDifferenceOperator op(loss, net.parameters());
  EXPECT_TRUE(unchanged());
  const at::Tensor v = at::ones({op.dimension()});
  op.apply(v);
  EXPECT_TRUE(unchanged());
  EXPECT_THROW(op.apply(v), std::runtime_error);
  EXPECT_TRUE(unchanged());
}

TEST(FiniteDifference, LeavesGraphsOnTheParametersValid) {
  const TanhNetwork net(TanhNetwork::Shape{});
  const RetainedGradient kept(net.loss(), net.parameters());
  FiniteDifferenceOperator op(loss_of(net), net.parameters());
  const std::vector<at::Tensor> ones = {at::ones_like(net.w1), at::ones_like(net.b1), at::ones_like(net.w2)};
  EXPECT_LT(relative_error(op.apply(flatten(ones)), flatten(kept.hessian_vector_product(ones))), 1e-6);
}

TEST(FiniteDifference, CountsScanAndProducts) {
  const TanhNetwork net(TanhNetwork::Shape{});
  FiniteDifferenceOperator op(loss_of(net), net.parameters());
  EXPECT_EQ(op.cost().products, 0);
  EXPECT_DOUBLE_EQ(op.cost().gradient_units, 30.0);
  op.apply(at::ones({op.dimension()}, at::kDouble));
  EXPECT_EQ(op.cost().products, 1);
  EXPECT_GT(op.cost().gradient_units, 30.0);
}

}  // namespace
}  // namespace thalweg
