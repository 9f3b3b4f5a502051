#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "networks.h"

namespace thalweg::testing {
namespace {

TEST(Summary, IsATable) {
  const auto network = build({{.type = LayerType::conv, .activation = Activation::relu, .channels = 16, .padding = 1},
                              {.type = LayerType::pool, .kernel = 2, .stride = 2},
                              {.type = LayerType::dropout, .p = 0.25},
                              {.name = "head", .units = recipe::kUnitsFromClasses}},
                             {.input = {1, 28, 28}, .outputs = 10});
  EXPECT_EQ(summary_table(*network),
            "layer                                             output        parameters\n"
            "conv1     conv 3×3, 16 channels, padding 1, relu  [16, 28, 28]         160\n"
            "pool1     pool max 2×2                            [16, 14, 14]           0\n"
            "dropout1  dropout 0.25                            [16, 14, 14]           0\n"
            "head      linear, 10 units                        [10]              31 370\n"
            "total                                                               31 530\n");
}

TEST(Summary, SaysWhatALayerIs) {
  const auto type_of = [](const Layer& layer, const NetworkShape& shape) {
    return build({layer}, shape)->summary().back().type;
  };
  const NetworkShape sequence{.input = {4, 6}}, image{.input = {2, 6, 6}},
      text{.input = {4}, .tokens = true, .vocabulary = 5};
  EXPECT_EQ(type_of({.units = 1, .bias = false}, sequence), "linear, 1 unit, no bias");
  EXPECT_EQ(type_of({.type = LayerType::conv, .bias = false, .channels = 1, .stride = 2}, image),
            "conv 3×3, stride 2, 1 channel, no bias");
  EXPECT_EQ(type_of({.type = LayerType::pool, .kernel = 3, .stride = 1, .pool = recipe::PoolKind::average}, image),
            "pool average 3×3, stride 1");
  EXPECT_EQ(type_of({.type = LayerType::pool, .kernel = 0, .stride = 0}, image), "pool max over the whole image");
  EXPECT_EQ(type_of({.type = LayerType::batch_norm, .activation = Activation::silu, .axis = 2}, image),
            "batch_norm, axis 2, silu");
  EXPECT_EQ(type_of({.type = LayerType::lstm, .units = 3, .layers = 2}, sequence), "lstm, 3 units, 2 layers, last");
  EXPECT_EQ(type_of({.type = LayerType::gru, .units = 3, .output = recipe::Return::all}, sequence),
            "gru, 3 units, all");
  EXPECT_EQ(type_of({.type = LayerType::transformer, .heads = 2, .causal = true}, sequence),
            "transformer, 2 heads, causal");
  EXPECT_EQ(type_of({.type = LayerType::embedding, .units = 3, .positions = recipe::Positions::sinusoidal}, text),
            "embedding, 3 units, sinusoidal positions");
  EXPECT_EQ(type_of({.type = LayerType::activation, .activation = Activation::leaky_relu}, image), "leaky_relu");
}

TEST(Summary, CountsEveryParameterOnce) {
  const auto network =
      build({{.type = LayerType::residual,
              .inner = {{.type = LayerType::conv, .channels = 4, .kernel = 1}, {.type = LayerType::batch_norm}}},
             {.type = LayerType::layer_norm},
             {.units = 3}},
            {.input = {2, 3, 3}});
  std::int64_t said = 0, held = 0;
  std::vector<std::string> names;
  for (const LayerSummary& layer : network->summary()) {
    said += layer.parameters;
    names.push_back(layer.name);
  }
  for (const auto& [name, tensor] : network->parameters()) held += tensor.numel();
  EXPECT_EQ(said, held);
  EXPECT_THAT(
      names, ::testing::ElementsAre("residual1.conv1", "residual1.batch_norm1", "residual1", "layer_norm1", "linear1"));
  EXPECT_EQ(network->summary()[2].parameters, 2 * 4);  // the projection
}

}  // namespace
}  // namespace thalweg::testing
