// Inputs as the network gets them: too large, too small, or columns whose scales differ by orders of magnitude.
//
// Initialisers assume inputs near zero mean and unit variance; the curvature of the first layer grows with the square
// of the inputs, and its condition number with the square of the spread of the columns' scales (LeCun, Bottou, Orr,
// Müller 1998, section 4.3). A bad scale is a warning; a fault where it is seen to do harm: a first loss far above the
// best constant's, a loss thrown up, or one that stays near the constant's.
#pragma once

#include "thalweg/diagnose/loss_level.h"
#include "thalweg/record/finding.h"

namespace thalweg {

struct InputScaleOptions {
  LossLevelOptions level;
  double largest_rms = 10.0;      // bad: input_rms > this; curvature a hundred times what initialisers assume
  double smallest_max = 0.05;     // bad: input_max_abs < this (a one-hot vector has 1)
  double largest_spread = 100.0;  // bad: input_scale_spread > this; condition number 10⁴ in the first layer
  double first_loss = 2.0;        // harm: initial_loss > first_loss · constant_loss
  double slow = 0.5;              // harm: after `steps` steps the recent loss ≥ slow · floor
  int steps = 200;
};

Judgement judge_input_scale(const History& history, const InputScaleOptions& options = {});

}  // namespace thalweg
