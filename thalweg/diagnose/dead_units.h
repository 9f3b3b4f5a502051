// Units that never fire: no gradient reaches what makes them, and they stay so.
//
// The share of a layer's units that were off on every row of the last window (dead_units; at least 1,024 rows, or the
// batch of `thalweg check`):
//     fault     ≥ dead, and after `steps` steps the loss is not below `stuck` of the lower of initial_loss and
//               constant_loss: nothing comes through
//     warning   ≥ many in the last two windows: width that is paid for and not used
// Healthy ReLU networks have some, and end with more; limits from tools/unit_limits.py (Lu, Shin, Su, Karniadakis
// 2020).
#pragma once

#include "thalweg/diagnose/loss_level.h"
#include "thalweg/record/finding.h"

namespace thalweg {

struct DeadUnitsOptions {
  LossLevelOptions level;
  double dead = 0.9;
  double many = 0.5;
  int steps = 100;
  double stuck = 0.9;
};

Judgement judge_dead_units(const History& history, const DeadUnitsOptions& options = {});

}  // namespace thalweg
