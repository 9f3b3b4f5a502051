#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recipe_text.h"
#include "thalweg/recipe/presets.h"

namespace thalweg::recipe {
namespace {

struct Image {
  std::int64_t channels, side;
};

// Weights and biases of layers on images, whose shape is followed through them. Shortcuts have none.
std::int64_t parameters(const std::vector<Layer>& layers, Image& at, std::int64_t classes) {
  std::int64_t sum = 0;
  for (const Layer& layer : layers) {
    const std::int64_t units = layer.units == kUnitsFromClasses ? classes : layer.units;
    switch (layer.type) {
      case LayerType::conv:
        sum += layer.kernel * layer.kernel * at.channels * layer.channels + (layer.bias ? layer.channels : 0);
        at = {layer.channels, (at.side + 2 * layer.padding - layer.kernel) / layer.stride + 1};
        break;
      case LayerType::pool:
        at.side = layer.kernel == 0 ? 1 : (at.side - layer.kernel) / layer.stride + 1;
        break;
      case LayerType::batch_norm:
        sum += 2 * at.channels;
        break;
      case LayerType::flatten:
        at = {at.channels * at.side * at.side, 1};
        break;
      case LayerType::linear:
        sum += at.channels * units + units;
        at.channels = units;
        break;
      case LayerType::residual:
        sum += parameters(layer.inner, at, classes);
        break;
      default:
        ADD_FAILURE() << "not a layer of an image network";
    }
  }
  return sum;
}

TEST(Presets, LenetHasTheParametersOfLenet5) {
  // LeCun et al. 1998 with every map of the second convolution connected: 156 + 2416 + 48120 + 10164 + 850.
  Image image{1, 28};
  EXPECT_EQ(parameters(preset_layers({.kind = "lenet"}, {}), image, 10), 61706);
  EXPECT_EQ(image.channels, 10);
}

TEST(Presets, Resnet20HasTheParametersOfThePaper) {
  // 0.27 million in table 6 of He et al. 2016; 269722 to the last one, shortcuts aside.
  Image image{3, 32};
  EXPECT_EQ(parameters(preset_layers({.kind = "resnet20"}, {}), image, 10), 269722);
}

TEST(Presets, Resnet20HasTwentyLayersWithWeights) {
  int weighted = 0, residual = 0, strided = 0;
  const auto count = [&](const auto& self, const std::vector<Layer>& layers) -> void {
    for (const Layer& layer : layers) {
      weighted += layer.type == LayerType::conv || layer.type == LayerType::linear;
      strided += layer.type == LayerType::conv && layer.stride == 2;
      residual += layer.type == LayerType::residual;
      self(self, layer.inner);
    }
  };
  count(count, preset_layers({.kind = "resnet20"}, {}));
  EXPECT_EQ(weighted, 20);
  EXPECT_EQ(residual, 9);
  EXPECT_EQ(strided, 2);
}

TEST(Presets, CharTransformerIsMadeOfBlocks) {
  const Preset preset{"char_transformer", {{"width", 64}, {"heads", 8}, {"layers", 3}}};
  const Layer block{.type = LayerType::transformer, .heads = 8, .causal = true};
  const std::vector<Layer> expected = {{.type = LayerType::embedding, .units = 64, .positions = Positions::learned},
                                       block,
                                       block,
                                       block,
                                       {.type = LayerType::layer_norm},
                                       {.type = LayerType::linear, .units = kUnitsFromClasses}};
  EXPECT_EQ(preset_layers(preset, {}), expected);
}

TEST(Presets, CharTransformerWithDropoutSpellsItsBlocksOut) {
  const Preset preset{"char_transformer", {{"width", 32}, {"heads", 2}, {"layers", 1}, {"dropout", 0.2}}};
  const Layer norm{.type = LayerType::layer_norm};
  const Layer drop{.type = LayerType::dropout, .p = 0.2};
  const std::vector<Layer> expected = {
      {.type = LayerType::embedding, .units = 32, .positions = Positions::learned},
      drop,
      {.type = LayerType::residual, .inner = {norm, {.type = LayerType::attention, .heads = 2, .causal = true}, drop}},
      {.type = LayerType::residual,
       .inner = {norm,
                 {.type = LayerType::linear, .activation = Activation::gelu, .units = 128},
                 {.type = LayerType::linear, .units = 32},
                 drop}},
      norm,
      {.type = LayerType::linear, .units = kUnitsFromClasses}};
  EXPECT_EQ(preset_layers(preset, {}), expected);
}

TEST(Presets, CharLstmReturnsEveryStep) {
  const std::vector<Layer> expected = {{.type = LayerType::embedding, .units = 48},
                                       {.type = LayerType::lstm, .units = 48, .layers = 2, .output = Return::all},
                                       {.type = LayerType::linear, .units = kUnitsFromClasses}};
  EXPECT_EQ(preset_layers({"char_lstm", {{"units", 48}, {"layers", 2}}}, {}), expected);
}

TEST(Presets, TakeTheModelsInit) {
  const Model model = parsed(kData + "[model]\npreset = \"resnet20\"\n[model.init]\nkind = \"he_normal\"\n").model;
  for (const Layer& layer : model.layers) {
    EXPECT_EQ(layer.init.kind, InitKind::he_normal);
    for (const Layer& inner : layer.inner) EXPECT_EQ(inner.init.kind, InitKind::he_normal);
  }
}

TEST(Presets, BecomeLayersInTheResolvedRecipe) {
  for (const char* preset :
       {"\"lenet\"", "\"resnet20\"", "\"char_transformer\"\ndropout = 0.3\nlayers = 2", "\"char_lstm\""}) {
    const Recipe recipe = parsed(kData + "[model]\npreset = " + preset + "\n");
    EXPECT_EQ(recipe.model.preset, Preset{});
    EXPECT_EQ(to_toml(recipe).find("preset"), std::string::npos);
    EXPECT_EQ(parsed(to_toml(recipe)), recipe) << preset;
  }
}

TEST(Presets, HaveTheDefaultsThatAreTold) {
  const Model model = parsed(kData + "[model]\npreset = \"char_transformer\"\n").model;
  EXPECT_EQ(model.layers.size(), 4U + 3U);
  EXPECT_EQ(model.layers[0].units, 128);
  EXPECT_EQ(model.layers[1].heads, 4);
  EXPECT_EQ(parsed(kData + "[model]\npreset = \"char_lstm\"\n").model.layers[1].units, 256);
}

TEST(Presets, ThatDoNotExistAreRefused) { EXPECT_THROW(preset_layers({.kind = "vgg"}, {}), UsageError); }

}  // namespace
}  // namespace thalweg::recipe
