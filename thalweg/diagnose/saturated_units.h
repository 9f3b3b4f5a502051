// Units whose activation is flat on nearly all rows: a tanh or a sigmoid far out, an elu far below. Next to no gradient
// gets through them.
//
// Fault where in the last two windows at least `many` of a layer's units are saturated (saturated_units; at least 1,024
// rows each), and after `steps` steps the loss is not below `slow` of the lower of initial_loss and constant_loss.
// Without that harm nothing is said: what a trained network is sure of saturates. Limits from tools/unit_limits.py
// (Glorot, Bengio 2010).
#pragma once

#include "thalweg/diagnose/loss_level.h"
#include "thalweg/record/finding.h"

namespace thalweg {

struct SaturatedUnitsOptions {
  LossLevelOptions level;
  double many = 0.5;
  int steps = 200;
  double slow = 0.5;
};

Judgement judge_saturated_units(const History& history, const SaturatedUnitsOptions& options = {});

}  // namespace thalweg
