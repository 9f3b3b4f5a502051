// The ready-made networks of the recipe, built: parameters by closed form, forward and backward.
#include <gtest/gtest.h>

#include "networks.h"
#include "thalweg/recipe/presets.h"

namespace thalweg::testing {
namespace {

std::unique_ptr<Network> build_preset(const std::string& kind, const NetworkShape& shape,
                                      std::map<std::string, double> options = {}) {
  return build(recipe::preset_layers({.kind = kind, .options = std::move(options)}, {}), shape);
}

std::int64_t count(const Network& network) {
  std::int64_t total = 0;
  for (const auto& [name, tensor] : network.parameters()) total += tensor.numel();
  return total;
}

void expect_trains(Network& network, const at::Tensor& x, const std::vector<std::int64_t>& output) {
  const at::Tensor y = network.forward(x);
  EXPECT_EQ(y.sizes().vec(), output);
  at::log_softmax(y, -1).select(-1, 0).mean().neg().backward();
  for (const auto& [name, tensor] : network.parameters()) {
    ASSERT_TRUE(tensor.grad().defined()) << name;
    EXPECT_TRUE(tensor.grad().isfinite().all().item<bool>()) << name;
  }
}

TEST(Preset, ResNet20HasThePublishedSize) {
  const auto network = build_preset("resnet20", {.input = {3, 32, 32}, .outputs = 10});
  // He et al. 2016, table 6: 0.27 million; 269 722 with shortcuts without parameters, and two 1×1 projections more.
  EXPECT_EQ(count(*network), 269722 + 16 * 32 + 32 * 64);
  expect_trains(*network, Wave{}({2, 3, 32, 32}).to(at::kFloat), {2, 10});
  EXPECT_EQ(build_preset("resnet20", {.input = {1, 28, 28}, .outputs = 10})->summary().back().output, (Sizes{10}));
}

TEST(Preset, LeNetHasThePublishedSize) {
  const auto network = build_preset("lenet", {.input = {1, 28, 28}, .outputs = 10});
  EXPECT_EQ(count(*network), 61706);  // with every map connected to all
  expect_trains(*network, Wave{}({2, 1, 28, 28}).to(at::kFloat), {2, 10});
}

TEST(Preset, CharTransformerOfWidthDHas12DSquaredABlock) {
  const std::int64_t d = 16, layers = 3, vocabulary = 30, context = 12;
  for (const double dropout : {0.0, 0.1}) {
    const auto network = build_preset(
        "char_transformer", {.input = {context}, .tokens = true, .vocabulary = vocabulary, .outputs = vocabulary},
        {{"width", d}, {"heads", 4}, {"layers", layers}, {"dropout", dropout}});
    // A block: 4d² + 4d attention, 8d² + 5d MLP, 4d norms. Around them: embedding, positions, a last norm, the head.
    EXPECT_EQ(count(*network),
              layers * (12 * d * d + 13 * d) + vocabulary * d + context * d + 2 * d + vocabulary * (d + 1));
    EXPECT_EQ(network->random(), dropout > 0.0);
    expect_trains(*network, at::arange(2 * context, at::kLong).view({2, context}), {2, context, vocabulary});
  }
}

TEST(Preset, CharLstm) {
  const auto network = build_preset("char_lstm", {.input = {6}, .tokens = true, .vocabulary = 9, .outputs = 9},
                                    {{"units", 8}, {"layers", 2}});
  EXPECT_EQ(count(*network), 9 * 8 + 2 * 4 * (8 * 8 + 8 * 8 + 8 + 8) + 9 * 9);
  expect_trains(*network, at::zeros({2, 6}, at::kLong), {2, 6, 9});
}

}  // namespace
}  // namespace thalweg::testing
