// Units that start as copies of each other, and stay copies.
//
// Fault where in some layer
//     symmetric_units ≥ share        (record/quantity.cpp; observe/initialization/weights_at_start.h)
// before the first step: equal weights in, and an equal gradient. No step tells such units apart: the layer is worth as
// many units as it has different ones (Goodfellow, Bengio, Courville 2016, section 8.4). Below that a warning: a random
// draw has no copies at all. An output layer at zero, or equal weights with unequal ways out, are no copies.
#pragma once

#include "thalweg/diagnose/history.h"
#include "thalweg/record/finding.h"

namespace thalweg {

struct SymmetricInitializationOptions {
  double share = 0.5;  // fault: of a layer's units; half of the layer at least is idle then
};

Judgement judge_symmetric_initialization(const History& history, const SymmetricInitializationOptions& options = {});

}  // namespace thalweg
