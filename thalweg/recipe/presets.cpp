#include "thalweg/recipe/presets.h"

#include <string_view>

#include "thalweg/record/error.h"

namespace thalweg::recipe {
namespace {

using Layers = std::vector<Layer>;

void append(Layers& layers, const Layers& more) { layers.insert(layers.end(), more.begin(), more.end()); }

Layer linear(std::int64_t units, Activation activation = Activation::none) {
  return {.type = LayerType::linear, .activation = activation, .units = units};
}

Layer average_pool(std::int64_t kernel) {
  return {.type = LayerType::pool, .kernel = kernel, .stride = kernel, .pool = PoolKind::average};
}

Layer residual(Layers inner, Activation activation = Activation::none) {
  return {.type = LayerType::residual, .activation = activation, .inner = std::move(inner)};
}

Layer embedding(std::int64_t units, Positions positions) {
  return {.type = LayerType::embedding, .units = units, .positions = positions};
}

std::int64_t whole_option(const Preset& preset, std::string_view key) {
  return static_cast<std::int64_t>(preset_option(preset, key));
}

Layers lenet() {
  const auto conv = [](std::int64_t channels, std::int64_t padding) {
    return Layer{
        .type = LayerType::conv, .activation = Activation::tanh, .channels = channels, .kernel = 5, .padding = padding};
  };
  return {conv(6, 2),
          average_pool(2),
          conv(16, 0),
          average_pool(2),
          {.type = LayerType::flatten},
          linear(120, Activation::tanh),
          linear(84, Activation::tanh),
          linear(kUnitsFromClasses)};
}

// A convolution without bias, since the batch norm that follows has one.
Layers conv_norm(std::int64_t channels, std::int64_t stride, Activation activation) {
  return {{.type = LayerType::conv, .bias = false, .channels = channels, .stride = stride, .padding = 1},
          {.type = LayerType::batch_norm, .activation = activation}};
}

Layers resnet20() {
  Layers layers = conv_norm(16, 1, Activation::relu);
  for (const std::int64_t channels : {16, 32, 64}) {
    for (int block = 0; block < 3; ++block) {
      Layers inner = conv_norm(channels, block == 0 && channels > 16 ? 2 : 1, Activation::relu);
      append(inner, conv_norm(channels, 1, Activation::none));
      layers.push_back(residual(std::move(inner), Activation::relu));
    }
  }
  append(layers, {average_pool(0), {.type = LayerType::flatten}, linear(kUnitsFromClasses)});
  return layers;
}

// A pre-norm block. With dropout it is spelled out, so that what is dropped lies inside the branches.
Layers transformer_block(std::int64_t width, std::int64_t heads, double dropout) {
  if (dropout == 0.0) return {{.type = LayerType::transformer, .heads = heads, .causal = true}};
  const Layer norm{.type = LayerType::layer_norm};
  const Layer drop{.type = LayerType::dropout, .p = dropout};
  return {residual({norm, {.type = LayerType::attention, .heads = heads, .causal = true}, drop}),
          residual({norm, linear(4 * width, Activation::gelu), linear(width), drop})};
}

Layers char_transformer(const Preset& preset) {
  const std::int64_t width = whole_option(preset, "width");
  const double dropout = preset_option(preset, "dropout");
  Layers layers{embedding(width, Positions::learned)};
  if (dropout > 0.0) layers.push_back({.type = LayerType::dropout, .p = dropout});
  for (std::int64_t i = 0; i < whole_option(preset, "layers"); ++i) {
    append(layers, transformer_block(width, whole_option(preset, "heads"), dropout));
  }
  append(layers, {{.type = LayerType::layer_norm}, linear(kUnitsFromClasses)});
  return layers;
}

Layers char_lstm(const Preset& preset) {
  const std::int64_t units = whole_option(preset, "units");
  return {embedding(units, Positions::none),
          {.type = LayerType::lstm, .units = units, .layers = whole_option(preset, "layers"), .output = Return::all},
          linear(kUnitsFromClasses)};
}

void start_with(Layers& layers, const Init& init) {
  for (Layer& layer : layers) {
    layer.init = init;
    start_with(layer.inner, init);
  }
}

Layers bare_layers(const Preset& preset) {
  if (preset.kind == "lenet") return lenet();
  if (preset.kind == "resnet20") return resnet20();
  if (preset.kind == "char_transformer") return char_transformer(preset);
  if (preset.kind == "char_lstm") return char_lstm(preset);
  throw UsageError("model.preset = \"" + printable(preset.kind) + "\" does not exist");
}

}  // namespace

double preset_option(const Preset& preset, std::string_view key) {
  if (const auto found = preset.options.find(std::string(key)); found != preset.options.end()) return found->second;
  for (const PresetOption& known : kPresetOptions) {
    if (preset.kind == known.preset && key == known.key) return known.standard;
  }
  return 0.0;
}

std::vector<Layer> preset_layers(const Preset& preset, const Init& init) {
  Layers layers = bare_layers(preset);
  start_with(layers, init);
  return layers;
}

}  // namespace thalweg::recipe
