// The start of a recipe's network beside what other initialisers would make of it, measured on the same rows.
#pragma once

#include <string>
#include <vector>

#include "thalweg/train/start.h"

namespace thalweg {

struct StartTried {
  recipe::InitKind kind = recipe::InitKind::standard;
  std::string name;  // as in the recipe
  Start start;
};

// The same network built with each initialiser that keeps the signal's size in some setting, instead of the recipe's
// own in every layer: default, he_normal, glorot_normal, orthogonal, lsuv.
std::vector<StartTried> try_starts(const Workbench& bench);

// How far a start is from keeping the signal: |ln forward_ratio| + |ln pull_ratio| + |ln (loss / constant_loss)|, each
// infinite where it is not a positive number but for a ratio that there is none of.
double distance_from_even(const Start& start, double constant_loss);

// The layers of a start as they are shown, in the order of the forward: weighted layers alone.
struct LayerAtStart {
  std::string name;
  double rms = 0.0;
  double spread = 0.0;
  double gain = 0.0;          // spread over that of the weighted layer before; NaN of the first
  double gradient_rms = 0.0;  // of the outputs
  double pull = 0.0;
  double spectral_scale = 0.0;
  double update_scale = 0.0;
  double symmetric = 0.0;
};
std::vector<LayerAtStart> layers_at_start(const Start& start);

// Per layer, the tried start whose gain is nearest 1 where the recipe's own is further from it by a quarter; -1: none.
std::vector<int> better_starts(const Start& own, const std::vector<StartTried>& tried);

}  // namespace thalweg
