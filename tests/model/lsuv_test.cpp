// Layer-sequential unit variance: each layer's output before its activation has variance 1 on the batch, by brute
// force.
#include "thalweg/model/lsuv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <map>
#include <random>

#include "networks.h"

namespace thalweg::testing {
namespace {

using recipe::BiasInit;
using recipe::Init;
using recipe::InitKind;
using ::testing::ElementsAre;

const Init kLsuv{.kind = InitKind::lsuv};

Layer linear(std::int64_t units, Activation activation = Activation::none) {
  return {.activation = activation, .init = kLsuv, .units = units};
}
Layer conv(std::int64_t channels, Activation activation = Activation::none) {
  return {.type = LayerType::conv,
          .activation = activation,
          .init = kLsuv,
          .channels = channels,
          .kernel = 3,
          .padding = 1};
}

// The oracle: each layer's outputs before the activation, kept as they are; their variance entry by entry.
class Outputs final : public Tap {
 public:
  void passed(const Passage& passage) override { of[std::string(passage.layer)] = passage.before.detach().clone(); }
  double variance(const std::string& layer) const {
    const at::Tensor y = of.at(layer).to(at::kDouble).flatten().contiguous();
    double sum = 0.0, squares = 0.0;
    for (std::int64_t i = 0; i < y.numel(); ++i) sum += y.data_ptr<double>()[i];
    const double mean = sum / static_cast<double>(y.numel());
    for (std::int64_t i = 0; i < y.numel(); ++i) squares += std::pow(y.data_ptr<double>()[i] - mean, 2);
    return squares / static_cast<double>(y.numel());
  }
  double mean_square(const std::string& layer) const {
    return of.at(layer).to(at::kDouble).square().mean().item<double>();
  }
  std::map<std::string, at::Tensor> of;
};

struct Scaled {
  std::unique_ptr<Network> network;
  LsuvResult result;
  Outputs outputs;
};

Scaled scaled(std::vector<Layer> layers, const NetworkShape& shape, const at::Tensor& batch) {
  const recipe::Model model = model_of(std::move(layers));
  Scaled s{.network = build_network(model, shape, 3), .result = {}, .outputs = {}};
  s.result = scale_to_unit_variance(*s.network, model, [&] { s.network->forward(batch); });
  s.network->tap(&s.outputs);
  s.network->forward(batch);
  s.network->tap(nullptr);
  return s;
}

at::Tensor rows(at::IntArrayRef sizes) { return Wave{.rate = 0.7}(sizes).to(at::kFloat); }

TEST(Lsuv, EveryLayerOfADeepTanhNetworkPutsOutVarianceOne) {
  std::vector<Layer> layers(20, linear(24, Activation::tanh));
  layers.push_back(linear(5));
  const Scaled s = scaled(layers, {.input = {16}}, rows({200, 16}) * 0.01);  // inputs of a bad scale
  ASSERT_EQ(s.result.layers.size(), 21U);
  for (const LsuvLayer& layer : s.result.layers) {
    EXPECT_TRUE(layer.scaled);
    EXPECT_NEAR(s.outputs.variance(layer.name), 1.0, 1e-3) << layer.name;
    EXPECT_NEAR(layer.variance, s.outputs.variance(layer.name), 1e-6) << layer.name;
  }
}

TEST(Lsuv, ConvsAndLayersInResidualBlocksAreScaled) {
  const std::vector<Layer> layers{
      conv(6, Activation::relu),
      {.type = LayerType::residual, .init = kLsuv, .inner = {conv(6, Activation::relu), conv(6)}},
      {.type = LayerType::pool, .kernel = 2},
      linear(4)};
  const Scaled s = scaled(layers, {.input = {2, 8, 8}}, rows({40, 2, 8, 8}));
  for (const char* name : {"conv1", "residual1.conv1", "residual1.conv2", "linear1"}) {
    EXPECT_NEAR(s.outputs.variance(name), 1.0, 1e-3) << name;
  }
  EXPECT_EQ(s.result.layers.size(), 4U);
}

TEST(Lsuv, AnEmbeddingWithFixedPositionsComesToVarianceOneToo) {
  const std::vector<Layer> layers{
      {.type = LayerType::embedding, .init = kLsuv, .units = 8, .positions = recipe::Positions::sinusoidal}, linear(4)};
  const at::Tensor tokens = at::arange(60, at::kLong).remainder(11).view({10, 6});
  const Scaled s = scaled(layers, {.input = {6}, .tokens = true, .vocabulary = 11}, tokens);
  EXPECT_NEAR(s.outputs.variance("embedding1"), 1.0, 1e-3);
  EXPECT_NEAR(s.outputs.variance("linear1"), 1.0, 1e-3);
}

TEST(Lsuv, WeightsKeepTheirOrthogonalDirections) {
  const Scaled s = scaled({linear(12), linear(12)}, {.input = {12}}, rows({100, 12}));
  const at::Tensor w = parameter(*s.network, "linear2.weight").detach().to(at::kDouble);
  const at::Tensor gram = w.mm(w.t());
  EXPECT_LT(distance(gram / gram[0][0], at::eye(12, at::kDouble)), 1e-5);
}

TEST(Lsuv, RecurrentAndAttentionLayersKeepTheirDrawAndAreNamed) {
  const std::vector<Layer> layers{{.type = LayerType::lstm, .init = kLsuv, .units = 8}, linear(3)};
  const Scaled s = scaled(layers, {.input = {5, 4}}, rows({30, 5, 4}));
  EXPECT_THAT(s.result.kept, ElementsAre("lstm1"));
  const auto drawn = build(layers, {.input = {5, 4}}, 3);
  EXPECT_TRUE(parameter(*drawn, "lstm1.weight_hh_l0").equal(parameter(*s.network, "lstm1.weight_hh_l0")));
  EXPECT_NEAR(s.outputs.variance("linear1"), 1.0, 1e-3);
}

TEST(Lsuv, OnlyLayersThatAskForItAreTouched) {
  Layer plain = linear(8, Activation::tanh);
  plain.init = {.kind = InitKind::he_normal};
  const std::vector<Layer> layers{plain, linear(3)};
  const Scaled s = scaled(layers, {.input = {5}}, rows({50, 5}));
  const auto drawn = build(layers, {.input = {5}}, 3);
  EXPECT_TRUE(parameter(*drawn, "linear1.weight").equal(parameter(*s.network, "linear1.weight")));
  EXPECT_EQ(s.result.layers.size(), 1U);
  EXPECT_FALSE(starts_by_lsuv(model_of({plain})));
  EXPECT_TRUE(starts_by_lsuv(model_of({{.type = LayerType::residual, .inner = {linear(5)}}})));
}

TEST(Lsuv, ALayerThatPutsOutOneNumberIsLeftAsDrawnAndSaidSo) {
  Layer dead = linear(8, Activation::relu);
  dead.init = {.kind = InitKind::lsuv, .value = -100.0, .bias = BiasInit::constant};
  Layer after = linear(3);
  after.bias = false;
  const Scaled s = scaled({dead, after}, {.input = {5}}, at::zeros({50, 5}));
  ASSERT_EQ(s.result.layers.size(), 2U);
  EXPECT_FALSE(s.result.layers[1].scaled);
  EXPECT_EQ(s.result.layers[1].variance, 0.0);
  EXPECT_TRUE(parameter(*s.network, "linear2.weight").isfinite().all().item<bool>());
}

// Sigmoids of small inputs are 0.5 and their last digits: scaled to a variance of 1 those would have a mean of
// millions.
TEST(Lsuv, AVarianceThatIsRoundingIsLeftAsDrawn) {
  Layer flat = linear(4, Activation::sigmoid);
  flat.init = {.kind = InitKind::normal, .std = 3e-7, .bias = BiasInit::zeros};
  const Scaled s = scaled({flat, linear(1)}, {.input = {5}}, rows({64, 5}));
  const LsuvLayer& layer = s.result.layers.at(0);
  EXPECT_GT(layer.drawn, 0.0);
  EXPECT_FALSE(layer.scaled);
  EXPECT_EQ(layer.variance, layer.drawn);
  EXPECT_LT(s.outputs.mean_square("linear2"), 100.0);
}

TEST(Lsuv, SameSeedAndRowsGiveTheSameBits) {
  const std::vector<Layer> layers(4, linear(10, Activation::relu));
  const Scaled a = scaled(layers, {.input = {6}}, rows({64, 6})), b = scaled(layers, {.input = {6}}, rows({64, 6}));
  for (std::size_t i = 0; i < a.network->parameters().size(); ++i) {
    EXPECT_TRUE(a.network->parameters()[i].second.equal(b.network->parameters()[i].second));
  }
}

// --- any network

std::vector<Layer> random_chain(std::mt19937& random, bool inner) {
  constexpr Activation kActivations[] = {Activation::none, Activation::relu, Activation::tanh, Activation::sigmoid,
                                         Activation::gelu};
  const auto activation = [&] { return kActivations[random() % 5]; };
  std::vector<Layer> layers{conv(1 + static_cast<std::int64_t>(random() % 5), activation())};
  for (unsigned i = random() % 4; i > 0; --i) {
    const unsigned kind = random() % (inner ? 4 : 5);
    if (kind < 2) {
      layers.push_back(conv(1 + static_cast<std::int64_t>(random() % 5), activation()));
      if (random() % 2 == 0) layers.back().init = {.kind = InitKind::he_normal};
    } else if (kind == 2) {
      layers.push_back({.type = LayerType::batch_norm, .activation = activation()});
    } else if (kind == 3) {
      layers.push_back({.type = LayerType::activation, .activation = activation()});
    } else {
      layers.push_back({.type = LayerType::residual, .init = kLsuv, .inner = random_chain(random, true)});
    }
  }
  if (!inner) {
    layers.push_back(linear(1 + static_cast<std::int64_t>(random() % 6), activation()));
    layers.push_back(linear(2));
  }
  return layers;
}

TEST(Lsuv, BehindItEveryLayerOfAnyNetworkHasVarianceOneOrOneSize) {
  EXPECT_TRUE(rc::check("variance 1, or none beyond rounding", [](std::uint32_t seed) {
    std::mt19937 random(seed);
    for (int k = 0; k < 10; ++k) {
      const double scale = std::pow(10.0, static_cast<double>(random() % 7) - 3.0);
      const Scaled s = scaled(random_chain(random, false), {.input = {2, 3, 3}}, scale * rows({8, 2, 3, 3}));
      for (const LsuvLayer& layer : s.result.layers) {
        const double variance = s.outputs.variance(layer.name);
        RC_ASSERT(std::abs(variance - layer.variance) <= 1e-6 * std::max(1.0, variance));
        const bool fits =
            layer.scaled ? std::abs(variance - 1.0) < 1.1e-3 : variance <= 1e-6 * s.outputs.mean_square(layer.name);
        RC_ASSERT(fits);
      }
    }
  }));
}

}  // namespace
}  // namespace thalweg::testing
