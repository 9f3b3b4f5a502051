// What a tap hears, and that hearing changes nothing.
#include "thalweg/model/tap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "networks.h"

namespace thalweg::testing {
namespace {

using ::testing::ElementsAre;

struct Heard : Tap {
  std::vector<std::string> layers, activations;
  std::vector<at::Tensor> inputs, before, outputs;
  void passed(const Passage& p) override {
    layers.emplace_back(p.layer);
    activations.emplace_back(p.activation);
    inputs.push_back(p.input);
    before.push_back(p.before);
    outputs.push_back(p.output);
  }
};

std::unique_ptr<Network> joined_and_in_place() {
  return build({{.type = LayerType::conv, .activation = Activation::relu, .channels = 3, .padding = 1},
                {.type = LayerType::pool, .kernel = 2},
                {.type = LayerType::residual,
                 .activation = Activation::relu,
                 .inner = {{.type = LayerType::conv, .channels = 3, .padding = 1}, {.type = LayerType::batch_norm}}},
                {.activation = Activation::tanh, .units = 5},
                {.units = 2}},
               {.input = {1, 6, 6}});
}

TEST(Tap, HearsEachLayerWithItsInputAndItsOutputBeforeAndAfterTheActivation) {
  const auto network = joined_and_in_place();
  Heard heard;
  network->tap(&heard);
  const at::Tensor y = network->forward(at::randn({4, 1, 6, 6}));
  network->tap(nullptr);
  network->forward(at::randn({4, 1, 6, 6}));
  EXPECT_THAT(heard.layers, ElementsAre("conv1", "pool1", "residual1.conv1", "residual1.batch_norm1", "residual1",
                                        "linear1", "linear2"));
  EXPECT_THAT(heard.activations, ElementsAre("relu", "none", "none", "none", "relu", "tanh", "none"));
  EXPECT_TRUE(heard.outputs[0].equal(heard.before[0].relu()));  // also where the pooling does it
  EXPECT_TRUE(heard.outputs[5].equal(heard.before[5].tanh()));
  EXPECT_TRUE(heard.outputs[6].equal(y));
  EXPECT_TRUE(heard.inputs[6].equal(heard.outputs[5]));
}

TEST(Tap, LeavesOutputsAndGradientsAsTheyAreBitForBit) {
  const auto network = joined_and_in_place();
  const at::Tensor x = at::randn({4, 1, 6, 6});
  const auto run = [&](Tap* tap) {
    network->tap(tap);
    const at::Tensor y = network->forward(x);
    std::vector<at::Tensor> weights;
    for (const auto& [name, w] : network->parameters()) weights.push_back(w);
    auto result = torch::autograd::grad({y.square().sum()}, weights);
    result.push_back(y);
    network->tap(nullptr);
    return result;
  };
  Heard heard;
  const auto with = run(&heard), without = run(nullptr);
  for (std::size_t i = 0; i < with.size(); ++i) EXPECT_TRUE(with[i].equal(without[i])) << i;
}

}  // namespace
}  // namespace thalweg::testing
