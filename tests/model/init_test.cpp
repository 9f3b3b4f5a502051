// The initialisers: each draw has the variance of its source, and depends on the seed and the parameter's name alone.
#include "thalweg/model/init.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "networks.h"
#include "thalweg/record/error.h"

namespace thalweg::testing {
namespace {

using recipe::BiasInit;
using recipe::Init;
using recipe::InitKind;

constexpr double kSigmas = 5.0;  // a right draw fails once in 1.7 million

// A uniform draw: within ±limit, reaching both ends, variance limit²/3.
void expect_uniform(const at::Tensor& draw, double limit) {
  const at::Tensor x = draw.detach().to(at::kDouble);
  const double n = static_cast<double>(x.numel());
  EXPECT_LE(x.abs().max().item<double>(), limit * (1 + 1e-6));
  EXPECT_GT(x.max().item<double>(), limit * (1 - 20 / n));
  EXPECT_LT(x.min().item<double>(), -limit * (1 - 20 / n));
  EXPECT_NEAR(x.mean().item<double>(), 0.0, kSigmas * limit / std::sqrt(3 * n));
  // Var(x²) of a uniform is limit⁴ 4/45.
  EXPECT_NEAR(x.square().mean().item<double>(), limit * limit / 3, kSigmas * limit * limit * std::sqrt(4.0 / 45 / n));
}

// A normal draw: mean, variance and fourth moment (3σ⁴; Var(x⁴) = 96σ⁸). It is not truncated: some entries lie
// beyond 3.5σ.
void expect_normal(const at::Tensor& draw, double std) {
  const at::Tensor x = draw.detach().to(at::kDouble) / std;
  const double n = static_cast<double>(x.numel());
  EXPECT_NEAR(x.mean().item<double>(), 0.0, kSigmas / std::sqrt(n));
  EXPECT_NEAR(x.square().mean().item<double>(), 1.0, kSigmas * std::sqrt(2 / n));
  EXPECT_NEAR(x.pow(4).mean().item<double>(), 3.0, kSigmas * std::sqrt(96 / n));
  EXPECT_GT(x.abs().max().item<double>(), 3.5);
}

Layer linear_with(const Init& init) { return {.init = init, .units = 150}; }
Layer conv_with(const Init& init) { return {.type = LayerType::conv, .init = init, .channels = 60, .kernel = 5}; }

at::Tensor linear_weight(const Init& init) {  // [150, 200]
  return parameter(*build({linear_with(init)}, {.input = {200}}), "linear1.weight");
}
at::Tensor conv_weight(const Init& init) {  // [60, 30, 5, 5]: fan-in 750, fan-out 1500
  return parameter(*build({conv_with(init)}, {.input = {30, 5, 5}}), "conv1.weight");
}

TEST(Init, GlorotLooksAtBothFans) {
  expect_uniform(linear_weight({.kind = InitKind::glorot_uniform, .gain = 2.0}), 2 * std::sqrt(6.0 / 350));
  expect_normal(linear_weight({.kind = InitKind::glorot_normal, .gain = 2.0}), 2 * std::sqrt(2.0 / 350));
  expect_uniform(conv_weight({.kind = InitKind::glorot_uniform}), std::sqrt(6.0 / 2250));
  expect_normal(conv_weight({.kind = InitKind::glorot_normal}), std::sqrt(2.0 / 2250));
}

TEST(Init, HeLooksAtTheFanInAndIgnoresTheGain) {
  expect_uniform(linear_weight({.kind = InitKind::he_uniform, .gain = 7.0}), std::sqrt(6.0 / 200));
  expect_normal(linear_weight({.kind = InitKind::he_normal, .gain = 7.0}), std::sqrt(2.0 / 200));
  expect_normal(conv_weight({.kind = InitKind::he_normal}), std::sqrt(2.0 / 750));
}

TEST(Init, LecunKeepsTheVarianceOfItsInput) {
  expect_normal(linear_weight({.kind = InitKind::lecun_normal, .gain = 3.0}), 3.0 / std::sqrt(200.0));
}

TEST(Init, NormalAndUniformTakeTheirOwnScale) {
  expect_normal(linear_weight({.kind = InitKind::normal, .std = 1.0}), 1.0);
  expect_uniform(linear_weight({.kind = InitKind::uniform, .limit = 0.3}), 0.3);
}

TEST(Init, ConstantsFillAllButTheBias) {
  const auto network = build({linear_with({.kind = InitKind::constant, .value = 0.25})}, {.input = {200}});
  EXPECT_TRUE((parameter(*network, "linear1.weight") == 0.25).all().item<bool>());
  EXPECT_FALSE((parameter(*network, "linear1.bias") == 0.25).any().item<bool>());
  EXPECT_TRUE((linear_weight({.kind = InitKind::zeros}) == 0.0).all().item<bool>());
}

TEST(Init, DefaultIsLibTorchs) {
  const auto check_uniform = [](std::vector<Layer> layers, const NetworkShape& shape, double limit) {
    for (const at::Tensor& tensor : tensors(*build(std::move(layers), shape))) {
      EXPECT_LE(tensor.abs().max().item<double>(), limit);
      EXPECT_GT(tensor.abs().max().item<double>(), 0.9 * limit);
    }
  };
  check_uniform({linear_with({})}, {.input = {200}}, 1 / std::sqrt(200.0));
  check_uniform({conv_with({})}, {.input = {30, 5, 5}}, 1 / std::sqrt(750.0));
  for (const LayerType type : {LayerType::rnn, LayerType::gru, LayerType::lstm}) {
    check_uniform({{.type = type, .units = 50, .layers = 2}}, {.input = {4, 30}}, 1 / std::sqrt(50.0));
  }
  expect_uniform(linear_weight({}), 1 / std::sqrt(200.0));
  const auto embedding = build({{.type = LayerType::embedding, .units = 150, .positions = recipe::Positions::learned}},
                               {.input = {200}, .tokens = true, .vocabulary = 200});
  expect_normal(parameter(*embedding, "embedding1.weight"), 1.0);
  expect_normal(parameter(*embedding, "embedding1.positions"), 1.0);
  const auto attention = build({{.type = LayerType::attention, .heads = 2}}, {.input = {3, 100}});
  expect_uniform(parameter(*attention, "attention1.in_proj_weight"), std::sqrt(6.0 / 400));
  expect_uniform(parameter(*attention, "attention1.out_proj.weight"), 0.1);
  EXPECT_EQ(parameter(*attention, "attention1.in_proj_bias").abs().max().item<double>(), 0.0);
  EXPECT_EQ(parameter(*attention, "attention1.out_proj.bias").abs().max().item<double>(), 0.0);
}

// WᵀW = gain² I, or WWᵀ where W is wide.
void expect_orthogonal(const at::Tensor& block, double gain) {
  const at::Tensor w = block.detach().flatten(1).to(at::kDouble);
  const at::Tensor product = w.size(0) < w.size(1) ? w.mm(w.t()) : w.t().mm(w);
  EXPECT_LT(distance(product, gain * gain * at::eye(product.size(0), at::kDouble)), 1e-5);
}

TEST(Init, OrthogonalWeightsAreOrthogonal) {
  const Init init{.kind = InitKind::orthogonal, .gain = 1.5};
  expect_orthogonal(linear_weight(init), 1.5);
  expect_orthogonal(conv_weight(init), 1.5);
  expect_orthogonal(parameter(*build({linear_with(init)}, {.input = {40}}), "linear1.weight"), 1.5);
}

TEST(Init, OrthogonalMatricesAreUniformOverTheGroup) {
  // E Wᵢᵢ = 0 and E Wᵢᵢ² = 1/n: without R's signs the diagonal would not average to zero.
  constexpr int kDraws = 400;
  double mean = 0.0, square = 0.0;
  for (int draw = 0; draw < kDraws; ++draw) {
    at::Tensor w = at::empty({2, 2}, at::kDouble);
    draw_weight(w, {.kind = InitKind::orthogonal}, {}, {}, parameter_generator(static_cast<std::uint64_t>(draw), "w"));
    const double entry = w[0][0].item<double>();
    mean += entry / kDraws;
    square += entry * entry / kDraws;
  }
  EXPECT_NEAR(mean, 0.0, kSigmas * std::sqrt(0.5 / kDraws));
  EXPECT_NEAR(square, 0.5, kSigmas * std::sqrt(0.125 / kDraws));  // Var cos² = 1/8
}

TEST(Init, FusedMatricesAreDrawnGateByGate) {
  const Init init{.kind = InitKind::orthogonal};
  for (const auto& [type, gates] : {std::pair{LayerType::rnn, 1}, {LayerType::gru, 3}, {LayerType::lstm, 4}}) {
    const auto network = build({{.type = type, .init = init, .units = 6, .layers = 2}}, {.input = {3, 5}});
    for (const auto& [name, tensor] : network->parameters()) {
      if (tensor.dim() < 2) continue;
      for (const at::Tensor& gate : tensor.chunk(gates)) expect_orthogonal(gate, 1.0);
    }
  }
  const auto attention = build({{.type = LayerType::attention, .init = init}}, {.input = {3, 8}});
  for (const at::Tensor& part : parameter(*attention, "attention1.in_proj_weight").chunk(3))
    expect_orthogonal(part, 1.0);
  const auto glorot =
      build({{.type = LayerType::lstm, .init = {.kind = InitKind::glorot_uniform}, .units = 90}}, {.input = {3, 60}});
  expect_uniform(parameter(*glorot, "lstm1.weight_ih_l0"), std::sqrt(6.0 / 150));  // of [90, 60], not of [360, 60]
}

TEST(Init, IdentityHandsItsInputOn) {
  const Init init{.kind = InitKind::identity, .gain = 2.0, .bias = BiasInit::zeros};
  const at::Tensor x = Wave{}({2, 3}).to(at::kFloat);
  const auto wide = build({{.init = init, .units = 5}}, {.input = {3}});
  EXPECT_EQ(distance(wide->forward(x), at::constant_pad_nd(2 * x, {0, 2})), 0.0);
  const auto conv =
      build({{.type = LayerType::conv, .init = init, .channels = 3, .kernel = 3, .padding = 1}}, {.input = {3, 4, 5}});
  const at::Tensor image = Wave{}({2, 3, 4, 5}).to(at::kFloat);
  EXPECT_EQ(distance(conv->forward(image), 2 * image), 0.0);
  const auto gru = build({{.type = LayerType::gru, .init = init, .units = 4}}, {.input = {2, 4}});
  for (const at::Tensor& gate : parameter(*gru, "gru1.weight_hh_l0").chunk(3)) {
    EXPECT_EQ(distance(gate, 2 * at::eye(4)), 0.0);
  }
}

TEST(Init, BiasesFollowTheirOwnRule) {
  const auto bias_of = [](const Init& init) {
    return parameter(*build({{.init = init, .units = 30000}}, {.input = {5}}), "linear1.bias");
  };
  EXPECT_TRUE((bias_of({.kind = InitKind::he_normal, .bias = BiasInit::zeros}) == 0.0).all().item<bool>());
  EXPECT_TRUE((bias_of({.value = -1.5, .bias = BiasInit::constant}) == -1.5).all().item<bool>());
  expect_uniform(bias_of({.kind = InitKind::he_normal}), 1 / std::sqrt(5.0));
  expect_normal(bias_of({.kind = InitKind::he_normal, .bias = BiasInit::same}),
                std::sqrt(2.0 / 5));  // the weight's fan-in
  expect_uniform(bias_of({.bias = BiasInit::same}), 1 / std::sqrt(5.0));
}

TEST(Init, NormsAreLeftAlone) {
  const Init init{.kind = InitKind::constant, .value = 9.0, .bias = BiasInit::constant};
  const auto network = build({{.type = LayerType::batch_norm, .init = init},
                              {.type = LayerType::layer_norm, .init = init},
                              {.type = LayerType::transformer, .init = init}},
                             {.input = {3, 4}});
  for (const char* scale :
       {"batch_norm1.weight", "layer_norm1.weight", "transformer1.norm1.weight", "transformer1.norm2.weight"}) {
    EXPECT_TRUE((parameter(*network, scale) == 1.0).all().item<bool>()) << scale;
  }
  for (const char* shift :
       {"batch_norm1.bias", "layer_norm1.bias", "transformer1.norm1.bias", "transformer1.norm2.bias"}) {
    EXPECT_TRUE((parameter(*network, shift) == 0.0).all().item<bool>()) << shift;
  }
}

TEST(Init, LsuvStartsFromAnOrthogonalDraw) {
  EXPECT_TRUE(linear_weight({.kind = InitKind::lsuv}).equal(linear_weight({.kind = InitKind::orthogonal})));
}

TEST(Init, TheSeedAloneDecides) {
  const std::vector<Layer> layers{linear_with({}), linear_with({})};
  const auto one = build(layers, {.input = {20}}, 1), again = build(layers, {.input = {20}}, 1);
  const auto other = build(layers, {.input = {20}}, 2),
             far = build(layers, {.input = {20}}, 1 + (std::uint64_t{1} << 32U));
  for (std::size_t i = 0; i < one->parameters().size(); ++i) {
    const at::Tensor& tensor = one->parameters()[i].second;
    EXPECT_TRUE(tensor.equal(again->parameters()[i].second));
    EXPECT_FALSE(tensor.equal(other->parameters()[i].second));
    EXPECT_FALSE(tensor.equal(far->parameters()[i].second));  // all 64 bits count
  }
}

TEST(Init, LayersElsewhereLeaveADrawAsItWas) {
  const Layer last{.name = "last", .units = 3};
  const auto bare = build({linear_with({}), last}, {.input = {20}});
  const auto normed =
      build({linear_with({}), {.type = LayerType::batch_norm}, {.type = LayerType::dropout}, last}, {.input = {20}});
  EXPECT_TRUE(parameter(*bare, "last.weight").equal(parameter(*normed, "last.weight")));
}

TEST(Init, TheGlobalStreamIsLeftAlone) {
  at::manual_seed(3);
  const at::Tensor undisturbed = at::rand({4});
  at::manual_seed(3);
  for (const InitKind kind : {InitKind::standard, InitKind::orthogonal, InitKind::he_normal, InitKind::uniform}) {
    linear_weight({.kind = kind});
  }
  EXPECT_TRUE(at::rand({4}).equal(undisturbed));
}

}  // namespace
}  // namespace thalweg::testing
