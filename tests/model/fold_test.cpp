// A batch norm folded into the layer before it: the same outputs in evaluation, to rounding.
#include "thalweg/model/fold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <random>

#include "networks.h"

namespace thalweg::testing {
namespace {

using ::testing::ElementsAre;

constexpr auto kNorm = LayerType::batch_norm;

// With statistics, scales and shifts that are not their initial values.
std::unique_ptr<Network> lived(const recipe::Model& model, const NetworkShape& shape) {
  auto network = build_network(model, shape, 5);
  network->to(at::kDouble, at::kCPU);
  int seed = 0;
  for (const auto* list : {&network->parameters(), &network->buffers()}) {
    for (const auto& [name, tensor] : *list) {
      const at::Tensor wave = Wave{.rate = 1.3 + 0.1 * ++seed}(tensor.sizes());
      tensor.detach().copy_(name.ends_with("running_var") ? wave.abs() + 0.3 : 0.5 * wave + 0.2);
    }
  }
  network->train(false);
  return network;
}

struct Both {
  Folded folded;
  double apart = 0.0;
};
Both folded(std::vector<Layer> layers, Sizes input, double* scale = nullptr) {
  const recipe::Model model = model_of(std::move(layers));
  const NetworkShape shape{.input = input, .outputs = 3};
  const auto network = lived(model, shape);
  Both both{.folded = fold_batch_norms(model, *network)};
  const auto smaller = build_network(both.folded.model, shape, 0);
  smaller->to(at::kDouble, at::kCPU);
  smaller->train(false);
  for (const auto& [name, tensor] : both.folded.tensors) {
    for (const auto* list : {&smaller->parameters(), &smaller->buffers()}) {
      for (const auto& [other, place] : *list) {
        if (other == name) place.detach().copy_(tensor);
      }
    }
  }
  EXPECT_EQ(smaller->parameters().size() + smaller->buffers().size(), both.folded.tensors.size());
  input.insert(input.begin(), 6);
  const at::Tensor x = Wave{.rate = 0.7}(input), y = network->forward(x);
  if (scale != nullptr) *scale = y.abs().max().item<double>();
  both.apart = distance(y, smaller->forward(x));
  return both;
}

TEST(Fold, KeepsTheOutputsOfALinearNetwork) {
  for (const bool bias : {true, false}) {
    for (const bool affine : {true, false}) {
      double scale = 0.0;
      const Both both = folded(
          {{.units = 7, .bias = bias}, {.type = kNorm, .activation = Activation::relu, .affine = affine}, {.units = 3}},
          {5}, &scale);
      EXPECT_LT(both.apart, 1e-12);
      EXPECT_GT(scale, 0.1);
      EXPECT_THAT(both.folded.folded, ElementsAre("batch_norm1"));
      EXPECT_EQ(both.folded.model.layers.size(), 2U);
    }
  }
}

TEST(Fold, KeepsTheOutputsOfConvolutionsInResidualBlocks) {
  const Layer conv{.type = LayerType::conv, .bias = false, .channels = 4, .kernel = 3, .padding = 1};
  const Layer norm{.type = kNorm, .activation = Activation::relu};
  Layer block{.type = LayerType::residual};
  block.inner = {conv, norm, conv, {.type = kNorm}};
  const Both both = folded({conv, norm, block, {.type = LayerType::flatten}, {.units = 3}}, {2, 6, 6});
  EXPECT_LT(both.apart, 1e-10);
  EXPECT_THAT(both.folded.folded, ElementsAre("batch_norm1", "residual1.batch_norm1", "residual1.batch_norm2"));
}

TEST(Fold, LeavesWhatItCannotFold) {
  const Both both = folded({{.type = kNorm, .name = "first"},
                            {.activation = Activation::relu, .units = 7},
                            {.type = kNorm, .name = "behind_relu"},
                            {.units = 4},
                            {.type = kNorm, .name = "untracked", .track = false},
                            {.units = 4},
                            {.type = kNorm, .name = "rows", .axis = 0},
                            {.units = 4},
                            {.type = kNorm, .name = "good"},
                            {.units = 3}},
                           {5});
  EXPECT_THAT(both.folded.unfolded, ElementsAre("first", "behind_relu", "untracked", "rows"));
  EXPECT_THAT(both.folded.folded, ElementsAre("good"));
  EXPECT_LT(both.apart, 1e-10);
}

// What is taken out does not change the numbers of the norms that stay.
TEST(Fold, KeepsTheNamesOfTheOthers) {
  const Both both =
      folded({{.units = 5}, {.type = kNorm, .activation = Activation::relu}, {.type = kNorm}, {.units = 3}}, {5});
  EXPECT_THAT(both.folded.folded, ElementsAre("batch_norm1"));
  EXPECT_EQ(both.folded.model.layers.at(1).name, "batch_norm2");
  EXPECT_LT(both.apart, 1e-10);
}

// --- any network

Layer random_norm(std::mt19937& random, std::int64_t most_axis) {
  constexpr Activation kActivations[] = {Activation::none, Activation::relu, Activation::tanh, Activation::softmax};
  const auto axes = static_cast<unsigned>(2 * most_axis + 1);
  // As it should be, or of any axis.
  const std::int64_t axis = random() % 2 == 0 ? 1 : static_cast<std::int64_t>(random() % axes) - most_axis;
  return {.type = kNorm,
          .activation = kActivations[random() % 4],
          .axis = axis,
          .eps = random() % 2 == 0 ? 1e-5 : 0.3,
          .affine = random() % 3 > 0,
          .track = random() % 5 > 0};
}

Layer random_weights(std::mt19937& random, bool image) {
  constexpr Activation kActivations[] = {Activation::none, Activation::none, Activation::none, Activation::gelu};
  Layer layer{.type = image ? LayerType::conv : LayerType::linear, .activation = kActivations[random() % 4]};
  layer.bias = random() % 2 == 0;
  layer.units = layer.channels = 2 + static_cast<std::int64_t>(random() % 3);
  layer.padding = 1;
  return layer;
}

std::vector<Layer> random_chain(std::mt19937& random, bool image, std::int64_t most_axis, bool inner) {
  std::vector<Layer> layers;
  for (unsigned i = 2 + random() % 5; i > 0; --i) {
    const unsigned kind = random() % (inner ? 7 : 8);
    if (kind < 3) {
      layers.push_back(random_norm(random, most_axis));
    } else if (kind < 6) {
      layers.push_back(random_weights(random, image));
    } else if (kind == 6) {
      layers.push_back({.type = LayerType::activation, .activation = Activation::tanh});
    } else {
      layers.push_back({.type = LayerType::residual, .inner = random_chain(random, image, most_axis, true)});
    }
    if (random() % 6 == 0) layers.back().name = "named" + std::to_string(i);
  }
  return layers;
}

TEST(Fold, KeepsTheOutputsOfAnyNetwork) {
  EXPECT_TRUE(rc::check("the folded network computes the same", [](std::uint32_t seed) {
    std::mt19937 random(seed);
    for (int k = 0; k < 30; ++k) {
      const bool image = random() % 2 == 0, sequence = !image && random() % 2 == 0;
      const Sizes input = image ? Sizes{2, 3, 3} : sequence ? Sizes{4, 3} : Sizes{5};
      double scale = 0.0;
      const Both both =
          folded(random_chain(random, image, static_cast<std::int64_t>(input.size()), false), input, &scale);
      RC_ASSERT(both.apart <= 1e-10 * std::max(1.0, scale));
    }
  }));
}

}  // namespace
}  // namespace thalweg::testing
