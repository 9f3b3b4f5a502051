// Copies among units: by brute force over pairs, and on networks whose units are copies by construction.
#include "thalweg/observe/initialization/weights_at_start.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "thalweg/model/network.h"

namespace thalweg {
namespace {

using recipe::Activation;
using recipe::BiasInit;
using recipe::Init;
using recipe::InitKind;
using recipe::Layer;
using recipe::LayerType;

std::unique_ptr<Network> build(std::vector<Layer> layers, const NetworkShape& shape) {
  recipe::Model model;
  model.layers = std::move(layers);
  return build_network(model, shape, 0);
}

at::Tensor parameter(const Network& network, const std::string& name) {
  for (const auto& [candidate, tensor] : network.parameters()) {
    if (candidate == name) return tensor;
  }
  return {};
}

std::vector<at::Tensor> tensors(const Network& network) {
  std::vector<at::Tensor> result;
  for (const auto& [name, tensor] : network.parameters()) result.push_back(tensor);
  return result;
}

double distance(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

std::vector<at::Tensor> gradients_of(Network& network, const at::Tensor& x, const at::Tensor& y) {
  return torch::autograd::grad({torch::cross_entropy_loss(network.forward(x), y)}, tensors(network));
}

std::vector<WeightsAtStart> start_of(std::vector<Layer> layers) {
  const auto network = build(std::move(layers), {.input = {6}});
  at::manual_seed(5);
  const at::Tensor x = at::randn({40, 6}), y = at::randint(3, {40}, at::kLong);
  return weights_at_start(network->parameters(), gradients_of(*network, x, y));
}

std::vector<Layer> two_layers(const Init& hidden, const Init& output, Activation activation = Activation::tanh) {
  return {{.activation = activation, .init = hidden, .units = 8}, {.init = output, .units = 3}};
}

const Init kZeros{.kind = InitKind::zeros, .bias = BiasInit::zeros};
const Init kConstant{.kind = InitKind::constant, .value = 0.1, .bias = BiasInit::zeros};

TEST(SymmetricUnits, RandomWeightsHaveNone) {
  for (const WeightsAtStart& layer : start_of(two_layers({}, {}))) {
    EXPECT_EQ(layer.symmetric, 0.0) << layer.layer;
    EXPECT_FALSE(layer.constant);
  }
}

TEST(SymmetricUnits, AllOfAHiddenLayerWhereEverythingIsConstant) {
  const auto layers = start_of(two_layers(kConstant, kConstant));
  EXPECT_EQ(layers[0].symmetric, 1.0);
  EXPECT_TRUE(layers[0].constant);
  EXPECT_EQ(layers[1].symmetric, 0.0) << "the outputs have targets of their own";
}

TEST(SymmetricUnits, AllOfAHiddenLayerWhereEverythingIsZero) {
  const auto layers = start_of(two_layers(kZeros, kZeros));
  EXPECT_EQ(layers[0].symmetric, 1.0);
  EXPECT_EQ(layers[1].symmetric, 0.0);
}

// Healthy practices: an output layer at zero, and equal hidden weights whose outgoing ones differ.
TEST(SymmetricUnits, AnOutputLayerAtZeroMakesNoCopies) {
  for (const WeightsAtStart& layer : start_of(two_layers({}, kZeros))) EXPECT_EQ(layer.symmetric, 0.0) << layer.layer;
}

TEST(SymmetricUnits, EqualUnitsWithUnequalWaysOutPartAtOnce) {
  for (const WeightsAtStart& layer : start_of(two_layers(kConstant, {}))) EXPECT_EQ(layer.symmetric, 0.0);
}

// Three of eight units made copies of each other, in and out: pairs compared one by one.
TEST(SymmetricUnits, AreThoseThatAreCopiesInAndOut) {
  const auto network = build(two_layers({}, {}), {.input = {6}});
  {
    const at::NoGradGuard no_grad;
    for (const std::int64_t copy : {4, 7}) {
      parameter(*network, "linear1.weight")[copy].copy_(parameter(*network, "linear1.weight")[1]);
      parameter(*network, "linear1.bias")[copy].copy_(parameter(*network, "linear1.bias")[1]);
      parameter(*network, "linear2.weight").select(1, copy).copy_(parameter(*network, "linear2.weight").select(1, 1));
    }
    // Equal in, but not out: no copy.
    parameter(*network, "linear1.weight")[2].copy_(parameter(*network, "linear1.weight")[3]);
    parameter(*network, "linear1.bias")[2].copy_(parameter(*network, "linear1.bias")[3]);
  }
  at::manual_seed(6);
  const at::Tensor x = at::randn({40, 6}), y = at::randint(3, {40}, at::kLong);
  const auto gradients = gradients_of(*network, x, y);
  const at::Tensor w = parameter(*network, "linear1.weight"), g = gradients[0];
  int copies = 0;
  for (int u = 0; u < 8; ++u) {
    bool has_copy = false;
    for (int v = 0; v < 8; ++v) has_copy |= u != v && w[u].equal(w[v]) && at::allclose(g[u], g[v], 1e-4, 1e-7);
    copies += has_copy ? 1 : 0;
  }
  EXPECT_EQ(copies, 3);
  EXPECT_DOUBLE_EQ(weights_at_start(network->parameters(), gradients)[0].symmetric, 3.0 / 8.0);
}

// Copies stay copies: what symmetric_units claims, after fifty steps of gradient descent.
TEST(SymmetricUnits, StayCopiesWhenTrained) {
  const auto network = build(two_layers(kConstant, kConstant), {.input = {6}});
  at::manual_seed(7);
  const at::Tensor x = at::randn({40, 6}), y = at::randint(3, {40}, at::kLong);
  for (int step = 0; step < 50; ++step) {
    const auto gradients = gradients_of(*network, x, y);
    const at::NoGradGuard no_grad;
    for (std::size_t i = 0; i < gradients.size(); ++i) tensors(*network)[i].sub_(gradients[i], 0.5);
  }
  const at::Tensor w = parameter(*network, "linear1.weight");
  EXPECT_GT(distance(w, at::full_like(w, 0.1)), 0.05) << "it was trained";
  EXPECT_LT(distance(w, w[0].expand_as(w)), 1e-4);
}

TEST(SymmetricUnits, OfARecurrentLayerAndAConv) {
  const std::vector<Layer> lstm{{.type = LayerType::lstm, .init = kConstant, .units = 5},
                                {.init = kConstant, .units = 3}};
  const auto network = build(lstm, {.input = {4, 6}});
  at::manual_seed(8);
  const at::Tensor x = at::randn({20, 4, 6}), y = at::randint(3, {20}, at::kLong);
  const auto layers = weights_at_start(network->parameters(), gradients_of(*network, x, y));
  EXPECT_EQ(layers[0].layer, "lstm1_l0");
  EXPECT_EQ(layers[0].symmetric, 1.0);
  const std::vector<Layer> conv{
      {.type = LayerType::conv, .activation = Activation::relu, .init = kConstant, .channels = 4},
      {.init = kConstant, .units = 3}};
  const auto images = build(conv, {.input = {1, 6, 6}});
  const auto of_conv = weights_at_start(
      images->parameters(), gradients_of(*images, at::randn({20, 1, 6, 6}), at::randint(3, {20}, at::kLong)));
  // Every place of every channel has the same weights out: channels are copies.
  EXPECT_EQ(of_conv[0].symmetric, 1.0);
}

TEST(WeightsAtStart, SaysScalesAndPullsAsTheirFormulas) {
  const auto network = build(two_layers({}, {}), {.input = {6}});
  at::manual_seed(9);
  const auto gradients = gradients_of(*network, at::randn({40, 6}), at::randint(3, {40}, at::kLong));
  std::vector<at::Tensor> update;
  for (const at::Tensor& g : gradients) update.push_back(-0.1 * g);
  const WeightsAtStart layer = weights_at_start(network->parameters(), gradients, update)[0];
  const at::Tensor w = parameter(*network, "linear1.weight"), b = parameter(*network, "linear1.bias");
  const auto largest = [](const at::Tensor& t) { return at::linalg_svdvals(t.detach()).max().item<double>(); };
  EXPECT_NEAR(layer.spectral_scale, largest(w) * std::sqrt(6.0 / 8.0), 1e-3 * layer.spectral_scale);
  EXPECT_NEAR(layer.update_scale, largest(update[0]) / largest(w), 2e-3 * layer.update_scale);
  const double squares = (w.square().sum() + b.square().sum()).item<double>(),
               pull = (gradients[0].square().sum() + gradients[1].square().sum()).item<double>();
  EXPECT_NEAR(layer.pull(2.0), std::sqrt(squares * pull) / 2.0, 1e-6);
}

TEST(WeightsAtStart, WithoutGradientsSaysWhatTheWeightsAloneTell) {
  const auto network = build(two_layers({}, {}), {.input = {6}});
  const auto layers = weights_at_start(network->parameters());
  ASSERT_EQ(layers.size(), 2U);
  EXPECT_TRUE(std::isnan(layers[0].symmetric));
  EXPECT_TRUE(std::isnan(layers[0].update_scale));
  EXPECT_GT(layers[0].spectral_scale, 0.0);
}

TEST(LayerOf, IsWhatParametersShare) {
  EXPECT_EQ(layer_of("residual1.conv2.weight"), "residual1.conv2");
  EXPECT_EQ(layer_of("lstm1.weight_ih_l1"), "lstm1_l1");
  EXPECT_EQ(layer_of("attention1.in_proj_weight"), "attention1");
  EXPECT_EQ(layer_of("weight"), "weight");
}

}  // namespace
}  // namespace thalweg
