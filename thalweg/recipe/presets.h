// Ready-made networks, written out as the layers they are made of:
//   lenet            LeNet-5 (LeCun et al. 1998) for 28×28 images: tanh, average pools, every map connected to all
//   resnet20         He et al. 2016, section 4.2: three stages of three residual blocks, 16, 32, 64 channels. A block
//   that
//                    changes shape has a projection for its shortcut (their option B), which the residual layer makes
//   char_transformer embedding with learned positions, causal pre-norm blocks, a last layer_norm, and an output per
//   character char_lstm        embedding, lstm layers that return every step, and an output per character
#pragma once

#include <string_view>
#include <vector>

#include "thalweg/recipe/recipe.h"

namespace thalweg::recipe {

// The layers of a preset; each starts with `init`. Options that are not given have their defaults, kPresetOptions.
// Throws UsageError for a preset that does not exist.
std::vector<Layer> preset_layers(const Preset& preset, const Init& init);

// The value of an option, given or by default; 0 where the preset takes no such option.
double preset_option(const Preset& preset, std::string_view key);

struct PresetOption {
  const char* preset;
  const char* key;
  bool whole;  // a whole number >= 1; else a share in [0, 1)
  double standard;
  const char* meaning;
};
inline constexpr PresetOption kPresetOptions[] = {
    {"char_transformer", "width", true, 128, "Numbers that stand for a character inside the network."},
    {"char_transformer", "heads", true, 4, "Attention heads of a block; they share the width."},
    {"char_transformer", "layers", true, 4, "Blocks."},
    {"char_transformer", "dropout", false, 0.0, "Share dropped after the embedding and in each branch of a block."},
    {"char_lstm", "units", true, 256, "Units of the embedding and of each lstm layer."},
    {"char_lstm", "layers", true, 1, "lstm layers."},
};
inline constexpr const char* kPresetNames[] = {"lenet", "resnet20", "char_transformer", "char_lstm"};

}  // namespace thalweg::recipe
