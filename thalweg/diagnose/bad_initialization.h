// A start whose weights have a scale that training does not get over, read before the first step:
//
//     loud      initial_loss > loud · constant_loss: confidently wrong outputs
//     forward   spread of the last hidden layer's outputs / largest spread before it, spread = rms √(1 − correlation),
//               below faint: what tells the rows apart does not reach the output; or below faint of the outputs' own
//               size in every hidden layer: nothing of the input enters
//     backward  smallest / largest pull of a layer, pull = ‖∂L/∂W‖ ‖W‖ over a layer's parameters, below faint_pull:
//               some layers are moved by nothing beside others
//     scale     a layer's weight_spectral_scale outside smallest … largest: it silences or blows up what it is given
//
// (Glorot, Bengio 2010; Mishkin, Matas 2016; Yang, Simon, Bernstein 2023.) Limits by tools/start_limits.py: between the
// faintest start that trained there and the least faint that did not. A last layer with few outputs of many inputs has
// a scale of √(2 columns / rows) by he_normal already, 26 from 3072 to 10: largest_scale lies above that. Each is a
// fault but `loud` alone below very_loud, which is a warning; a run that has learnt in spite of it, the loss below
// learnt of the lower of first and constant loss, is warned only. Where the inputs themselves have a bad scale
// (input_scale), loud says nothing of the weights.
#pragma once

#include "thalweg/diagnose/input_scale.h"

namespace thalweg {

struct BadInitializationOptions {
  double loud = 5.0;
  double very_loud = 20.0;
  double faint = 1e-5;
  double faint_pull = 1e-5;
  double smallest_scale = 1e-4;
  double largest_scale = 40.0;
  double learnt = 0.5;
  InputScaleOptions inputs;
};

Judgement judge_bad_initialization(const History& history, const BadInitializationOptions& options = {});

}  // namespace thalweg
