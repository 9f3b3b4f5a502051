// A gradient that depth makes nothing of, or too much of, on its way from the last layer to the first.
//
// What is compared, layer by layer from the first to the last hidden one, in the run's last readings:
//     activation_gradient_rms of layers, where taps are set; else
//     the pull √(g'g · w'w) of each weight (what moving it by its own length would change, to first order).
// Depth does it, and not one layer, where there are at least `layers` of them and no single step between two makes more
// than `one_step` of the whole change, by its logarithm: a dead layer, or weights of zero, are one step.
//
//     vanishing   first / last ≤ vanished
//     exploding   first / last ≥ exploded
// Both need a harm, for deep networks that learn in spite of it are healthy: after `steps` steps the loss is not below
// `stuck` of the lower of initial_loss and constant_loss, or, exploding, it was thrown up or diverged. Limits from
// bench/depth_trains_bench.cpp (Glorot, Bengio 2010; Schoenholz et al. 2017).
#pragma once

#include "thalweg/diagnose/loss_level.h"
#include "thalweg/record/finding.h"

namespace thalweg {

struct GradientInDepthOptions {
  LossLevelOptions level;
  double vanished = 1e-3;
  double exploded = 1e3;
  int layers = 5;
  double one_step = 0.5;
  int steps = 200;
  double stuck = 0.9;
};

Judgement judge_vanishing_gradient(const History& history, const GradientInDepthOptions& options = {});
Judgement judge_exploding_gradient(const History& history, const GradientInDepthOptions& options = {});

}  // namespace thalweg
