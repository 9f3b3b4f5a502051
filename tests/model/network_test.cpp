// A network as the training loop sees it.
#include "thalweg/model/network.h"

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "networks.h"

namespace thalweg::testing {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> names(const NamedParameters& parameters) {
  std::vector<std::string> result;
  for (const auto& [name, tensor] : parameters) result.push_back(name);
  return result;
}

TEST(Network, NamesLayersByTypeAndNumberOrAsGiven) {
  const Layer norm{.type = LayerType::batch_norm};
  const auto network = build({{.type = LayerType::conv, .bias = false, .channels = 2},
                              norm,
                              {.type = LayerType::residual,
                               .inner = {{.type = LayerType::conv, .channels = 4, .kernel = 1},
                                         {.type = LayerType::batch_norm, .name = "norm"}}},
                              {.name = "head", .units = 3},
                              {.units = 2}},
                             {.input = {1, 4, 4}});
  EXPECT_THAT(names(network->parameters()),
              ElementsAre("conv1.weight", "batch_norm1.weight", "batch_norm1.bias", "residual1.conv1.weight",
                          "residual1.conv1.bias", "residual1.norm.weight", "residual1.norm.bias",
                          "residual1.projection.weight", "head.weight", "head.bias", "linear2.weight", "linear2.bias"));
  EXPECT_THAT(names(network->buffers()), ElementsAre("batch_norm1.running_mean", "batch_norm1.running_var",
                                                     "residual1.norm.running_mean", "residual1.norm.running_var"));
  for (const auto& [name, tensor] : network->parameters()) {
    EXPECT_TRUE(tensor.requires_grad() && tensor.is_leaf() && tensor.is_contiguous()) << name;
    EXPECT_EQ(tensor.scalar_type(), at::kFloat) << name;
  }
}

TEST(Network, TrainsAtFirst) {
  const auto network = build({{.units = 2}}, {.input = {3}});
  EXPECT_TRUE(network->training());
  network->train(false);
  EXPECT_FALSE(network->training());
}

TEST(Network, DropoutScalesWhatItKeepsAndRestsInEvaluation) {
  const auto network = build({{.type = LayerType::dropout, .p = 0.25}}, {.input = {10000}});
  const at::Tensor x = at::full({2, 10000}, 3.0);
  at::manual_seed(1);
  const at::Tensor y = network->forward(x);
  EXPECT_TRUE(((y == 0.0) | (y == 4.0)).all().item<bool>());
  EXPECT_NEAR((y == 0.0).to(at::kDouble).mean().item<double>(), 0.25, 5 * std::sqrt(0.25 * 0.75 / 20000));
  at::manual_seed(1);
  EXPECT_TRUE(network->forward(x).equal(y));  // it draws from LibTorch's own stream, which a checkpoint keeps
  network->train(false);
  EXPECT_TRUE(network->forward(x).equal(x));
}

TEST(Network, KnowsWhetherItsForwardIsRandom) {
  const auto random = [](const Layer& layer) { return build({layer}, {.input = {4}})->random(); };
  EXPECT_FALSE(random({.units = 2}));
  EXPECT_TRUE(random({.type = LayerType::dropout, .p = 0.5}));
  EXPECT_FALSE(random({.type = LayerType::dropout, .p = 0.0}));
  EXPECT_TRUE(random({.type = LayerType::batch_norm}));
  EXPECT_FALSE(random({.type = LayerType::batch_norm, .track = false}));
  EXPECT_TRUE(random({.type = LayerType::residual, .inner = {{.type = LayerType::dropout, .p = 0.5}}}));
}

TEST(Network, ForwardsAreRepeatableWhereTheyAreNotRandom) {
  const auto network = build({{.type = LayerType::lstm, .units = 5, .output = recipe::Return::all},
                              {.type = LayerType::transformer, .causal = true},
                              {.units = 3}},
                             {.input = {6, 4}});
  const at::Tensor x = Wave{}({7, 6, 4}).to(at::kFloat);
  EXPECT_TRUE(network->forward(x).equal(network->forward(x)));
}

TEST(Network, LeavesItsInputAlone) {
  // Activations are applied in place where nobody sees it; the input, and what a layer hands on unchanged, are seen.
  const at::Tensor x = Wave{}({4, 6}).to(at::kFloat), before = x.clone();
  for (const LayerType type : {LayerType::activation, LayerType::dropout, LayerType::flatten, LayerType::layer_norm,
                               LayerType::batch_norm, LayerType::linear}) {
    const auto network = build({{.type = type, .activation = Activation::relu, .units = 6, .p = 0.0}}, {.input = {6}});
    EXPECT_GE(network->forward(x).min().item<double>(), 0.0);
    EXPECT_TRUE(x.equal(before));
  }
}

TEST(Network, AnActivationAfterAnyLayerIsThatLayersOutputActivated) {
  for (const LayerType type : {LayerType::linear, LayerType::conv, LayerType::pool, LayerType::batch_norm,
                               LayerType::layer_norm, LayerType::dropout, LayerType::residual}) {
    for (const Activation kind : {Activation::relu, Activation::tanh, Activation::sigmoid}) {
      const Layer layer{.type = type,
                        .units = 3,
                        .channels = 2,
                        .kernel = 2,
                        .stride = 2,
                        .p = 0.0,
                        .inner = {{.type = LayerType::conv, .channels = 2, .kernel = 1}}};
      Layer active = layer;
      active.activation = kind;
      const auto one = build({active}, {.input = {2, 6, 6}});
      const auto two = build({layer, {.type = LayerType::activation, .activation = kind}}, {.input = {2, 6, 6}});
      const at::Tensor x = Wave{.rate = 1.7}({3, 2, 6, 6}).to(at::kFloat);
      at::Tensor a = x.clone().requires_grad_(), b = x.clone().requires_grad_();
      const at::Tensor y = one->forward(a), z = two->forward(b);
      EXPECT_TRUE(y.equal(z));
      EXPECT_TRUE(
          torch::autograd::grad({y.square().sum()}, {a})[0].equal(torch::autograd::grad({z.square().sum()}, {b})[0]));
    }
  }
}

TEST(Network, ReluBeforeMaxPoolingIsTheSameFunctionHoweverItIsWritten) {
  const Layer conv{.type = LayerType::conv, .channels = 3, .padding = 1};
  const Layer pool{.type = LayerType::pool, .kernel = 2, .stride = 2};
  const Layer relu{.type = LayerType::activation, .activation = Activation::relu};
  Layer conv_relu = conv, pool_relu = pool, other_pool{.type = LayerType::pool, .kernel = 3, .stride = 2};
  conv_relu.activation = pool_relu.activation = Activation::relu;
  const at::Tensor x = Wave{.rate = 1.7}({2, 2, 9, 8}).to(at::kFloat);
  const auto forward = [&](std::vector<Layer> layers) {
    return build(std::move(layers), {.input = {2, 9, 8}})->forward(x);
  };
  const auto bare = build({conv}, {.input = {2, 9, 8}});
  const at::Tensor rectified = at::relu(bare->forward(x));
  const at::Tensor expected = at::max_pool2d(rectified, {2, 2});
  EXPECT_TRUE(forward({conv_relu, pool}).equal(expected));
  EXPECT_TRUE(forward({conv, relu, pool}).equal(expected));
  EXPECT_TRUE(forward({conv, pool_relu}).equal(expected));
  EXPECT_TRUE(forward({conv_relu, pool, pool}).equal(at::max_pool2d(expected, {2, 2})));
  EXPECT_TRUE(forward({conv_relu, other_pool}).equal(at::max_pool2d(rectified, {3, 3}, {2, 2})));
}

TEST(Network, AOneChannelConvIsTheSameUnfolded) {
  for (const std::int64_t size : {8, 120}) {  // unfolded, and too large for it
    const auto network = build({{.type = LayerType::conv, .channels = 3, .kernel = 5, .stride = 2, .padding = 1}},
                               {.input = {1, size, size}});
    const at::Tensor x = Wave{.rate = 1.7}({2, 1, size, size}).to(at::kFloat);
    const at::Tensor expected =
        at::conv2d(x, parameter(*network, "conv1.weight"), parameter(*network, "conv1.bias"), {2, 2}, {1, 1});
    EXPECT_LT(distance(network->forward(x), expected), 1e-5);
  }
}

TEST(Network, CausalLayersDoNotSeeTheFuture) {
  for (const LayerType type : {LayerType::attention, LayerType::transformer}) {
    const auto network = build({{.type = type, .heads = 2, .causal = true}}, {.input = {6, 4}});
    const at::Tensor x = Wave{.rate = 1.7}({2, 6, 4}).to(at::kFloat);
    at::Tensor changed = x.clone();
    changed.narrow(1, 4, 2).add_(1.0);
    const at::Tensor y = network->forward(x), z = network->forward(changed);
    EXPECT_TRUE(y.narrow(1, 0, 4).equal(z.narrow(1, 0, 4)));
    EXPECT_GT(distance(y.narrow(1, 4, 2), z.narrow(1, 4, 2)), 1e-3);
  }
}

TEST(Network, CausalNetworksTakeShorterTexts) {
  const auto network = build({{.type = LayerType::embedding, .units = 4, .positions = recipe::Positions::learned},
                              {.type = LayerType::transformer, .heads = 2, .causal = true}},
                             {.input = {8}, .tokens = true, .vocabulary = 5});
  const at::Tensor x = at::arange(8, at::kLong).remainder(5).unsqueeze(0);
  EXPECT_LT(distance(network->forward(x).narrow(1, 0, 3), network->forward(x.narrow(1, 0, 3))), 1e-5);
}

TEST(Network, MovesWithItsHandles) {
  const auto network = build({{.type = LayerType::one_hot}, {.type = LayerType::batch_norm, .axis = 2}, {.units = 2}},
                             {.input = {3}, .tokens = true, .vocabulary = 4});
  const at::Tensor held = network->parameters().back().second;
  network->to(at::kDouble, at::kCPU);
  EXPECT_EQ(held.scalar_type(), at::kDouble);
  const at::Tensor y = network->forward(at::zeros({2, 3}, at::kLong));
  EXPECT_EQ(y.scalar_type(), at::kDouble);
  y.sum().backward();
  EXPECT_TRUE(held.grad().defined());
  EXPECT_EQ(network->buffers()[0].second.scalar_type(), at::kDouble);
}

}  // namespace
}  // namespace thalweg::testing
